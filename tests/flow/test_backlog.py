"""What happens with the mail that was there before a mailbox was activated: chosen by a person, never by accident."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from emulator.server import EmulatorThread
from tests.flow.mails import PDF, mail
from tests.flow.seeing import documents, moves, places, runs
from tests.flow.world import CONFIGURATION, MAILBOX, World


def chosen(backlog: str) -> str:
    return CONFIGURATION.replace(
        '        schedule: "* * * * *"\n', f'        schedule: "* * * * *"\n        backlog: {backlog}\n', 1
    )


def fill(world: World, emulator: EmulatorThread) -> datetime:
    """Four old mails and one that comes after the moment that is returned."""
    moment = world.clock()
    for number, days in ((1, 40), (2, 20), (3, 3), (4, 1)):
        received = moment - timedelta(days=days)
        emulator.control.deliver(
            MAILBOX, mail(f"Old {number}", number=number, pdf=PDF + b"%%%d" % number), received=received.isoformat()
        )
    emulator.control.deliver(
        MAILBOX, mail("New", number=5, pdf=PDF + b"%5"), received=(moment + timedelta(seconds=1)).isoformat()
    )
    return moment


@pytest.mark.capability("S1.12")
async def test_s1_12_all_of_it_is_imported(world: World, emulator: EmulatorThread) -> None:
    fill(world, emulator)
    await world.configure(chosen("{choice: import}"))
    await world.until_rest()
    assert set(places(emulator).values()) == {"Imported"}
    assert len(await documents(world)) == 5


@pytest.mark.capability("S1.12")
async def test_s1_12_what_came_before_a_moment_stays(world: World, emulator: EmulatorThread) -> None:
    moment = fill(world, emulator)
    since = (moment - timedelta(days=10)).isoformat()
    await world.configure(chosen(f"{{choice: since, before: {since}}}"))
    await world.until_rest()
    assert places(emulator) == {
        "Old 1": "", "Old 2": "", "Old 3": "Imported", "Old 4": "Imported", "New": "Imported",
    }  # fmt: skip
    assert set(await runs(world)) == {"Old 3", "Old 4", "New"}


@pytest.mark.capability("S1.12")
async def test_s1_12_what_is_there_is_left(world: World, emulator: EmulatorThread) -> None:
    moment = fill(world, emulator)
    await world.configure(chosen(f"{{choice: leave, before: {moment.isoformat()}}}"))
    await world.until_rest()
    assert [subject for subject, place in places(emulator).items() if place == "Imported"] == ["New"]
    assert set(await runs(world)) == {"New"}


@pytest.mark.capability("S1.14")
async def test_s1_14_what_is_there_is_moved_away_and_not_imported(world: World, emulator: EmulatorThread) -> None:
    moment = fill(world, emulator)
    await world.configure(chosen(f"{{choice: park, before: {moment.isoformat()}, folder: Before Postrum}}"))
    await world.until_rest(least=3)
    assert places(emulator) == {f"Old {number}": "Before Postrum" for number in range(1, 5)} | {"New": "Imported"}
    assert set(moves(emulator).values()) == {1}
    assert set(await runs(world)) == {"New"}
    assert len(await documents(world)) == 1


async def test_parking_that_was_cut_off_goes_on(world: World, emulator: EmulatorThread) -> None:
    moment = fill(world, emulator)
    await world.configure(chosen(f"{{choice: park, before: {moment.isoformat()}, folder: Before Postrum}}"))
    emulator.control.add_faults([{"match": {"kind": "move"}, "status": 503, "times": 2}])
    await world.until_rest(least=3)
    assert [place for subject, place in places(emulator).items() if subject != "New"] == ["Before Postrum"] * 4
    assert set(await runs(world)) == {"New"}


async def test_much_old_mail_without_a_choice_is_a_question_and_new_mail_goes_on(
    world: World, emulator: EmulatorThread
) -> None:
    old = world.clock() - timedelta(days=8)
    for number in range(51):
        emulator.control.deliver(
            MAILBOX, mail(f"Old {number}", number=number, pdf=PDF + b"%%%d" % number), received=old.isoformat()
        )
    emulator.control.deliver(MAILBOX, mail("New", number=99, pdf=PDF + b"%new"), received=world.clock().isoformat())
    await world.until_rest()
    assert set(await runs(world)) == {"New"}
    assert places(emulator)["Old 7"] == ""
    (lane,) = await world.app.services.lanes.every()
    assert lane.state.cursors["question/nordlys/invoices"]["mails"] == 51

    await world.configure(chosen("{choice: import}"))
    await world.until_rest()
    assert len(await documents(world)) == 52
    (lane,) = await world.app.services.lanes.every()
    assert "question/nordlys/invoices" not in lane.state.cursors
