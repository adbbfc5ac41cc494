"""Projection `lookup`: from a key (Message-ID, entity) to the messages that have it."""

from __future__ import annotations

import hashlib

from shared.stores.tables import Table


def _partition(company: str, kind: str, key: str) -> str:
    return f"{company}|{kind}|{hashlib.sha256(key.encode()).hexdigest()[:32]}"


class Lookup:
    """The rows of all keys."""

    def __init__(self, table: Table) -> None:
        self._table = table

    async def note(self, company: str, kind: str, key: str, message: str, **values: str) -> None:
        """Note that a message has a key; the same again changes nothing."""
        await self._table.put(f"lookup.{kind}", _partition(company, kind, key), message, dict(values))

    async def find(self, company: str, kind: str, key: str, *, limit: int = 20) -> list[str]:
        """Messages that have a key."""
        rows = await self._table.query("PartitionKey eq @p", {"p": _partition(company, kind, key)}, limit=limit)
        return [row.key for row in rows]
