r"""Regular expressions that an administrator writes, run over text that a stranger writes.

RE2 evaluates in time linear in the text, so there is no pattern that hangs a worker; what cannot be evaluated that way
(back-references, looking ahead or behind) is refused with its position. A pattern is limited in length, in the size of
its program and in memory, and a decision as a whole has a budget of work (`Budget`), because linear time adds up too.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import re2

from shared.classify.text import compose, quoted
from shared.errors import RuleInvalid

PATTERN_LIMIT = 500
"""Characters of a pattern."""
PROGRAM_LIMIT = 3_000
"""Instructions of a compiled pattern."""
MEMORY_LIMIT = 2 * 1024 * 1024
"""Bytes that RE2 may use for one pattern."""
WORK_LIMIT = 1_000_000_000
"""Work that one decision may spend on patterns: instructions times characters, summed; some seconds at worst."""

_REASONS = (
    # What RE2 says, and what that means to the person who wrote the pattern.
    ("missing )", "a round bracket is opened and never closed"),
    ("unexpected )", "a round bracket closes that was never opened"),
    ("missing ]", "a square bracket is opened and never closed"),
    ("invalid perl operator", "looking ahead or behind, and other (?…) forms, cannot be evaluated in bounded time"),
    (
        "invalid escape sequence",
        "this escape is not known; back-references such as \\1 cannot be evaluated in bounded time",
    ),
    ("invalid repetition size", "something is repeated more than 1000 times, or the numbers are the wrong way round"),
    ("bad repetition operator", "one repetition follows another"),
    ("no argument for repetition operator", "there is nothing before the repetition"),
    ("invalid character class range", "this range is the wrong way round, or its name is not known"),
    ("invalid character class", "this class of characters is not known"),
    ("invalid named capture group", "the name of this group is not complete"),
    ("trailing \\", "it ends with a backslash; write \\\\ for a backslash itself"),
    ("pattern too large", "it is too large when compiled; use fewer or smaller repetitions"),
)


class Budget:
    """Work that is left for one decision."""

    def __init__(self, work: int = WORK_LIMIT) -> None:
        self.left = work

    def spend(self, work: int) -> None:
        """Take some of the budget.

        Raises:
            RuleInvalid: nothing is left. The same mail and the same rules always run out at the same place.
        """
        self.left -= work
        if self.left < 0:
            raise RuleInvalid(
                "the patterns of the rules need too much work for this mail; use contains, or shorter ones"
            )


class Pattern:
    """A compiled pattern: found anywhere in the text, whatever the case of letters."""

    __slots__ = ("_program", "size")

    def __init__(self, program: Any) -> None:
        self._program = program
        self.size: int = program.programsize

    def found_in(self, text: str, budget: Budget) -> bool:
        """Whether the text holds a match."""
        encoded = text.encode("utf-8", "replace")
        budget.spend(self.size * (len(encoded) + 1))
        return self._program.search(encoded) is not None


def _options() -> re2.Options:
    options = re2.Options()
    options.max_mem = MEMORY_LIMIT
    options.case_sensitive = False
    options.never_capture = True
    options.log_errors = False
    return options


_OPTIONS = _options()


@lru_cache(maxsize=1024)
def compiled(pattern: str) -> Pattern:
    """The pattern, ready to use.

    Raises:
        RuleInvalid: the text says what is wrong, and where.
    """
    if not pattern:
        raise RuleInvalid("the pattern is empty")
    if len(pattern) > PATTERN_LIMIT:
        raise RuleInvalid(f"a pattern has at most {PATTERN_LIMIT} characters, this one {len(pattern)}")
    text = compose(pattern)
    try:
        encoded = text.encode()
    except UnicodeEncodeError as error:
        raise RuleInvalid(f"the pattern holds a character that is none, at position {error.start + 1}") from None
    try:
        program = re2._Regexp(encoded, _OPTIONS)  # not re2.compile, whose own cache of 128 would hold a second copy
    except re2.error as error:
        raise RuleInvalid(_refusal(text, error)) from None
    if program.programsize > PROGRAM_LIMIT:
        raise RuleInvalid(
            f"the pattern {quoted(pattern)} is too large when compiled ({program.programsize} steps, at most"
            f" {PROGRAM_LIMIT}); use fewer or smaller repetitions"
        )
    return Pattern(program)


def _refusal(pattern: str, error: Exception) -> str:
    said = error.args[0] if error.args else ""
    message = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    for start, reason in _REASONS:
        if message.startswith(start):
            position = _position(pattern, start, message)
            where = f" at position {position}" if position else ""
            return f"the pattern {quoted(pattern)} is refused{where}: {reason}"
    return f"the pattern {quoted(pattern)} is refused: {message}"


def _position(pattern: str, reason: str, message: str) -> int | None:
    """Where the fault stands, counted from 1; RE2 names the fragment and not the place."""
    if reason in ("missing )", "unexpected )"):
        opened, stray = _brackets(pattern)
        return stray if reason == "unexpected )" else opened
    if reason.startswith("trailing"):
        return len(pattern)
    fragment = message.partition(": ")[2]
    found = pattern.find(fragment) if fragment else -1
    return found + 1 if found >= 0 else None


def _brackets(pattern: str) -> tuple[int | None, int | None]:
    """Places of the last bracket that stays open, and of the first that closes nothing."""
    stack: list[int] = []
    stray: int | None = None
    in_class = False
    index = 0
    while index < len(pattern):
        char = pattern[index]
        if char == "\\":
            index += 1
        elif in_class:
            in_class = char != "]"
        elif char == "[":
            in_class = True
            index += pattern[index + 1 : index + 2] == "^"
            index += pattern[index + 1 : index + 2] == "]"
        elif char == "(":
            stack.append(index + 1)
        elif char == ")":
            if stack:
                stack.pop()
            elif stray is None:
                stray = index + 1
        index += 1
    return (stack[-1] if stack else None), stray
