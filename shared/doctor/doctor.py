"""Puts the checks together that the app makes about itself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial

from pydantic import ValidationError

from shared.doctor import access, egress, mail, storing
from shared.doctor.model import VERSION, Finding, Report, counted, green, red
from shared.doctor.run import DEADLINE, Check, run
from shared.doctor.settings import settings as settings_check
from shared.errors import PostrumError
from shared.identity.credentials import AppCredential
from shared.model.base import stamp
from shared.model.config import Company, Mailbox
from shared.net.resolve import Lookup, system_lookup
from shared.pipeline.services import Services
from shared.settings import Settings
from shared.sources.graph import GraphClient
from shared.stores.connection import Credential
from shared.stores.secret_store import SecretStore


@dataclass(frozen=True, slots=True)
class Doctor:
    """Looks at everything that the deployment needs. Changes nothing but probes of its own, which it takes away again.

    Attributes:
        settings: of the app.
        services: what the use cases work with.
        secrets: gives the secret store, or raises what is wrong.
        credential: gives the credential for a tenant.
        client: gives the Graph client for a tenant.
        storage_credential: of the managed identity; not called where connection strings are used.
        lookup: how names are resolved.
    """

    settings: Settings
    services: Services
    secrets: Callable[[], SecretStore]
    credential: Callable[[str], AppCredential]
    client: Callable[[str], GraphClient]
    storage_credential: Credential
    lookup: Lookup = system_lookup

    async def __call__(self) -> Report:
        """Everything, at once."""
        companies, told = await self._companies()
        checks = [*self._deployment(companies), *self._mailboxes(companies), *self._subscribers(companies)]
        found = await run(checks)
        return Report(version=VERSION, at=stamp(self.services.clock()), findings=(*told, *found))

    async def _companies(self) -> tuple[list[Company], list[Finding]]:
        """What is configured; where it cannot be read, the checks that need none of it are made all the same."""
        name = "configuration"
        try:
            self.services.companies.forget()
            async with asyncio.timeout(DEADLINE):
                companies = await self.services.companies.every()
        except TimeoutError:
            return [], [red(name, f"no answer within {DEADLINE:g} seconds", "See the checks of storage.")]
        except PostrumError as error:
            return [], [red(name, error.message, error.remedy or "See the checks of storage.")]
        except ValidationError:
            text = "this version cannot read what is stored"
            return [], [red(name, text, "Deploy the version that wrote it, or apply the configuration again.")]
        boxes = sum(mailbox.active for company in companies for mailbox in company.mailboxes)
        if not boxes:
            return companies, [
                red(name, "no active mailbox is configured", "Apply a configuration: docs/configuration.md.")
            ]
        return companies, [
            green(
                name,
                f"{counted(len(companies), 'company', 'companies')}, {counted(boxes, 'active mailbox', 'active mailboxes')}",
            )
        ]

    def _deployment(self, companies: Sequence[Company]) -> list[Check]:
        storage = storing.Storage(self.settings.data_storage, self.settings.host_storage, self.storage_credential)
        secrets = [
            f"{company.id}-{one.secret_name}" for company in companies for one in company.subscribers if one.active
        ]
        return [
            _check("settings", settings_check, self.settings),
            *self._identity(storage, companies),
            _check("tables", storage.tables),
            _check("archive", storage.archive),
            _check("queues", storage.queues),
            _check("poison queues", storage.poison),
            Check("clock", lambda: storage.clock("clock", self.services.clock())),
            Check("secrets", lambda: storing.secret_store("secrets", self.secrets(), secrets)),
        ]

    def _identity(self, storage: storing.Storage, companies: Sequence[Company]) -> list[Check]:
        name = "identity for storage"
        by_key = self.settings.data_storage.connection_string or self.settings.host_storage.connection_string
        first = (
            Check(name, partial(_told, access.unused_identity(name)))
            if by_key
            else _check(name, storing.identity, storage)
        )
        return [first, *(self._graph_token(tenant) for tenant in self._tenants(companies))]

    def _graph_token(self, tenant: str) -> Check:
        name = "identity for Graph" if tenant == self.settings.tenant_id else f"identity for Graph in tenant {tenant}"
        if self.settings.identity_client_id is None:
            return Check(name, partial(_told, access.no_identity(name)))
        return Check(name, lambda: access.graph_token(name, self.credential(tenant)))

    def _mailboxes(self, companies: Sequence[Company]) -> list[Check]:
        active = [(company, box) for company in companies for box in company.mailboxes if box.active]
        checks = [self._mailbox(company, box) for company, box in active]
        tenant = self.settings.tenant_id
        addresses = [box.address for _, box in active]
        name = "mailbox out of scope"
        probe = Check(
            name,
            lambda: mail.out_of_scope(
                name, self.settings.probe_mailbox, addresses, self.client(tenant), self.credential(tenant)
            ),
        )
        return [*checks, probe]

    def _mailbox(self, company: Company, box: Mailbox) -> Check:
        name = f"mailbox {box.address}"
        return Check(name, lambda: mail.mailbox(name, box, self.services.sources.open(company, box)))

    def _subscribers(self, companies: Sequence[Company]) -> list[Check]:
        return [
            Check(
                f"subscriber {company.id}/{one.id}",
                partial(
                    egress.subscriber,
                    f"subscriber {company.id}/{one.id}",
                    one.url,
                    allowed=self.settings.allowed_networks,
                    allow_http=self.settings.allow_http_webhooks,
                    lookup=self.lookup,
                ),
            )
            for company in companies
            for one in company.subscribers
            if one.active
        ]

    def _tenants(self, companies: Sequence[Company]) -> list[str]:
        """The tenants that are asked for tokens, the own one first."""
        others = {box.tenant_id for company in companies for box in company.mailboxes if box.active and box.tenant_id}
        return [self.settings.tenant_id, *sorted(others - {self.settings.tenant_id})]


def _check(name: str, look: Callable[..., Awaitable[Sequence[Finding]]], *more: object) -> Check:
    return Check(name, partial(look, name, *more))


async def _told(finding: Finding) -> Sequence[Finding]:
    return [finding]
