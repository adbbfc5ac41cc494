"""Notes what happened to a connection, whoever else notes something at the same time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from shared.errors import ConcurrentWrite
from shared.identity.connection_state import Event, Happened, after
from shared.model.config import Mailbox
from shared.model.connection import Connection, ConnectionState
from shared.stores.connections import Connections

TRIES: Final = 5
NOTED_EVERY: Final = timedelta(hours=1)
"""A connection that goes on working is written down this often: each hold of a mailbox tells, and one write an hour is enough."""


class ConnectionKeeper:
    """The one writer of connections.

    Args:
        connections: where they are kept.
        clock: the time.
    """

    def __init__(self, connections: Connections, clock: Callable[[], datetime]) -> None:
        self._connections = connections
        self._clock = clock

    async def now(self, company: str, mailbox: Mailbox) -> Connection:
        """How the mailbox is connected; `new` where nothing was noted, or where it was connected in another way before."""
        stored = await self._connections.get(company, mailbox.id)
        return self._of_kind(company, mailbox, stored.connection if stored else None)

    async def note(self, company: str, mailbox: Mailbox, event: Event) -> Connection:
        """Write down what happened, and give the connection as it is then.

        Raises:
            ConcurrentWrite: others noted something all the time.
        """
        for _ in range(TRIES):
            stored = await self._connections.get(company, mailbox.id)
            before = self._of_kind(company, mailbox, stored.connection if stored else None)
            now = self._clock()
            changed = after(before, event, now)
            if stored is not None and (changed == stored.connection or self._only_works_on(before, event, now)):
                return before
            try:
                await self._connections.save(stored, changed, by=event.by)
            except ConcurrentWrite:
                continue
            return changed
        raise ConcurrentWrite(f"the connection of {mailbox.id} is being changed by others all the time")

    async def begin_again(self, company: str, mailbox: Mailbox, by: str) -> Connection:
        """The mailbox is connected by nothing any more; its state is `new`."""
        for _ in range(TRIES):
            stored = await self._connections.get(company, mailbox.id)
            fresh = self._of_kind(company, mailbox, None)
            try:
                await self._connections.save(stored, fresh, by=by)
            except ConcurrentWrite:
                continue
            return fresh
        raise ConcurrentWrite(f"the connection of {mailbox.id} is being changed by others all the time")

    async def forget(self, company: str, mailbox: str) -> None:
        """There is no such mailbox any more."""
        await self._connections.remove(company, mailbox)

    def _of_kind(self, company: str, mailbox: Mailbox, known: Connection | None) -> Connection:
        if known is not None and known.kind is mailbox.connection:
            return known
        return Connection(company=company, mailbox=mailbox.id, kind=mailbox.connection, since=self._clock())

    def _only_works_on(self, before: Connection, event: Event, now: datetime) -> bool:
        return (
            event.happened is Happened.ANSWERED
            and before.state is ConnectionState.CONNECTED
            and event.account in ("", before.account)
            and before.checked_at is not None
            and now - before.checked_at < NOTED_EVERY
        )
