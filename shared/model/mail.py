"""What was read from one mail: the facts that everything after the reading works with.

The keys are those of `postrum inspect` (see docs), so that what a person sees on the command line is what rules,
webhooks and the console get. Everything in here was written by somebody outside: it is data, never an instruction.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = [
    "Archive",
    "ArchiveMember",
    "Attachment",
    "Authentication",
    "Automatic",
    "AutomaticKind",
    "Bounce",
    "BounceRecipient",
    "Calendar",
    "Embedded",
    "Forwarded",
    "Header",
    "Mail",
    "MailType",
    "MailWarning",
    "Person",
    "Recipient",
    "RecipientSource",
    "Reply",
]

type AutomaticKind = Literal["auto_reply", "bounce", "complaint", "list", "calendar", "read_receipt"]
type RecipientSource = Literal["delivered_to", "original_to", "resent", "received_for", "to", "cc", "mailbox"]
type MailType = Literal["mail", "msg", "tnef", "body", "html", "document"]


class _Fact(BaseModel):
    """A frozen fact."""

    model_config = ConfigDict(frozen=True, populate_by_name=True)


class MailWarning(_Fact):
    """Something about a mail that a person may want to know; `code` is stable, `detail` is for people."""

    code: str
    detail: str = ""


class Person(_Fact):
    """One address with the name that was written beside it."""

    name: str = ""
    address: str = ""


class Header(_Fact):
    """One header field, decoded."""

    name: str
    value: str


class Reply(_Fact):
    """What the sender newly wrote: without quotation, the signature apart."""

    text: str = ""
    signature: str | None = None
    quoted: bool = False


class Forwarded(_Fact):
    """A forwarded message, taken apart; `date` as it is written in the block."""

    text_top: str = ""
    from_: Person | None = Field(default=None, alias="from")
    to: tuple[Person, ...] = ()
    cc: tuple[Person, ...] = ()
    date: str | None = None
    subject: str | None = None
    text: str = ""
    text_bottom: str = ""


class Automatic(_Fact):
    """A machine wrote this mail."""

    kind: AutomaticKind
    reason: str | None = None


class BounceRecipient(_Fact):
    """Whom a mail did not reach, and what the other side said."""

    address: str = ""
    action: str | None = None
    status: str | None = None
    diagnostic: str | None = None


class Bounce(_Fact):
    """A report that a mail was not delivered."""

    recipients: tuple[BounceRecipient, ...] = ()
    original_message_id: str | None = None


class Authentication(_Fact):
    """What the trusted boundary says about the sender. Without one: not trusted, and nothing else."""

    trusted: bool = False
    authserv_id: str | None = None
    spf: str | None = None
    dkim: str | None = None
    dmarc: str | None = None
    arc: str | None = None
    compauth: str | None = None
    aligned: bool | None = None


class Calendar(_Fact):
    """An invitation. Times are RFC 3339 with `Z`, or local ones, then `timezone` is the sender's name of the zone."""

    method: str | None = None
    uid: str | None = None
    summary: str | None = None
    location: str | None = None
    start: str | None = None
    end: str | None = None
    timezone: str | None = None
    organizer: Person | None = None


class Recipient(_Fact):
    """An address that a mail may have been delivered for, with the trace that says so."""

    address: str
    source: RecipientSource
    listed: bool = False
    """Whether it stands in To or Cc."""


class ArchiveMember(_Fact):
    """A file in an archive, as the archive's table has it."""

    name: str
    size: int = 0
    encrypted: bool = False


class Archive(_Fact):
    """What an archive says that it holds. All of it is the sender's claim; nothing was unpacked."""

    format: str
    listed: bool = False
    """Whether its table was read: of zip and tar."""
    members: int | None = None
    size: int | None = None
    """Bytes that its members claim to have in all."""
    encrypted: bool = False
    entries: tuple[ArchiveMember, ...] = ()


class Attachment(_Fact):
    """A part that a person would save.

    `path` is the way to it: the number of the part as in IMAP (`1.2`), and behind each `/` what lies inside a
    container (`2/winmail.dat/1`). `index` is that of the leaf events of `MailReader`.
    """

    index: int
    path: str
    name: str | None = None
    content_type: str = "application/octet-stream"
    detected_type: str = "application/octet-stream"
    size: int = 0
    sha256: str = ""
    inline: bool = False
    content_id: str | None = None
    nested: bool = False
    protected: str | None = None
    """`password`, `encrypted` or `rights` where the content cannot be read without a key; else null."""
    archive: Archive | None = None
    reference: str | None = None
    """The address of a cloud attachment: the file itself is not in the mail."""


class Embedded(_Fact):
    """A mail attached to this mail."""

    path: str
    subject: str | None = None
    from_: tuple[Person, ...] = Field(default=(), alias="from")
    attachments: int = 0
    message_id: str | None = None
    date: str | None = None


class Mail(_Fact):
    """A mail, read."""

    type: MailType = "mail"
    complete: bool = True
    warnings: tuple[MailWarning, ...] = ()
    size: int = 0
    """Bytes of the raw message."""

    message_id: str | None = None
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    date: str | None = None
    subject: str | None = None
    from_: tuple[Person, ...] = Field(default=(), alias="from")
    sender: tuple[Person, ...] = ()
    reply_to: tuple[Person, ...] = ()
    to: tuple[Person, ...] = ()
    cc: tuple[Person, ...] = ()
    bcc: tuple[Person, ...] = ()

    headers: tuple[Header, ...] = ()
    """Every field of the top header, decoded, in order."""
    return_path: str | None = None
    """The envelope sender as noted by the delivering server; `<>` for a bounce, null where nothing is noted."""
    list_id: str | None = None
    receipt_requested: bool = False
    """The sender asks for a read receipt (Disposition-Notification-To)."""

    text: str | None = None
    html: str | None = None
    reply: Reply | None = None
    forwarded: Forwarded | None = None
    automatic: Automatic | None = None
    bounce: Bounce | None = None
    calendar: Calendar | None = None
    authentication: Authentication = Authentication()
    transport_tls: bool | None = None
    """Whether the sender's server came through TLS, by our own provider's Received line; null where none tells."""
    recipients: tuple[Recipient, ...] = ()
    """For whom the mail was delivered, the most certain first; see `shared.mail.recipients`."""

    protection: str | None = None
    """`signed`, `encrypted` or `rights` for a mail that is wrapped as a whole; else null."""
    attachments: tuple[Attachment, ...] = ()
    embedded: tuple[Embedded, ...] = ()
    part_sha256: tuple[str, ...] = ()
    """SHA-256 of every decoded part, bodies included, sorted: what `cluster_key` compares."""
