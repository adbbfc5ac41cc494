"""The boundary lines of a multipart (RFC 2046 section 5.1.1)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

__all__ = ["Multipart"]

MOST_MISSES = 8
_LINE_REST = re.compile(rb"(--)?[ \t]{0,64}(?:\r\n|\n|\r(?!\n)|\Z)")
"""What follows the boundary itself."""


@dataclass(slots=True)
class Multipart:
    """A multipart whose parts are being read."""

    boundary: bytes
    number: tuple[int, ...]
    parents: tuple[str, ...]
    subtype: str
    digest: bool
    count: int = 0
    closed: bool = False
    preamble: bytearray = field(default_factory=bytearray)
    next: int = 0  # where the boundary comes next in the buffer; -1: not in it
    _line: re.Pattern[bytes] | None = None

    @property
    def line(self) -> re.Pattern[bytes]:
        """The boundary line with the line end before it. Made only where it is worth its time: see `find_line`."""
        if self._line is None:
            self._line = re.compile(rb"(?:\r\n|\n|\r)" + re.escape(b"--" + self.boundary) + _LINE_REST.pattern)
        return self._line

    def find_line(self, buffer: bytes, at: int, *, starts: bool) -> tuple[int, int, bool] | None:
        """The boundary line from `multipart.next` on: where it starts with the line end before it, its end, closing?

        A pattern of its own for each boundary would take longer to make than to use; only where the boundary stands again
        and again inside of lines, it is quicker.
        """
        token, place = b"--" + self.boundary, self.next
        for _ in range(MOST_MISSES):
            before = buffer[place - 1] if place > at else 0
            if (before in (10, 13) or (starts and place == at)) and (
                rest := _LINE_REST.match(buffer, place + len(token))
            ):
                start = place - (place > at)
                if before == 10 and start > at and buffer[start - 1] == 13:
                    start -= 1
                return start, rest.end(), rest[1] is not None
            place = buffer.find(token, place + 1)
            if place < 0:
                return None
        found = self.line.search(buffer, max(at, place - 2))
        return (found.start(), found.end(), found[1] is not None) if found else None
