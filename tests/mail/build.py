"""Mails for the tests, all invented."""

from __future__ import annotations

import base64
from collections.abc import Iterable

from shared.mail import LeafData, LeafEnd, LeafEvent, LeafStart, Limits, MailReader
from shared.model.mail import Mail

HEAD = b"From: Ada <ada@example.org>\r\nTo: bob@example.net\r\nSubject: Test\r\nMIME-Version: 1.0\r\n"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 60
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n"


def lines(*rows: str | bytes, end: bytes = b"\r\n") -> bytes:
    """A mail from its lines."""
    return b"".join((row.encode() if isinstance(row, str) else row) + end for row in rows)


def attachment(name: str, content: bytes, kind: str = "application/octet-stream", extra: str = "") -> bytes:
    """The lines of a part in base64."""
    head = f"Content-Type: {kind}\r\nContent-Transfer-Encoding: base64\r\n"
    head += f'Content-Disposition: attachment; filename="{name}"\r\n{extra}\r\n'
    return head.encode() + base64.encodebytes(content).replace(b"\n", b"\r\n")


def multipart(*parts: bytes, kind: str = "mixed", boundary: str = "b1", head: bytes = HEAD, extra: str = "") -> bytes:
    """A multipart mail, or with another head a part."""
    out = head + f'Content-Type: multipart/{kind}; boundary="{boundary}"{extra}\r\n\r\n'.encode()
    for part in parts:
        out += f"--{boundary}\r\n".encode() + part + b"\r\n"
    return out + f"--{boundary}--\r\n".encode()


def text(body: str, kind: str = "plain", charset: str = "utf-8") -> bytes:
    """The lines of a text part."""
    return f"Content-Type: text/{kind}; charset={charset}\r\n\r\n{body}".encode(charset)


def read(
    data: bytes, size: int = 1 << 16, limits: Limits | None = None, trust: Iterable[str] = ()
) -> tuple[Mail, dict[str, bytes]]:
    """Read a mail in pieces; answer it and the bytes of its leaves by path. Checks the order of events on the way."""
    reader = MailReader(limits or Limits(), frozenset(trust))
    events: list[LeafEvent] = []
    for at in range(0, len(data), size):
        events += reader.feed(data[at : at + size])
    last, mail = reader.close()
    events += last
    found: dict[str, bytes] = {}
    path, open_index = "", -1
    for event in events:
        if isinstance(event, LeafStart):
            assert open_index == -1
            open_index, path = event.index, event.path
            found[path] = b""
        elif isinstance(event, LeafData):
            assert event.index == open_index
            found[path] += event.data
        else:
            assert isinstance(event, LeafEnd)
            assert event.index == open_index
            assert event.size == len(found[path]) == mail.attachments[event.index].size
            assert event.sha256 == mail.attachments[event.index].sha256
            open_index = -1
    assert open_index == -1
    assert [a.path for a in mail.attachments] == list(found)
    return mail, found


def codes(mail: Mail) -> set[str]:
    """The codes of the warnings."""
    return {warning.code for warning in mail.warnings}
