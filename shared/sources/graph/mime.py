"""Writing a mail in MIME piece by piece, for one that Graph could only give in parts. Pure: bytes in, bytes out.

Everything that the sender chose (names, types, addresses, header fields) is made harmless here: no line break gets into a header, no
parameter ends early, no type is more than a type. RFC 5322, RFC 2045, RFC 2046, RFC 2047, RFC 2231.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator
from email.header import Header
from urllib.parse import quote

CRLF = b"\r\n"
_LINE = 57
"""Bytes that make a line of 76 characters in base64."""
_BLOCK = _LINE * 2_400
"""Bytes of content encoded at once; 187,200 bytes when they are encoded."""
_NAME = re.compile(r"[!-9;-~]{1,100}")
_TYPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,60}/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,100}")
_LONGEST_FIELD = 64 * 1024
_FOLD_AT = 900


def field(name: str, value: str) -> bytes:
    """A header field with its line end; empty where the name is none, or the value has nothing in it.

    Characters outside of ASCII become encoded words. At most 64 KiB of a value are taken.
    """
    text = " ".join(_printable(value[:_LONGEST_FIELD]).split())
    if not _NAME.fullmatch(name) or not text:
        return b""
    if not text.isascii():
        text = Header(text, "utf-8", header_name=name, maxlinelen=76).encode(linesep="\r\n")
        return f"{name}: {text}\r\n".encode("ascii")
    lines, line = [], f"{name}:"
    for word in text.split(" "):
        if len(line) + len(word) > _FOLD_AT and line != f"{name}:":
            lines.append(line)
            line = ""
        line += f" {word}"
    return "\r\n".join([*lines, line]).encode("ascii") + CRLF


def mailbox(name: str, address: str) -> str:
    """A name and an address, as they stand in a header field; empty where there is no address."""
    bare = "".join(_printable(address).split()).replace("<", "").replace(">", "").replace(",", "")[:320]
    if not bare:
        return ""
    shown = " ".join(_printable(name).split())[:320].replace("\\", "\\\\").replace('"', '\\"')
    if not shown or shown == bare:
        return f"<{bare}>"
    return f'"{shown}" <{bare}>' if shown.isascii() else f"{Header(shown, 'utf-8').encode(linesep='')} <{bare}>"


def part_head(content_type: str, *, name: str = "", inline: bool = False, content_id: str = "", encoding: str) -> bytes:
    """The header of a part, with the empty line that ends it.

    Args:
        content_type: as the sender named it; what is no type of MIME becomes `application/octet-stream`.
        name: of the file; of any length and characters.
        inline: shown in the text rather than beside it.
        content_id: by which the text refers to it, without angle brackets.
        encoding: of its content.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if not _TYPE.fullmatch(kind) or kind.startswith(("multipart/", "message/")):
        kind = "application/octet-stream"
    return _head(kind, name, "inline" if inline else "attachment", content_id, encoding)


def message_head(name: str) -> bytes:
    """The header of a part that is a mail itself. It goes in as it is: RFC 2046 allows no base64 there."""
    return _head("message/rfc822", name, "attachment", "", "binary")


def text_head(subtype: str) -> bytes:
    """The header of the text of a mail, in UTF-8 and base64.

    Args:
        subtype: plain or html.
    """
    return _head(f'text/{subtype}; charset="utf-8"', "", "", "", "base64")


def multipart_head(subtype: str, boundary: str) -> bytes:
    """The header of a part that has parts.

    Args:
        subtype: mixed or related.
        boundary: between them.
    """
    return f'Content-Type: multipart/{subtype}; boundary="{boundary}"\r\n\r\n'.encode("ascii")


def delimiter(boundary: str, *, last: bool = False) -> bytes:
    """What stands before a part, or after the last one."""
    return f"\r\n--{boundary}{'--' if last else ''}\r\n".encode("ascii")


def base64_lines(content: bytes) -> Iterator[bytes]:
    """Content in base64, in lines of 76 characters and pieces of at most 187,200 bytes."""
    encoder = Base64Lines()
    yield from encoder.write(content)
    yield from encoder.end()


class Base64Lines:
    """Content in base64 as it passes: holds less than a line back."""

    def __init__(self) -> None:
        self._rest = b""

    def write(self, piece: bytes) -> Iterator[bytes]:
        """Encode what makes full lines."""
        ready = self._rest + piece
        full = len(ready) - len(ready) % _LINE
        for start in range(0, full, _BLOCK):
            yield _encoded(ready[start : min(start + _BLOCK, full)])
        self._rest = ready[full:]

    def end(self) -> Iterator[bytes]:
        """Encode what is left."""
        if self._rest:
            yield _encoded(self._rest)
        self._rest = b""


def _encoded(content: bytes) -> bytes:
    return base64.encodebytes(content).replace(b"\n", CRLF)


def _head(content_type: str, name: str, disposition: str, content_id: str, encoding: str) -> bytes:
    lines = [f"Content-Type: {content_type}", f"Content-Transfer-Encoding: {encoding}"]
    if disposition:
        lines.append("; ".join([f"Content-Disposition: {disposition}", *_filename(name)]))
    identity = re.sub(r"[^!-;=?-~]", "", content_id)[:200]
    if identity:
        lines.append(f"Content-ID: <{identity}>")
    return "\r\n".join(lines).encode("ascii") + CRLF + CRLF


def _filename(name: str) -> Iterable[str]:
    """The parameter of the name, in the form of RFC 2231 where the plain one would not hold it."""
    shown = " ".join(_printable(name).split())[:255]
    if not shown:
        return
    if shown.isascii() and not set(shown) & {'"', "\\"}:
        yield f'filename="{shown}"'
    else:
        yield f"filename*=utf-8''{quote(shown, safe='')}"


def _printable(text: str) -> str:
    """Without controls and halves of characters, which may not stand in a header."""
    return "".join(" " if ord(one) < 32 or ord(one) == 127 else one for one in text).encode("utf-8", "replace").decode()
