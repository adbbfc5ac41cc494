"""Storage: tables, container and queues are there, can be written, and have the same time as the app."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from shared.doctor.model import Finding, counted, green, red, yellow
from shared.doctor.outside import judge_skew
from shared.model.task import Queue
from shared.stores import inspection
from shared.stores.connection import Credential, StorageConnection
from shared.stores.layout import CONTAINERS, QUEUES, TableName
from shared.stores.queues import POISON
from shared.stores.secret_store import FileSecretStore, SecretStore

MANY_WAIT: Final = 5000
"""Tasks in a queue from which on somebody should look whether the app keeps up."""
SECRET: Final = "postrum-doctor"  # noqa: S105 - the name of a secret that holds nothing
_CREATE = "Deploy the template again: it creates what is missing."


@dataclass(frozen=True, slots=True)
class Storage:
    """The two accounts, and who opens them."""

    data: StorageConnection
    host: StorageConnection
    credential: Credential

    async def tables(self, name: str) -> Sequence[Finding]:
        """Every table is there and can be read; one can be written."""
        there = await asyncio.gather(
            *(inspection.table_exists(self.data, self.credential, table) for table in TableName)
        )
        missing = [table.value for table, found in zip(TableName, there, strict=True) if not found]
        if missing:
            return [red(name, f"missing: {', '.join(missing)}", _CREATE)]
        mark = secrets.token_hex(8)
        if not await inspection.probe_table(self.data, self.credential, TableName.LOOKUP, mark):
            return [
                red(name, "a row that was written came back changed", "Run the doctor again, then look at the log.")
            ]
        return [green(name, f"{len(there)} tables can be read; a row was written, read and deleted")]

    async def archive(self, name: str) -> Sequence[Finding]:
        """The container is there, and can be written."""
        missing = [
            container
            for container in CONTAINERS
            if not await inspection.container_exists(self.data, self.credential, container)
        ]
        if missing:
            return [red(name, f"missing: {', '.join(missing)}", _CREATE)]
        probe = await inspection.probe_container(self.data, self.credential, CONTAINERS[0])
        if not probe.deleted:
            kept = "a blob was written and read; it stays, because the container is immutable"
            return [
                green(
                    name, kept if probe.fresh else "a blob was read; an earlier one stays: the container is immutable"
                )
            ]
        return [green(name, "a blob was written, read and deleted")]

    async def queues(self, name: str) -> Sequence[Finding]:
        """Every queue is there, and nothing lies in a poison queue. Nothing is written: a function would take it."""
        counts = dict(
            zip(
                QUEUES,
                await asyncio.gather(*(inspection.count(self.host, self.credential, queue) for queue in QUEUES)),
                strict=True,
            )
        )
        missing = [queue.value for queue, number in counts.items() if number is None]
        if missing:
            return [red(name, f"missing: {', '.join(missing)}", _CREATE)]
        shown = ", ".join(f"{queue.value} {number}" for queue, number in counts.items())
        if any((number or 0) > MANY_WAIT for number in counts.values()):
            return [yellow(name, f"many tasks wait: {shown}", "Look whether the functions run, and at their errors.")]
        return [green(name, f"tasks that wait: {shown}")]

    async def poison(self, name: str) -> Sequence[Finding]:
        """What the host gave up on. The tick records it and clears the queue, so that it is empty but for a moment."""
        lying: dict[Queue, int] = {}
        for queue in QUEUES:
            number = await inspection.count(self.host, self.credential, queue + POISON)
            if number:
                lying[queue] = number
        if lying:
            shown = ", ".join(f"{queue.value}{POISON} {number}" for queue, number in lying.items())
            return [yellow(name, f"not empty: {shown}", "The tick records them within a minute: see the parked tasks.")]
        return [green(name, "empty")]

    async def clock(self, name: str, now: datetime) -> Sequence[Finding]:
        """The time of the storage account against that of the app."""
        told = await inspection.service_time(self.data, self.credential, TableName.LOOKUP)
        return [judge_skew(name, now, told, "the storage account")]


async def secret_store(name: str, store: SecretStore, needed: Sequence[str]) -> Sequence[Finding]:
    """A secret can be written and read, and each subscriber has its own."""
    mark = secrets.token_hex(16)
    await store.put(SECRET, mark)
    if await store.get(SECRET) != mark:
        return [red(name, "a secret that was written came back changed", "Run the doctor again, then look at the log.")]
    missing = [one for one in needed if await store.get(one) is None]
    if missing:
        return [red(name, f"missing: {', '.join(missing)}", "Apply the configuration again: it makes what is missing.")]
    kept = f"a secret was written and read; {counted(len(needed), 'subscriber')} with a signing key"
    if isinstance(store, FileSecretStore):
        return [
            yellow(name, f"{kept}; they are in a file", "Right on one machine; in Azure set POSTRUM_KEY_VAULT_URI.")
        ]
    return [green(name, kept)]


async def identity(name: str, storage: Storage) -> Sequence[Finding]:
    """The managed identity gives a token for storage."""
    await inspection.storage_token(storage.credential())
    return [green(name, "the managed identity gave a token for storage")]
