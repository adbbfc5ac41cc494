"""Header fields and text of a mail from its properties, for one that is put together again. Pure.

https://learn.microsoft.com/graph/api/resources/message
"""

from __future__ import annotations

from collections.abc import Iterator
from email.utils import format_datetime
from typing import Any

from shared.sources.graph.listing import UNKNOWN_TIME, as_text, as_time
from shared.sources.graph.mime import base64_lines, field, mailbox, text_head

MARK = "X-Postrum-Reconstructed"
"""For people who look into the kept mail; proves nothing, for senders write headers."""
MOST_FIELDS = 2_000
MOST_BYTES = 1024 * 1024
"""Of the original's header; fields beyond either limit are left out."""
_ADDRESSES = {"From": "from", "Sender": "sender", "To": "toRecipients", "Cc": "ccRecipients", "Reply-To": "replyTo"}
_LEFT_OUT = frozenset({"mime-version", MARK.lower()})


def head(mail: dict[str, Any]) -> bytes:
    """The header fields, those of the original first, and then what the properties say of those that it does not have.

    What belongs to the form of the original (`Content-…`, `MIME-Version`) is left out. Fields of addresses with characters outside
    of ASCII are taken from the properties, where names and addresses are apart.

    Args:
        mail: the message with `internetMessageHeaders`.
    """
    fields = mail.get("internetMessageHeaders")
    written: list[bytes] = []
    present: set[str] = set()
    size = 0
    for one in fields[:MOST_FIELDS] if isinstance(fields, list) else []:
        name, value = (as_text(one.get("name")), as_text(one.get("value"))) if isinstance(one, dict) else ("", "")
        lower = name.lower()
        if lower in _LEFT_OUT or lower.startswith("content-") or (name.title() in _ADDRESSES and not value.isascii()):
            continue
        line = field(name, value)
        size += len(line)
        if size > MOST_BYTES:
            break
        if line:
            written.append(line)
            present.add(lower)
    for name, value in _said(mail):
        if name.lower() not in present:
            written.append(field(name, value))
    return b"".join([*written, field("MIME-Version", "1.0")])


def text(mail: dict[str, Any]) -> Iterator[bytes]:
    """The part with the text of the mail, in pieces."""
    body = mail.get("body")
    kind, content = (body.get("contentType"), body.get("content")) if isinstance(body, dict) else ("", "")
    yield text_head("html" if as_text(kind).lower() == "html" else "plain")
    yield from base64_lines(as_text(content).encode("utf-8", "replace"))


def _said(mail: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What the properties say, as header fields."""
    for name, key in _ADDRESSES.items():
        if name == "Sender" and mail.get("sender") == mail.get("from"):
            continue
        value = mail.get(key)
        people = value if isinstance(value, list) else [value]
        yield name, ", ".join(filter(None, (_mailbox(person) for person in people)))
    yield "Subject", as_text(mail.get("subject"))
    yield "Message-ID", as_text(mail.get("internetMessageId"))
    sent = next(
        (when for key in ("sentDateTime", "receivedDateTime") if (when := as_time(mail.get(key))) != UNKNOWN_TIME), None
    )
    yield "Date", format_datetime(sent) if sent else ""


def _mailbox(person: object) -> str:
    address = person.get("emailAddress") if isinstance(person, dict) else None
    return mailbox(as_text(address.get("name")), as_text(address.get("address"))) if isinstance(address, dict) else ""
