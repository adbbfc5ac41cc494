"""What the doctor says: findings, each with a state, what was found, and what to do."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final

from pydantic import Field

from shared.model.base import Model

VERSION: Final = "0.1.0"
"""Of this program; a test holds it to pyproject.toml, which is not deployed."""


class State(StrEnum):
    """How it is. Green: as it should be. Yellow: it works, and somebody should know. Red: it does not work, or is open."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"


class Finding(Model):
    """One line of the report. No text of it holds a secret, a token or the content of a mail."""

    name: Annotated[str, Field(max_length=200)]
    state: State
    found: Annotated[str, Field(max_length=1000)]
    remedy: Annotated[str, Field(max_length=1000)] = ""
    """What to do, one sentence; empty where nothing has to be done."""


class Report(Model):
    """What the app finds about itself."""

    version: str
    at: str
    """When it was asked, by the clock of the app."""
    findings: tuple[Finding, ...]


def green(name: str, found: str) -> Finding:
    """As it should be."""
    return Finding(name=name, state=State.GREEN, found=found[:1000])


def yellow(name: str, found: str, remedy: str) -> Finding:
    """It works, and somebody should know."""
    return Finding(name=name, state=State.YELLOW, found=found[:1000], remedy=remedy)


def red(name: str, found: str, remedy: str) -> Finding:
    """It does not work, or it is open where it must be closed."""
    return Finding(name=name, state=State.RED, found=found[:1000], remedy=remedy)


def counted(number: int, one: str, many: str = "") -> str:
    """A number with its word: `1 mail`, `2 mails`."""
    return f"{number} {one if number == 1 else many or f'{one}s'}"


def worst(findings: tuple[Finding, ...] | list[Finding]) -> State:
    """The state of them all."""
    states = {finding.state for finding in findings}
    return next((state for state in (State.RED, State.YELLOW) if state in states), State.GREEN)
