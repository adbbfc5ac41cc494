"""Files written into a text body by uuencode, taken out while the text flows past.

begin 644 name.bin
M…
end
"""

from __future__ import annotations

import re
from collections.abc import Callable

from shared.mail.leaves import Consumer
from shared.mail.transfer import uudecode_line

__all__ = ["UuencodeFilter"]

_BEGIN = re.compile(
    rb"(?:\A|(?<=[\r\n]))begin [0-7]{3,4} ([^\r\n]{1,255})\r?[\r\n]\n?(?=[ -`][ -`]{3,86}[ \t]*\r?[\r\n]|`\r?[\r\n])"
)
_KEEP = 600


class UuencodeFilter:
    """Passes text on to `text`, and each uuencoded file to what `on_file(name)` answers."""

    def __init__(self, text: Consumer, on_file: Callable[[str], Consumer]) -> None:
        self._text = text
        self._on_file = on_file
        self._file: Consumer | None = None
        self._rest = b""

    def write(self, data: bytes | memoryview) -> None:
        """The next text."""
        self._work(self._rest + data if self._rest else bytes(data), final=False)

    def end(self) -> None:
        """The text is over; so is a file without an end."""
        self._work(self._rest, final=True)
        if self._file:
            self._file.end()
            self._file = None
        self._text.end()

    def _work(self, data: bytes, *, final: bool) -> None:
        at = 0
        while True:
            at = self._lines(data, at, final) if self._file else self._plain(data, at, final)
            if at < 0:
                return

    def _plain(self, data: bytes, at: int, final: bool) -> int:
        """Text up to the next `begin`; answer where the file's lines start, or -1 when all is used."""
        found = _BEGIN.search(data, at) if b"begin " in data else None
        if found:
            self._text.write(data[at : found.start()])
            self._file = self._on_file(found[1].decode("utf-8", "replace").strip().strip('"'))
            self._rest = b""
            return found.end()
        keep = len(data)
        if not final:  # a `begin` may just be arriving
            keep = max(at, len(data) - _KEEP)
            line = max(data.rfind(b"\n", at, keep), data.rfind(b"\r", at, keep)) + 1
            keep = line or (keep if len(data) - at > 4 * _KEEP else at)
        self._text.write(data[at:keep])
        self._rest = data[keep:]
        return -1

    def _lines(self, data: bytes, at: int, final: bool) -> int:
        """Lines of a file; answer where text goes on after its `end`, or -1 when all is used."""
        out: list[bytes] = []
        while at < len(data):
            stop = data.find(b"\n", at)
            if stop < 0:
                stop = data.find(b"\r", at)
            if stop < 0:
                if not final and len(data) - at < 4096:
                    break
                stop = len(data)
            line = data[at:stop].rstrip(b"\r")
            at = stop + 1
            if line.strip() == b"end":
                return self._close_file(out, at)
            if len(line) > 200:  # no uuencoded data any more
                return self._close_file(out, at - len(line) - 1)
            out.append(uudecode_line(line))
        if self._file:
            self._file.write(b"".join(out))
        self._rest = data[at:]
        return -1

    def _close_file(self, out: list[bytes], at: int) -> int:
        if self._file:
            self._file.write(b"".join(out))
            self._file.end()
        self._file = None
        self._rest = b""
        return at
