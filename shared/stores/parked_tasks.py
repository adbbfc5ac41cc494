"""Queue messages that could not be worked on: not ours, or given up by the host. Each is shown with its reason and can be put again."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from shared.errors import NotFound
from shared.model.base import stamp
from shared.model.task import Queue
from shared.stores.tables import Row, Table

PARTITION = "task"
BODY_LIMIT = 30_000
"""Characters of the body that are kept; a table property holds 32,768."""


@dataclass(frozen=True, slots=True)
class ParkedTask:
    """A queue message that a person has to look at."""

    id: str
    queue: Queue
    body: str
    reason: str
    at: str


class ParkedTasks:
    """All parked queue messages."""

    def __init__(self, table: Table) -> None:
        self._table = table

    async def park(self, queue: Queue, body: str, reason: str, now: datetime) -> str:
        """Keep a message; the same body in the same queue is kept once. Returns its id."""
        key = hashlib.sha256(f"{queue}\0{body}".encode(errors="replace")).hexdigest()[:26]
        values = {"queue": queue.value, "body": body[:BODY_LIMIT], "reason": reason[:1000], "at": stamp(now)}
        await self._table.insert("parked", PARTITION, key, dict(values))
        return key

    async def every(self, *, limit: int = 200) -> list[ParkedTask]:
        """All parked messages."""
        return [_parked(row) for row in await self._table.query("PartitionKey eq @p", {"p": PARTITION}, limit=limit)]

    async def get(self, key: str) -> ParkedTask:
        """One parked message.

        Raises:
            NotFound: no such.
        """
        row = await self._table.get(PARTITION, key)
        if row is None:
            raise NotFound("no parked task has this id")
        return _parked(row)

    async def remove(self, key: str) -> None:
        """A person dealt with it."""
        await self._table.delete("parked.removed", PARTITION, key)


def _parked(row: Row) -> ParkedTask:
    return ParkedTask(row.key, Queue(row.text("queue")), row.text("body"), row.text("reason"), row.text("at"))
