"""People work in the same mailbox: they move, delete, restore and mark mails between any two steps of Postrum."""

from __future__ import annotations

import pytest

from emulator.server import EmulatorThread
from shared.model.task import Queue
from tests.flow.mails import PDF, mail
from tests.flow.seeing import charged, documents, events, mails, moves, places, runs
from tests.flow.world import MAILBOX, World


def _deliver(emulator: EmulatorThread, *subjects: str, pdf: bool = True) -> list[str]:
    return [
        emulator.control.deliver(MAILBOX, mail(subject, number=number, pdf=PDF if pdf else None))["immutable_id"]
        for number, subject in enumerate(subjects, 1)
    ]


async def _archived(world: World) -> None:
    """Everything is fetched, and nothing decided."""
    await world.app.tick()
    await world.drain([Queue.MAILBOX])


@pytest.mark.pain("C13")
@pytest.mark.fault("B01")
@pytest.mark.parametrize("how", ["deleted for good", "not found when it is fetched"])
async def test_b01_a_mail_that_left_between_listing_and_fetching_is_gone_and_said_so(
    how: str, world: World, emulator: EmulatorThread
) -> None:
    withdrawn, _ = _deliver(emulator, "Withdrawn", "Invoice")
    if how == "deleted for good":
        # the first fetch fails; before the second one the mail is not there any more
        emulator.control.add_faults([{"match": {"kind": "value", "message": withdrawn}, "nth": 1, "status": 503}])
        await world.settle()
        emulator.control.delete_message(MAILBOX, withdrawn, permanently=True)
    else:
        fault = {"match": {"kind": "value", "message": withdrawn}, "nth": 1, "status": 404, "code": "ErrorItemNotFound"}
        emulator.control.add_faults([fault])
        await world.settle()
        emulator.control.delete_message(MAILBOX, withdrawn, permanently=True)
    await world.until_rest()
    found = await runs(world)
    assert (found["Withdrawn"].stage.value, found["Withdrawn"].reason) == ("gone", "gone_before_fetch")
    assert found["Withdrawn"].provider_id == withdrawn
    assert found["Invoice"].stage.value == "announced"
    assert charged(emulator)["value"] == 2  # no storm of retries
    lines = (await world.app.status()).messages
    assert {line.subject: line.stage for line in lines} == {"Withdrawn": "gone", "Invoice": "announced"}


@pytest.mark.pain("C2")
@pytest.mark.fault("B01")
async def test_b01_a_mail_that_a_person_files_away_before_it_could_be_fetched_comes_to_an_end(
    world: World, emulator: EmulatorThread
) -> None:
    (taken,) = _deliver(emulator, "Mine")
    emulator.control.add_faults([{"match": {"kind": "value"}, "nth": 1, "status": 503}])
    await world.settle()
    emulator.control.move_message(MAILBOX, taken, "inbox/Private")
    await world.until_rest()
    assert (await runs(world))["Mine"].stage.value == "gone"
    assert places(emulator) == {"Mine": "Private"}

    # put back into the source folder, it is taken in as if it had never been away
    emulator.control.move_message(MAILBOX, taken, "inbox")
    await world.until_rest()
    assert (await runs(world))["Mine"].stage.value == "announced"
    assert places(emulator) == {"Mine": "Imported"}


@pytest.mark.pain("C2")
@pytest.mark.fault("B01")
async def test_b01_a_mail_that_was_listed_and_left_before_anything_of_it_was_kept_is_recorded(
    world: World, emulator: EmulatorThread
) -> None:
    # the listing notes it, then the mailbox asks for patience; a person deletes it meanwhile
    ids = _deliver(emulator, "Invoice", "Withdrawn")
    emulator.control.add_faults([{"match": {"kind": "value"}, "times": 2, "status": 429, "retry_after": 180}])
    await world.settle(ticks=3)  # the tick looks after it in between
    emulator.control.advance(180)
    emulator.control.delete_message(MAILBOX, ids[1], permanently=True)
    emulator.control.clear_faults()
    await world.until_rest()
    found = await runs(world)
    assert {subject: run.stage.value for subject, run in found.items()} == {"Invoice": "announced", "Withdrawn": "gone"}
    assert (found["Withdrawn"].reason, found["Withdrawn"].provider_id) == ("gone_before_fetch", ids[1])
    assert found["Withdrawn"].sender == "billing@fjordkraft.example"


@pytest.mark.fault("B01")
async def test_b01_a_mail_that_is_deleted_between_archive_and_move_is_recorded_and_kept(
    world: World, emulator: EmulatorThread
) -> None:
    (taken,) = _deliver(emulator, "Invoice")
    await _archived(world)
    emulator.control.delete_message(MAILBOX, taken, permanently=True)
    await world.until_rest()
    [run] = (await runs(world)).values()
    assert (run.stage.value, run.placement, run.folder) == ("announced", "gone", None)
    assert [document.number for document in await documents(world)] == ["D-00001"]
    filed = [event["data"] for event in events(emulator) if event["type"] == "postrum.message.filed"]
    assert [data["folder"] for data in filed] == [""]


@pytest.mark.fault("B01")
async def test_b01_a_mail_that_a_person_moved_between_archive_and_move_stays_where_it_was_put(
    world: World, emulator: EmulatorThread
) -> None:
    (taken,) = _deliver(emulator, "Invoice")
    await _archived(world)
    emulator.control.move_message(MAILBOX, taken, "inbox/Private")
    await world.app.tick()
    world.clock.advance(minutes=1)
    await world.app.tick()
    await world.drain([Queue.CLASSIFY])
    await world.until_rest()
    [run] = (await runs(world)).values()
    assert (run.stage.value, run.placement, run.folder) == ("announced", "moved_by_person", None)
    assert places(emulator) == {"Invoice": "Private"}
    assert moves(emulator) == {"Invoice": 0}
    assert len(await documents(world)) == 1


@pytest.mark.pain("C14")
async def test_c14_out_and_back_again_loses_nothing_and_repeats_nothing(world: World, emulator: EmulatorThread) -> None:
    known, fresh = _deliver(emulator, "Known", "Fresh")
    emulator.control.move_message(MAILBOX, fresh, "inbox/Private")
    await world.until_rest()
    # A → B → A, of a mail that was imported and of one that was never seen
    emulator.control.move_message(MAILBOX, known, "inbox/Private")
    emulator.control.move_message(MAILBOX, known, "inbox")
    emulator.control.move_message(MAILBOX, fresh, "inbox")
    told = len(events(emulator))
    await world.until_rest()
    assert places(emulator) == {"Known": "Imported", "Fresh": "Imported"}
    assert [document.number for document in await documents(world)] == ["D-00001", "D-00002"]
    assert len(events(emulator)) == told + 2  # those of the fresh one
    assert charged(emulator)["value"] == 2


@pytest.mark.pain("C4")
async def test_c4_mails_that_arrive_late_or_in_the_same_second_are_all_taken(
    world: World, emulator: EmulatorThread
) -> None:
    late = ["2026-11-20T08:00:00Z", "2026-11-20T08:00:00Z", "2026-11-19T23:00:00Z", "2025-01-01T00:00:00Z"]
    for number, received in enumerate(late):
        content = mail(f"Invoice {number}", number=number, pdf=PDF)
        read = number == 2  # a person looked at it before Postrum did
        emulator.control.deliver(MAILBOX, content, received=received, is_read=read)
        await world.until_rest()
    assert set(places(emulator).values()) == {"Imported"}
    assert len(await documents(world)) == 4


@pytest.mark.pain("C16")
async def test_c16_a_message_id_that_comes_again_on_other_mail_suppresses_nothing(
    world: World, emulator: EmulatorThread
) -> None:
    for subject in ("Invoice 1", "Invoice 2"):
        emulator.control.deliver(MAILBOX, mail(subject, number=7, pdf=PDF + subject.encode()))
    without = mail("Invoice 3", number=8, pdf=PDF).replace(b"Message-ID: <m8@fjordkraft.example>\r\n", b"")
    emulator.control.deliver(MAILBOX, without)
    await world.until_rest()
    assert {subject: run.outcome for subject, run in (await runs(world)).items()} == {
        "Invoice 1": "imported",
        "Invoice 2": "imported",
        "Invoice 3": "imported",
    }
    assert len(await documents(world)) == 3


@pytest.mark.pain("C16")
async def test_c16_the_same_mail_again_is_a_duplicate_without_actions_also_without_a_message_id(
    world: World, emulator: EmulatorThread
) -> None:
    without = mail("Invoice", number=8, pdf=PDF).replace(b"Message-ID: <m8@fjordkraft.example>\r\n", b"")
    first = emulator.control.deliver(MAILBOX, without)["immutable_id"]
    await world.until_rest()
    emulator.control.deliver(MAILBOX, without)
    await world.until_rest()
    found = {run.provider_id: run async for run in world.app.services.messages.every_run()}
    [other] = [run for provider_id, run in found.items() if provider_id != first]
    assert (other.outcome, other.reason, other.duplicate_of) == ("other", "duplicate", found[first].message)
    assert len(await documents(world)) == 1


async def test_a_category_of_a_person_is_kept_beside_ours(world: World, emulator: EmulatorThread) -> None:
    emulator.control.deliver(MAILBOX, mail("Purchase order 1"), categories=["Urgent"])
    await world.until_rest()
    assert sorted(mails(emulator)["Purchase order 1"]["categories"]) == ["Order", "Urgent"]


async def test_a_folder_that_a_person_deleted_is_made_again(world: World, emulator: EmulatorThread) -> None:
    _deliver(emulator, "Invoice 1")
    await world.until_rest()
    # its id is remembered; Graph does not know it any more
    emulator.control.deliver(MAILBOX, mail("Invoice 2", number=2, pdf=PDF))
    fault = {"match": {"kind": "move"}, "nth": 1, "status": 404, "code": "ErrorFolderNotFound"}
    emulator.control.add_faults([fault])
    await world.until_rest()
    assert places(emulator) == {"Invoice 1": "Imported", "Invoice 2": "Imported"}
    assert {run.stage.value for run in (await runs(world)).values()} == {"announced"}


async def test_a_source_folder_that_is_missing_is_said_and_found_when_it_is_there(
    world: World, emulator: EmulatorThread
) -> None:
    from tests.flow.world import CONFIGURATION

    await world.configure(CONFIGURATION.replace("folders: {", "folders: {source: Scans, "))
    await world.settle(ticks=2)
    [status] = (await world.app.status()).mailboxes
    assert status.failure is not None
    assert "'Scans' does not exist below the inbox" in status.failure
    assert world.failed == []

    emulator.control.deliver(MAILBOX, mail("Invoice", pdf=PDF), folder="inbox/Scans")
    await world.until_rest()
    assert places(emulator) == {"Invoice": "Imported"}
    [status] = (await world.app.status()).mailboxes
    assert status.failure is None

    # the folder is deleted and made again: another id under the same name
    fault = {"match": {"kind": "list"}, "nth": 1, "status": 404, "code": "ErrorFolderNotFound"}
    emulator.control.add_faults([fault])
    emulator.control.deliver(MAILBOX, mail("Invoice 2", number=2, pdf=PDF), folder="inbox/Scans")
    await world.until_rest()
    assert places(emulator)["Invoice 2"] == "Imported"


async def test_a_category_that_a_person_added_is_kept_when_the_message_is_run_again(
    world: World, emulator: EmulatorThread
) -> None:
    delivered = emulator.control.deliver(MAILBOX, mail("Purchase order 9"), received="2026-11-20T08:00:00Z")
    await world.until_rest()
    emulator.control.update_message(MAILBOX, delivered["immutable_id"], categories=["Order", "Urgent"])
    [line] = (await world.app.status()).messages

    await world.app.again.message(line.message)
    await world.until_rest()

    [found] = emulator.control.dump(MAILBOX)["messages"]
    assert set(found["categories"]) == {"Order", "Urgent"}
