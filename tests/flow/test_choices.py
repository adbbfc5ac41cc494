"""Choices per mailbox: unread only, mail that stays, marking read."""

from __future__ import annotations

import pytest

from emulator.server import EmulatorThread
from tests.flow.mails import PDF, mail
from tests.flow.seeing import charged, documents, mails, moves, places, runs
from tests.flow.world import CONFIGURATION, MAILBOX, World


def chosen(**values: str) -> str:
    lines = "".join(f"        {name}: {value}\n" for name, value in values.items())
    return CONFIGURATION.replace('        schedule: "* * * * *"\n', f'        schedule: "* * * * *"\n{lines}', 1)


@pytest.mark.capability("S5.12")
@pytest.mark.parametrize(("scan", "imported"), [("unread", ["Fresh"]), ("all", ["Fresh", "Read before"])])
async def test_s5_12_a_mail_that_a_person_read_before_is_skipped_only_where_that_was_chosen(
    world: World, emulator: EmulatorThread, scan: str, imported: list[str]
) -> None:
    await world.configure(chosen(scan=scan))
    emulator.control.deliver(MAILBOX, mail("Read before", number=1, pdf=PDF + b"%1"), is_read=True)
    emulator.control.deliver(MAILBOX, mail("Fresh", number=2, pdf=PDF + b"%2"))
    await world.until_rest()
    assert sorted(subject for subject, place in places(emulator).items() if place == "Imported") == imported


@pytest.mark.capability("S5.12")
async def test_s5_12_a_mail_that_is_read_by_a_person_while_it_is_on_its_way_is_not_lost(
    world: World, emulator: EmulatorThread
) -> None:
    await world.configure(chosen(scan="unread"))
    found = emulator.control.deliver(MAILBOX, mail("Read meanwhile", number=1, pdf=PDF))
    emulator.control.add_faults([{"match": {"kind": "value"}, "nth": 1, "status": 503}])
    await world.settle()
    emulator.control.update_message(MAILBOX, found["immutable_id"], is_read=True)
    await world.until_rest()
    assert places(emulator) == {"Read meanwhile": "Imported"}


async def test_mail_stays_where_that_was_chosen_and_is_read_once(world: World, emulator: EmulatorThread) -> None:
    await world.configure(chosen(leave_in_place="true", mark_read="true"))
    emulator.control.deliver(MAILBOX, mail("Invoice", number=1, pdf=PDF))
    await world.until_rest()
    emulator.control.deliver(MAILBOX, mail("Letter", number=2))
    await world.until_rest()
    assert places(emulator) == {"Invoice": "", "Letter": ""}
    assert set(moves(emulator).values()) == {0}
    assert {subject: seen["is_read"] for subject, seen in mails(emulator).items()} == {"Invoice": True, "Letter": False}
    assert {run.placement for run in (await runs(world)).values()} == {"left_there"}
    assert charged(emulator)["value"] == 2


async def test_a_rule_moves_mail_that_would_stay(world: World, emulator: EmulatorThread) -> None:
    await world.configure(chosen(leave_in_place="true"))
    emulator.control.deliver(MAILBOX, mail("A purchase order", number=1))
    await world.until_rest()
    assert places(emulator) == {"A purchase order": "Orders"}


@pytest.mark.pain("C12")
@pytest.mark.fault("B02")
async def test_a_forgotten_cursor_imports_nothing_twice(world: World, emulator: EmulatorThread) -> None:
    await world.configure(chosen(leave_in_place="true"))
    for number in range(30):
        emulator.control.deliver(MAILBOX, mail(f"Invoice {number}", number=number, pdf=PDF + b"%%%d" % number))
    await world.until_rest()
    made = await documents(world)
    assert len(made) == 30
    for _ in range(3):
        emulator.control.expire_delta(MAILBOX)
        await world.settle(ticks=2)
    emulator.control.deliver(MAILBOX, mail("One more", number=40, pdf=PDF + b"%40"))
    await world.until_rest()
    assert [document.id for document in await documents(world)][:30] == [document.id for document in made]
    assert len(await documents(world)) == 31
    assert charged(emulator)["value"] == 31


async def test_a_mail_that_could_not_be_fetched_is_fetched_later_although_the_cursor_has_moved_on(
    world: World, emulator: EmulatorThread
) -> None:
    await world.configure(chosen(leave_in_place="true"))
    emulator.control.deliver(MAILBOX, mail("Slow", number=1, pdf=PDF))
    emulator.control.add_faults([{"match": {"kind": "value"}, "nth": 1, "status": 503}])
    await world.settle()
    assert not await documents(world)
    await world.until_rest()
    assert [document.stated_number for document in await documents(world)] == [None]


async def test_a_junk_folder_that_cannot_be_counted_keeps_no_mail_back(world: World, emulator: EmulatorThread) -> None:
    emulator.control.add_faults([{"match": {"path": "junkemail"}, "status": 503, "times": -1}])
    emulator.control.deliver(MAILBOX, mail("Invoice", number=1, pdf=PDF))
    await world.until_rest()
    assert places(emulator) == {"Invoice": "Imported"}
    assert sum(fault["fired"] for fault in emulator.control.faults()) > 0
    assert world.failed == []
