"""A mailbox that asks for patience: it gets it, whatever the form, others go on, and in the end everything is done."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from emulator.server import EmulatorThread
from shared.model.task import Queue
from tests.flow.mails import PDF, mail
from tests.flow.seeing import charged, early, moves, places, runs
from tests.flow.world import CONFIGURATION, MAILBOX, World

OTHER = "orders@nordlys.example"
TWO_MAILBOXES = CONFIGURATION.replace(
    "    series:",
    f"      - id: orders\n        address: {OTHER}\n        folders: {{imported: Imported, other: Follow up}}\n"
    '        schedule: "* * * * *"\n    series:',
    1,
)
FORMS: dict[str, tuple[dict[str, Any], int]] = {
    # what the answer says, and the seconds that the lane has to rest
    "seconds": ({"retry_after": 120}, 120),
    "date": ({"retry_after_date": 120}, 120),
    "absent": ({}, 30),
    "large": ({"retry_after": 600}, 600),
    "larger than the cap": ({"headers": {"Retry-After": "7200"}}, 900),
}


def _pass(world: World, emulator: EmulatorThread, seconds: float) -> None:
    """Time passes for Postrum and for Graph."""
    world.clock.advance(seconds=seconds)
    emulator.control.advance(seconds)


async def _rest(world: World, emulator: EmulatorThread) -> None:
    for _ in range(40):
        await world.app.tick()
        await world.drain()
        _pass(world, emulator, 60)
        if await world.at_rest():
            return
    raise AssertionError("not at rest")


@pytest.mark.pain("C15")
@pytest.mark.fault("B03")
@pytest.mark.parametrize(
    ("kind", "form"),
    [("list", "seconds"), ("value", "date"), ("move", "absent"), ("list", "larger than the cap"), ("move", "large")],
)
async def test_b03_a_lane_rests_as_long_as_it_was_told(
    kind: str, form: str, world: World, emulator: EmulatorThread
) -> None:
    answer, seconds = FORMS[form]
    await world.configure(TWO_MAILBOXES)
    emulator.control.create_mailbox(OTHER)
    emulator.control.set_exchange_scope([MAILBOX, OTHER])
    emulator.control.add_faults(
        [
            {
                "match": {"kind": kind, "mailbox": MAILBOX},
                "nth": 1,
                "status": 429,
                "code": "ApplicationThrottled",
                **answer,
            }
        ]
    )
    for number in range(3):
        emulator.control.deliver(MAILBOX, mail(f"Invoice {number}", number=number, pdf=PDF))
        emulator.control.deliver(OTHER, mail(f"Order {number}", number=number + 20, pdf=PDF))
    began = world.clock()
    await world.app.tick()
    await world.drain()

    lane = world.app.services.sources.lane
    company = await world.app.services.companies.get("nordlys")
    assert company is not None
    state = (await world.app.services.lanes.read(lane(company, company.mailboxes[0]))).state
    told = datetime.fromisoformat(state.blocked_until) - began
    assert abs(told.total_seconds() - seconds) <= 2  # an HTTP-date has whole seconds
    assert world.failed == []
    assert set(places(emulator, OTHER).values()) == {"Imported"}

    # not one request comes before the time is over
    before = charged(emulator)
    left = min(seconds, 600)
    while left > 61:
        _pass(world, emulator, 60)
        left -= 60
        await world.app.tick()
        await world.drain()
    assert charged(emulator) == before

    await _rest(world, emulator)
    if seconds != 900:  # of a wait beyond the cap, a quarter of an hour is kept
        assert early(emulator) == []
    assert set(places(emulator).values()) == {"Imported"}
    assert set(moves(emulator).values()) == {1}
    assert [run.stage.value for run in (await runs(world)).values()] == ["announced"] * 6


@pytest.mark.pain("C15")
@pytest.mark.fault("B03")
async def test_b03_what_was_on_its_way_to_the_gate_does_not_go_through_after_a_refusal(
    world: World, emulator: EmulatorThread
) -> None:
    # more workers than slots: those that wait for a slot must not come to the mailbox after it asked for patience
    emulator.control.set_behaviour(early_retry_grace_ms=20)
    emulator.control.set_latency(value=60)
    for number in range(12):
        emulator.control.deliver(MAILBOX, mail(f"Invoice {number}", number=number, pdf=PDF))
    emulator.control.add_faults(
        [{"match": {"kind": "value"}, "nth": 2, "status": 429, "code": "ApplicationThrottled", "retry_after": 120}]
    )
    await world.app.tick()
    await world.drain([Queue.MAILBOX])
    assert early(emulator) == []
    assert charged(emulator)["value"] <= 4
    _pass(world, emulator, 121)
    await _rest(world, emulator)
    assert early(emulator) == []
    assert set(places(emulator).values()) == {"Imported"}


@pytest.mark.pain("C15")
async def test_c15_never_more_than_three_requests_at_once_whatever_the_backlog(
    world: World, emulator: EmulatorThread
) -> None:
    emulator.control.set_latency(value=5, move=5)
    for number in range(12):
        emulator.control.deliver(MAILBOX, mail(f"Invoice {number}", number=number, pdf=PDF))
    await world.until_rest()
    [lane] = [lane for lane in emulator.control.counters()["lanes"] if lane["mailbox"] == MAILBOX]
    assert lane["max_in_flight"] == 3
    assert lane["throttled"] == 0
    assert set(places(emulator).values()) == {"Imported"}
    assert lane["charged"]["value"] == lane["charged"]["move"] == 12


@pytest.mark.fault("B03")
@pytest.mark.parametrize(("kind", "status"), [("list", 503), ("value", 504), ("value", 503), ("move", 504)])
async def test_b03_a_server_that_fails_is_asked_again_later(
    kind: str, status: int, world: World, emulator: EmulatorThread
) -> None:
    emulator.control.deliver(MAILBOX, mail("Invoice", pdf=PDF))
    emulator.control.add_faults([{"match": {"kind": kind}, "nth": 1, "status": status, "code": "UnknownError"}])
    await world.until_rest()
    assert places(emulator) == {"Invoice": "Imported"}
    assert moves(emulator) == {"Invoice": 1}
    assert emulator.control.faults()[0]["fired"] == 1
    assert world.failed == []


@pytest.mark.pain("C1")
@pytest.mark.parametrize("mode", ["after", "drop"])
async def test_a_move_that_took_place_and_was_answered_with_a_failure_is_not_made_again(
    mode: str, world: World, emulator: EmulatorThread
) -> None:
    emulator.control.deliver(MAILBOX, mail("Invoice", pdf=PDF))
    emulator.control.add_faults([{"match": {"kind": "move"}, "nth": 1, "mode": mode, "status": 504}])
    await world.until_rest()
    assert places(emulator) == {"Invoice": "Imported"}
    assert moves(emulator) == {"Invoice": 1}
    [run] = (await runs(world)).values()
    assert (run.stage.value, run.placement, run.folder) == ("announced", "found_there", "Imported")


async def test_a_mailbox_that_never_lets_a_mail_be_moved_ends_with_a_reason(
    world: World, emulator: EmulatorThread
) -> None:
    emulator.control.deliver(MAILBOX, mail("Invoice", pdf=PDF))
    emulator.control.deliver(MAILBOX, mail("Lunch", number=2))
    stuck = emulator.control.dump(MAILBOX)["messages"][0]["immutable_id"]
    emulator.control.add_faults([{"match": {"kind": "move", "message": stuck}, "times": -1, "status": 503}])
    await world.settle(ticks=9, minutes=33)
    found = await runs(world)
    assert (found["Invoice"].stage.value, found["Invoice"].reason) == ("parked", "mailbox_unreachable")
    assert "8 tries" in found["Invoice"].reason_detail
    assert places(emulator) == {"Invoice": "", "Lunch": "Follow up"}

    emulator.control.clear_faults()
    await world.app.again.message(found["Invoice"].message)
    await world.until_rest()
    assert places(emulator) == {"Invoice": "Imported", "Lunch": "Follow up"}
    assert moves(emulator)["Invoice"] == 1
