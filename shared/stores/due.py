"""Rows that are due at a time: planned waiting. The tick puts their tasks; nobody sleeps and no queue message waits unseen."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from shared.model.base import stamp
from shared.model.task import TASKS, Queue, Task
from shared.stores.tables import Table

PARTITION = "due"


@dataclass(frozen=True, slots=True)
class DueTask:
    """A task with the key of the row that holds it."""

    key: str
    task: Task


class Due:
    """The rows of everything planned."""

    def __init__(self, table: Table) -> None:
        self._table = table

    async def at(self, time: datetime, task: Task) -> None:
        """Put the task when the time has come; planning the same task for the same time again changes nothing."""
        body = task.encode()
        key = f"{stamp(time)}|{hashlib.sha256(f'{task.queue}{body}'.encode()).hexdigest()[:16]}"
        await self._table.put("due", PARTITION, key, {"queue": task.queue.value, "task": body})

    async def until(self, now: datetime, *, limit: int = 500) -> list[DueTask]:
        """What is due by now, oldest first."""
        rows = await self._table.query(
            "PartitionKey eq @p and RowKey lt @now", {"p": PARTITION, "now": f"{stamp(now)}~"}, limit=limit
        )
        return [DueTask(row.key, TASKS[Queue(row.text("queue"))].decode(row.text("task"))) for row in rows]

    async def done(self, due: DueTask) -> None:
        """The task was put."""
        await self._table.delete("due.done", PARTITION, due.key)
