"""A listing that is cut short, in any way, loses no mail: what a cursor says was seen has been written down before."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from emulator.server import EmulatorThread
from shared.pipeline import listing
from tests.flow.mails import PDF, mail
from tests.flow.seeing import documents, places, runs
from tests.flow.test_choices import chosen
from tests.flow.world import MAILBOX, World


def deliver_old(world: World, emulator: EmulatorThread, mails: int) -> None:
    """Mails of last month."""
    old = (world.clock() - timedelta(days=30)).isoformat()
    for number in range(mails):
        emulator.control.deliver(
            MAILBOX, mail(f"Old {number}", number=number, pdf=PDF + b"%%%d" % number), received=old
        )


def deliver_new(world: World, emulator: EmulatorThread, subject: str = "New") -> None:
    emulator.control.deliver(
        MAILBOX, mail(subject, number=999, pdf=PDF + subject.encode()), received=world.clock().isoformat()
    )


@pytest.mark.capability("S5.12")
async def test_s5_12_what_was_listed_and_not_noted_is_listed_again(world: World, emulator: EmulatorThread) -> None:
    await world.configure(chosen(leave_in_place="true", backlog="{choice: import}"))
    deliver_old(world, emulator, 3)
    # After the changes were read: the listing of the last week.
    emulator.control.add_faults([{"match": {"kind": "list"}, "status": 429, "retry_after": 30, "times": 3}])
    await world.until_rest()
    assert set(await runs(world)) == {"Old 0", "Old 1", "Old 2"}


async def test_a_question_is_not_answered_by_waiting_where_mail_stays(world: World, emulator: EmulatorThread) -> None:
    await world.configure(chosen(leave_in_place="true"))
    deliver_old(world, emulator, listing.MANY + 1)
    deliver_new(world, emulator)
    await world.until_rest(least=5)
    assert set(await runs(world)) == {"New"}
    (lane,) = await world.app.services.lanes.every()
    assert lane.state.cursors["question/nordlys/invoices"]["mails"] == listing.MANY + 1

    await world.configure(chosen(leave_in_place="true", backlog="{choice: import}"))
    await world.until_rest()
    assert len(await documents(world)) == listing.MANY + 2


@pytest.mark.capability("S1.12")
async def test_s1_12_who_left_old_mail_and_wants_it_after_all_gets_it(world: World, emulator: EmulatorThread) -> None:
    deliver_old(world, emulator, 2)
    left = f"{{choice: leave, before: {world.clock().isoformat()}}}"
    await world.configure(chosen(leave_in_place="true", backlog=left))
    await world.until_rest()
    assert not await runs(world)
    await world.configure(chosen(leave_in_place="true", backlog="{choice: import}"))
    await world.until_rest()
    assert set(await runs(world)) == {"Old 0", "Old 1"}


async def test_a_forgotten_place_in_the_folder_is_no_question(
    world: World, emulator: EmulatorThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "MANY", 3)
    await world.configure(chosen(leave_in_place="true", backlog="{choice: import}"))
    deliver_old(world, emulator, 5)
    await world.until_rest()
    await world.configure(chosen(leave_in_place="true"))
    await world.until_rest()
    emulator.control.expire_delta(MAILBOX)
    await world.until_rest()
    (lane,) = await world.app.services.lanes.every()
    assert "question/nordlys/invoices" not in lane.state.cursors
    assert len(await documents(world)) == 5


@pytest.mark.parametrize("stays", ["true", "false"])
async def test_new_mail_does_not_wait_behind_more_old_mail_than_one_hold_works_on(
    world: World, emulator: EmulatorThread, monkeypatch: pytest.MonkeyPatch, stays: str
) -> None:
    monkeypatch.setattr(listing, "LIMIT", 60)
    await world.configure(chosen(leave_in_place=stays))
    deliver_old(world, emulator, 210)  # a page of the listing has 200
    deliver_new(world, emulator)
    async with asyncio.timeout(60):
        await world.until_rest(rounds=6)
    assert set(await runs(world)) == {"New"}


async def test_mail_that_stayed_before_does_not_hide_what_comes_after_it(
    world: World, emulator: EmulatorThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.configure(chosen(leave_in_place="true", backlog="{choice: import}"))
    deliver_old(world, emulator, 210)
    await world.until_rest()
    monkeypatch.setattr(listing, "LIMIT", 60)
    await world.configure(chosen(leave_in_place="false", backlog="{choice: import}"))
    deliver_new(world, emulator)
    async with asyncio.timeout(60):
        await world.until_rest(rounds=6)
    assert places(emulator)["New"] == "Imported"
    assert len(await documents(world)) == 211
