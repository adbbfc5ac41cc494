"""Composition: settings → stores and adapters → use cases. Built late, once per worker process; nothing connects before it is used.

A use case is imported when it is first needed: a worker that was started for one of them does not wait for the others.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from shared.desk.documents import Documents
from shared.desk.series import NumberSeries
from shared.documents.child import DocumentReader
from shared.errors import ConfigurationError
from shared.identity.credentials import FederatedCredential
from shared.identity.storage import managed_identity
from shared.model.config import Company, Mailbox
from shared.model.run import lane_id
from shared.pipeline.services import Clock, Companies, Services, SourceFactory
from shared.settings import Settings
from shared.sources.base import MailSource
from shared.sources.graph import GraphClient
from shared.sources.registry import SOURCES
from shared.stores.archive import Archive
from shared.stores.claims import Claims
from shared.stores.configuration import Configuration
from shared.stores.deliveries import Deliveries
from shared.stores.due import Due
from shared.stores.key_vault import KeyVaultSecretStore
from shared.stores.lanes import Lanes
from shared.stores.layout import TableName
from shared.stores.lookup import Lookup
from shared.stores.messages import Messages
from shared.stores.open_messages import OpenMessages
from shared.stores.parked_tasks import ParkedTasks
from shared.stores.queues import Queues
from shared.stores.secret_store import FileSecretStore, SecretStore
from shared.stores.tables import Table
from shared.stores.timeline import Timeline

if TYPE_CHECKING:
    from shared.configuration.service import Configure
    from shared.doctor.doctor import Doctor
    from shared.pipeline.advance import Advance
    from shared.pipeline.again import RunAgain
    from shared.pipeline.announce import Announcer
    from shared.pipeline.deliver import Deliver
    from shared.pipeline.mailbox import WorkMailbox
    from shared.pipeline.rebuild import Rebuild
    from shared.pipeline.replay import Replay
    from shared.pipeline.status import StatusReport
    from shared.pipeline.tick import Tick
    from shared.webhooks.sender import Sender

USABLE_SHARE = 0.8
"""Of the function's time-out that a use case takes before it stops itself."""


def utc_now() -> datetime:
    """The time."""
    return datetime.now(UTC)


class App:
    """Everything put together. Close it with `aclose` where the process goes on afterwards.

    Args:
        settings: what the deployment decides.
        clock: the time; only tests give another.
        chance: random numbers from 0 to 1; only tests give another.
    """

    def __init__(
        self, settings: Settings, *, clock: Clock = utc_now, chance: Callable[[], float] = random.random
    ) -> None:
        self.settings = settings
        self._clock = clock
        self._chance = chance
        self._tables: dict[TableName, Table] = {}
        self._graph: dict[str, GraphClient] = {}

    @cached_property
    def services(self) -> Services:
        """What the use cases work with."""
        queues = Queues(self.settings.host_storage, self._storage_credential)
        return Services(
            clock=self._clock,
            companies=Companies(self.configuration),
            sources=SourceFactory(open=self._source, lane=self._lane),
            archive=Archive(self.settings.data_storage, self._storage_credential),
            queues=queues,
            messages=Messages(self._table(TableName.MESSAGES)),
            lanes=Lanes(self._table(TableName.LANES)),
            open=OpenMessages(self._table(TableName.OPEN)),
            claims=Claims(self._table(TableName.CLAIMS)),
            lookup=Lookup(self._table(TableName.LOOKUP)),
            timeline=Timeline(self._table(TableName.TIMELINE)),
            due=Due(self._table(TableName.DUE)),
            parked=ParkedTasks(self._table(TableName.PARKED)),
            documents=Documents(self._table(TableName.DOCUMENTS), NumberSeries(self._table(TableName.SERIES))),
            deliveries=Deliveries(self._table(TableName.DELIVERIES)),
            document_reader=DocumentReader(),
            mail_limit=self.settings.mail_limit_mib * 1024 * 1024,
            use_case_seconds=self.settings.function_seconds * USABLE_SHARE,
        )

    @cached_property
    def announcer(self) -> Announcer:
        """Tells subscribers."""
        from shared.pipeline.announce import Announcer

        return Announcer(self.services)

    @cached_property
    def tick(self) -> Tick:
        """Use case of the timer."""
        from shared.pipeline.tick import Tick

        return Tick(self.services, self.announcer)

    @cached_property
    def work_mailbox(self) -> WorkMailbox:
        """Use case of queue `mailbox`."""
        from shared.pipeline.mailbox import WorkMailbox

        return WorkMailbox(self.services, self.announcer)

    @cached_property
    def advance(self) -> Advance:
        """Use case of the queues `classify` and `act`."""
        from shared.pipeline.advance import Advance

        return Advance(self.services, self.announcer)

    @cached_property
    def deliver(self) -> Deliver:
        """Use case of queue `deliver`."""
        from shared.pipeline.deliver import Deliver

        return Deliver(self.services, self.sender, self.secrets, self._chance)

    @cached_property
    def again(self) -> RunAgain:
        """Use case: run again."""
        from shared.pipeline.again import RunAgain

        return RunAgain(self.services)

    @cached_property
    def rebuild(self) -> Rebuild:
        """Use case: make the projections again."""
        from shared.pipeline.rebuild import Rebuild

        return Rebuild(self.services, self.announcer)

    @cached_property
    def replay(self) -> Replay:
        """Use case: send events again."""
        from shared.pipeline.replay import Replay

        return Replay(self.services)

    @cached_property
    def status(self) -> StatusReport:
        """What is going on, for people."""
        from shared.pipeline.status import StatusReport

        return StatusReport(self.services)

    @cached_property
    def doctor(self) -> Doctor:
        """Looks whether the deployment works, and is closed where it has to be. Loaded when it is asked for."""
        from shared.doctor.doctor import Doctor

        return Doctor(
            settings=self.settings,
            services=self.services,
            secrets=lambda: self.secrets,
            credential=self._credential,
            client=self._client,
            storage_credential=self._storage_credential,
        )

    @cached_property
    def configuration(self) -> Configuration:
        """Configuration as it is stored."""
        return Configuration(self._table(TableName.CONFIG))

    @cached_property
    def configure(self) -> Configure:
        """Use case: change the configuration."""
        # Late: no function needs it, and it loads all of classification.
        from shared.configuration.service import Configure

        return Configure(
            self.configuration, self.secrets, self.settings.allowed_networks, self.settings.allow_http_webhooks
        )

    @cached_property
    def secrets(self) -> SecretStore:
        """Where secrets are."""
        if self.settings.key_vault_uri:
            return KeyVaultSecretStore(
                self.settings.key_vault_uri, self._storage_credential, ca_file=self.settings.ca_file
            )
        if self.settings.secrets_file is None:
            raise ConfigurationError(
                "no place for secrets is configured",
                remedy="Set POSTRUM_KEY_VAULT_URI, or POSTRUM_SECRETS_FILE for development; see docs/settings.md.",
            )
        return FileSecretStore(self.settings.secrets_file)

    @cached_property
    def sender(self) -> Sender:
        """Calls subscribers."""
        from shared.webhooks.sender import Sender

        return Sender(allowed=self.settings.allowed_networks, allow_http=self.settings.allow_http_webhooks)

    async def aclose(self) -> None:
        """End all connections."""
        built = vars(self)
        for table in self._tables.values():
            await table.aclose()
        if "services" in built:
            await self.services.archive.aclose()
            await self.services.queues.aclose()
            await self.services.document_reader.aclose()
        if "sender" in built:
            await self.sender.close()
        if "secrets" in built and isinstance(self.secrets, KeyVaultSecretStore):
            await self.secrets.aclose()
        for client in self._graph.values():
            await client.aclose()
        if "_storage_identity" in built:
            await self._storage_identity.close()

    @cached_property
    def _storage_identity(self):  # type: ignore[no-untyped-def]
        return managed_identity(self.settings.storage_identity)

    def _storage_credential(self):  # type: ignore[no-untyped-def]
        return self._storage_identity

    def _table(self, name: TableName) -> Table:
        table = self._tables.get(name)
        if table is None:
            table = self._tables[name] = Table(self.settings.data_storage, self._storage_credential, name)
        return table

    def _tenant(self, mailbox: Mailbox) -> str:
        return mailbox.tenant_id or self.settings.tenant_id

    def _lane(self, company: Company, mailbox: Mailbox) -> str:
        return lane_id(self._tenant(mailbox), self.settings.app_client_id, mailbox.address)

    def _source(self, company: Company, mailbox: Mailbox) -> MailSource:
        return SOURCES[mailbox.connection](mailbox, self._graph_client)

    def _graph_client(self, mailbox: Mailbox) -> GraphClient:
        return self._client(self._tenant(mailbox))

    def _client(self, tenant: str) -> GraphClient:
        client = self._graph.get(tenant)
        if client is None:
            client = self._graph[tenant] = GraphClient(
                self._credential(tenant), base_url=self.settings.graph_url, ca_file=self._ca_file
            )
        return client

    def _credential(self, tenant: str) -> FederatedCredential:
        return FederatedCredential(
            tenant_id=tenant,
            client_id=self.settings.app_client_id,
            identity_client_id=self.settings.identity_client_id or "",
            authority=self.settings.authority,
            ca_file=self._ca_file,
        )

    @property
    def _ca_file(self) -> Path | None:
        return Path(self.settings.ca_file) if self.settings.ca_file else None
