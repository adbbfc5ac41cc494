"""Alerts as they are stored: what is open in one partition, what was cleared in another, newest first.

What is done once a day to find some of them has its plan here as well.

An alert is opened by an insert under its natural key, so two ticks at once raise it once. It leaves the open ones only after its
recovery was told.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from shared.errors import ConcurrentWrite
from shared.model.alert import Alert
from shared.model.base import stamp
from shared.stores.tables import Row, Table, Value

OPEN = "open"
PAST = "past"
ROTA = "rota"
_END = 10**13


@dataclass(frozen=True, slots=True)
class StoredAlert:
    """An alert with its row.

    Attributes:
        alert: what it says.
        told: whether subscribers were told of its present state: of the raising, or of the clearing.
        row: as it was read.
    """

    alert: Alert
    told: bool
    row: Row


class Alerts:
    """The rows of all alerts."""

    def __init__(self, table: Table) -> None:
        self._table = table

    async def open(self) -> list[StoredAlert]:
        """Alerts that are open, and those that were cleared and not told of yet."""
        return [_stored(row) for row in await self._table.query("PartitionKey eq @p", {"p": OPEN})]

    async def past(self, since: datetime, *, limit: int = 500) -> list[Alert]:
        """Alerts cleared since a moment, the latest first."""
        condition = "PartitionKey eq @p and RowKey lt @k"
        rows = await self._table.query(condition, {"p": PAST, "k": f"{_inverted(since)}|~"}, limit=limit)
        return [_stored(row).alert for row in rows]

    async def raised(self, alert: Alert) -> StoredAlert | None:
        """Open an alert; None where it is open already."""
        values = _values(alert, told=False)
        if not await self._table.insert("alert.raise", OPEN, alert.id, values):
            return None
        row = await self._table.get(OPEN, alert.id)
        return None if row is None else _stored(row)

    async def change(self, stored: StoredAlert, alert: Alert, *, told: bool) -> StoredAlert:
        """Write what became of an open alert.

        Raises:
            ConcurrentWrite: somebody else did meanwhile.
        """
        row = await self._table.replace("alert.change", stored.row, _values(alert, told=told))
        return StoredAlert(alert, told, row)

    async def close(self, stored: StoredAlert) -> None:
        """Put a cleared alert that was told of among the past ones."""
        alert = stored.alert
        key = f"{_inverted(alert.cleared_at or alert.raised_at)}|{alert.id}"
        await self._table.put("alert.past", PAST, key, _values(alert, told=True))
        await self._table.delete("alert.closed", OPEN, alert.id)

    async def forget(self, before: datetime, *, limit: int = 500) -> None:
        """Delete past alerts that were cleared before a moment."""
        condition = "PartitionKey eq @p and RowKey gt @k"
        parameters = {"p": PAST, "k": f"{_inverted(before)}|~"}
        for row in await self._table.query(condition, parameters, limit=limit, select=["op"]):
            await self._table.delete("alert.forget", PAST, row.key)


@dataclass(frozen=True, slots=True)
class Planned:
    """When something is next looked after, with its row."""

    at: datetime
    row: Row


class Rota:
    """When that which is done once a day is next done, by name. In the same table: it is what alerts are raised from."""

    def __init__(self, table: Table) -> None:
        self._table = table

    async def read(self) -> dict[str, Planned]:
        """Everything that was done before."""
        rows = await self._table.query("PartitionKey eq @p", {"p": ROTA})
        return {row.key: Planned(datetime.fromisoformat(row.text("at")), row) for row in rows}

    async def move(self, name: str, planned: Planned | None, at: datetime) -> Planned:
        """Take it, by saying when it is done next.

        Raises:
            ConcurrentWrite: somebody else took it.
        """
        if planned is not None:
            return Planned(at, await self._table.replace("rota.move", planned.row, {"at": stamp(at)}))
        if not await self._table.insert("rota.move", ROTA, name, {"at": stamp(at)}):
            raise ConcurrentWrite("another worker took it")
        row = await self._table.get(ROTA, name)
        if row is None:
            raise ConcurrentWrite("another worker took it")
        return Planned(at, row)


def _inverted(time: datetime) -> str:
    return f"{_END - int(time.timestamp() * 1000):013d}"


def _values(alert: Alert, *, told: bool) -> dict[str, Value]:
    return {"alert": alert.model_dump_json(), "told": told}


def _stored(row: Row) -> StoredAlert:
    return StoredAlert(Alert.model_validate_json(row.text("alert")), bool(row.values.get("told")), row)
