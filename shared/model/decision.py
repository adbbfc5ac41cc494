"""What classification concluded for one message: frozen when it is made, with the trace that explains it."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from shared.model.base import Model
from shared.model.config import EntityKind


class Outcome(StrEnum):
    """Where a message ends in its mailbox."""

    IMPORTED = "imported"
    OTHER = "other"


class LinkStep(StrEnum):
    """The step that made a link."""

    KEYWORD = "keyword"
    THREAD = "thread"
    ADDRESS = "address"
    MANUAL = "manual"


class Link(Model):
    """Message to entity. `number` is a string: leading zeros belong to it."""

    entity: EntityKind
    number: str
    sub_project: str | None = None
    phase: str | None = None
    step: LinkStep = LinkStep.KEYWORD


class PlannedAction(Model):
    """One action that will be carried out, in the order of `position`."""

    position: int
    action: str
    parameters: dict[str, Any] = {}
    rule: str | None = None
    """Id of the rule that asked for it; None for what Postrum does by itself."""


class TraceStep(Model):
    """One line of the explanation: what was looked at, what it found, and why it counted."""

    step: str
    result: str
    detail: str = ""


class Decision(Model):
    """Frozen by insert: made once for a message and generation, never again by a retry."""

    generation: int
    outcome: Outcome
    reason: str
    """Stable code of the reason, such as `document_accepted`, `no_accepted_document`, `automatic_bounce`, `duplicate`."""
    reason_detail: str = ""
    """The reason in a sentence, for people."""
    kind: str | None = None
    """Document kind of the message."""
    duplicate_of: str | None = None
    links: tuple[Link, ...] = ()
    actions: tuple[PlannedAction, ...] = ()
    trace: tuple[TraceStep, ...] = ()
