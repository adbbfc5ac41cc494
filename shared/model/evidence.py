"""What classification may look at, frozen: the facts of the mail, and what was known around it at that moment."""

from __future__ import annotations

from datetime import datetime

from shared.model.base import Model
from shared.model.mail import Mail


class DocumentFinding(Model):
    """What an attachment (or the mail itself, path `""`) was found to be."""

    path: str
    kind: str | None = None
    evidence: str = ""
    number: str | None = None
    """Invoice or document number as the document states it."""
    seller: str | None = None
    total: str | None = None
    currency: str | None = None
    syntax: str | None = None
    """Syntax of a structured invoice, such as `UBL Invoice`; None for a plain document."""


class Evidence(Model):
    """Everything that `decide` gets to see of one message."""

    message_id: str
    company: str
    mailbox: str
    generation: int
    received_at: datetime
    """When the provider received it, in UTC."""
    source_kind: str
    """`graph` or `imap`: from where it was fetched; decides which authentication results count."""
    mail: Mail
    documents: tuple[DocumentFinding, ...] = ()
    duplicate_of: str | None = None
    """Message that holds the cluster this one belongs to, where that is another one."""
    duplicate_in_same_mailbox: bool = False
    thread: tuple[str, ...] = ()
    """Known messages that this one answers, newest last."""
