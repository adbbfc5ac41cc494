"""Fixtures: the world of the flow tests, with one company and no mailbox yet."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from shared.identity.connection_keeper import ConnectionKeeper
from shared.identity.connection_state import Event, Happened
from shared.model.config import Mailbox
from shared.setup.mailboxes import MailboxDraft
from tests.flow.conftest import emulator, proxy, running_emulator, second, world
from tests.flow.world import MAILBOX, World

__all__ = ["emulator", "proxy", "running_emulator", "second", "world"]

COMPANY = "fjord-handel"

Make = Callable[..., Awaitable[Mailbox]]


@pytest.fixture
async def company(world: World) -> str:
    """A company as the first step of the wizard makes it; the mailbox of the flow tests is paused, so that it is free."""
    await world.app.setup.activation.pause("nordlys", "invoices")
    made = await world.app.setup.mailboxes.create_company("Fjord Handel", time_zone="Europe/Copenhagen")
    world.app.services.companies.forget()
    return made.id


@pytest.fixture
def make(world: World, company: str) -> Make:
    """Makes a mailbox of that company, connected unless told otherwise."""

    async def make(address: str = MAILBOX, *, connected: bool = True, **values: object) -> Mailbox:
        mailbox = await world.app.setup.mailboxes.create(
            company, MailboxDraft.model_validate({"address": address, **values})
        )
        if connected:
            keeper = ConnectionKeeper(world.app.connections, world.clock)
            await keeper.note(company, mailbox, Event(Happened.ANSWERED))
        return mailbox

    return make
