"""The little that the emulator reads of a mail file; the file itself is always served as it was loaded."""

from __future__ import annotations

import email
import email.policy
import mmap
import re
from dataclasses import dataclass
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message as MimeMessage
from email.utils import getaddresses
from pathlib import Path

_HEAD_FIRST = 1 << 14
_HEAD_LIMIT = 1 << 20
_BODY_LIMIT = 1 << 18
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_FIELD = re.compile(r"^([!-9;-~]+)[ \t]*:(.*)$", re.DOTALL)
_ATTACHED = re.compile(
    rb"^content-disposition:[ \t]*\r?\n?[ \t]*attachment"
    rb"|^content-type:[ \t]*(?:application/(?!pkcs7-signature|pgp-signature)|message/rfc822|audio/|video/)",
    re.IGNORECASE | re.MULTILINE,
)
_INLINE = re.compile(rb"^content-disposition:[ \t]*\r?\n?[ \t]*inline", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Address:
    """A name and an address."""

    name: str
    address: str

    def json(self) -> dict[str, dict[str, str]]:
        """Graph's recipient."""
        return {"emailAddress": {"name": self.name or self.address, "address": self.address}}


@dataclass(frozen=True, slots=True)
class Part:
    """An attachment of a mail."""

    name: str
    content_type: str
    inline: bool
    content_id: str | None
    is_item: bool
    content: bytes
    is_reference: bool = False
    """A link to a file that is kept elsewhere; in a mail file a ``message/external-body`` (RFC 2017) stands for it."""


def read_headers(path: Path) -> list[tuple[str, str]]:
    """The header fields in their order, unfolded, encoded words as they are."""
    with path.open("rb") as file:
        head = file.read(_HEAD_FIRST)
        end = _HEAD_END.search(head)
        if end is None:
            head += file.read(_HEAD_LIMIT)
            end = _HEAD_END.search(head)
    text = (head[: end.start()] if end else head).decode("utf-8", "replace")
    unfolded = re.sub(r"\r?\n(?=[ \t])", "", text)
    fields = (_FIELD.match(line) for line in re.split(r"\r?\n", unfolded))
    return [(match[1], match[2].strip()) for match in fields if match]


def decode_words(value: str) -> str:
    """Encoded words as text; what cannot be decoded stays as it is."""
    if "=?" not in value:
        return value
    try:
        return str(make_header(decode_header(value)))
    except (MessageError, LookupError, ValueError):
        return value


def read_addresses(values: list[str]) -> list[Address]:
    """The addresses of header fields."""
    return [
        Address(decode_words(name), address) for name, address in getaddresses(values, strict=False) if name or address
    ]


def has_attachments(path: Path, *, inline_counts: bool) -> bool:
    """A quick look for attached parts, without parsing (large files are not read into memory)."""
    if path.stat().st_size == 0:
        return False
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
        if _ATTACHED.search(view):
            return True
        return inline_counts and _INLINE.search(view) is not None


def _parse(path: Path) -> MimeMessage:
    with path.open("rb") as file:
        return email.message_from_binary_file(file, policy=email.policy.compat32)


def _payload(part: MimeMessage) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _is_attachment(part: MimeMessage) -> bool:
    disposition = part.get_content_disposition()
    if disposition == "attachment" or part.get_content_type() == "message/rfc822":
        return True
    return part.get_content_maintype() != "text" or part.get_filename() is not None


def _leaves(part: MimeMessage) -> list[MimeMessage]:
    payload = part.get_payload()
    if part.get_content_type() in ("message/rfc822", "message/external-body") or not isinstance(payload, list):
        return [part]
    return [leaf for child in payload if isinstance(child, MimeMessage) for leaf in _leaves(child)]


def read_parts(path: Path) -> list[Part]:
    """The attachments of a mail, in their order."""
    parts: list[Part] = []
    for leaf in _leaves(_parse(path)):
        if not _is_attachment(leaf):
            continue
        is_item = leaf.get_content_type() == "message/rfc822"
        name = decode_words(leaf.get_filename() or "")
        content = _payload(leaf)
        if is_item:
            nested = leaf.get_payload()
            if isinstance(nested, list) and nested and isinstance(nested[0], MimeMessage):
                content = nested[0].as_bytes()
                name = name or decode_words(str(nested[0].get("Subject", "")))
        identifier = leaf.get("Content-ID")
        inline = leaf.get_content_disposition() == "inline" or (
            identifier is not None and leaf.get_content_disposition() is None
        )
        content_id = str(identifier).strip("<> ") if identifier is not None else None
        is_reference = leaf.get_content_type() == "message/external-body"
        parts.append(
            Part(name or "attachment", leaf.get_content_type(), inline, content_id, is_item, content, is_reference)
        )
    return parts


def read_body(path: Path) -> tuple[str, str]:
    """The body as (``text`` or ``html``, text): the HTML form where there is one.

    Only the first 256 KB of a mail are looked at, since texts come first; what is beyond is not worth its time here.
    """
    found: dict[str, str] = {}
    with path.open("rb") as file:
        mail = email.message_from_bytes(file.read(_BODY_LIMIT), policy=email.policy.compat32)
    for leaf in _leaves(mail):
        kind = {"text/plain": "text", "text/html": "html"}.get(leaf.get_content_type())
        if kind and kind not in found and not _is_attachment(leaf):
            charset = leaf.get_content_charset() or "utf-8"
            try:
                found[kind] = _payload(leaf).decode(charset, "replace")
            except LookupError:
                found[kind] = _payload(leaf).decode("utf-8", "replace")
    for kind in ("html", "text"):
        if kind in found:
            return kind, found[kind]
    return "text", ""
