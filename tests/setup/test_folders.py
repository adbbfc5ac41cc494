"""Choosing folders: what is shown, what is refused, and what happens when a folder is renamed."""

from __future__ import annotations

import pytest

from emulator.server import EmulatorThread
from shared.errors import Conflict, InvalidRequest
from shared.model.config import BacklogChoice
from tests.flow.mails import PDF, mail
from tests.flow.seeing import places
from tests.flow.world import MAILBOX, World
from tests.setup.conftest import Make

DANISH = "faktura@nordlys.example"


async def ids(world: World, company: str, mailbox: str) -> dict[str, str]:
    return {node.path: node.id for node in await world.app.setup.folders.tree(company, mailbox)}


@pytest.mark.capability("S1.30")
async def test_s1_30_folders_are_shown_once_the_mailbox_is_connected(world: World, company: str, make: Make) -> None:
    mailbox = await make(connected=False)
    with pytest.raises(Conflict, match="not connected yet"):
        await world.app.setup.folders.tree(company, mailbox.id)
    with pytest.raises(Conflict, match="not connected yet"):
        await world.app.setup.folders.choose(company, mailbox.id, source="", imported="x", other="y")


@pytest.mark.capability("S1.38")
async def test_s1_38_the_two_folders_are_made_and_listed(world: World, company: str, make: Make) -> None:
    mailbox = await make()
    folders = world.app.setup.folders
    assert set(await ids(world, company, mailbox.id)) == {""}
    for _ in range(2):  # the second time they are there already
        tree = await folders.create_two(company, mailbox.id, imported="Importeret", other="Til opfølgning")
    assert [node.path for node in tree] == ["", "Importeret", "Til opfølgning"]
    with pytest.raises(InvalidRequest):
        await folders.create_two(company, mailbox.id, imported="Same", other="same")
    with pytest.raises(InvalidRequest):
        await folders.create_two(company, mailbox.id, imported="a/b", other="c")


@pytest.mark.capability("S1.10")
async def test_s1_10_only_folders_below_the_inbox_are_offered_and_taken(
    world: World, emulator: EmulatorThread, company: str, make: Make
) -> None:
    emulator.control.create_mailbox(DANISH, folders=["inbox/Færdig", "inbox/Færdig/Ældre"], language="da")
    emulator.control.set_exchange_scope([DANISH])
    beside = emulator.control.create_folder(DANISH, "Ved siden af")
    mailbox = await make(DANISH)
    found = await ids(world, company, mailbox.id)
    assert set(found) == {"", "Færdig", "Færdig/Ældre"}
    for wrong in (beside["id"], "no-such-id", found[""]):
        with pytest.raises(InvalidRequest) as refused:
            await world.app.setup.folders.choose(company, mailbox.id, source="", imported=found["Færdig"], other=wrong)
        assert refused.value.field == "other"
    chosen = await world.app.setup.folders.choose(
        company, mailbox.id, source="", imported=found["Færdig"], other=found["Færdig/Ældre"]
    )
    assert (chosen.folders.imported, chosen.folders.ids.other) == ("Færdig", found["Færdig/Ældre"])


@pytest.mark.capability("S1.37", "S1.39")
async def test_s1_37_three_different_folders_are_needed(world: World, company: str, make: Make) -> None:
    mailbox = await make()
    folders = world.app.setup.folders
    await folders.create_two(company, mailbox.id, imported="Imported", other="Other")
    found = await ids(world, company, mailbox.id)
    wrong = [
        ("", found["Imported"], found["Imported"], "three different"),
        (found["Other"], found["Imported"], found["Other"], "three different"),
        ("", found["Imported"], "", "Two folders are needed"),
        ("", "", found["Other"], "Two folders are needed"),
    ]
    for source, imported, other, text in wrong:
        with pytest.raises(InvalidRequest, match=text):
            await folders.choose(company, mailbox.id, source=source, imported=imported, other=other)


@pytest.mark.pain("C32")
async def test_a_folder_that_is_renamed_stays_the_chosen_one(
    world: World, emulator: EmulatorThread, company: str, make: Make
) -> None:
    mailbox = await make()
    setup = world.app.setup
    await setup.folders.create_two(company, mailbox.id, imported="Imported", other="Other")
    found = await ids(world, company, mailbox.id)
    await setup.folders.choose(company, mailbox.id, source="", imported=found["Imported"], other=found["Other"])
    emulator.control.rename_folder(MAILBOX, "inbox/Imported", "Bogført")
    preview = await setup.activation.preview(company, mailbox.id, BacklogChoice.IMPORT)
    await setup.activation.activate(
        company, mailbox.id, BacklogChoice.IMPORT, confirmed_mails=preview.mails, as_of=preview.as_of
    )
    emulator.control.deliver(MAILBOX, mail("Invoice", pdf=PDF))
    world.app.services.companies.forget()
    await world.until_rest()
    assert places(emulator) == {"Invoice": "Bogført"}
