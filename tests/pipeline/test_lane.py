"""Two workers and one lane, over a real table: one owner, no lost wish, no cursor that goes backwards."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.errors import LeaseLost
from shared.model.base import stamp
from shared.pipeline.lane import UNCLEAN, LaneHold
from shared.stores.lanes import LaneState
from tests.flow.world import World

LANE = "lane-of-a-test"
LIST = frozenset({"nordlys/invoices/list"})
WORK = frozenset({"nordlys/invoices/work"})
SERVING = LIST | WORK


async def _take(world: World) -> tuple[LaneHold, frozenset[str]] | None:
    return await LaneHold.take(world.app.services.lanes, LANE, world.clock, SERVING)


def _same(state: LaneState) -> LaneState:
    return state


@pytest.mark.pain("C40")
@pytest.mark.fault("A08")
@pytest.mark.parametrize("known", [False, True], ids=["a new lane", "a known lane"])
async def test_of_many_takers_one_has_it(known: bool, world: World, second: World) -> None:
    if known:
        await world.app.services.lanes.want(LANE, LIST, world.clock())
    taken = await asyncio.gather(*(_take(one) for one in (world, second) * 4))
    holds = [found for found in taken if found is not None]
    assert len(holds) == 1
    hold, wanted = holds[0]
    assert wanted == (LIST if known else frozenset())
    stored = (await world.app.services.lanes.read(LANE)).state
    assert (stored.owner, stored.epoch, stored.wanted) == (hold.state.owner, 1, frozenset())


async def test_given_back_in_order_it_can_be_taken_at_once_and_is_clean(world: World, second: World) -> None:
    first = await _take(world)
    assert first is not None
    assert await _take(second) is None
    assert await first[0].give_back(SERVING, _same, even_if_asked=False) == frozenset()
    later = await _take(second)
    assert later is not None
    assert (later[0].unclean, later[0].state.epoch) == (False, 2)


async def test_a_wish_of_the_last_moment_keeps_the_holder_at_work(world: World, second: World) -> None:
    taken = await _take(world)
    assert taken is not None
    hold, _ = taken
    put = await second.app.services.lanes.want(LANE, LIST, world.clock())
    assert put is False  # the holder will see to it
    assert await hold.give_back(SERVING, _same, even_if_asked=False) == LIST
    hold.ensure()
    assert (await world.app.services.lanes.read(LANE)).state.wanted == frozenset()
    assert await hold.give_back(SERVING, _same, even_if_asked=False) == frozenset()


async def test_given_back_all_the_same_the_wish_stays_in_the_row(world: World, second: World) -> None:
    taken = await _take(world)
    assert taken is not None
    await second.app.services.lanes.want(LANE, WORK, world.clock())
    assert await taken[0].give_back(SERVING, _same, even_if_asked=True) == frozenset()
    later = await _take(second)
    assert later is not None
    assert later[1] == WORK


async def test_no_wish_is_lost_whenever_it_comes(world: World, second: World) -> None:
    # wishes and a giving back at once: the holder goes on, or whoever wished has to put a task
    for _ in range(6):
        taken = await _take(world)
        assert taken is not None
        hold, _ = taken
        again, put = await asyncio.gather(
            hold.give_back(SERVING, _same, even_if_asked=False),
            second.app.services.lanes.want(LANE, LIST, world.clock()),
        )
        assert (again == LIST) is not put, "nobody serves the wish, or two do"
        if again:
            await hold.give_back(SERVING, _same, even_if_asked=False)
        else:
            later = await _take(second)
            assert later is not None
            assert later[1] == LIST
            await later[0].give_back(SERVING, _same, even_if_asked=False)


async def test_wishes_of_another_mailbox_of_the_lane_are_left_to_it(world: World, second: World) -> None:
    other = frozenset({"suedwind/invoices/list"})
    await second.app.services.lanes.want(LANE, LIST | other, world.clock())
    taken = await _take(world)
    assert taken is not None
    assert taken[1] == LIST
    assert await taken[0].give_back(SERVING, _same, even_if_asked=False) == frozenset()
    state = (await world.app.services.lanes.read(LANE)).state
    assert (state.wanted, state.owner) == (other, "")
    assert state.wanted_at != ""


async def test_asking_twice_asks_once(world: World) -> None:
    lanes = world.app.services.lanes
    assert await lanes.want(LANE, LIST, world.clock()) is True
    first = (await lanes.read(LANE)).state.wanted_at
    world.clock.advance(seconds=30)
    assert await lanes.want(LANE, LIST, world.clock()) is False
    assert await lanes.want(LANE, WORK, world.clock()) is True
    assert (await lanes.read(LANE)).state.wanted_at == first  # of the oldest


async def test_a_blocked_lane_is_not_taken_until_the_time_is_over(world: World) -> None:
    taken = await _take(world)
    assert taken is not None
    until = stamp(world.clock() + timedelta(seconds=120))
    await taken[0].give_back(
        SERVING, lambda state: replace(state, blocked_until=until), even_if_asked=True, unclean=True
    )
    world.clock.advance(seconds=119)
    assert await _take(world) is None
    world.clock.advance(seconds=1)
    later = await _take(world)
    assert later is not None
    assert later[0].unclean


async def test_a_holder_that_died_leaves_doubt_and_the_dead_one_can_write_no_more(world: World, second: World) -> None:
    taken = await _take(world)
    assert taken is not None
    dead, _ = taken
    await dead.update("cursor", lambda state: replace(state, cursors={"listed": 1}))
    world.clock.advance(seconds=61)
    later = await _take(second)
    assert later is not None
    newer, _ = later
    assert newer.unclean
    await newer.update("cursor", lambda state: replace(state, cursors={"listed": 2}))
    with pytest.raises(LeaseLost):
        await dead.update("cursor", lambda state: replace(state, cursors={"listed": 1}))
    with pytest.raises(LeaseLost):
        dead.ensure()
    assert (await world.app.services.lanes.read(LANE)).state.cursors == {"listed": 2}


async def test_unclean_stays_until_somebody_looked(world: World, second: World) -> None:
    for expected in (False, True, False):
        taken = await _take(second)
        assert taken is not None
        assert taken[0].unclean is expected
        await taken[0].give_back(SERVING, _same, even_if_asked=True, unclean=not expected)
    state = (await world.app.services.lanes.read(LANE)).state
    assert state.owner == UNCLEAN
    assert not state.held(world.clock())


async def test_long_cursors_of_several_mailboxes_fit_into_one_lane(world: World) -> None:
    """A link of Microsoft Graph may have 8 Ki characters, of which a mailbox keeps two, and companies share the lane."""
    lanes = world.app.services.lanes
    cursors = {f"added/company-{number}/box": {"cursor": "c" * 8192, "page": "p" * 8192} for number in range(6)}
    await lanes.want(LANE, LIST, world.clock(), cursors=cursors)
    assert (await lanes.read(LANE)).state.cursors == cursors
    assert [stored.state.cursors for stored in await lanes.every() if stored.lane == LANE] == [cursors]
    stored = await lanes.read(LANE)
    await lanes.write("shorter", stored, replace(stored.state, cursors={"budget": 1}))
    assert (await lanes.read(LANE)).state.cursors == {"budget": 1}
