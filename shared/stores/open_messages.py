"""Projection `open`: everything that is not at an end, by mailbox. Written before a listing counts as done, deleted at the end.

A row says when to look at the message again (`until`), and what waits to be done in the mailbox (`work`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from shared.errors import ConcurrentWrite
from shared.model.base import stamp
from shared.model.run import MailboxWork
from shared.stores.tables import TRANSACTION_LIMIT, Row, Table, Value, Write


@dataclass(frozen=True, slots=True)
class OpenMessage:
    """One message that is not at an end."""

    company: str
    mailbox: str
    message: str
    until: str
    tries: int
    work: MailboxWork | None
    listed: str = ""
    """What the listing said of it, as JSON, until it is fetched."""
    etag: str = ""


def _partition(company: str, mailbox: str) -> str:
    return f"{company}|{mailbox}"


class OpenMessages:
    """The rows of all mailboxes."""

    def __init__(self, table: Table) -> None:
        self._table = table

    async def found(self, company: str, mailbox: str, messages: Mapping[str, str], until: datetime) -> None:
        """Note messages before they are fetched, each with what the listing said of it."""
        partition = _partition(company, mailbox)
        rows = [
            Row(partition, message, {"until": stamp(until), "tries": 0, "listed": listed})
            for message, listed in sorted(messages.items())
        ]
        for start in range(0, len(rows), TRANSACTION_LIMIT):
            part = rows[start : start + TRANSACTION_LIMIT]
            if len(part) == 1:
                await self._table.put("open.found", partition, part[0].key, part[0].values)
            else:
                await self._table.transact("open.found", [Write("put", row) for row in part])

    async def look_again(
        self,
        company: str,
        mailbox: str,
        message: str,
        until: datetime,
        *,
        tries: int = 0,
        work: MailboxWork | None = None,
    ) -> None:
        """Write the row: when to look again, and what waits for the lane's holder."""
        values: dict[str, Value] = {
            "until": stamp(until),
            "tries": tries,
            "work": work.model_dump_json() if work else None,
        }
        await self._table.put("open.work" if work else "open.later", _partition(company, mailbox), message, values)

    async def postpone(self, item: OpenMessage, until: datetime, *, tries: int) -> bool:
        """Look again later, if the row is still as it was read; False when somebody wrote or deleted it meanwhile."""
        values: dict[str, Value] = {
            "until": stamp(until),
            "tries": tries,
            "work": item.work.model_dump_json() if item.work else None,
            "listed": item.listed or None,
        }
        row = Row(_partition(item.company, item.mailbox), item.message, {}, item.etag)
        try:
            await self._table.replace("open.postponed", row, values)
        except ConcurrentWrite:
            return False
        return True

    async def done(self, company: str, mailbox: str, message: str) -> None:
        """The message is at an end."""
        await self._table.delete("open.done", _partition(company, mailbox), message)

    async def work(self, company: str, mailbox: str, *, limit: int = 500) -> list[OpenMessage]:
        """Messages for which something has to be done in the mailbox."""
        rows = await self._table.query(
            "PartitionKey eq @p and work ge ''", {"p": _partition(company, mailbox)}, limit=limit
        )
        return [_open(row) for row in rows]

    async def of_mailbox(self, company: str, mailbox: str) -> list[OpenMessage]:
        """All open messages of a mailbox."""
        return [
            _open(row) for row in await self._table.query("PartitionKey eq @p", {"p": _partition(company, mailbox)})
        ]

    async def overdue(self, now: datetime, *, limit: int = 500) -> list[OpenMessage]:
        """Messages that had to move on by now and did not."""
        return [_open(row) for row in await self._table.query("until lt @now", {"now": stamp(now)}, limit=limit)]

    async def count_by_mailbox(self) -> dict[tuple[str, str], int]:
        """How many messages are open, by (company, mailbox)."""
        found: dict[tuple[str, str], int] = {}
        async for row in self._table.stream("until ge ''", select=["until"]):
            company, _, mailbox = row.partition.partition("|")
            found[company, mailbox] = found.get((company, mailbox), 0) + 1
        return found

    async def count(self) -> int:
        """How many messages are open."""
        return len(await self._table.query("until ge ''", select=["until"]))


def _open(row: Row) -> OpenMessage:
    company, _, mailbox = row.partition.partition("|")
    work = row.text("work")
    return OpenMessage(
        company,
        mailbox,
        row.key,
        row.text("until"),
        row.number("tries"),
        MailboxWork.model_validate_json(work) if work else None,
        row.text("listed"),
        row.etag,
    )
