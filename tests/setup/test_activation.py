"""Activating: the number in sight, the confirmation, and what is missing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from emulator.server import EmulatorThread
from shared.errors import Conflict, InvalidRequest
from shared.model.config import BacklogChoice
from shared.setup.progress import Step, StepState, progress
from tests.flow.mails import PDF, mail
from tests.flow.seeing import documents, places
from tests.flow.world import MAILBOX, World
from tests.setup.conftest import Make


async def with_folders(world: World, company: str, make: Make) -> str:
    mailbox = await make()
    tree = await world.app.setup.folders.create_two(company, mailbox.id, imported="Imported", other="Other")
    found = {node.path: node.id for node in tree}
    await world.app.setup.folders.choose(
        company, mailbox.id, source="", imported=found["Imported"], other=found["Other"]
    )
    return mailbox.id


def fill(world: World, emulator: EmulatorThread, count: int) -> None:
    for number in range(count):
        received = (world.clock() - timedelta(days=20 - number)).isoformat()
        emulator.control.deliver(
            MAILBOX, mail(f"Old {number}", number=number, pdf=PDF + b"%%%d" % number), received=received
        )


@pytest.mark.capability("S1.11")
async def test_s1_11_nothing_is_activated_without_the_confirmed_number(
    world: World, emulator: EmulatorThread, company: str, make: Make
) -> None:
    mailbox = await with_folders(world, company, make)
    fill(world, emulator, 3)
    activation = world.app.setup.activation
    preview = await activation.preview(company, mailbox, BacklogChoice.IMPORT)
    assert (preview.mails, preview.imported, preview.left, preview.parked) == (3, 3, 0, 0)
    with pytest.raises(InvalidRequest, match="emptied as soon as"):
        await activation.activate(company, mailbox, BacklogChoice.IMPORT, confirmed_mails=None, as_of=None)
    with pytest.raises(Conflict, match="holds 3 mails by now, and 2 were confirmed"):
        await activation.activate(company, mailbox, BacklogChoice.IMPORT, confirmed_mails=2, as_of=preview.as_of)
    later = preview.as_of + timedelta(days=1)
    with pytest.raises(InvalidRequest, match="future"):
        await activation.activate(company, mailbox, BacklogChoice.IMPORT, confirmed_mails=3, as_of=later)
    assert not await documents(world, company)

    # what arrives between the number and the confirmation is no backlog
    world.clock.advance(minutes=1)
    received = world.clock().isoformat()
    emulator.control.deliver(MAILBOX, mail("Meanwhile", number=9, pdf=PDF + b"%9"), received=received)
    world.clock.advance(minutes=1)
    await activation.activate(company, mailbox, BacklogChoice.IMPORT, confirmed_mails=3, as_of=preview.as_of)
    await world.until_rest()
    assert set(places(emulator).values()) == {"Imported"}
    assert len(await documents(world, company)) == 4


@pytest.mark.capability("S1.12", "S1.14")
async def test_s1_12_the_preview_says_what_each_choice_does(
    world: World, emulator: EmulatorThread, company: str, make: Make
) -> None:
    mailbox = await with_folders(world, company, make)
    fill(world, emulator, 5)
    preview = world.app.setup.activation.preview
    since = world.clock() - timedelta(days=17, hours=12)
    told = {
        BacklogChoice.IMPORT: await preview(company, mailbox, BacklogChoice.IMPORT),
        BacklogChoice.SINCE: await preview(company, mailbox, BacklogChoice.SINCE, since=since),
        BacklogChoice.LEAVE: await preview(company, mailbox, BacklogChoice.LEAVE),
        BacklogChoice.PARK: await preview(company, mailbox, BacklogChoice.PARK, folder="Old mail"),
    }
    assert {choice: (seen.mails, seen.imported, seen.left, seen.parked) for choice, seen in told.items()} == {
        BacklogChoice.IMPORT: (5, 5, 0, 0),
        BacklogChoice.SINCE: (5, 2, 3, 0),
        BacklogChoice.LEAVE: (5, 0, 5, 0),
        BacklogChoice.PARK: (5, 0, 0, 5),
    }
    for choice in (BacklogChoice.SINCE, BacklogChoice.PARK):
        with pytest.raises(InvalidRequest):
            await preview(company, mailbox, choice)


async def test_parking_from_the_form_empties_the_folder_and_imports_nothing(
    world: World, emulator: EmulatorThread, company: str, make: Make
) -> None:
    mailbox = await with_folders(world, company, make)
    fill(world, emulator, 4)
    activation = world.app.setup.activation
    preview = await activation.preview(company, mailbox, BacklogChoice.PARK, folder="Before Postrum")
    await activation.activate(
        company,
        mailbox,
        BacklogChoice.PARK,
        folder="Before Postrum",
        confirmed_mails=preview.mails,
        as_of=preview.as_of,
    )
    await world.until_rest(least=3)
    assert set(places(emulator).values()) == {"Before Postrum"}
    assert not await documents(world, company)


@pytest.mark.capability("S1.33")
async def test_s1_33_what_is_missing_is_named(world: World, company: str, make: Make) -> None:
    mailbox = await make("later@nordlys.example", connected=False)
    activation = world.app.setup.activation
    assert (await activation.preview(company, mailbox.id, BacklogChoice.IMPORT)).missing == ("connection", "folders")

    ready = await with_folders(world, company, make)

    def bare(known):  # type: ignore[no-untyped-def]
        return known.model_copy(update={"series": (), "document_type": ""})

    await world.app.configure.change(company, bare)
    preview = await activation.preview(company, ready, BacklogChoice.IMPORT)
    assert preview.missing == ("series", "document_type")
    with pytest.raises(Conflict, match="series, document_type"):
        await activation.activate(company, ready, BacklogChoice.IMPORT, confirmed_mails=0, as_of=preview.as_of)


@pytest.mark.capability("S5.16")
async def test_s5_16_activating_without_rules_is_warned_of(world: World, company: str, make: Make) -> None:
    mailbox = await with_folders(world, company, make)
    assert (await world.app.setup.activation.preview(company, mailbox, BacklogChoice.IMPORT)).warnings == ("no_rules",)


async def test_a_mailbox_that_another_company_empties_is_not_activated(world: World, company: str, make: Make) -> None:
    mailbox = await with_folders(world, company, make)
    preview = await world.app.setup.activation.preview(company, mailbox, BacklogChoice.IMPORT)
    assert preview.missing == ()
    await world.configure()  # the other company takes its mailbox up again
    preview = await world.app.setup.activation.preview(company, mailbox, BacklogChoice.IMPORT)
    (told,) = preview.missing
    assert "would both empty the inbox" in told


@pytest.mark.capability("S5.21")
async def test_s5_21_run_now_is_done_once_however_often_it_is_asked_for(
    world: World, emulator: EmulatorThread, company: str, make: Make
) -> None:
    mailbox = await with_folders(world, company, make)
    activation = world.app.setup.activation
    with pytest.raises(Conflict, match="not active"):
        await activation.run_now(company, mailbox)
    preview = await activation.preview(company, mailbox, BacklogChoice.IMPORT)
    await activation.activate(company, mailbox, BacklogChoice.IMPORT, confirmed_mails=0, as_of=preview.as_of)
    await world.until_rest()
    emulator.control.reset_counters()
    put = [await activation.run_now(company, mailbox) for _ in range(5)]
    assert put == [True, False, False, False, False]
    assert await world.drain() == 1


@pytest.mark.capability("S1.20")
async def test_s1_20_the_steps_can_be_left_and_taken_up_again(world: World, company: str, make: Make) -> None:
    async def steps(mailbox: str) -> Step | None:
        known = await world.app.services.companies.fresh(company)
        found = known.mailbox(mailbox) if known else None
        stored = await world.app.connections.get(company, mailbox)
        assert found is not None
        made = progress(found, stored.connection if stored else None)
        current = [step for step, state in made.steps.items() if state is StepState.CURRENT]
        assert current == ([made.current] if made.current else [])
        return made.current

    waiting = await make("later@nordlys.example", connected=False)
    assert await steps(waiting.id) is Step.ACCESS
    connected = await make("sooner@nordlys.example")
    assert await steps(connected.id) is Step.FOLDERS
    ready = await with_folders(world, company, make)
    assert await steps(ready) is Step.BACKLOG
    activation = world.app.setup.activation
    preview = await activation.preview(company, ready, BacklogChoice.IMPORT)
    await activation.activate(company, ready, BacklogChoice.IMPORT, confirmed_mails=0, as_of=preview.as_of)
    assert await steps(ready) is Step.PROOF
