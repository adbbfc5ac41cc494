"""A tree of All, Any, Not and Test, evaluated over the evidence, with a trace of what each part found.

The tree is laid out flat first, so that no tree, however deep, is evaluated by recursion. Every part is evaluated,
also where the outcome is certain already: a person who asks "why did this rule not match?" gets all the reasons and not
the first.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from shared.classify.fields import FIELDS, Facts, Field, Value
from shared.classify.operators import OPERATORS, Operator, Predicate, predicate
from shared.classify.text import listed, quoted, shown, suggestion
from shared.errors import RuleInvalid
from shared.model.config import All, Any_, Condition, Not, Test
from shared.model.decision import TraceStep

DEPTH_LIMIT = 20
"""Levels of a tree; a lone test is one level."""
NODES_LIMIT = 500
"""Parts of a tree, tests and groups together."""
_VALUES_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Node:
    """One part of a tree. `number` is its place: `1` is the whole, `1.2` its second part."""

    condition: Condition
    number: str
    depth: int
    children: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What a tree came to, and one step for each of its parts."""

    result: bool
    steps: tuple[TraceStep, ...]


def flatten(condition: Condition) -> list[Node]:
    """The parts of a tree, each before its own parts, so that children have higher positions than their parents.

    Raises:
        RuleInvalid: the tree is too deep or too large.
    """
    nodes: list[Node] = []
    waiting: list[tuple[Condition, str, int, int]] = [(condition, "1", 1, -1)]
    while waiting:
        part, number, depth, parent = waiting.pop()
        if depth > DEPTH_LIMIT:
            raise RuleInvalid(f"a condition has at most {DEPTH_LIMIT} levels")
        if len(nodes) == NODES_LIMIT:
            raise RuleInvalid(f"a condition has at most {NODES_LIMIT} parts")
        if parent >= 0:
            nodes[parent].children.append(len(nodes))
        position = len(nodes)
        nodes.append(Node(part, number, depth))
        parts = _parts(part)
        if len(parts) > NODES_LIMIT:
            raise RuleInvalid(f"a condition has at most {NODES_LIMIT} parts")
        children = [(child, f"{number}.{place}", depth + 1, position) for place, child in enumerate(parts, 1)]
        waiting.extend(reversed(children))
    return nodes


def _parts(condition: Condition) -> tuple[Condition, ...]:
    if isinstance(condition, All):
        return condition.all
    if isinstance(condition, Any_):
        return condition.any
    if isinstance(condition, Not):
        return (condition.not_,)
    return ()


def resolve(test: Test) -> tuple[Field, Operator, Predicate]:
    """The rows of the tables that a test names, and the test of one value.

    Raises:
        RuleInvalid: a field or operator that is not known, a value that does not fit, a header without its name.
    """
    row = FIELDS.get(test.field)
    if row is None:
        raise RuleInvalid(f"there is no field {quoted(test.field)}; {suggestion(test.field, FIELDS)}")
    operator = OPERATORS.get(test.operator)
    if operator is None:
        raise RuleInvalid(f"there is no operator {quoted(test.operator)}; {suggestion(test.operator, OPERATORS)}")
    if row.named and not (test.name or "").strip():
        raise RuleInvalid(f"{row.key} needs a name, such as name: X-Priority")
    if test.name is not None and not row.named:
        raise RuleInvalid(f"{row.key} takes no name; only header does")
    return row, operator, predicate(row, operator, test.value)


def evaluate(condition: Condition, facts: Facts) -> Evaluation:
    """Evaluate a tree.

    Raises:
        RuleInvalid: a part of the tree cannot be evaluated; then the whole has no result.
    """
    nodes = flatten(condition)
    results = [False] * len(nodes)
    steps: list[TraceStep] = []
    for position in range(len(nodes) - 1, -1, -1):
        node = nodes[position]
        part = node.condition
        if isinstance(part, Test):
            results[position], detail = _compare(part, facts)
        elif isinstance(part, All):
            results[position], detail = all(results[child] for child in node.children), "all of"
        elif isinstance(part, Any_):
            results[position], detail = any(results[child] for child in node.children), "any of"
        else:
            results[position], detail = not results[node.children[0]], "not"
        result = "true" if results[position] else "false"
        steps.append(TraceStep(step=f"condition {node.number}", result=result, detail=detail))
    return Evaluation(results[0], tuple(reversed(steps)))


def sentence(test: Test, row: Field | None = None, operator: Operator | None = None) -> str:
    """A test as a person reads it: `subject contains "invoice"`."""
    row = row or FIELDS.get(test.field)
    operator = operator or OPERATORS.get(test.operator)
    words = [row.key if row else shown(test.field), operator.label if operator else shown(test.operator)]
    if test.name is not None:
        words.insert(1, shown(test.name))
    if isinstance(test.value, bool):
        words.append("yes" if test.value else "no")
    elif isinstance(test.value, int):
        words.append(str(test.value))
    elif isinstance(test.value, tuple):
        words.append(listed([quoted(entry, 40) for entry in test.value[:5]] + ["…"] * (len(test.value) > 5), "or"))
    elif test.value is not None:
        words.append(quoted(test.value))
    return " ".join(words)


def _compare(test: Test, facts: Facts) -> tuple[bool, str]:
    row, operator, satisfies = resolve(test)
    values = facts.values(row, test.name)
    found = next((value for value in values if satisfies(value, facts.budget)), None)
    result = (found is None) if operator.negates else (found is not None)
    return result, f"{sentence(test, row, operator)}: {_seen(found, values, row)}"


def _seen(found: Value | None, values: tuple[Value, ...], row: Field) -> str:
    """What was compared: the value that decided, or the first few of all."""
    if not values:
        return "the mail has none"
    looked = (found,) if found else values[:_VALUES_SHOWN]
    text = listed(quoted(value.text) if isinstance(value.raw, str) else value.text for value in looked)
    if not found and len(values) > _VALUES_SHOWN:
        text += f" and {len(values) - _VALUES_SHOWN} more"
    if any(value.cut for value in looked):
        text += f" (cut: only the first {row.limit} characters were looked at)"
    return text
