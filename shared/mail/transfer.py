"""Content-Transfer-Encoding, undone while the bytes flow (RFC 2045 section 6).

Base64 is decoded by pybase64 over many whole lines at once, straight from the lines: a run of lines of equal length that
decodes to exactly the expected number of bytes was well-formed. Everything else takes a slower way that mends what can be
mended and says what was wrong.
"""

from __future__ import annotations

import binascii
import re
from typing import Protocol

import pybase64

__all__ = ["Base64", "Decoder", "Identity", "QuotedPrintable", "UuencodedBody", "decoder_for"]

type Data = bytes | memoryview


class Decoder(Protocol):
    """Encoded bytes in, decoded bytes out."""

    problem: str | None
    """What was wrong with the encoding, for a warning."""

    def feed(self, data: Data) -> Data:
        """Decode what can be decoded by now."""

    def close(self) -> Data:
        """Decode the rest."""


class Identity:
    """7bit, 8bit, binary, and every encoding that nobody knows."""

    def __init__(self, problem: str | None = None) -> None:
        self.problem = problem

    def feed(self, data: Data) -> Data:
        """As it is."""
        return data

    def close(self) -> Data:
        """Nothing is held back."""
        return b""


_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_FOREIGN = bytes(sorted(set(range(256)) - set(_ALPHABET) - {ord("=")}))
_BREAKS = b"\r\n \t"
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/=\s\x00]")
_PURE = re.compile(rb"[A-Za-z0-9+/]+={0,2}")
_PIECES = re.compile(rb"([A-Za-z0-9+/]*)(=+|\Z)")
_LINE_END = re.compile(rb"[\r\n]+")
MOST_IRREGULAR = 50_000
"""With more irregular lines than this, the padding in them is passed over like everything foreign."""
LONG_LINE = 1200
"""A longer line is decoded in pieces."""


class Base64:
    """Base64, whole lines at a time; what comes out does not depend on how the bytes come in."""

    def __init__(self) -> None:
        self.problem: str | None = None
        self._line = b""  # the beginning of a line whose end has not come yet
        self._rest = b""  # characters that did not make a group of four yet
        self._ended = False  # padding was seen
        self._irregular = 0  # lines that were not plain; with very many, nobody takes care any more

    def feed(self, data: Data) -> Data:
        """Decode as many whole lines as are there."""
        out: list[Data] = []
        if self._line:  # end the line that was cut in two, then go on with whole lines
            end = bytes(data[:LONG_LINE]).find(b"\n") + 1
            if not end:
                data = self._line + data
                self._line = b""
            else:
                begun, self._line = self._line, b""
                out.append(self._slow(begun + bytes(data[:end])))
                data = data[end:]
        if not self._rest and not self._ended:
            fast, used = self._regular(data)
            out.append(fast)
            data = data[used:]
        if len(data):
            left = bytes(data)
            cut = max(left.rfind(b"\n"), left.rfind(b"\r", 0, len(left) - 1)) + 1
            if len(left) - cut > LONG_LINE:
                cut = len(left)
            self._line = left[cut:]
            out.append(self._slow(left[:cut]))
        return out[0] if len(out) == 1 else b"".join(out)

    def _regular(self, data: Data) -> tuple[bytes, int]:
        """Decode the run of equally long lines at the beginning; answer it and how much was used."""
        head = bytes(data[:LONG_LINE])
        start = len(head) - len(head.lstrip(b"\r\n"))
        end = head.find(b"\n", start)
        if end < 0:
            return b"", 0
        line = end + 1 - start
        text = line - (2 if head[end - 1 : end] == b"\r" else 1)
        if text <= 0 or text % 4:
            return b"", 0
        count = (len(data) - start) // line
        size = count * line
        if data[start + size - 1] != 10:
            return b"", 0
        run = data[start : start + size]
        try:
            out: bytes = pybase64.b64decode(run)
        except binascii.Error:
            return b"", 0
        if len(out) != count * (text // 4 * 3):
            return b"", 0
        return out, start + size

    def _slow(self, data: bytes) -> bytes:
        """Decode whole lines with every irregularity that is known."""
        clean = data.translate(None, _BREAKS)
        if self._irregular > MOST_IRREGULAR:
            return self._characters(clean.translate(None, b"="))
        if not self._ended and b"=" not in clean and not _NOT_BASE64.search(clean):
            return self._characters(clean)
        out: list[bytes] = []
        at = 0
        for end in _LINE_END.finditer(data):
            if self._irregular > MOST_IRREGULAR:
                break
            out.append(self._one_line(data[at : end.start()]))
            at = end.end()
        if self._irregular > MOST_IRREGULAR:
            out.append(self._characters(data[at:].translate(None, _BREAKS + b"=")))
        else:
            out.append(self._one_line(data[at:]))
        return b"".join(out)

    def _characters(self, clean: bytes) -> bytes:
        """Decode characters, up to the last group of four."""
        clean = self._rest + clean.translate(None, _FOREIGN)
        whole = len(clean) - len(clean) % 4
        self._rest = clean[whole:]
        return pybase64.b64decode(clean[:whole])

    def _one_line(self, line: bytes) -> bytes:
        """A line with padding or foreign characters, or behind the padding."""
        clean = line.translate(None, _BREAKS)
        if not clean:
            return b""
        if self._ended or b"=" in clean or _NOT_BASE64.search(clean):
            self._irregular += 1
        if self._ended:
            if len(clean) % 4 or not _PURE.fullmatch(line.strip()):
                self.problem = self.problem or "text after the end of the base64 data"
                return b""
            self.problem = self.problem or "several base64 texts one after the other"
        elif _NOT_BASE64.search(clean):
            self.problem = self.problem or "characters that are not base64"
        out: list[bytes] = []
        for text, padding in _PIECES.findall(clean.translate(None, _FOREIGN)):
            if text:
                self._ended = False
                out.append(self._characters(text))
            if padding:
                out.append(_group(self._rest))
                self._rest, self._ended = b"", True
        return b"".join(out)

    def close(self) -> Data:
        """What is left: a group that lacks its padding, or was cut."""
        last = self._slow(self._line) if self._line else b""
        rest, self._line, self._rest = self._rest, b"", b""
        if rest:
            self.problem = self.problem or "the base64 data is cut short"
        return last + _group(rest)


def _group(text: bytes) -> bytes:
    """Decode base64 without its padding."""
    if len(text) % 4 == 1:
        text = text[:-1]
    return pybase64.b64decode(text + b"=" * (-len(text) % 4)) if text else b""


_BLANK_SOFT_BREAK = re.compile(rb"=[ \t]{1,998}(?=\r?\n|\r)")
_BARE_CR_SOFT_BREAK = re.compile(rb"=\r(?!\n)")


class QuotedPrintable:
    """Quoted-printable (RFC 2045 section 6.7), whole lines at a time."""

    def __init__(self) -> None:
        self.problem: str | None = None
        self._rest = b""

    def feed(self, data: Data) -> Data:
        """Decode up to the last line end."""
        joined = self._rest + data if self._rest else bytes(data)
        cut = max(joined.rfind(b"\n"), joined.rfind(b"\r", 0, len(joined) - 1)) + 1
        if not cut and len(joined) > 4096:  # no line end in sight: cut where no escape can be
            cut = joined.rfind(b"=", len(joined) - 3)
            cut = len(joined) if cut < 0 else cut
            if joined[cut - 1 : cut] in b" \t":
                cut = len(joined[:cut].rstrip(b" \t")) or cut
        self._rest = joined[cut:]
        return self._decode(joined[:cut]) if cut else b""

    def close(self) -> Data:
        """Decode the last line."""
        rest, self._rest = self._rest, b""
        return self._decode(rest)

    def _decode(self, data: bytes) -> bytes:
        if b"=" not in data:
            return data
        if b"= " in data or b"=\t" in data:
            data = _BLANK_SOFT_BREAK.sub(b"=", data)
        if b"\r" in data:  # at a bare CR, binascii would pass over everything up to the next LF
            data = _BARE_CR_SOFT_BREAK.sub(b"", data)
        return binascii.a2b_qp(data)


class UuencodedBody:
    """`Content-Transfer-Encoding: x-uuencode`: one file between `begin` and `end`."""

    def __init__(self) -> None:
        self.problem: str | None = None
        self.name: str | None = None
        self._rest = b""
        self._state = 0  # before begin, inside, behind end

    def feed(self, data: Data) -> Data:
        """Decode whole lines."""
        lines = (self._rest + data).splitlines(keepends=True)
        self._rest = b""
        if lines and not lines[-1].endswith((b"\n", b"\r")):
            self._rest = lines.pop()[-4096:]
        return b"".join(self._line(line.rstrip(b"\r\n")) for line in lines)

    def close(self) -> Data:
        """Decode the last line."""
        rest, self._rest = self._rest, b""
        if self._state == 1 and rest.strip() != b"end":
            self.problem = "the uuencoded data has no end"
        return self._line(rest) if rest else b""

    def _line(self, line: bytes) -> bytes:
        if self._state == 0:
            if found := re.match(rb"begin(?:-base64)? [0-7]{3,4} (.+)", line):
                self.name = found[1].decode("utf-8", "replace").strip()
                self._state = 1
            return b""
        if self._state == 2:
            return b""
        if line.strip() in (b"end", b"===="):
            self._state = 2
            return b""
        return uudecode_line(line)


def uudecode_line(line: bytes) -> bytes:
    """One line of uuencoded data, also one that lost its trailing blanks or holds too much."""
    if not line:
        return b""
    try:
        return binascii.a2b_uu(line)
    except binascii.Error:
        length = (line[0] - 32) & 63
        wanted = (length * 4 + 2) // 3 + 1
        try:
            return binascii.a2b_uu(line[:wanted])
        except binascii.Error:
            return b""


_KNOWN: dict[str, type[Base64 | QuotedPrintable | Identity]] = {
    "base64": Base64, "quoted-printable": QuotedPrintable, "7bit": Identity, "8bit": Identity, "binary": Identity, "": Identity,
}  # fmt: skip


def decoder_for(encoding: str) -> Decoder:
    """Answer the decoder for the name in Content-Transfer-Encoding, also a misspelt one."""
    name = encoding.strip().strip("\"'").lower()
    if known := _KNOWN.get(name):
        return known()
    plain = re.sub(r"[^a-z0-9]", "", name)
    if plain in ("base64", "b64", "xbase64", "base"):
        return Base64()
    if plain in ("quotedprintable", "quotedprintabl", "quoteprintable", "printable", "qp", "quoted"):
        return QuotedPrintable()
    if plain in ("uuencode", "xuuencode", "uue", "xuue"):
        return UuencodedBody()
    if plain in (
        "",
        "7bit",
        "8bit",
        "binary",
        "7bits",
        "8bits",
        "none",
        "xnone",
        "usascii",
        "ascii",
        "utf8",
        "8bitmime",
    ):
        return Identity()
    return Identity(f"the transfer encoding {name[:40]!r} is not known; taken as it is")
