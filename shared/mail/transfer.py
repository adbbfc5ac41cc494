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
FOOTER = 60
"""What comes sooner than this behind the padding, and is no base64, is somebody's footer."""


class Base64:
    """Base64, whole lines at a time."""

    def __init__(self) -> None:
        self.problem: str | None = None
        self._rest = b""  # what did not make a group of four yet, white space and foreign bytes taken out
        self._ended = False  # padding was seen

    def feed(self, data: Data) -> Data:
        """Decode as many whole lines as are there."""
        if not self._rest and not self._ended:
            fast, used = self._regular(data)
            if used == len(data):
                return fast
            rest = self._slow(bytes(data[used:]))
            return fast + rest if rest and fast else fast or rest
        return self._slow(bytes(data))

    def _regular(self, data: Data) -> tuple[bytes, int]:
        """Decode the run of equally long lines at the beginning; answer it and how much was used."""
        head = bytes(data[:1200])
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
        """Decode with every irregularity that is known."""
        clean = data.translate(None, _BREAKS)
        if foreign := _NOT_BASE64.search(clean):
            before, padding, behind = clean[: foreign.start()].rpartition(b"=")
            if self._ended or (padding and len(behind) < FOOTER):
                self.problem = self.problem or "text after the end of the base64 data"
                if self._ended:
                    return b""
                clean = before + padding
            else:
                self.problem = self.problem or "characters that are not base64"
        clean = self._rest + clean.translate(None, _FOREIGN)
        self._rest = b""
        if b"=" not in clean:
            whole = len(clean) - len(clean) % 4
            self._rest = clean[whole:]
            self._ended = self._ended and not whole
            return pybase64.b64decode(clean[:whole])
        out = []
        pieces = re.findall(rb"[^=]+=*|=+", clean)
        for number, piece in enumerate(pieces):
            text = piece.rstrip(b"=")
            if not text:
                continue
            last = number == len(pieces) - 1
            if text == piece:  # only the last has no padding
                if self._ended or number:
                    self.problem = self.problem or "several base64 texts one after the other"
                whole = len(text) - len(text) % 4
                self._rest = text[whole:]
                out.append(pybase64.b64decode(text[:whole]))
                self._ended = False
                continue
            if last and len(piece) % 4 and len(text) % 4 in (2, 3) and len(piece) - len(text) < 4 - len(text) % 4:
                self._rest = piece  # the second `=` may come with the next data
                text = b""
            out.append(_group(text))
            self._ended = True
        return b"".join(out)

    def close(self) -> Data:
        """What is left: a group that lacks its padding, or was cut."""
        rest = self._rest.rstrip(b"=")
        padded = self._rest != rest
        self._rest = b""
        if rest and not padded:
            self.problem = self.problem or "the base64 data is cut short"
        return _group(rest)


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


def decoder_for(encoding: str) -> Decoder:
    """Answer the decoder for the name in Content-Transfer-Encoding, also a misspelt one."""
    name = encoding.strip().strip("\"'").lower()
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
