"""Composition, the foundation: settings → stores, secrets, and what reaches mailboxes. Nothing connects before it is used."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from shared.app_sources import Sources
from shared.desk.documents import Documents
from shared.desk.series import NumberSeries
from shared.documents.child import DocumentReader
from shared.errors import ConfigurationError
from shared.identity.storage import managed_identity
from shared.pipeline.services import Clock, Companies, Services, SourceFactory
from shared.settings import Settings
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
    from shared.identity.connection_keeper import ConnectionKeeper
    from shared.identity.google import GoogleClient
    from shared.identity.grant_credentials import GrantCredentials
    from shared.pipeline.announce import Announcer
    from shared.stores.connections import Connections
    from shared.stores.grants import Grants

USABLE_SHARE = 0.8
"""Of the function's time-out that a use case takes before it stops itself."""


def utc_now() -> datetime:
    """The time."""
    return datetime.now(UTC)


class Core:
    """What everything else is put together from. Close it with `aclose` where the process goes on afterwards.

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

    @cached_property
    def services(self) -> Services:
        """What the use cases work with."""
        queues = Queues(self.settings.host_storage, self._storage_credential)
        return Services(
            clock=self._clock,
            companies=Companies(self.configuration),
            sources=SourceFactory(open=self.sources.open, lane=self.sources.lane),
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
    def sources(self) -> Sources:
        """What reaches mailboxes."""
        return Sources(self.settings, lambda: self.secrets, lambda: self.grant_credentials)

    @cached_property
    def grants(self) -> Grants:
        """Accounts that signed in."""
        from shared.stores.grants import Grants

        return Grants(self._table(TableName.CONNECTIONS), self.secrets)

    @cached_property
    def google(self) -> GoogleClient:
        """The OAuth client at Google."""
        from shared.identity.google import GoogleClient

        return GoogleClient(
            client_id=self.settings.google_client_id,
            secrets=self.secrets,
            sign_in_url=self.settings.google_sign_in,
            token_url=self.settings.google_token,
            ca_file=self._ca_file,
        )

    @cached_property
    def grant_credentials(self) -> GrantCredentials:
        """Credentials of accounts that signed in."""
        from shared.identity.grant_credentials import GrantCredentials

        return GrantCredentials(
            grants=self.grants,
            secrets=lambda: self.secrets,
            application=self.sources.credential,
            google=lambda: self.google,
            authority=self.settings.authority,
            ca_file=self._ca_file,
        )

    @cached_property
    def connections(self) -> Connections:
        """How each mailbox is connected."""
        from shared.stores.connections import Connections

        return Connections(self._table(TableName.CONNECTIONS))

    @cached_property
    def connection_keeper(self) -> ConnectionKeeper:
        """Writes down how each mailbox is connected."""
        from shared.identity.connection_keeper import ConnectionKeeper

        return ConnectionKeeper(self.connections, self._clock)

    @cached_property
    def configuration(self) -> Configuration:
        """Configuration as it is stored."""
        return Configuration(self._table(TableName.CONFIG))

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
    def announcer(self) -> Announcer:
        """Tells subscribers."""
        from shared.pipeline.announce import Announcer

        return Announcer(self.services)

    async def aclose(self) -> None:
        """End all connections."""
        built = vars(self)
        for table in self._tables.values():
            await table.aclose()
        if "services" in built:
            await self.services.archive.aclose()
            await self.services.queues.aclose()
            await self.services.document_reader.aclose()
        if "secrets" in built and isinstance(self.secrets, KeyVaultSecretStore):
            await self.secrets.aclose()
        if "sources" in built:
            await self.sources.aclose()
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

    @property
    def _ca_file(self) -> Path | None:
        return Path(self.settings.ca_file) if self.settings.ca_file else None
