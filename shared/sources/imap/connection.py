"""A connection to a mail server in a thread of its own, for one call at a time."""

from __future__ import annotations

import asyncio
import contextlib
import select
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import NoReturn

from shared.effect import require_effect
from shared.errors import NetworkFailure, PostrumError, ServiceUnavailable
from shared.remedies.recognise import network as network_cause
from shared.sources.imap.errors import MAYBE, closed, protocol, refused
from shared.sources.imap.stream import Allowance, LimitExceeded, Stream
from shared.sources.imap.wire import Closed, Injected, Literal, NotImap, Reply, Wire

Parts = Sequence[bytes | Literal]


@dataclass(frozen=True, slots=True)
class Timing:
    """How long things may take, in seconds.

    Attributes:
        connect: finding the server and connecting to it.
        greeting: TLS, the greeting and signing in.
        call: any command with its whole answer.
        farewell: saying goodbye.
    """

    connect: float = 20
    greeting: float = 30
    call: float = 60
    farewell: float = 2


@dataclass(frozen=True, slots=True)
class Selected:
    """The folder that a connection has selected, as it was then.

    Attributes:
        name: wire name.
        validity: UIDVALIDITY; with another one, no UID of before means anything (RFC 3501 section 2.3.1.1).
        exists: mails in it.
        next: UID that the next mail gets, at least; None where the server does not say.
        keywords: keywords that may be set, in lower case.
        any_keyword: any other may be set too.
    """

    name: str
    validity: int
    exists: int
    next: int | None
    keywords: frozenset[str]
    any_keyword: bool


class Connection:
    """A connection that is signed in.

    Args:
        thread: with one worker, which does everything on this connection; ended by `close`.
        wire: greeted and signed in.
        timing: how long things may take.

    Attributes:
        selected: the selected folder, kept here by `mailbox.select`.
        broken: it cannot be used any more.
    """

    def __init__(self, thread: ThreadPoolExecutor, wire: Wire, timing: Timing) -> None:
        self.selected: Selected | None = None
        self.broken = False
        self._thread = thread
        self._wire = wire
        self._timing = timing
        self._poll = select.poll()
        self._poll.register(wire.stream.fileno(), select.POLLIN)

    @property
    def host(self) -> str:
        """Name of the server."""
        return self._wire.host

    def can(self, name: str) -> bool:
        """Whether the server has a capability."""
        return self._wire.can(name)

    @property
    def stale(self) -> bool:
        """Whether the server said something, or hung up, while nobody asked anything."""
        return self.broken or self._wire.stream.pending or bool(self._poll.poll(0))

    async def command(self, *parts: bytes | Literal, what: str, changing: bool = False) -> Reply:
        """One command whose answer is OK; see `ask`.

        Raises:
            PostrumError: it was refused; see `errors.refused`.
        """
        reply = await self.ask(parts, what=what, changing=changing)
        if reply.status != "OK":
            raise refused(reply, what, changing=changing)
        return reply

    async def ask(self, *commands: Parts, what: str, changing: bool = False) -> Reply:
        """One command or several short ones that are sent at once, with the answer to the last, whatever it is.

        Args:
            commands: each a command and its arguments.
            what: what is done, in words, for error texts: "moving the mail".
            changing: something is changed; this stands inside an effect then.

        Raises:
            NetworkFailure: the connection broke, or the time is up.
            ServiceUnavailable: the answer is none, or too large.
            Throttled, PermissionDenied: the server ended the connection for a reason.
        """
        if changing:
            require_effect(f"IMAP: {what}")
        if self.broken:
            raise NetworkFailure(f"The connection to the mail server was lost before {what}.")

        def call() -> Reply:
            self._wire.stream.begin(Allowance(self._timing.call))
            replies = self._wire.commands(commands)
            return next((reply for reply in replies[:-1] if reply.status != "OK"), replies[-1])

        try:
            return await in_thread(self._thread, self._wire.stream, call, what, changing=changing)
        except BaseException:
            # nobody knows what the server says next on this connection, and to which command
            self._end(self._wire.stream.close)
            raise

    async def close(self) -> None:
        """End the connection; politely where it still works."""
        if not self.broken:
            self._wire.stream.begin(Allowance(self._timing.farewell))
            with contextlib.suppress(OSError):
                await asyncio.wrap_future(self._end(self._wire.farewell))

    def _end(self, last: Callable[[], None]) -> Future[None]:
        self.broken = True
        future = self._thread.submit(last)
        self._thread.shutdown(wait=False)
        return future


async def in_thread[T](
    thread: ThreadPoolExecutor, stream: Stream, call: Callable[[], T], what: str, *, changing: bool = False
) -> T:
    """Do something that blocks on a stream; who is cancelled meanwhile leaves a stream that ends at once.

    Raises:
        PostrumError: for whatever the other side did.
    """
    try:
        return await asyncio.get_running_loop().run_in_executor(thread, call)
    except asyncio.CancelledError:
        stream.abort()
        raise
    except PostrumError:
        raise
    except (Closed, NotImap, Injected, LimitExceeded, OSError) as error:
        _tell(error, what, changing)


def _tell(error: Exception, what: str, changing: bool) -> NoReturn:
    told: PostrumError
    match error:
        case Closed():
            told = closed(str(error), what, changing=changing)
        case NotImap():
            told = ServiceUnavailable("What answers there is not an IMAP server.", remedy="Check server and port.")
            told.cause = "imap_not_imap"
        case Injected():
            told = NetworkFailure("Data was slipped in before encryption began; nothing was sent.")
            told.cause = "imap_starttls_attacked"
        case LimitExceeded():
            told = protocol(str(error), what, changing=changing)
        case _:
            how = "did not answer in time" if isinstance(error, TimeoutError) else "ended the connection"
            told = NetworkFailure(f"The mail server {how} when {what}.{f' {MAYBE}' if changing else ''}")
            told.cause = network_cause(error)
    raise told from None
