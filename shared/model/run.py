"""The run: the life of one message, as the console shows it and the pipeline moves it on."""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime
from enum import StrEnum
from typing import Any

from shared.model.base import Model
from shared.model.decision import Outcome


class Stage(StrEnum):
    """How far a message has come."""

    FOUND = "found"
    ARCHIVED = "archived"
    DECIDED = "decided"
    ACTED = "acted"
    ANNOUNCED = "announced"
    PARKED = "parked"
    GONE = "gone"


ENDS = frozenset({Stage.ANNOUNCED, Stage.PARKED, Stage.GONE})
"""Stages after which nothing happens by itself."""


class ActionResult(Model):
    """What one planned action did."""

    position: int
    action: str
    result: dict[str, Any] = {}


class Run(Model):
    """State of one message. Its ETag in the table guards every transition."""

    message: str
    company: str
    mailbox: str
    source_kind: str
    provider_id: str
    stage: Stage
    generation: int = 1
    attempts: int = 0
    """Failed tries in this generation."""
    failure: str = ""
    """What the last failed try failed of; empty once it succeeded."""
    received_at: datetime
    found_at: datetime
    updated_at: datetime
    subject: str = ""
    sender: str = ""
    size: int = 0
    sha256: str = ""
    """Of the archived EML; empty until it is archived."""
    is_read: bool = False
    read_receipt_requested: bool = False
    categories: tuple[str, ...] = ()
    kind: str | None = None
    automatic: str | None = None
    outcome: Outcome | None = None
    reason: str = ""
    """Stable code: of the outcome, of parking, or of being gone."""
    reason_detail: str = ""
    duplicate_of: str | None = None
    results: tuple[ActionResult, ...] = ()
    folder: str | None = None
    """Path below the inbox where Postrum left the mail; None while it is where it was found."""
    placement: str = ""
    """How it came there: `moved`, `found_there`, `left_there`, `moved_by_person`, `gone`; empty before."""
    internet_message_id: str = ""
    """What the sender wrote as Message-ID: a hint, never an identity."""
    reconstructed: bool = False
    """The provider could not give the mail as it came; it was put together from its parts, and is not what was sent byte by byte."""


class MailboxWork(Model):
    """What must be done in the mailbox for one message: the intent that the lane's holder carries out, last of all."""

    message: str
    generation: int
    provider_id: str
    folder: str
    origin: str
    """Path of the folder in which the mail has to be for the move to be made."""
    mark_read: bool = False
    categories: tuple[str, ...] = ()
    present: tuple[str, ...] = ()
    internet_message_id: str = ""
    """Hint for finding it again where its id ended with a move."""
    check: bool = False
    """Look where the mail is before moving it: it may have been moved already."""
    not_before: str = ""
    """Time before which it is not tried again, after a call of which nobody knows whether it took place."""


def message_id(company: str, address: str, source_kind: str, provider_id: str) -> str:
    """Identity of a message: the same mail in the same mailbox always gets the same one.

    Args:
        company: id of the company.
        address: of the mailbox, compared without case.
        source_kind: `graph` or `imap`.
        provider_id: the provider's stable id, compared with case.
    """
    digest = hashlib.sha256(f"{company}\0{address.casefold()}\0{source_kind}\0{provider_id}".encode()).digest()
    return base64.b32encode(digest).decode("ascii").lower()[:26]


def document_id(message: str, path: str) -> str:
    """Identity of the document made from one part of a message; path `""` is the whole mail."""
    digest = hashlib.sha256(f"document\0{message}\0{path}".encode()).digest()
    return base64.b32encode(digest).decode("ascii").lower()[:26]


def lane_id(tenant: str, application: str, address: str) -> str:
    """Identity of the lane of a provider mailbox: companies that read the same mailbox share it."""
    digest = hashlib.sha256(f"{tenant}\0{application}\0{address.casefold()}".encode()).digest()
    return base64.b32encode(digest).decode("ascii").lower()[:26]
