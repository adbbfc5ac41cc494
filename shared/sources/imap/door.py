"""From a configured server to a connection that is encrypted and signed in; and the few connections that a mailbox may have."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from shared.errors import PermissionDenied, ServiceUnavailable
from shared.model.config import ImapEncryption, ImapServer
from shared.net.guard import AddressRefused, Network
from shared.net.tcp import connect
from shared.net.tls import client_context, tls_failure
from shared.sources.imap.connection import Connection, Timing, in_thread
from shared.sources.imap.sign_in import SignIn
from shared.sources.imap.stream import Allowance, Stream
from shared.sources.imap.wire import Wire

CONNECTIONS: Final = 3
"""Connections to one mailbox, at most: as many as a lane makes calls at a time. Exchange Online and Gmail allow 15 or more."""


@dataclass(frozen=True, slots=True)
class Door:
    """How to come to the mailbox.

    Attributes:
        server: where, and whom to trust there.
        sign_in: as whom.
        allowed: networks that the deployment opens.
        ca_file: PEM file with the authorities of the deployment instead of the public ones.
        timing: how long things may take.
    """

    server: ImapServer
    sign_in: SignIn
    allowed: tuple[Network, ...]
    ca_file: Path | None
    timing: Timing

    async def open(self) -> Connection:
        """Connect, encrypt, and sign in.

        Raises:
            NetworkFailure, ServiceUnavailable, PermissionDenied, Throttled: not possible; `cause` says why.
        """
        context = client_context(self.ca_file, self.server.certificate_authority)
        secret = await self.sign_in.secret()
        try:
            sock = await connect(self.server.host, self.server.port, allowed=self.allowed, seconds=self.timing.connect)
        except AddressRefused as error:
            # not one message is refused, but the whole mailbox
            denied = PermissionDenied(error.message, remedy=error.remedy)
            denied.cause = error.code
            raise denied from None
        stream = Stream(sock, Allowance(self.timing.greeting))
        wire = Wire(stream, self.server.host)

        def begin() -> None:
            def encrypted() -> bool:
                try:
                    if self.server.encryption is ImapEncryption.TLS:
                        stream.wrap(context, self.server.host)
                        return True
                    wire.greet()
                    return wire.can("STARTTLS") and wire.encrypt(context).status == "OK"
                except OSError as error:
                    raise tls_failure(error) from None

            try:
                if not encrypted():
                    raise _not_encrypted()
                if self.server.encryption is ImapEncryption.TLS:
                    wire.greet()
                self.sign_in(wire, secret)
            except BaseException:
                stream.close()
                raise

        thread = ThreadPoolExecutor(1, thread_name_prefix="imap")
        try:
            await in_thread(thread, stream, begin, "signing in")
        except BaseException:
            thread.shutdown(wait=False)
            raise
        return Connection(thread, wire, self.timing)


class Pool:
    """The connections of one mailbox: opened when they are needed, each used by one call at a time.

    Args:
        door: opens them.
        most: of them at a time; whoever wants another waits.
    """

    def __init__(self, door: Door, most: int = CONNECTIONS) -> None:
        self._door = door
        self._free: list[Connection] = []
        self._closed = False
        self._slots = asyncio.Semaphore(most)

    @asynccontextmanager
    async def connection(self, folder: str = "") -> AsyncIterator[Connection]:
        """A connection for one call; one that has the folder selected, if there is a free one.

        Raises:
            PostrumError: none could be opened.
        """
        async with self._slots:
            connection = await self._take(folder) or await self._door.open()
            try:
                yield connection
            finally:
                if self._closed:
                    await connection.close()
                elif not connection.broken:
                    self._free.append(connection)

    async def close(self) -> None:
        """End all connections; one that is in use ends with that."""
        self._closed = True
        free, self._free = self._free, []
        await asyncio.gather(*(connection.close() for connection in free))

    async def _take(self, folder: str) -> Connection | None:
        for connection in [known for known in self._free if known.stale]:
            # it hung up, or said something that nobody asked for: not to be found out in the middle of a move
            self._free.remove(connection)
            await connection.close()
        if not self._free:
            return None
        fitting = (at for at, known in enumerate(self._free) if known.selected and known.selected.name == folder)
        return self._free.pop(next(fitting, 0))


def _not_encrypted() -> ServiceUnavailable:
    error = ServiceUnavailable(
        "The mail server offers no encryption on this port, so nothing was sent.",
        remedy="Use TLS, usually on port 993.",
    )
    error.cause = "imap_starttls_missing"
    return error
