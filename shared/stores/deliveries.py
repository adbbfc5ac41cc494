"""Events on their way: a partition for each subscriber and subject, so that order can be kept, and one for the subscriber itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from shared.model.base import stamp
from shared.stores.tables import Row, Table, Value

HEALTH = "health"
DISABLED = "disabled"
SPARED = "spared"
"""Partition that names the subscribers that do not answer, so that the tick need not look at all of them."""


@dataclass(frozen=True, slots=True)
class StoredDelivery:
    """A row of a subject: what is known of the delivery (JSON), and the bytes that are sent."""

    data: str
    body: bytes
    row: Row


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of a subscriber: how it answers (JSON, empty where nothing), with its row, and the URL it was disabled at."""

    health: str
    row: Row | None
    disabled_url: str | None


class Deliveries:
    """The rows of all subscribers."""

    def __init__(self, table: Table) -> None:
        self._table = table

    async def add(self, company: str, subscriber: str, subject: str, key: str, data: str, body: bytes) -> bool:
        """Note an event that has to be delivered; False when it was noted before."""
        values: dict[str, Value] = {"data": data, "body": body, "waiting": True}
        return await self._table.insert("delivery.add", f"{company}|{subscriber}|{subject}", key, values)

    async def of_subject(self, company: str, subscriber: str, subject: str) -> list[StoredDelivery]:
        """All events of a subject, in their order."""
        rows = await self._table.query("PartitionKey eq @p", {"p": f"{company}|{subscriber}|{subject}"})
        return [StoredDelivery(row.text("data"), bytes(row.values["body"]), row) for row in rows]

    async def settle(self, stored: StoredDelivery, data: str, *, waiting: bool) -> None:
        """Keep what came of an attempt.

        Raises:
            ConcurrentWrite: another worker settled it meanwhile.
        """
        await self._table.replace(
            "delivery.settle", stored.row, {"data": data, "body": stored.body, "waiting": waiting}
        )

    async def standing(self, company: str, subscriber: str) -> Standing:
        """How a subscriber answers, and whether it was disabled."""
        rows = {row.key: row for row in await self._table.query("PartitionKey eq @p", {"p": f"{company}|{subscriber}"})}
        health, disabled = rows.get(HEALTH), rows.get(DISABLED)
        return Standing(health.text("data") if health else "", health, disabled.text("url") if disabled else None)

    async def disable(self, company: str, subscriber: str, url: str, why: str) -> None:
        """The subscriber gets nothing more at this URL; another URL in the configuration enables it again."""
        await self._table.put("delivery.disable", f"{company}|{subscriber}", DISABLED, {"url": url, "why": why})

    async def enable(self, company: str, subscriber: str) -> None:
        """The subscriber gets events again."""
        await self._table.delete("delivery.enable", f"{company}|{subscriber}", DISABLED)

    async def of_subscriber(self, company: str, subscriber: str, subject: str = "") -> list[tuple[str, StoredDelivery]]:
        """All events of a subscriber, or of one subject, as (subject, delivery)."""
        prefix = f"{company}|{subscriber}|"
        first, last = (f"{prefix}{subject}",) * 2 if subject else (prefix, f"{prefix}~")
        rows = await self._table.query("PartitionKey ge @from and PartitionKey le @to", {"from": first, "to": last})
        return [
            (row.partition.removeprefix(prefix), StoredDelivery(row.text("data"), bytes(row.values["body"]), row))
            for row in rows
        ]

    async def keep_health(self, company: str, subscriber: str, row: Row | None, data: str) -> bool:
        """Keep it; False when another worker wrote it first.

        Raises:
            ConcurrentWrite: it changed since it was read.
        """
        if row is None:
            return await self._table.insert("delivery.health", f"{company}|{subscriber}", HEALTH, {"data": data})
        await self._table.replace("delivery.health", row, {"data": data})
        return True

    async def spare(self, company: str, subscriber: str, now: datetime) -> None:
        """Note that a subscriber gets one attempt a minute. Before its health says so."""
        await self._table.put("delivery.spare", SPARED, f"{company}|{subscriber}", {"at": stamp(now)})

    async def spare_no_more(self, company: str, subscriber: str) -> None:
        """It answers again. After its health says so."""
        await self._table.delete("delivery.spare_no_more", SPARED, f"{company}|{subscriber}")

    async def spared(self) -> list[tuple[str, str, str]]:
        """Subscribers that get one attempt a minute, as (company, subscriber, stamp of the last failure)."""
        rows = await self._table.query("PartitionKey eq @p", {"p": SPARED}, select=["at"])
        parted = [(row.key.partition("|"), row.text("at")) for row in rows]
        return [(company, subscriber, at) for (company, _, subscriber), at in parted]

    async def waiting_subjects(self, company: str, subscriber: str, *, limit: int = 1000) -> list[str]:
        """Subjects of a subscriber for which something waits."""
        prefix = f"{company}|{subscriber}|"
        condition = "PartitionKey ge @from and PartitionKey lt @to and waiting eq true"
        rows = await self._table.query(condition, {"from": prefix, "to": f"{prefix}~"}, select=["waiting"], limit=limit)
        return sorted({row.partition.removeprefix(prefix) for row in rows})

    async def waiting_data(self, company: str, subscriber: str, *, limit: int = 500) -> list[tuple[str, str]]:
        """What waits for a subscriber, as (subject, data)."""
        prefix = f"{company}|{subscriber}|"
        condition = "PartitionKey ge @from and PartitionKey lt @to and waiting eq true"
        rows = await self._table.query(condition, {"from": prefix, "to": f"{prefix}~"}, select=["data"], limit=limit)
        return [(row.partition.removeprefix(prefix), row.text("data")) for row in rows]

    async def waiting(self, *, limit: int = 1000) -> list[Row]:
        """Rows that wait for delivery, of all subscribers: for the status page."""
        return await self._table.query("waiting eq true", select=["waiting"], limit=limit)
