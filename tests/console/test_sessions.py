"""Sessions: how long they hold, and that they end here and not in the browser."""

from __future__ import annotations

import asyncio

import pytest

from shared.model.person import Role
from shared.stores.layout import TableName
from shared.stores.sessions import ABSOLUTE, IDLE
from shared.stores.tables import Table
from tests.console.conftest import person
from tests.flow.world import World


async def test_it_holds_while_it_is_used(world: World) -> None:
    sessions, clock = world.app.sessions, world.clock
    given = await sessions.begin(person(Role.READER), clock())

    for _ in range(3):
        clock.advance(hours=7, minutes=30)
        found = await sessions.find(given, clock())
        assert found is not None
        assert found.person == person(Role.READER)

    clock.advance(hours=1, minutes=30)
    assert await sessions.find(given, clock()) is None, "24 hours are over"


async def test_it_ends_when_nobody_uses_it(world: World) -> None:
    given = await world.app.sessions.begin(person(Role.READER), world.clock())
    world.clock.now += IDLE

    assert await world.app.sessions.find(given, world.clock()) is None
    assert await rows(world) == [], "what ended is deleted"


async def test_what_the_table_holds_opens_nothing(world: World) -> None:
    given = await world.app.sessions.begin(person(Role.READER), world.clock())

    for row in await rows(world):
        assert given not in str(row)
        assert await world.app.sessions.find(row.partition.partition("|")[2], world.clock()) is None
        assert await world.app.sessions.find(row.key, world.clock()) is None


@pytest.mark.parametrize("given", ["", "x", "ü" * 43, "a" * 43, "a" * 5000])
async def test_an_id_that_is_none(given: str, world: World) -> None:
    assert await world.app.sessions.find(given, world.clock()) is None
    await world.app.sessions.end(given)


async def test_all_of_a_person_end_at_once(world: World) -> None:
    sessions, now = world.app.sessions, world.clock()
    mine = [await sessions.begin(person(Role.READER), now) for _ in range(3)]
    other = await sessions.begin(person(Role.READER, number=1), now)

    assert await sessions.end_all(person(Role.READER).key) == 3

    assert [await sessions.find(one, now) for one in mine] == [None, None, None]
    assert await sessions.find(other, now) is not None


async def test_a_use_that_is_noted_does_not_bring_back_what_was_ended(world: World) -> None:
    sessions = world.app.sessions
    given = await sessions.begin(person(Role.READER), world.clock())
    world.clock.advance(minutes=10)

    await asyncio.gather(*(sessions.find(given, world.clock()) for _ in range(5)), sessions.end(given))

    assert await sessions.find(given, world.clock()) is None


async def test_old_rows_are_deleted(world: World) -> None:
    sessions = world.app.sessions
    await sessions.begin(person(Role.READER), world.clock())
    world.clock.now += ABSOLUTE
    kept = await sessions.begin(person(Role.READER, number=1), world.clock())
    world.clock.advance(minutes=1)

    assert await sessions.purge(world.clock()) == 2

    assert await sessions.find(kept, world.clock()) is not None
    assert await sessions.purge(world.clock()) == 0


async def rows(world: World):  # type: ignore[no-untyped-def]
    table = Table(world.settings.data_storage, lambda: None, TableName.SESSIONS)
    try:
        return await table.query("PartitionKey ne @p", {"p": ""})
    finally:
        await table.aclose()
