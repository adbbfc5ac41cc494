"""Mail that a cursor would miss: late, old, moved out and back, or come while nothing ran."""

from __future__ import annotations

from datetime import timedelta

import pytest

from emulator.server import EmulatorThread
from tests.flow.mails import PDF, mail
from tests.flow.seeing import charged, documents, places, runs
from tests.flow.test_choices import chosen
from tests.flow.world import MAILBOX, World

WAYS = pytest.mark.parametrize("stays", ["false", "true"], ids=["moved away", "left in place"])


def deliver(world: World, emulator: EmulatorThread, number: int, **ago: float) -> str:
    received = (world.clock() - timedelta(**ago)).isoformat()
    content = mail(f"Invoice {number}", number=number, pdf=PDF + b"%%%d" % number)
    return str(emulator.control.deliver(MAILBOX, content, received=received)["immutable_id"])


@pytest.mark.pain("C4")
@WAYS
async def test_a_mail_that_appears_late_with_an_old_time_is_not_missed(
    world: World, emulator: EmulatorThread, stays: str
) -> None:
    await world.configure(chosen(leave_in_place=stays))
    # two in one second, and one that a slow scanner held back for an hour
    deliver(world, emulator, 1)
    deliver(world, emulator, 2)
    await world.until_rest()
    deliver(world, emulator, 3, hours=1)
    await world.until_rest()
    # and one that somebody has read before Postrum looked
    found = deliver(world, emulator, 4, minutes=30)
    emulator.control.update_message(MAILBOX, found, is_read=True)
    await world.until_rest()
    assert set(await runs(world)) == {f"Invoice {number}" for number in range(1, 5)}
    assert len(await documents(world)) == 4


@pytest.mark.pain("C8")
@WAYS
async def test_what_came_during_three_days_without_a_run_is_taken_in(
    world: World, emulator: EmulatorThread, stays: str
) -> None:
    await world.configure(chosen(leave_in_place=stays))
    deliver(world, emulator, 0)
    await world.until_rest()
    for hour in range(1, 73, 6):
        world.clock.advance(hours=6)
        deliver(world, emulator, hour)
    if stays == "true":
        emulator.control.expire_delta(MAILBOX)  # nobody keeps a cursor for ever
    await world.until_rest()
    assert len(await documents(world)) == 13


@pytest.mark.pain("C8")
async def test_an_outage_of_the_provider_loses_nothing(world: World, emulator: EmulatorThread) -> None:
    deliver(world, emulator, 1)
    emulator.control.add_faults([{"match": {"mailbox": MAILBOX}, "status": 503, "times": -1}])
    await world.settle(ticks=30, minutes=2)
    deliver(world, emulator, 2)
    assert not await documents(world)
    emulator.control.clear_faults()
    await world.until_rest()
    assert len(await documents(world)) == 2


@pytest.mark.pain("C14")
@WAYS
async def test_a_mail_that_a_person_moves_out_and_back_is_not_lost(
    world: World, emulator: EmulatorThread, stays: str
) -> None:
    await world.configure(chosen(leave_in_place=stays))
    found = deliver(world, emulator, 1)
    # moved out before the first look, and back between two looks
    emulator.control.move_message(MAILBOX, found, "inbox/Private")
    await world.settle(ticks=2)
    assert not await runs(world)
    emulator.control.move_message(MAILBOX, found, "inbox")
    emulator.control.move_message(MAILBOX, found, "inbox/Private")
    emulator.control.move_message(MAILBOX, found, "inbox")
    await world.until_rest()
    assert len(await documents(world)) == 1
    assert charged(emulator)["value"] == 1


@pytest.mark.pain("C4")
async def test_old_mail_that_a_person_drags_into_the_folder_is_taken_in(world: World, emulator: EmulatorThread) -> None:
    deliver(world, emulator, 1)
    await world.until_rest()
    deliver(world, emulator, 2, days=400)
    await world.until_rest()
    assert places(emulator) == {"Invoice 1": "Imported", "Invoice 2": "Imported"}
