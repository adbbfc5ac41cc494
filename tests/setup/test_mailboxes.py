"""Making, changing and removing mailboxes."""

from __future__ import annotations

import pytest

from emulator.server import EmulatorThread
from shared.configuration.passwords import password_name
from shared.errors import ConfigurationError, Conflict, InvalidRequest, NotFound, SignInNeeded
from shared.model.config import BacklogChoice, ConnectionKind, ImapServer
from shared.setup.mailboxes import MailboxDraft
from tests.flow.mails import PDF, mail
from tests.flow.seeing import charged
from tests.flow.world import MAILBOX, World
from tests.setup.conftest import Make

PASSWORD = "correct horse battery staple"
SERVER = {"host": "mail.fjord.example", "port": 993}


async def test_a_company_begins_with_a_default_series_and_document_type(world: World, company: str) -> None:
    stored = await world.app.configuration.company(company)
    assert stored is not None
    assert stored[0].document_type == "invoice"
    assert stored[0].default_series().prefix == "D-"
    again = await world.app.setup.mailboxes.create_company("Fjord Handel")
    assert again.id == "fjord-handel-2"


@pytest.mark.capability("S1.2")
@pytest.mark.parametrize("address", ["invoice", "invoice@", "@company.com", "a b@company.com", "invoice@company"])
async def test_s1_2_only_a_full_address_is_taken(world: World, company: str, address: str) -> None:
    with pytest.raises(InvalidRequest, match=r"full mail address such as invoice@company\.com") as refused:
        await world.app.setup.mailboxes.create(company, MailboxDraft(address=address))
    assert refused.value.field == "address"


@pytest.mark.capability("S1.32")
async def test_s1_32_a_mailbox_belongs_to_a_company(world: World) -> None:
    with pytest.raises(NotFound):
        await world.app.setup.mailboxes.create("no-such-company", MailboxDraft(address=MAILBOX))


@pytest.mark.capability("S5.15", "S5.7")
async def test_s5_15_a_mailbox_that_was_made_is_not_read_before_it_is_activated(
    world: World, emulator: EmulatorThread, make: Make
) -> None:
    emulator.control.deliver(MAILBOX, mail("Invoice", pdf=PDF))
    mailbox = await make()
    assert not mailbox.active
    emulator.control.reset_counters()
    world.app.services.companies.forget()
    await world.settle(ticks=20)
    assert charged(emulator) == {}


@pytest.mark.capability("S5.6")
async def test_s5_6_a_new_name_changes_nothing_else(world: World, company: str, make: Make) -> None:
    before = await make(name="Incoming")
    after = await world.app.setup.mailboxes.edit(company, before.id, {"name": "Purchase ledger"})
    assert after.model_copy(update={"name": before.name}) == before


@pytest.mark.capability("S1.3", "S5.14")
async def test_s1_3_a_password_is_kept_in_the_secret_store_and_nowhere_else(
    world: World, company: str, make: Make
) -> None:
    mailbox = await make(connection=ConnectionKind.IMAP_PASSWORD, imap=SERVER)
    await world.app.setup.mailboxes.set_password(company, mailbox.id, PASSWORD)
    assert await world.app.secrets.get(password_name(company, mailbox.id)) == PASSWORD
    stored = await world.app.configuration.company(company)
    assert stored is not None
    assert PASSWORD not in stored[0].model_dump_json()

    graph = await make("other@fjord.example")
    with pytest.raises(InvalidRequest):
        await world.app.setup.mailboxes.set_password(company, graph.id, PASSWORD)

    await world.app.setup.mailboxes.remove(company, mailbox.id)
    assert await world.app.secrets.get(password_name(company, mailbox.id)) is None


@pytest.mark.parametrize("password", ["", "a\nb", "x" * 1001, "nul\0"])
async def test_what_is_no_password_is_refused(world: World, company: str, make: Make, password: str) -> None:
    mailbox = await make(connection=ConnectionKind.IMAP_PASSWORD, imap=SERVER)
    with pytest.raises(InvalidRequest):
        await world.app.setup.mailboxes.set_password(company, mailbox.id, password)


async def test_an_active_mailbox_keeps_its_address_and_is_not_removed(
    world: World, emulator: EmulatorThread, company: str, make: Make
) -> None:
    mailbox = await make(leave_in_place=True)
    setup = world.app.setup
    preview = await setup.activation.preview(company, mailbox.id, BacklogChoice.IMPORT)
    await setup.activation.activate(
        company, mailbox.id, BacklogChoice.IMPORT, confirmed_mails=preview.mails, as_of=preview.as_of
    )
    for change in ({"address": "other@nordlys.example"}, {"tenant_id": "fabrikam.example"}):
        with pytest.raises(Conflict, match="Pause"):
            await setup.mailboxes.edit(company, mailbox.id, change)
    with pytest.raises(Conflict):
        await setup.mailboxes.remove(company, mailbox.id)
    assert (await setup.mailboxes.edit(company, mailbox.id, {"mark_read": True})).mark_read
    await setup.activation.pause(company, mailbox.id)
    await setup.mailboxes.remove(company, mailbox.id)
    with pytest.raises(NotFound):
        await setup.mailboxes.edit(company, mailbox.id, {"name": "x"})


async def test_a_field_that_is_none_of_the_form_is_refused(world: World, company: str, make: Make) -> None:
    mailbox = await make()
    for changes in ({"active": True}, {"id": "other"}, {"folders": {}}, {"backlog": None}):
        with pytest.raises(InvalidRequest):
            await world.app.setup.mailboxes.edit(company, mailbox.id, changes)


async def test_two_mailboxes_that_would_empty_one_folder_are_refused(world: World) -> None:
    text = """
companies:
  - id: second
    name: Second
    mailboxes:
      - {id: same, address: invoice@nordlys.example, folders: {imported: A, other: B}}
    series:
      - {id: documents, default: true}
"""
    with pytest.raises(ConfigurationError, match=r"would both empty the inbox of invoice@nordlys\.example"):
        await world.configure(text)
    await world.configure(text.replace("folders:", "leave_in_place: true, folders:"))
    await world.configure(text.replace("{imported: A", "{source: Shared, imported: A"))


@pytest.mark.capability("S1.3", "S5.14")
@pytest.mark.parametrize("change", [{"host": "mail.elsewhere.example"}, {"port": 20993}])
async def test_s1_3_a_password_is_never_sent_to_another_server_than_it_was_entered_for(
    world: World, company: str, make: Make, change: dict[str, object]
) -> None:
    mailbox = await make(connection=ConnectionKind.IMAP_PASSWORD, imap=SERVER)
    setup, name = world.app.setup.mailboxes, password_name(company, mailbox.id)
    await setup.set_password(company, mailbox.id, PASSWORD)
    await setup.edit(company, mailbox.id, {"imap": {**SERVER, "user_name": "post", "host": "MAIL.fjord.example"}})
    assert await world.app.secrets.get(name) == PASSWORD, "the same server under another user name keeps it"
    edited = await setup.edit(company, mailbox.id, {"imap": {**SERVER, **change}})
    assert not await world.app.secrets.get(name)

    known, _ = await world.app.setup.visits.mailbox(company, mailbox.id)
    with pytest.raises(SignInNeeded) as missing:
        await world.app.sources.sign_in(known, edited).secret()
    assert missing.value.cause == "imap_password_missing"


async def test_a_password_is_forgotten_when_a_configuration_file_names_another_server(
    world: World, company: str, make: Make
) -> None:
    mailbox = await make(connection=ConnectionKind.IMAP_PASSWORD, imap=SERVER)
    await world.app.setup.mailboxes.set_password(company, mailbox.id, PASSWORD)
    known, _ = await world.app.setup.visits.mailbox(company, mailbox.id)
    other = mailbox.model_copy(update={"imap": ImapServer(host="mail.elsewhere.example")})
    await world.app.configure.apply([known.model_copy(update={"mailboxes": (other,)})])
    assert not await world.app.secrets.get(password_name(company, mailbox.id))
