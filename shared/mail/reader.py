"""Reading a mail: bytes in, leaf events out, and at the end the `Mail`.

Sans-I/O: the caller brings the bytes, from a blob, a file or a socket, in pieces of any size, and takes the events.

    reader = MailReader()
    for chunk in chunks:
        for event in reader.feed(chunk):
            ...                       # LeafStart, LeafData…, LeafEnd: write the attachments
    events, mail = reader.close()

Memory does not grow with the mail: what is kept are headers, bodies up to a limit, and containers that have to be opened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from shared.mail.assemble import Trust, assemble
from shared.mail.leaves import LeafEvent, Outbox
from shared.mail.level import Level
from shared.mail.limits import Account, Limits
from shared.model.mail import Mail

__all__ = ["MailReader", "read_mail"]


class MailReader:
    """Reads one mail.

    Args:
        limits: how much of it is looked at.
        trust: whose Authentication-Results are believed: authserv-ids, and `exchange` for Exchange's form without one.
    """

    def __init__(self, limits: Limits = Limits(), trust: Trust = frozenset()) -> None:  # noqa: B008 (frozen)
        self._account = Account(limits)
        self._outbox = Outbox(self._account.warn)
        self._level = Level(self._outbox, self._account)
        self._size = 0
        self._trust = trust

    def feed(self, data: bytes | memoryview) -> Iterator[LeafEvent]:
        """Take the next bytes; answer the events that they brought. What is not fetched now comes with the next call."""
        self._size += len(data)
        self._level.write(data)
        return self._drain()

    def _drain(self) -> Iterator[LeafEvent]:
        events = self._outbox.events
        while events:
            yield events.popleft()

    def finish(self) -> Iterator[LeafEvent]:
        """The mail is over; answer the last events."""
        self._level.end()
        return self._drain()

    def mail(self) -> Mail:
        """What was read, after `finish`."""
        return assemble(self._level, self._outbox, self._account, self._size, self._trust)

    def close(self) -> tuple[list[LeafEvent], Mail]:
        """`finish` and `mail` in one."""
        events = list(self.finish())
        return events, self.mail()


def read_mail(
    chunks: Iterable[bytes | memoryview],
    on_leaf: Callable[[LeafEvent], None] | None = None,
    limits: Limits = Limits(),  # noqa: B008 (frozen)
    trust: Trust = frozenset(),
) -> Mail:
    """Read a whole mail; `on_leaf` is given every event."""
    reader = MailReader(limits, trust)
    for chunk in chunks:
        for event in reader.feed(chunk):
            if on_leaf:
                on_leaf(event)
    for event in reader.finish():
        if on_leaf:
            on_leaf(event)
    return reader.mail()
