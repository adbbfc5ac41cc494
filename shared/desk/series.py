"""Number series: every key gets one number, every number one key, without gaps and never freed.

One partition per company and series; one transaction inserts key → number and number → key and raises the counter.
"""

from __future__ import annotations

import asyncio
from weakref import WeakValueDictionary

from shared.errors import ConcurrentWrite
from shared.model.config import Series
from shared.stores.tables import Row, Table, Write

COUNTER = "counter"
TRIES = 200
"""Times that a number is tried for when many take one at once; each failure means that another one succeeded."""


class NumberSeries:
    """The series of all companies."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        """Of this worker: its messages would only make each other's tries fail, which costs five requests for each number."""

    async def take(self, company: str, series: Series, key: str) -> str:
        """The number of a key: the one it has, or the next one.

        Args:
            company: whose series.
            series: how numbers look and where they start.
            key: what is numbered, such as a document's id.

        Raises:
            ConcurrentWrite: too many took numbers at once; try again later.
        """
        partition = f"{company}|{series.id}"
        async with self._turns.setdefault(partition, asyncio.Lock()):
            return await self._take(partition, series, key)

    async def _take(self, partition: str, series: Series, key: str) -> str:
        for _ in range(TRIES):
            rows = {row.key: row for row in await self._rows(partition, key)}
            known = rows.get(f"key|{key}")
            if known is not None:
                return known.text("number")
            counter = rows.get(COUNTER)
            following = series.start if counter is None else counter.number("next")
            number = f"{series.prefix}{following:0{series.width}d}"
            raised = Row(partition, COUNTER, {"next": following + 1}, "" if counter is None else counter.etag)
            writes = [
                Write("insert" if counter is None else "replace", raised),
                Write("insert", Row(partition, f"key|{key}", {"number": number})),
                Write("insert", Row(partition, f"number|{following:018d}", {"key": key, "number": number})),
            ]
            try:
                await self._table.transact("series.take", writes)
            except ConcurrentWrite:
                continue
            return number
        raise ConcurrentWrite(f"too many documents take a number of series {series.id} at once")

    async def _rows(self, partition: str, key: str) -> list[Row]:
        # The SDK fills names in between spaces, so there is one before each bracket.
        condition = "PartitionKey eq @p and ( RowKey eq @counter or RowKey eq @key )"
        return await self._table.query(condition, {"p": partition, "counter": COUNTER, "key": f"key|{key}"})
