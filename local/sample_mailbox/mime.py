"""Putting a mail together byte by byte: what a mail program writes, well-formed or not, the same at every run.

The standard library's generator is not used: it picks boundaries at random, and it refuses to write the odd mails.
"""

from __future__ import annotations

import base64
import quopri
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

Headers = tuple[tuple[str, str], ...]
NameForm = Literal["plain", "rfc2231", "encoded"]

_WORD_BYTES = 42  # of UTF-8 in an encoded word of 75 characters


@dataclass(frozen=True)
class Part:
    """A MIME part: header fields, already encoded, and the body as it stands on the wire."""

    headers: Headers
    body: bytes

    def encode(self) -> bytes:
        """The part as bytes."""
        return head(self.headers) + self.body


def head(headers: Headers) -> bytes:
    """Header fields and the empty line. What is not ASCII goes out as raw UTF-8: only the malformed mail does that."""
    return b"".join(f"{name}: {value}\r\n".encode() for name, value in headers) + b"\r\n"


def text(content: str, subtype: str = "plain", charset: str = "utf-8", encoding: str = "quoted-printable") -> Part:
    """A text part. `charset` is declared and used; an empty one declares none and writes windows-1252."""
    raw = content.replace("\r\n", "\n").replace("\n", "\r\n").encode(charset or "windows-1252")
    if encoding == "quoted-printable":
        raw = quopri.encodestring(raw.replace(b"\r\n", b"\n")).replace(b"\n", b"\r\n")
    elif encoding == "base64":
        raw = base64_lines(raw)
    declared = f"text/{subtype}; charset={charset}" if charset else f"text/{subtype}"
    return Part((("Content-Type", declared), ("Content-Transfer-Encoding", encoding)), raw)


def attachment(
    name: str,
    content_type: str,
    data: bytes,
    *,
    form: NameForm = "plain",
    content_id: str = "",
    disposition: str = "attachment",
) -> Part:
    """A file in base64."""
    named, filed = _named("name", name, form), _named("filename", name, form)
    headers = [
        ("Content-Type", f"{content_type}; {named}"),
        ("Content-Transfer-Encoding", "base64"),
        ("Content-Disposition", f"{disposition}; {filed}"),
    ]
    if content_id:
        headers.append(("Content-ID", f"<{content_id}>"))
    return Part(tuple(headers), base64_lines(data))


def attached_mail(mail: bytes, name: str = "") -> Part:
    """A mail as an attachment."""
    content_type = f'message/rfc822; name="{name}"' if name else "message/rfc822"
    return Part((("Content-Type", content_type), ("Content-Disposition", "attachment")), mail)


def multipart(subtype: str, boundary: str, *parts: Part, parameters: str = "") -> Part:
    """Parts together."""
    return Part(
        (("Content-Type", f'multipart/{subtype}; boundary="{boundary}"{parameters}'),),
        b"".join(b"--" + boundary.encode() + b"\r\n" + part.encode() + b"\r\n" for part in parts)
        + b"--" + boundary.encode() + b"--\r\n",
    )  # fmt: skip


def message(headers: Headers, content: Part) -> bytes:
    """A whole mail."""
    return Part((*headers, ("MIME-Version", "1.0"), *content.headers), content.body).encode()


def words(value: str) -> str:
    """Header text: as it is where it is ASCII, otherwise in encoded words that end between characters."""
    if value.isascii():
        return value
    chunks, chunk = [], b""
    for character in value:
        encoded = character.encode()
        if len(chunk) + len(encoded) > _WORD_BYTES:
            chunks.append(chunk)
            chunk = b""
        chunk += encoded
    return words_of([*chunks, chunk])


def words_of(chunks: Iterable[bytes], charset: str = "utf-8") -> str:
    """Encoded words of exactly these bytes, one a line."""
    return "\r\n ".join(f"=?{charset}?B?{base64.b64encode(chunk).decode()}?=" for chunk in chunks)


def address(name: str, mail: str) -> str:
    """A name and an address as a header field holds them."""
    return f'"{name}" <{mail}>' if name.isascii() else f"{words(name)} <{mail}>"


def base64_lines(data: bytes) -> bytes:
    """Base64 in lines of 76 characters."""
    return base64.encodebytes(data).replace(b"\n", b"\r\n")


def base64_stream(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same of chunks, in chunks."""
    rest = b""
    for chunk in chunks:
        rest += chunk
        whole = len(rest) - len(rest) % 57  # 57 bytes make one line
        yield base64_lines(rest[:whole])
        rest = rest[whole:]
    yield base64_lines(rest)


def _named(parameter: str, name: str, form: NameForm) -> str:
    if form == "rfc2231":  # in two sections, the percent signs standing for UTF-8
        half = len(name) // 2
        return f"{parameter}*0*=utf-8''{quote(name[:half])};\r\n {parameter}*1*={quote(name[half:])}"
    if form == "encoded":  # against RFC 2047, and what many mail programs send
        return f'{parameter}="{words(name)}"'
    return f'{parameter}="{name}"'
