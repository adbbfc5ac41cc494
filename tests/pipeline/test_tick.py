"""The tick over many mailboxes: what it asks of storage, two at once, and running out of time."""

from __future__ import annotations

import asyncio
import dataclasses
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from shared.configuration.yaml_file import companies
from shared.effect import Moment, observe
from shared.model.config import IMAP_KINDS, ConnectionKind
from shared.model.task import ImapTask, MailboxTask, Queue
from shared.pipeline.ending import mailbox_task
from shared.pipeline.tick import Rechecks, Tick
from shared.stores.lanes import LaneState
from tests.flow.world import World

MAILBOXES = 40
MANY = (
    """
companies:
  - id: many
    name: Many
    mailboxes:
"""
    + "".join(
        f"""
      - {{id: m{number}, address: m{number}@nordlys.example, folders: {{imported: Imported, other: Other}}, schedule: "*/15 * * * *"}}"""
        for number in range(MAILBOXES)
    )
    + """
    series:
      - {id: documents, default: true}
"""
)


@contextmanager
def effects() -> Iterator[Counter[str]]:
    """What is written meanwhile, by the name of the effect."""
    counts: Counter[str] = Counter()

    def note(name: str, moment: Moment) -> None:
        if moment is Moment.BEFORE:
            counts[name] += 1

    end = observe(note)
    try:
        yield counts
    finally:
        end()


async def tasks(world: World, queue: Queue = Queue.MAILBOX) -> list[MailboxTask]:
    found: list[MailboxTask] = []
    while batch := await world.take(queue):
        for body, delete in batch:
            found.append(MailboxTask.decode(body))
            await delete()
    return found


async def listed(world: World) -> None:
    """As if every mailbox had just been listed."""
    for stored in await world.app.services.lanes.every():
        [(company, mailbox, _)] = [wish.split("/") for wish in stored.state.wanted]
        state = LaneState(cursors={f"listed/{company}/{mailbox}": world.clock().isoformat(timespec="milliseconds")})
        await world.app.services.lanes.write("test", stored, state)


@pytest.fixture
async def many(world: World) -> World:
    """Forty mailboxes beside the one of the world, all of them listed just now."""
    await world.configure(MANY)
    await world.app.tick()
    assert len(await tasks(world)) == MAILBOXES + 1
    await listed(world)
    return world


async def test_a_mailbox_that_is_due_costs_one_write_and_one_task(many: World) -> None:
    many.clock.advance(minutes=15)
    with effects() as counts:
        await many.app.tick()

    assert counts["table.lane.want"] == MAILBOXES + 1
    assert counts["queue.mailbox"] == MAILBOXES + 1
    assert counts.total() == 2 * (MAILBOXES + 1), counts


async def test_mailboxes_that_are_not_due_cost_nothing(many: World) -> None:
    with effects() as counts:
        await many.app.tick()

    assert counts.total() == 0


@pytest.mark.pain("C40")
async def test_two_ticks_at_once_put_one_task_for_each_mailbox(many: World, second: World) -> None:
    await second.app.services.companies.every()
    many.clock.advance(minutes=15)
    await asyncio.gather(many.app.tick(), second.app.tick())

    names = [task.mailbox for task in await tasks(many)]
    assert len(names) == len(set(names)) == MAILBOXES + 1


async def test_what_was_left_when_time_ran_out_is_done_by_the_next_tick(many: World) -> None:
    many.clock.advance(minutes=15)
    short = dataclasses.replace(many.app.services, use_case_seconds=0.0)
    await Tick(short, many.app.announcer)()
    assert len(await tasks(many)) == 0

    await many.app.tick()
    assert len(await tasks(many)) == MAILBOXES + 1


async def test_a_changed_configuration_holds_from_the_next_tick_on(many: World, second: World) -> None:
    await second.app.services.companies.every()
    fewer = MANY.replace("id: m0, address", "active: false, id: m0, address")
    await many.configure(fewer)
    many.clock.advance(minutes=15)
    await second.app.tick()

    assert "m0" not in {task.mailbox for task in await tasks(many)}


async def test_silence_is_counted_from_when_a_paused_mailbox_was_asked_for_again(many: World) -> None:
    many.clock.advance(hours=5)
    await many.app.tick()
    assert (await many.app.alert_list()).open == ()

    many.clock.advance(minutes=59)
    await many.app.tick()
    assert (await many.app.alert_list()).open == ()
    many.clock.advance(minutes=2)
    await many.app.tick()
    alerts = (await many.app.alert_list()).open
    assert {(one.kind, one.company, one.mailbox, one.affected) for one in alerts} == {
        ("mailbox_silent", "many", "", MAILBOXES),
        ("mailbox_silent", "nordlys", "invoices", 1),
    }


@pytest.mark.parametrize("kind", list(ConnectionKind))
async def test_what_is_read_by_imap_has_a_queue_of_its_own(world: World, kind: ConnectionKind) -> None:
    company = await world.app.services.companies.get("nordlys")
    assert company is not None
    mailbox = company.mailboxes[0].model_copy(update={"connection": kind})

    task = mailbox_task(company, mailbox, listing=False)

    assert task.queue is (Queue.IMAP if kind in IMAP_KINDS else Queue.MAILBOX)
    assert isinstance(task, ImapTask) == (kind in IMAP_KINDS)
    assert (task.company, task.mailbox, task.list) == ("nordlys", "invoices", False)


async def test_connections_whose_time_has_come_are_looked_at_and_one_that_fails_keeps_no_other(world: World) -> None:
    from shared.errors import NetworkFailure
    from shared.model.connection import Connection

    def connection(name: str) -> Connection:
        kind = ConnectionKind.GRAPH_APP
        return Connection(company="nordlys", mailbox=name, kind=kind, since=world.clock() - timedelta(hours=1))

    looked: list[str] = []

    async def due(now: object) -> list[Connection]:
        return [connection("one"), connection("two")]

    async def check(company: str, mailbox: str) -> None:
        looked.append(f"{company}/{mailbox}")
        if mailbox == "one":
            raise NetworkFailure("no answer")

    await Tick(world.app.services, world.app.announcer, rechecks=Rechecks(due, check))()
    assert sorted(looked) == ["nordlys/one", "nordlys/two"]


async def test_a_company_that_did_not_change_is_not_read_again(many: World) -> None:
    reads: list[str] = []
    read = many.app.configuration.company

    async def counted(company: str) -> object:
        reads.append(company)
        return await read(company)

    many.app.configuration.company = counted  # type: ignore[method-assign, assignment]
    for _ in range(3):
        await many.app.tick()
    assert reads == []

    await many.app.configure.apply(companies(MANY.replace("name: Many", "name: More")))
    reads.clear()
    await many.app.tick()
    assert reads == ["many"]
