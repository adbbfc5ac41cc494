"""How a condition may compare: one row an operator. Who reads this table (console, docs) needs nothing else.

A field may have several values (recipients, attachments). A positive operator is true if **any** value satisfies it; a
negative one is true if **none** satisfies the operator that it negates. A field without a value satisfies nothing.

To add an operator, add a row; see docs/extending/condition.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from shared.classify.fields import Field, Value, ValueType
from shared.classify.patterns import Budget, compiled
from shared.classify.text import fold, listed, quoted, suggestion
from shared.errors import RuleInvalid

OPERAND_LIMIT = 1_000
"""Characters of a text to compare with, and entries of a list."""

type Operand = str | int | bool | tuple[str, ...] | None
type Predicate = Callable[[Value, Budget], bool]


class Takes(StrEnum):
    """What an operator is given to compare with."""

    NOTHING = "nothing"
    SAME = "same"
    """A value of the field's own type."""
    PATTERN = "pattern"
    LIST = "list"


@dataclass(frozen=True, slots=True)
class Operator:
    """One row: how the operator is called, which fields it fits, what it takes, and what makes its test."""

    key: str
    label: str
    types: frozenset[ValueType]
    takes: Takes
    make: Callable[[Operand], Predicate]
    """Makes the test of one value; the operand was checked before."""
    negates: str | None = None
    """The operator of which this is the negative."""


_ALL = frozenset(ValueType)
_TEXT = frozenset({ValueType.TEXT})
_WORDS = frozenset({ValueType.TEXT, ValueType.CHOICE})
_NUMBER = frozenset({ValueType.NUMBER})


def _equal(operand: Operand) -> Predicate:
    if isinstance(operand, str):
        wanted = fold(operand.strip())
        return lambda value, _: value.folded == wanted
    return lambda value, _: value.raw == operand


def _contains(operand: Operand) -> Predicate:
    wanted = fold(str(operand))
    return lambda value, _: wanted in value.folded


def _starts(operand: Operand) -> Predicate:
    wanted = fold(str(operand))
    return lambda value, _: value.folded.startswith(wanted)


def _ends(operand: Operand) -> Predicate:
    wanted = fold(str(operand))
    return lambda value, _: value.folded.endswith(wanted)


def _matches(operand: Operand) -> Predicate:
    pattern = compiled(str(operand))
    return lambda value, budget: pattern.found_in(value.text, budget)


def _in(operand: Operand) -> Predicate:
    wanted = frozenset(fold(entry.strip()) for entry in operand) if isinstance(operand, tuple) else frozenset()
    return lambda value, _: value.folded in wanted


def _exists(_operand: Operand) -> Predicate:
    return lambda _value, _budget: True


def _greater(operand: Operand) -> Predicate:
    bound = int(operand) if isinstance(operand, int) else 0
    return lambda value, _: value.number > bound


def _less(operand: Operand) -> Predicate:
    bound = int(operand) if isinstance(operand, int) else 0
    return lambda value, _: value.number < bound


_ROWS = (
    Operator("is", "is", _ALL, Takes.SAME, _equal),
    Operator("is_not", "is not", _ALL, Takes.SAME, _equal, negates="is"),
    Operator("contains", "contains", _TEXT, Takes.SAME, _contains),
    Operator("not_contains", "does not contain", _TEXT, Takes.SAME, _contains, negates="contains"),
    Operator("starts_with", "starts with", _TEXT, Takes.SAME, _starts),
    Operator("ends_with", "ends with", _TEXT, Takes.SAME, _ends),
    Operator("matches", "matches the pattern", _TEXT, Takes.PATTERN, _matches),
    Operator("in", "is one of", _WORDS, Takes.LIST, _in),
    Operator("exists", "is there", _WORDS, Takes.NOTHING, _exists),
    Operator("not_exists", "is not there", _WORDS, Takes.NOTHING, _exists, negates="exists"),
    Operator("greater", "is greater than", _NUMBER, Takes.SAME, _greater),
    Operator("less", "is less than", _NUMBER, Takes.SAME, _less),
)

OPERATORS: Mapping[str, Operator] = {row.key: row for row in _ROWS}


def predicate(field: Field, operator: Operator, operand: Operand) -> Predicate:
    """The test of one value of this field.

    Raises:
        RuleInvalid: the operator does not fit the field, or the operand does not fit the operator.
    """
    return _predicate(field.key, field.type, field.choices, operator.key, operand)


@lru_cache(maxsize=4096, typed=True)
def _predicate(field: str, kind: ValueType, choices: tuple[str, ...], key: str, operand: Operand) -> Predicate:
    operator = OPERATORS[key]
    if kind not in operator.types:
        fitting = listed((row.key for row in _ROWS if kind in row.types), "or")
        raise RuleInvalid(f"{key} does not fit {field}; use {fitting}")
    problem = _wrong_operand(field, kind, choices, operator, operand)
    if problem:
        raise RuleInvalid(problem)
    return operator.make(operand)


def _wrong_operand(field: str, kind: ValueType, choices: tuple[str, ...], operator: Operator, operand: Operand) -> str:
    """What is wrong with the value of a test; empty where nothing is."""
    if operator.takes is Takes.NOTHING:
        return "" if operand is None else f"{operator.key} takes no value"
    if operator.takes is Takes.LIST:
        if not isinstance(operand, tuple) or not operand:
            return f"{operator.key} needs a list with at least one entry as value"
        if len(operand) > OPERAND_LIMIT:
            return f"a list has at most {OPERAND_LIMIT} entries, this one {len(operand)}"
        wrong = (_wrong_text(field, choices, entry) for entry in operand)
        return next((problem for problem in wrong if problem), "")
    if operator.takes is Takes.PATTERN:
        return "" if isinstance(operand, str) else f"{operator.key} needs a pattern as value"
    if kind is ValueType.FLAG:
        return "" if isinstance(operand, bool) else f"{field} is compared with true or false"
    if kind is ValueType.NUMBER:
        return (
            ""
            if isinstance(operand, int) and not isinstance(operand, bool)
            else f"{field} is compared with a whole number"
        )
    return _wrong_text(field, choices, operand)


def _wrong_text(field: str, choices: tuple[str, ...], operand: Operand) -> str:
    if isinstance(operand, tuple):
        return f"{field} is compared with one text here; for a list use the operator in"
    if not isinstance(operand, str):
        return f"{field} is compared with a text as value"
    if not operand.strip():
        return "the value is empty; to ask whether something is there, use exists or not_exists"
    if len(operand) > OPERAND_LIMIT:
        return f"a value has at most {OPERAND_LIMIT} characters, this one {len(operand)}"
    if choices and fold(operand.strip()) not in choices:
        return f"{field} is never {quoted(operand)}: {suggestion(operand, choices)}"
    return ""
