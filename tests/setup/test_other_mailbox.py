"""A mailbox that is made another one: nothing that was known of the first holds for the second."""

from __future__ import annotations

import pytest

from shared.errors import Conflict, InvalidRequest
from shared.model.config import BacklogChoice, ConnectionKind
from shared.model.connection import ConnectionState
from shared.setup.mailboxes import MailboxDraft
from tests.flow.world import MAILBOX, World
from tests.setup.conftest import Make

SERVER = {"host": "mail.fjord.example", "port": 993}


@pytest.mark.capability("S1.30")
@pytest.mark.parametrize(
    "change",
    [
        {"address": "other@fjord.example"},
        {"imap": {**SERVER, "host": "mail.elsewhere.example"}},
        {"imap": {**SERVER, "user_name": "somebody else"}},
    ],
)
async def test_s1_30_access_to_one_mailbox_is_not_shown_for_another(
    world: World, company: str, make: Make, change: dict[str, object]
) -> None:
    mailbox = await make(connection=ConnectionKind.IMAP_PASSWORD, imap=SERVER)
    edited = await world.app.setup.mailboxes.edit(company, mailbox.id, change)
    assert (await world.app.connection_keeper.now(company, edited)).state is ConnectionState.NEW
    with pytest.raises(Conflict, match="not connected"):
        await world.app.setup.folders.tree(company, mailbox.id)


async def test_what_says_nothing_of_the_mailbox_leaves_it_connected(world: World, company: str, make: Make) -> None:
    mailbox = await make(connection=ConnectionKind.IMAP_PASSWORD, imap=SERVER)
    edited = await world.app.setup.mailboxes.edit(
        company, mailbox.id, {"name": "Invoices", "imap": {**SERVER, "host": "Mail.Fjord.example"}}
    )
    assert (await world.app.connection_keeper.now(company, edited)).state is ConnectionState.CONNECTED


async def test_the_mail_server_of_an_active_mailbox_does_not_change(world: World, company: str, make: Make) -> None:
    mailbox = await make(connection=ConnectionKind.IMAP_PASSWORD, imap=SERVER, leave_in_place=True)
    await world.app.setup.mailboxes.update(
        company, mailbox.id, lambda current: current.model_copy(update={"active": True})
    )
    with pytest.raises(Conflict, match="mail server"):
        await world.app.setup.mailboxes.edit(company, mailbox.id, {"imap": {**SERVER, "host": "elsewhere.example"}})


@pytest.mark.parametrize("control", ["\x01", "\x7f", "\u202e"])
async def test_an_address_has_no_control_characters(world: World, company: str, control: str) -> None:
    with pytest.raises(InvalidRequest):
        await world.app.setup.mailboxes.create(company, MailboxDraft(address=f"in{control}voice@fjord.example"))


@pytest.mark.capability("S1.1")
async def test_s1_1_who_empties_the_folder_in_another_company_is_not_told(
    world: World, company: str, make: Make
) -> None:
    mailbox = await make(tenant_id=world.settings.tenant_id, leave_in_place=True)
    await world.app.setup.mailboxes.edit(company, mailbox.id, {"leave_in_place": False})
    await world.configure()
    preview = await world.app.setup.activation.preview(company, mailbox.id, BacklogChoice.IMPORT)
    (told,) = (text for text in preview.missing if "would both empty" in text)
    assert "a mailbox of another company" in told, "found although only one of the two names the tenant"
    assert "nordlys'" not in told
    assert MAILBOX in told
