"""Sessions of people who signed in: rows that can be ended here, whatever a browser still holds.

The browser keeps a random id of 256 bits; the table keeps its SHA-256, so that reading the table opens no session.
"""

from __future__ import annotations

import hashlib
import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.errors import ConcurrentWrite
from shared.model.base import stamp
from shared.model.person import Person
from shared.stores.tables import Row, Table

IDLE = timedelta(hours=8)
"""Without a request for so long, a session ends."""
ABSOLUTE = timedelta(hours=24)
"""After so long it ends in any case: roles are read again at the next sign-in."""
NOTED_EVERY = timedelta(minutes=5)
"""How exactly the last request is known; a write for each request would be a waste."""
ID_LENGTH = 43
"""Characters of an id: 32 bytes in base64url."""

_KEY = "session"


@dataclass(frozen=True, slots=True)
class Session:
    """A session that holds."""

    person: Person
    began_at: datetime
    seen_at: datetime


class Sessions:
    """The rows of all sessions."""

    def __init__(self, table: Table) -> None:
        self._table = table

    async def begin(self, person: Person, now: datetime) -> str:
        """A new session; returns the id that only the browser keeps."""
        given = secrets.token_urlsafe(32)
        partition = _partition(given)
        ends = stamp(now + ABSOLUTE)
        values = {
            "person": person.model_dump_json(),
            "began_at": stamp(now),
            "seen_at": stamp(now),
            "ends_at": ends,
        }
        # The way back from the person comes first: a session without it could not be ended for them.
        await self._table.put("session.person", _of(person.key), partition.partition("|")[2], {"ends_at": ends})
        await self._table.insert("session.begin", partition, _KEY, values)
        return given

    async def find(self, given: str, now: datetime) -> Session | None:
        """The session with this id, or None where there is none that still holds."""
        if len(given) != ID_LENGTH or not given.isascii():
            return None
        row = await self._table.get(_partition(given), _KEY)
        if row is None:
            return None
        began, seen = (datetime.fromisoformat(row.text(name)) for name in ("began_at", "seen_at"))
        person = Person.model_validate_json(row.text("person"))
        if now >= seen + IDLE or now >= began + ABSOLUTE:
            await self._remove(row, person)
            return None
        if now - seen >= NOTED_EVERY:
            with suppress(ConcurrentWrite):
                # Never an upsert: it would bring back a session that is being ended.
                await self._table.replace("session.seen", row, {**row.values, "seen_at": stamp(now)})
        return Session(person, began, seen)

    async def end(self, given: str) -> None:
        """End a session; one that is not there is as good."""
        if len(given) != ID_LENGTH or not given.isascii():
            return
        row = await self._table.get(_partition(given), _KEY)
        if row is not None:
            await self._remove(row, Person.model_validate_json(row.text("person")))

    async def end_all(self, person: str) -> int:
        """End every session of a person, named by `Person.key`; returns how many there were."""
        rows = await self._table.query("PartitionKey eq @p", {"p": _of(person)}, select=["ends_at"])
        for row in rows:
            await self._table.delete("session.end", f"session|{row.key}", _KEY)
            await self._table.delete("session.person", row.partition, row.key)
        return len(rows)

    async def purge(self, now: datetime, *, limit: int = 200) -> int:
        """Delete rows of the table whose time is over: sessions, sign-ins under way, and answers to repeated requests.

        Returns:
            How many were deleted; with `limit` of them there may be more.
        """
        rows = await self._table.query("ends_at lt @now", {"now": stamp(now)}, limit=limit, select=["ends_at"])
        for row in rows:
            await self._table.delete("session.purge", row.partition, row.key)
        return len(rows)

    async def _remove(self, row: Row, person: Person) -> None:
        await self._table.delete("session.end", row.partition, row.key)
        await self._table.delete("session.person", _of(person.key), row.partition.partition("|")[2])


def _partition(given: str) -> str:
    return f"session|{hashlib.sha256(given.encode()).hexdigest()}"


def _of(person: str) -> str:
    return f"person|{hashlib.sha256(person.encode()).hexdigest()}"
