"""A whole Postrum for tests: the product's use cases over a real Azurite and the emulator, with a clock that the test moves.

The queues are drained in this process instead of by a host, so that a test knows when everything has come to rest.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from azure.storage.queue import TextBase64DecodePolicy
from azure.storage.queue.aio import QueueClient

from emulator.server import EmulatorThread
from shared.app import App
from shared.configuration.yaml_file import companies
from shared.errors import PostrumError
from shared.model.task import TASKS, Queue
from shared.settings import Settings, read
from shared.stores.connection import StorageConnection
from shared.stores.layout import create_all

MAILBOX = "invoice@nordlys.example"

CONFIGURATION = """
companies:
  - id: nordlys
    name: Nordlys Handel
    time_zone: Europe/Copenhagen
    mailboxes:
      - id: invoices
        address: invoice@nordlys.example
        folders: {imported: Imported, other: Follow up}
        schedule: "* * * * *"
    series:
      - {id: documents, prefix: "D-", width: 5, default: true}
    keywords:
      - {entity: relation, words: [relatienr, relation]}
    rules:
      - name: Orders
        when: {field: subject, operator: contains, value: purchase order}
        actions:
          - {action: categorise, category: Order}
          - {action: webhook, event: order.received}
          - {action: move, folder: Orders}
    subscribers:
      - {id: ledger, url: "%SINK%/ledger"}
"""


def settings_for(emulator: EmulatorThread, connection_string: str, secrets: Path) -> Settings:
    """Settings of a Postrum that uses this emulator and this storage account."""
    addresses = emulator.addresses
    os.environ["IDENTITY_ENDPOINT"] = addresses.msi_url
    os.environ["IDENTITY_HEADER"] = addresses.msi_header
    return read(environment_for(emulator, connection_string, secrets))


def environment_for(emulator: EmulatorThread, connection_string: str, secrets: Path) -> dict[str, str]:
    """The same as an environment for another process."""
    addresses = emulator.addresses
    return {
        "AzureWebJobsStorage": connection_string,
        "DATA_STORAGE": connection_string,
        "IDENTITY_ENDPOINT": addresses.msi_url,
        "IDENTITY_HEADER": addresses.msi_header,
        "POSTRUM_TENANT_ID": addresses.tenant_id,
        "POSTRUM_APP_CLIENT_ID": addresses.client_id,
        "POSTRUM_IDENTITY_CLIENT_ID": addresses.msi_client_id,
        "POSTRUM_GRAPH_URL": addresses.graph_url,
        "POSTRUM_AUTHORITY": addresses.authority,
        "POSTRUM_CA_FILE": addresses.ca_file,
        "POSTRUM_ALLOWED_NETWORKS": "127.0.0.0/8",
        "POSTRUM_ALLOW_HTTP_WEBHOOKS": "true",
        "POSTRUM_SECRETS_FILE": str(secrets),
        "POSTRUM_MAILBOX_ACCESS": "tenantWide",
        "POSTRUM_TICK_SCHEDULE": "0 * * * * *",
    }


@dataclass
class FakeClock:
    """The time, moved by the test."""

    now: datetime = field(default_factory=lambda: datetime(2026, 11, 21, 9, 0, tzinfo=UTC))

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> None:
        self.now += timedelta(**by)


class World:
    """One Postrum with its surroundings.

    Args:
        settings: of the app.
        sink_url: where subscribers are.
        clock: shared by all that play in one story.
        host: connection string of the account with the queues, for what a host would do with them; that of the settings by default.
    """

    def __init__(self, settings: Settings, sink_url: str, clock: FakeClock | None = None, *, host: str = "") -> None:
        self.settings = settings
        self.host = host or settings.host_storage.connection_string or ""
        self.sink_url = sink_url
        self.clock = clock or FakeClock()
        self.app = App(settings, clock=self.clock, chance=lambda: 0.5)
        self.failed: list[str] = []
        self.seen: list[tuple[Queue, str]] = []
        self._queues: dict[Queue, QueueClient] = {}

    async def __aenter__(self) -> World:
        direct = StorageConnection(connection_string=self.host)
        await create_all(direct, direct)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """End the app and the queue clients."""
        for client in self._queues.values():
            await client.close()
        self._queues.clear()
        await self.app.aclose()

    async def configure(self, text: str = CONFIGURATION) -> None:
        """Apply a configuration file."""
        await self.app.configure.apply(companies(text.replace("%SINK%", self.sink_url)))
        self.app.services.companies.forget()

    def handlers(self) -> dict[Queue, Callable[[Any], Awaitable[None]]]:
        """What the functions do with the tasks."""
        return {
            Queue.MAILBOX: self.app.work_mailbox,
            Queue.IMAP: self.app.work_mailbox,
            Queue.CLASSIFY: self.app.advance,
            Queue.ACT: self.app.advance,
            Queue.DELIVER: self.app.deliver,
        }

    async def take(self, queue: Queue, *, invisible: int = 600) -> list[tuple[str, Callable[[], Awaitable[None]]]]:
        """Messages of a queue, each with what deletes it."""
        client = self._queues.get(queue)
        if client is None:
            client = self._queues[queue] = QueueClient.from_connection_string(
                self.host,
                queue,
                message_decode_policy=TextBase64DecodePolicy(),
            )
        found: list[tuple[str, Callable[[], Awaitable[None]]]] = []
        async for message in client.receive_messages(messages_per_page=32, visibility_timeout=invisible):
            body, id_, receipt = str(message.content), message.id, message.pop_receipt

            async def delete(client: QueueClient = client, id_: str = id_, receipt: str | None = receipt) -> None:
                await client.delete_message(id_, receipt)

            found.append((body, delete))
        return found

    async def drain(self, queues: Iterable[Queue] = tuple(Queue), *, invisible: int = 600) -> int:
        """Work on all tasks until none is left; returns how many there were. Errors are noted and the message stays."""
        handlers = self.handlers()
        worked = 0
        while True:
            batch = [
                (queue, body, delete)
                for queue in queues
                # A crashed delivery is repeated by the queue; everything else is repaired by the tick, long before the queue does.
                for body, delete in await self.take(queue, invisible=1 if queue is Queue.DELIVER else invisible)
            ]
            if not batch:
                return worked
            for queue, body, delete in batch:
                worked += 1
                self.seen.append((queue, body))
                try:
                    await handlers[queue](TASKS[queue].decode(body))
                except PostrumError as error:
                    self.failed.append(f"{queue}: {error}")
                    continue
                await delete()

    async def at_rest(self) -> bool:
        """Whether nothing is open, waits, is planned or wanted."""
        services = self.app.services
        if (
            await services.open.count()
            or await services.deliveries.waiting()
            or await services.due.until(self.clock() + timedelta(days=9))
        ):
            return False
        return not any(lane.state.wanted or lane.state.owner for lane in await services.lanes.every())

    async def until_rest(self, *, rounds: int = 40, least: int = 2) -> None:
        """Tick and drain until everything has come to rest, a minute of the clock each time."""
        for number in range(rounds):
            try:
                await self.app.tick()
            except PostrumError as error:
                self.failed.append(f"tick: {error}")
            await self.drain()
            self.clock.advance(minutes=1)
            if number + 1 >= least and await self.at_rest():
                return
        raise AssertionError(f"not at rest after {rounds} minutes: {self.failed}")

    async def settle(self, *, ticks: int = 1, minutes: float = 1) -> None:
        """Tick and drain, as often as asked, letting time pass in between."""
        for _ in range(ticks):
            await self.app.tick()
            await self.drain()
            self.clock.advance(minutes=minutes)
