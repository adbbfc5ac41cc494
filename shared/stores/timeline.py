"""Projection `timeline`: the lists that people look at, newest first, by company and month and by mailbox and month."""

from __future__ import annotations

from datetime import UTC, datetime

from shared.model.base import stamp
from shared.model.run import Run
from shared.stores.tables import Row, Table

_END = 10**13


def _key(run: Run) -> str:
    """Inverted time, so that the newest comes first in key order."""
    return f"{_END - int(run.received_at.timestamp() * 1000):013d}|{run.message}"


def _month(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y%m")


class Timeline:
    """The rows of all months."""

    def __init__(self, table: Table) -> None:
        self._table = table

    async def note(self, run: Run) -> None:
        """Write a message's lines as its run is now; the same again changes nothing."""
        values = {
            "mailbox": run.mailbox,
            "stage": run.stage.value,
            "outcome": run.outcome.value if run.outcome else "",
            "reason": run.reason,
            "subject": run.subject[:300],
            "sender": run.sender[:320],
            "folder": run.folder or "",
            "received_at": stamp(run.received_at),
        }
        month = _month(run.received_at)
        await self._table.put("timeline.company", f"{run.company}|{month}", _key(run), dict(values))
        await self._table.put("timeline.mailbox", f"{run.company}|{run.mailbox}|{month}", _key(run), dict(values))

    async def newest(
        self, company: str, month: datetime, *, mailbox: str = "", limit: int = 100
    ) -> list[tuple[str, Row]]:
        """Messages of a month, newest first, as (message, row)."""
        partition = f"{company}|{mailbox}|{_month(month)}" if mailbox else f"{company}|{_month(month)}"
        rows = await self._table.query("PartitionKey eq @p", {"p": partition}, limit=limit)
        return [(row.key.rpartition("|")[2], row) for row in rows]
