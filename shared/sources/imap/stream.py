"""Reading from and writing to a mail server with limits: a deadline for the whole call, and room for what it may answer.

Whatever the server announces is measured before room is made for it, and a server that trickles its answer runs into the same
deadline as one that is silent. Used in a thread: every call blocks.
"""

from __future__ import annotations

import contextlib
import ssl
from dataclasses import dataclass
from socket import SHUT_RDWR, socket
from time import monotonic

_READ = 64 * 1024
LONGEST_LINE = 4 * 1024 * 1024
"""Bytes of a line. The ids of 100,000 mails, each written out, stand in one line of 700 KB."""


class LimitExceeded(Exception):
    """The server answered more than it may, or with something that is no answer. The text is for people."""


@dataclass(slots=True)
class Allowance:
    """What one call may take.

    Attributes:
        seconds: for the whole call.
        bytes: of the whole answer.
        lines: of the whole answer.
        literal: bytes of one literal (RFC 3501 section 4.3).
    """

    seconds: float
    bytes: int = 16 * 1024 * 1024
    lines: int = 20_000
    literal: int = 2 * 1024 * 1024


class Stream:
    """A buffered reader over a connected socket, and its writer.

    Args:
        sock: connected; belongs to the stream from now on.
        allowance: what the first call may take.
    """

    def __init__(self, sock: socket, allowance: Allowance) -> None:
        sock.setblocking(True)
        self._sock: socket = sock
        self._buffer = bytearray()
        self.begin(allowance)

    def begin(self, allowance: Allowance) -> None:
        """A new call begins."""
        self._until = monotonic() + allowance.seconds
        self._bytes = allowance.bytes
        self._lines = allowance.lines
        self._literal = allowance.literal

    @property
    def pending(self) -> bool:
        """Whether bytes were received that nobody has read."""
        return bool(self._buffer)

    def wrap(self, context: ssl.SSLContext, host: str) -> None:
        """Begin TLS, with the certificate checked against this name.

        Raises:
            OSError: it was not agreed on, in time.
        """
        self._sock.settimeout(self._left())
        wrapped = context.wrap_socket(self._sock, server_hostname=host, do_handshake_on_connect=False)
        self._sock = wrapped
        wrapped.do_handshake()

    def readline(self) -> bytes:
        """The next line with its end.

        Raises:
            LimitExceeded: it is too long, or the answer has too many lines or bytes.
            OSError: the connection ended, or the time is up.
        """
        self._lines -= 1
        if self._lines < 0:
            raise LimitExceeded("the answer has too many lines")
        looked = 0
        while (end := self._buffer.find(b"\n", looked)) < 0:
            looked = len(self._buffer)
            if looked > LONGEST_LINE:
                raise LimitExceeded("a line of the answer is too long")
            self._buffer += self._receive()
        return self._take(end + 1)

    def read(self, size: int) -> bytes:
        """So many bytes: a literal that the server announced.

        Raises:
            LimitExceeded: the announced size is too much; nothing was allocated for it.
            OSError: the connection ended, or the time is up.
        """
        if size > self._literal:
            raise LimitExceeded("a literal of the answer is too large")
        if size <= len(self._buffer):
            return self._take(size)
        self._spend(size)
        content = bytearray(size)
        view = memoryview(content)
        at = len(self._buffer)
        view[:at] = self._buffer
        self._buffer.clear()
        while at < size:
            self._sock.settimeout(self._left())
            count = self._sock.recv_into(view[at:])
            if not count:
                raise ConnectionResetError("the server closed the connection")
            at += count
        view.release()
        return bytes(content)

    def send(self, data: bytes) -> None:
        """Send all of it.

        Raises:
            OSError: the connection ended, or the time is up.
        """
        view = memoryview(data)
        while view:
            self._sock.settimeout(self._left())
            view = view[self._sock.send(view) :]

    def fileno(self) -> int:
        """Of the socket, for polling."""
        return self._sock.fileno()

    def abort(self) -> None:
        """From another thread: whatever is waiting for the server ends now."""
        with contextlib.suppress(OSError):
            socket.shutdown(
                self._sock, SHUT_RDWR
            )  # not that of SSLSocket, which would take the TLS away under the other thread

    def close(self) -> None:
        """End the connection at once."""
        self._sock.close()

    def _receive(self) -> bytes:
        self._sock.settimeout(self._left())
        data = self._sock.recv(_READ)
        if not data:
            raise ConnectionResetError("the server closed the connection")
        return data

    def _take(self, size: int) -> bytes:
        self._spend(size)
        data = bytes(memoryview(self._buffer)[:size])
        del self._buffer[:size]
        return data

    def _spend(self, size: int) -> None:
        self._bytes -= size
        if self._bytes < 0:
            raise LimitExceeded("the answer is too large")

    def _left(self) -> float:
        left = self._until - monotonic()
        if left <= 0:
            raise TimeoutError("the time for the call is up")
        return left
