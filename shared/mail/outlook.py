"""What a winmail.dat (TNEF) and an Outlook .msg hold, in one form: a message with its attachments."""

from __future__ import annotations

from dataclasses import dataclass, field

from shared.mail.headers import Headers
from shared.model.mail import Person

__all__ = ["NotReadable", "OutlookAttachment", "OutlookMessage"]


class NotReadable(ValueError):
    """The container is damaged beyond use, or no such container; it is kept whole."""


@dataclass(slots=True)
class OutlookAttachment:
    """A file, a message, or the address of a file in a cloud."""

    name: str | None = None
    content_type: str | None = None
    content_id: str | None = None
    location: str | None = None
    data: bytes | memoryview = b""
    message: OutlookMessage | None = None
    reference: str | None = None


@dataclass(slots=True)
class OutlookMessage:
    """A message in MAPI properties."""

    headers: Headers = field(default_factory=Headers)
    """The internet headers where Outlook kept them."""
    message_class: str = ""
    subject: str | None = None
    message_id: str | None = None
    in_reply_to: str | None = None
    references: str | None = None
    date: str | None = None
    sender: Person | None = None
    to: list[Person] = field(default_factory=list)
    cc: list[Person] = field(default_factory=list)
    bcc: list[Person] = field(default_factory=list)
    reply_to: list[Person] = field(default_factory=list)
    text: str | None = None
    html: str | None = None
    attachments: list[OutlookAttachment] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
