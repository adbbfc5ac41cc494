"""The structure of one mail, found while its bytes flow past (RFC 2046), in constant memory and linear time.

`Machine` is given the bytes in pieces of any size and tells its `Sink` which leaf parts begin, what encoded bytes they
hold, and where they end. It neither decodes nor looks into attached mails: for those the sink runs a machine of its own.

Boundaries are looked for with `bytes.find` over the whole buffer; only where one is found, a regular expression decides
whether it stands alone on its line. A boundary that is not in the buffer is not looked for again in it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol

from shared.mail.boundaries import Multipart
from shared.mail.headers import Headers, parse_header_block
from shared.mail.limits import Account
from shared.mail.parameters import Parameters, parse_parameters

__all__ = ["Machine", "Part", "Sink"]

SLICE = 128 << 10
"""How much is looked at in one go; fits the processor's cache."""
GATHER = 16 << 10
"""Smaller pieces are gathered up to this."""
BLANKS = 64
"""White space tolerated behind a boundary."""

_HEADER_END = re.compile(rb"\n\r?\n|\r\r(?!\n)|\n\r(?!\n)|\r\n\r(?=[^\n])")
_SHORT_HEADER = re.compile(
    rb"((?:[!-,.-9;-~][^\r\n]{0,998}+\r\n(?:[ \t][^\r\n]{1,998}+\r\n){0,20}+){1,40}+)\r\n(?=.)", re.S
)
"""A header without anything odd, and no line in it that may be a boundary."""
_LEADING = re.compile(rb"(?:[ \t]*(?:\r\n|\n|\r))+")
_LINE_END = re.compile(rb"\r\n|\n|\r")
_LOST_BOUNDARY = re.compile(rb"(?:\A|(?<=[\r\n]))--([^\r\n]{1,200}?)[ \t]*\r?[\r\n](?=content-[a-z-]+[ \t]*:)", re.I)


@dataclass(slots=True, eq=False)
class Part:
    """A node of the mail: its header and its place."""

    headers: Headers
    content_type: Parameters
    disposition: Parameters
    number: tuple[int, ...]
    parents: tuple[str, ...]
    """The types of the multiparts around it, outermost first."""
    first: bool = True
    """The first part of its multipart."""
    depth_cut: bool = False
    """A multipart or mail that is not opened, as it lies too deep."""

    @property
    def section(self) -> str:
        """The number as in IMAP (RFC 3501 section 6.4.5)."""
        return ".".join(map(str, self.number)) or "1"


class Sink(Protocol):
    """Who is told about the leaves."""

    def part_seen(self, part: Part) -> None:
        """A part, leaf or not, with its header; the first one is the mail itself."""

    def leaf_started(self, part: Part) -> None:
        """A leaf begins."""

    def leaf_data(self, data: bytes | memoryview) -> None:
        """Encoded bytes of the leaf; valid during the call only."""

    def leaf_ended(self) -> None:
        """The leaf is over."""


class _State(Enum):
    HEADER = auto()
    HEADER_REST = auto()  # too long: wait for the blank line
    LEAF = auto()
    SKIP = auto()  # preamble or epilogue
    DONE = auto()


class Machine:
    """The structure of one mail."""

    def __init__(self, sink: Sink, account: Account, *, digest: bool = False) -> None:
        self._sink = sink
        self._account = account
        self._buffer = b""
        self._gathered: list[bytes] = []
        self._gathered_size = 0
        self._state = _State.HEADER
        self._open: list[Multipart] = []
        self._in_leaf = False
        self._body_start = False  # a boundary may stand at the very place where we are
        self._scan = 0
        self._top = True
        self._number: tuple[int, ...] = ()
        self._parents: tuple[str, ...] = ()
        self._first = True
        self._digest = digest
        self._keep = 8

    # ---- bytes in ---------------------------------------------------------------------------------------------------

    def feed(self, data: bytes | memoryview) -> None:
        """Take the next bytes."""
        if self._state is _State.DONE:
            return
        if self._gathered_size + len(data) < GATHER:
            self._gathered.append(bytes(data))
            self._gathered_size += len(data)
            return
        if self._gathered:
            self._gathered.append(bytes(data[:GATHER]))
            head, data = b"".join(self._gathered), data[GATHER:]
            self._gathered, self._gathered_size = [], 0
            self._push(head)
        view = memoryview(data)
        for at in range(0, len(view), SLICE):
            self._push(view[at : at + SLICE])

    def close(self) -> None:
        """The mail is over: whatever is open ends here."""
        if self._gathered:
            head = b"".join(self._gathered)
            self._gathered = []
            self._push(head)
        self._run(final=True)
        self._end_leaf()
        for multipart in self._open:
            if not multipart.closed and multipart.count:
                self._account.warn("no_final_boundary", "a multipart has no final boundary; its last part may be cut")
        while self._open:
            self._leave(self._open.pop())

    def _push(self, data: bytes | memoryview) -> None:
        self._buffer = self._buffer + data if self._buffer else bytes(data)
        self._run(final=False)

    def _run(self, *, final: bool) -> None:
        """Work through the buffer as far as it can be understood by now."""
        for multipart in self._open:
            multipart.next = 0
        at = 0
        while self._state is not _State.DONE:
            state, was = self._state, at
            if state is _State.HEADER:
                at = self._header(at, final)
            elif state is _State.HEADER_REST:
                at = self._header_rest(at, final)
            else:
                at = self._body(at, final)
            if (at == was and state is self._state) or (
                at >= len(self._buffer) and not (final and self._state is _State.HEADER)
            ):
                break
        self._buffer = b"" if self._state is _State.DONE else self._buffer[at:]

    # ---- headers ----------------------------------------------------------------------------------------------------

    def _header(self, at: int, final: bool) -> int:
        """Read a header from `at`."""
        buffer, account = self._buffer, self._account
        if final and at >= len(buffer) and not self._top:
            self._state = _State.DONE
            return at
        if self._top and not self._scan and (blank := _LEADING.match(buffer, at)):
            if blank.end() == len(buffer) and not final:
                return at
            at = blank.end()
        if not final and len(buffer) - at < 3:
            return at
        block_end, body = self._header_end(at, final)
        if block_end < 0:
            room = account.limits.header_bytes - account.header_bytes
            if len(buffer) - at > room:
                account.breach("headers_too_long", "the headers are longer than the limit; the rest was not read")
                self._state, self._scan = _State.HEADER_REST, 0
                early = self._begin_part(buffer[at : at + room])
                if early is not None:
                    self._state = _State.LEAF if self._in_leaf else _State.SKIP
                    return at + early
                return max(at, len(buffer) - 4)
            self._scan = max(0, len(buffer) - at - 4)
            if not final:
                return at
            block_end = body = len(buffer)
        self._scan = 0
        room = account.limits.header_bytes - account.header_bytes
        block = buffer[at:block_end]
        if len(block) > room:
            account.breach("headers_too_long", "the headers are longer than the limit; the rest was not read")
            block = block[:room]
        early = self._begin_part(block)
        return body if early is None else at + early

    def _header_end(self, at: int, final: bool) -> tuple[int, int]:
        """Where the header that begins at `at` ends, and where the body begins; -1 while that is not known."""
        buffer = self._buffer
        if (blank := _LINE_END.match(buffer, at)) and not self._scan:  # no header at all
            return at, blank.end()
        if not self._scan and (short := _SHORT_HEADER.match(buffer, at)):
            return short.end(1), short.end()
        delimiter = self._delimiter(at, final, starts=True) if self._open else None
        until = delimiter[1] + 8 if delimiter else len(buffer)
        found = _HEADER_END.search(buffer, at + self._scan, until)
        end, body = (found.start() + 1, found.end()) if found else (-1, -1)
        if found and not final and found.end() >= len(buffer) - 1 and found[0][-1:] == b"\r":
            return -1, -1
        if self._open:
            if delimiter and (end < 0 or delimiter[1] < end):  # the part is nothing but a header
                return delimiter[1], delimiter[1]
            if end < 0 and final:
                return len(buffer), len(buffer)
        return end, body

    def _header_rest(self, at: int, final: bool) -> int:
        """Pass over what is left of a header that is too long."""
        del final
        found = _HEADER_END.search(self._buffer, at)
        delimiter = self._delimiter(at, False, starts=False) if self._open else None
        if delimiter and (not found or delimiter[1] < found.end()):
            self._state = _State.LEAF if self._in_leaf else _State.SKIP
            return delimiter[1]
        if found:
            self._state = _State.LEAF if self._in_leaf else _State.SKIP
            return found.end()
        return max(at, len(self._buffer) - self._keep)

    def _begin_part(self, block: bytes) -> int | None:
        """A header is complete: decide what its part is. Answer where its body begins, if earlier than the block's end."""
        account, sink = self._account, self._sink
        limits = account.limits
        account.header_bytes += len(block)
        headers, early = parse_header_block(block, max(0, limits.header_fields - account.header_fields), top=self._top)
        if account.header_fields + len(headers.fields) >= limits.header_fields:
            account.breach("too_many_fields", f"more than {limits.header_fields} header fields; the rest was not read")
        account.header_fields += len(headers.fields)
        if early is not None and headers.fields:
            account.warn("no_blank_line", "a header is not followed by a blank line")
        raw_type = (headers.first("content-type") or b"")[: limits.structured_header]
        content_type = parse_parameters(raw_type, account.warn)
        kind = content_type.value.replace(" ", "")
        if "/" not in kind or kind.startswith("/") or kind.endswith("/"):
            default = "message/rfc822" if self._digest and not raw_type else "text/plain"
            if raw_type and kind and kind not in ("text", "text/"):
                account.warn("content_type", f"the content type {kind[:60]!r} is not one; taken as {default}")
            kind = {"text/": "text/plain", "multipart/": "multipart/mixed"}.get(kind, default)
        disposition = parse_parameters(
            (headers.first("content-disposition") or b"")[: limits.structured_header], account.warn
        )
        if kind != content_type.value:
            content_type = Parameters(kind, content_type.parameters)
        part = Part(headers, content_type, disposition, self._number, self._parents, self._first)
        self._top = False
        self._body_start = True
        sink.part_seen(part)
        if kind.startswith("multipart/"):
            if self._enter(part, kind):
                if self._state is not _State.HEADER_REST:
                    self._state = _State.SKIP
                return early
            part.depth_cut = True
        self._in_leaf = True
        if self._state is not _State.HEADER_REST:
            self._state = _State.LEAF
        sink.leaf_started(part)
        return early

    def _enter(self, part: Part, kind: str) -> bool:
        """Open a multipart, unless it lies too deep."""
        if len(self._open) >= self._account.limits.nesting:
            self._account.breach("too_deep", f"parts lie more than {self._account.limits.nesting} deep; not opened")
            return False
        boundary = (part.content_type.get("boundary") or "").strip()
        raw = boundary.encode("utf-8", "replace")[:1000]
        if not raw:
            self._account.warn("no_boundary", "a multipart names no boundary")
        subtype = kind.partition("/")[2]
        self._open.append(Multipart(raw, part.number, (*part.parents, subtype), subtype, subtype == "digest"))
        self._keep = max(8, *(len(m.boundary) + BLANKS + 8 for m in self._open))
        return True

    # ---- bodies -----------------------------------------------------------------------------------------------------

    def _body(self, at: int, final: bool) -> int:
        """Pass the body from `at` on to the sink, up to the next boundary."""
        buffer = self._buffer
        if (
            self._open
            and not self._open[-1].count
            and self._state is _State.SKIP
            and not self._settle_boundary(at, final)
        ):
            return at
        if not self._open:
            end = len(buffer) if final else self._whole_lines(at, len(buffer))
            if self._in_leaf:
                self._data(at, end)
            return end
        if self._body_start and not final and len(buffer) - at < self._keep:
            return at
        delimiter = self._delimiter(at, final, starts=self._body_start)
        if delimiter:
            level, start, end, closing = delimiter
            self._data(at, start)
            self._cross(level, closing)
            return end
        if final:
            self._data(at, len(buffer))
            return len(buffer)
        safe = self._whole_lines(at, max(at, len(buffer) - self._keep))
        if safe > at:
            self._data(at, safe)
            self._body_start = False
        return safe

    def _whole_lines(self, at: int, end: int) -> int:
        """The last line end before `end`, or `end` itself where lines are long: decoders like whole lines."""
        buffer, start = self._buffer, max(at, end - 1200)
        line = max(buffer.rfind(b"\n", start, end), buffer.rfind(b"\r", start, end))
        if line > at + 1:
            return line - (buffer[line - 1 : line + 1] == b"\r\n")
        return end if end - at > 1200 else at

    def _data(self, start: int, end: int) -> None:
        if end <= start:
            return
        if self._in_leaf:
            self._sink.leaf_data(memoryview(self._buffer)[start:end])
        elif self._open and not self._open[-1].count and len(self._open[-1].preamble) < 1 << 16:
            self._open[-1].preamble += self._buffer[start : min(end, start + (1 << 16))]

    def _settle_boundary(self, at: int, final: bool) -> bool:
        """Find the boundary of a multipart that names none; answer whether the search may begin."""
        multipart = self._open[-1]
        if multipart.boundary:
            return True
        if len(self._buffer) - at < GATHER and not final:
            return False
        found = _LOST_BOUNDARY.search(self._buffer, at)
        raw = found[1] if found else b"\0no boundary\0"
        self._open[-1] = Multipart(raw, multipart.number, multipart.parents, multipart.subtype, multipart.digest)
        self._keep = max(8, *(len(m.boundary) + BLANKS + 8 for m in self._open))
        return True

    def _delimiter(self, at: int, final: bool, *, starts: bool) -> tuple[int, int, int, bool] | None:
        """The next boundary line from `at`: its level, where it starts with the line end before it, its end, closing?"""
        buffer, best = self._buffer, None
        for level in range(len(self._open) - 1, -1, -1):
            multipart = self._open[level]
            if multipart.next < 0:
                continue
            token = b"--" + multipart.boundary
            if multipart.next < at or multipart.next == 0:
                multipart.next = buffer.find(token, at)
                if multipart.next < 0:
                    continue
            if best and multipart.next > best[1] + 2:
                continue
            found = multipart.find_line(buffer, at, starts=starts)
            if not found:
                multipart.next = -1
                continue
            start, end, closing = found
            if end == len(buffer) and not final and buffer[end - 1] != 10:
                continue  # the line may go on
            multipart.next = buffer.index(b"--", start)
            if not best or start < best[1]:
                best = (level, start, end, closing)
        return best

    def _cross(self, level: int, closing: bool) -> None:
        """A boundary line of the multipart at `level`: end what is inside, begin what is next."""
        self._end_leaf()
        while len(self._open) > level + 1:
            inner = self._open.pop()
            if not inner.closed and inner.count:
                self._account.warn("no_final_boundary", "a multipart has no final boundary; its last part may be cut")
            self._leave(inner)
        multipart = self._open[level]
        self._body_start = True
        if closing:
            multipart.closed = True
            multipart.count = multipart.count or 1
            self._state = _State.SKIP
            return
        if multipart.closed:
            self._account.warn("after_final_boundary", "parts follow the final boundary of their multipart")
            multipart.closed = False
        self._account.parts += 1
        if self._account.parts > self._account.limits.parts:
            self._account.breach(
                "too_many_parts", f"more than {self._account.limits.parts} parts; the rest was not read"
            )
            self._state = _State.DONE
            return
        multipart.count += 1
        self._number = (*multipart.number, multipart.count)
        self._parents = multipart.parents
        self._first = multipart.count == 1
        self._digest = multipart.digest
        self._state, self._scan = _State.HEADER, 0

    def _leave(self, multipart: Multipart) -> None:
        """A multipart is over. One without any part: what stands there is text."""
        text = bytes(multipart.preamble)
        if multipart.count or not text.strip():
            return
        self._account.warn(
            "boundary_not_found", "the boundary of a multipart is nowhere in it; its content is taken as text"
        )
        part = Part(Headers(), Parameters("text/plain"), Parameters(), (*multipart.number, 1), multipart.parents)
        self._sink.leaf_started(part)
        self._sink.leaf_data(text)
        self._sink.leaf_ended()

    def _end_leaf(self) -> None:
        if self._in_leaf:
            self._in_leaf = False
            self._sink.leaf_ended()
