"""The header of a part: fields in order, raw, decoded when asked for (RFC 5322, RFC 2045).

Nothing here takes apart what nobody asks for, so that a header of a million bytes costs nothing but its length.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, field

from shared.mail import encoded_words
from shared.mail.encoded_words import Warn

__all__ = ["Headers", "parse_header_block"]

_LINE_END = re.compile(rb"\r\n|\n|\r")
_LINE_END_LF = re.compile(rb"\r?\n")
_FIELD = re.compile(rb"([!-9;-~]{1,200})[ \t]*:")
_KNOWN = re.compile(
    rb"(?:from|to|cc|bcc|subject|date|message-id|in-reply-to|references|reply-to|sender|received|return-path|mime-version"
    rb"|content-[a-z-]+|x-[\w-]+|dkim-[\w-]+|arc-[\w-]+|list-[\w-]+|auto-[\w-]+|delivered-to|precedence|importance"
    rb"|priority|thread-[\w-]+|resent-[\w-]+|user-agent|organi[sz]ation|authentication-results|disposition-[\w-]+)[ \t]*:",
    re.I,
)
_FOLD = re.compile(rb"[\r\n]+[ \t]*")
_UNFOLD = re.compile(rb"\r?\n[ \t]+")
_NAME = re.compile(rb"([!-9;-~]{1,200})[ \t]*")


@dataclass(slots=True)
class Headers:
    """Fields (name as written, raw value with folds opened), in order."""

    fields: list[tuple[str, bytes]] = field(default_factory=list)
    _by_name: dict[str, list[bytes]] = field(default_factory=dict, repr=False, compare=False)
    _counted: int = field(default=0, repr=False, compare=False)

    def first(self, name: str) -> bytes | None:
        """The raw value of the first field of that name, which is given in lower case."""
        if self._counted < len(self.fields):
            self._index()
        values = self._by_name.get(name)
        return values[0] if values else None

    def all(self, name: str) -> list[bytes]:
        """The raw values of every field of that name, which is given in lower case."""
        return list(self._index().get(name, ()))

    def _index(self) -> dict[str, list[bytes]]:
        """The values by lower-case name, with what was added since it was last asked for."""
        if self._counted < len(self.fields):
            for name, value in self.fields[self._counted :]:
                self._by_name.setdefault(name.lower(), []).append(value)
            self._counted = len(self.fields)
        return self._by_name

    def text(self, name: str, warn: Warn | None = None, charset: str | None = None) -> str | None:
        """The decoded value of the first field of that name."""
        value = self.first(name)
        return None if value is None else encoded_words.decode_text(value, warn, charset)

    def word(self, name: str) -> str:
        """The first value as a lower-case keyword without comments: for `Auto-Submitted`, `Precedence` and the like."""
        value = (self.first(name) or b"")[:1000].decode("latin-1")
        return re.sub(r"\([^()]*\)", "", value).partition(";")[0].strip().lower()

    def __contains__(self, name: str) -> bool:
        return self.first(name) is not None


def parse_header_block(block: bytes, most_fields: int, *, top: bool = False) -> tuple[Headers, int | None]:
    """Take a header apart; answer it, and where the body begins if the header ended before the block did.

    A line that is no field ends the header, as the blank line was forgotten; but where known fields follow directly, the
    line was a badly folded one, and belongs to the field before.
    """
    if (plain := _plain_fields(block)) is not None and len(plain.fields) < most_fields:
        return plain, None
    headers = Headers()
    line_end = _LINE_END_LF if b"\n" in block else _LINE_END
    at, length = 0, len(block)
    name, value_from, value_to, junk = "", 0, 0, 0

    def keep() -> None:
        if name:
            headers.fields.append((name, _FOLD.sub(b" ", block[value_from:value_to]).strip(b" \t\r\n")))

    while at < length:
        found = line_end.search(block, at)
        stop, following = (found.start(), found.end()) if found else (length, length)
        if block[at] in b" \t" and name:
            value_to = stop
        elif (field_found := _FIELD.match(block, at, stop)) and not (block.startswith(b"From ", at) and top):
            keep()
            if len(headers.fields) >= most_fields:
                return headers, None
            name, value_from, value_to = field_found[1].decode("ascii"), field_found.end(), stop
        elif stop == at or (block.startswith((b"From ", b">From "), at) and not headers.fields and not name):
            pass
        elif _KNOWN.match(block, following):
            value_to = stop
        elif name or headers.fields or not top:
            keep()
            return headers, at
        elif (junk := junk + 1) > 3 or not _FIELD.match(block, following):
            return headers, at
        at = following
    keep()
    return headers, None


def _plain_fields(block: bytes) -> Headers | None:
    """The fields of a header without anything odd in it; None for any other, which takes the longer way."""
    ends = block.count(b"\n")
    if block.count(b"\r\n") != ends or block.count(b"\r") != ends:
        if b"\r" in block:
            return None
        end = b"\n"
    else:
        end = b"\r\n"
    if b"\n " in block or b"\n\t" in block:
        if block[:1] in (b" ", b"\t"):
            return None
        block = _UNFOLD.sub(b" ", block)
    fields: list[tuple[str, bytes]] = []
    by_name: dict[str, list[bytes]] = {}
    for line in block.removesuffix(end).split(end):
        raw, colon, value = line.partition(b":")
        names = _field_name(raw) if colon and len(raw) < 256 else None
        if names is None:
            return None
        value = value.strip(b" \t")
        fields.append((names[0], value))
        if names[1] in by_name:
            by_name[names[1]].append(value)
        else:
            by_name[names[1]] = [value]
    return Headers(fields, by_name, len(fields))


@functools.lru_cache(2048)
def _field_name(raw: bytes) -> tuple[str, str] | None:
    """The name before a colon, as written and in lower case; None where it is none."""
    found = _NAME.fullmatch(raw)
    name = found[1].decode("ascii") if found else None
    return (name, name.lower()) if name else None
