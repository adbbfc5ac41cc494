"""Rules that can never match, always match, or are never reached, as far as that can be seen without a mail.

Simple cases only, and no false alarms: what is not certain is left open (None).
"""

from __future__ import annotations

from collections.abc import Sequence

from shared.classify.conditions import Node, flatten
from shared.classify.fields import FIELDS, ValueType
from shared.classify.guards import BLOCKED
from shared.classify.operators import OPERATORS
from shared.classify.text import fold
from shared.model.config import All, Any_, Company, Condition, Not, Rule, Test

type _Key = tuple[str, str, str, object]


def constant(condition: Condition) -> bool | None:
    """Whether a condition is true, or false, for every mail that rules see; None where it depends on the mail."""
    nodes = flatten(condition)
    results: list[bool | None] = [None] * len(nodes)
    for position in range(len(nodes) - 1, -1, -1):
        node = nodes[position]
        part = node.condition
        children = [results[child] for child in node.children]
        if isinstance(part, Test):
            results[position] = _constant_test(part)
        elif isinstance(part, Not):
            results[position] = None if children[0] is None else not children[0]
        elif isinstance(part, All):
            if False in children or _contradicts(nodes, node):
                results[position] = False
            elif None not in children:
                results[position] = True
        elif isinstance(part, Any_):
            if True in children or _exhausts(nodes, node):
                results[position] = True
            elif None not in children:
                results[position] = False
    return results[0]


def unreached(company: Company) -> list[tuple[Rule, Rule]]:
    """Rules that are never tried, each with the rule before it that always stops."""
    found: list[tuple[Rule, Rule]] = []
    stops: list[tuple[Rule, bool]] = []
    for rule in company.rules:
        if not rule.active:
            continue
        before = (stop for stop, always in stops if _covers(stop, rule) and (always or stop.when == rule.when))
        blocker = next(before, None)
        if blocker is not None:
            found.append((rule, blocker))
        elif rule.then == "stop":
            stops.append((rule, constant(rule.when) is True))
    return found


def _covers(earlier: Rule, later: Rule) -> bool:
    """Whether the earlier rule holds for every mailbox of the later one."""
    return not earlier.mailboxes or (bool(later.mailboxes) and set(later.mailboxes) <= set(earlier.mailboxes))


def _constant_test(test: Test) -> bool | None:
    field = FIELDS.get(test.field)
    operator = OPERATORS.get(test.operator)
    if field is None or operator is None:
        return None
    negative = operator.negates is not None
    if field.key == "automatic":
        wanted = test.value if isinstance(test.value, tuple) else (test.value,)
        if all(isinstance(entry, str) and fold(entry.strip()) in BLOCKED for entry in wanted):
            return negative  # the guards end such mail before any rule
    if field.type is ValueType.NUMBER and isinstance(test.value, int):
        if operator.key == "less":
            return False if test.value <= 0 else None
        if operator.key == "greater":
            return True if test.value < 0 else None
        return negative if test.value < 0 else None
    return None


def _key(test: Test) -> _Key:
    value = fold(test.value.strip()) if isinstance(test.value, str) else test.value
    return test.field, test.operator, fold(test.name or ""), value


def _opposite(test: Test) -> set[_Key]:
    """Tests that are true exactly where this one is false."""
    field, operator, name, value = _key(test)
    pairs = [(row.key, row.negates) for row in OPERATORS.values() if row.negates]
    found: set[_Key] = {(field, positive, name, value) for negative, positive in pairs if negative == operator}
    return found | {(field, negative, name, value) for negative, positive in pairs if positive == operator}


def _tests(nodes: Sequence[Node], node: Node) -> tuple[list[Test], set[_Key]]:
    """The tests directly in a group, and the keys of those that stand in it behind a `not`."""
    plain: list[Test] = []
    denied: set[_Key] = set()
    for child in node.children:
        part = nodes[child].condition
        if isinstance(part, Test):
            plain.append(part)
        elif isinstance(part, Not) and isinstance(part.not_, Test):
            denied.add(_key(part.not_))
    return plain, denied


def _opposed(plain: list[Test], denied: set[_Key]) -> bool:
    keys = {_key(test) for test in plain}
    return bool(keys & denied) or any(_opposite(test) & keys for test in plain)


def _contradicts(nodes: Sequence[Node], node: Node) -> bool:
    """Whether parts that must all be true exclude each other."""
    plain, denied = _tests(nodes, node)
    if _opposed(plain, denied):
        return True
    only: dict[str, object] = {}
    above: dict[str, int] = {}
    below: dict[str, int] = {}
    for test in plain:
        field = FIELDS.get(test.field)
        if field is None or field.many:
            continue
        if test.operator == "is" and only.setdefault(test.field, _key(test)[3]) != _key(test)[3]:
            return True
        if test.operator == "greater" and isinstance(test.value, int):
            above[test.field] = max(test.value, above.get(test.field, test.value))
        if test.operator == "less" and isinstance(test.value, int):
            below[test.field] = min(test.value, below.get(test.field, test.value))
    return any(field in below and bound + 1 >= below[field] for field, bound in above.items())


def _exhausts(nodes: Sequence[Node], node: Node) -> bool:
    """Whether of parts of which one must be true, one always is."""
    return _opposed(*_tests(nodes, node))
