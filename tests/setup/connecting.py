"""A Postrum whose mailboxes are connected by people: its use cases, a visitor with a browser, and the directory's side."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from emulator.control import Control
from emulator.server import EmulatorThread
from local.azurite import Account
from shared.identity import credentials
from shared.model.config import Company, Mailbox
from shared.model.connection import Connection
from shared.setup.account_sign_in import AccountResult
from shared.setup.consent import ConsentResult
from tests.emulator.visitor import Visitor
from tests.flow.world import World, settings_for

PUBLIC = "http://127.0.0.1:7071"
BROWSER, OTHER_BROWSER = "b" * 43, "o" * 43
COMPANY, INVOICES, FOREIGN, MINE = "nordlys", "invoices", "foreign", "mine"
ADDRESS, FOREIGN_ADDRESS, MY_ADDRESS = "invoice@nordlys.example", "invoice@fabrikam.example", "plain@postrum.example"
PLAIN, ADMIN = "plain@postrum.example", "admin@postrum.example"
FOREIGN_ADMIN, FOREIGN_PLAIN = "admin@fabrikam.example", "plain@fabrikam.example"


class Desk:
    """What the tests work with.

    Args:
        world: the product.
        emulator: the directory and Exchange.
        visitor: a person with a browser.
    """

    def __init__(self, world: World, emulator: EmulatorThread, visitor: Visitor) -> None:
        self.world = world
        self.emulator = emulator
        self.visitor = visitor
        self.setup = world.app.setup

    @property
    def control(self) -> Control:
        """The emulator's switches."""
        return self.emulator.control

    async def add(self, mailbox_id: str, address: str, **values: Any) -> Mailbox:
        """A mailbox of the company, not active yet."""
        made = Mailbox.model_validate({"id": mailbox_id, "address": address, "active": False, **values})

        def change(company: Company) -> Company:
            return company.model_copy(update={"mailboxes": (*company.mailboxes, made)})

        await self.world.app.configure.change(COMPANY, change)
        return made

    async def connection(self, mailbox_id: str) -> Connection:
        """How a mailbox is connected, as it is stored."""
        stored = await self.world.app.connections.get(COMPANY, mailbox_id)
        assert stored is not None
        return stored.connection

    async def consent(
        self,
        mailbox_id: str,
        user: str,
        *,
        tenant_wide: bool = False,
        answer: str = "accept",
        by: str = "owner",
        **changed: str,
    ) -> ConsentResult:
        """An administrator opens a consent link and answers the directory's page; `changed` is put into the answer's parameters."""
        link = await self.setup.consent.link(COMPANY, mailbox_id, tenant_wide=tenant_wide, by=by)
        url = await self.setup.consent.begin(link.rpartition("/")[2], BROWSER)
        page = self.visitor.accept(url, user, answer)
        return await self.setup.consent.finish({**page.answer, **changed}, BROWSER)

    async def sign_in(self, mailbox_id: str | None, user: str, **values: Any) -> AccountResult:
        """An account signs in and allows what is asked, where it is asked."""
        url = await self.setup.account_sign_in.begin(COMPANY, BROWSER, mailbox_id=mailbox_id, by="owner", **values)
        page = self.visitor.sign_in(url, user)
        if not page.location:
            page = self.visitor.send(page, answer="allow" if "/google/" in url else "accept")
        return await self.setup.account_sign_in.finish(page.answer, BROWSER)


@pytest.fixture
async def desk(
    emulator: EmulatorThread, storage_account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Desk]:
    """A deployment with one scoped mailbox at home; `foreign` lives in another tenant, `mine` is read with an account."""
    monkeypatch.setattr(credentials, "_tokens", {})
    settings = settings_for(emulator, storage_account.connection_string, tmp_path / "secrets.json").model_copy(
        update={
            "public_url": PUBLIC,
            "google_client_id": emulator.google_client_id,
            "google_sign_in": f"{emulator.google_url}/o/oauth2/v2/auth",
            "google_token": f"{emulator.google_url}/token",
        }
    )
    callbacks = [f"{PUBLIC}/consent/callback", f"{PUBLIC}/connect/callback"]
    emulator.control.set_registration(redirect_uris=callbacks)
    emulator.control.set_google_redirects(callbacks)
    async with World(settings, emulator.addresses.sink_url) as world:
        await world.configure()
        with Visitor(emulator) as visitor:
            made = Desk(world, emulator, visitor)
            emulator.control.create_mailbox(MY_ADDRESS)
            await made.add(FOREIGN, FOREIGN_ADDRESS, tenant_id=emulator.foreign_tenant_id)
            await made.add(MINE, MY_ADDRESS, connection="graph_delegated")
            yield made
