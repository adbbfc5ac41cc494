"""Several workers at once: the same task twice, a task that outlives its invisibility, two timers, a lane that is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from emulator.server import EmulatorThread
from shared.effect import Moment, observe
from shared.model.config import Company, Mailbox
from shared.model.task import ActTask, ClassifyTask, DeliverTask, MailboxTask, Queue
from shared.pipeline.advance import Advance
from shared.pipeline.announce import Announcer
from shared.pipeline.deliver import Deliver
from shared.pipeline.lane import LaneHold
from shared.pipeline.mailbox import WorkMailbox
from shared.sources.base import MailSource
from tests.flow.mails import PDF, mail
from tests.flow.seeing import charged, documents, events, moves, places, runs
from tests.flow.world import MAILBOX, World

TASK = MailboxTask(company="nordlys", mailbox="invoices")


class HeldSource:
    """A source whose fetches and moves wait, when they have begun, until the test lets them go."""

    def __init__(self, inner: MailSource, begun: asyncio.Event, go: asyncio.Event) -> None:
        self._inner = inner
        self._begun = begun
        self._go = go

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    @asynccontextmanager
    async def fetch(self, provider_id: str) -> AsyncIterator[AsyncIterator[bytes]]:
        async with self._inner.fetch(provider_id) as chunks:
            self._begun.set()
            await self._go.wait()
            yield chunks

    async def move(self, provider_id: str, folder: Any) -> str:
        moved = await self._inner.move(provider_id, folder)
        self._begun.set()
        await self._go.wait()
        return moved


class _Held:
    """Something of which one method waits, once what it does is done, until the test lets it go."""

    def __init__(self, inner: Any, method: str) -> None:
        self._inner = inner
        self._method = method
        self.begun, self.go = asyncio.Event(), asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name != self._method:
            return found
        return self._chunks if name == "read" else self._answer

    async def _chunks(self, *arguments: Any) -> AsyncIterator[bytes]:
        async for chunk in self._inner.read(*arguments):
            self.begun.set()
            await self.go.wait()
            yield chunk

    async def _answer(self, *arguments: Any, **named: Any) -> Any:
        answer = await getattr(self._inner, self._method)(*arguments, **named)
        self.begun.set()
        await self.go.wait()
        return answer


async def _when_visible(world: World, queue: Queue) -> list[Any]:
    """Messages of the queue, as soon as there are any."""
    async with asyncio.timeout(30):
        while not (found := await world.take(queue)):  # noqa: ASYNC110 - it is Azurite that lets time pass
            await asyncio.sleep(0.05)
    return found


def _held(world: World) -> tuple[WorkMailbox, asyncio.Event, asyncio.Event]:
    """The use case of a worker whose calls to the mailbox hang until `go`."""
    begun, go = asyncio.Event(), asyncio.Event()
    services = world.app.services

    def open_source(company: Company, mailbox: Mailbox) -> MailSource:
        return HeldSource(services.sources.open(company, mailbox), begun, go)  # type: ignore[return-value]

    held = replace(services, sources=replace(services.sources, open=open_source))
    return WorkMailbox(held, Announcer(held), world.app.upkeep), begun, go


@pytest.mark.fault("A02")
@pytest.mark.parametrize("queue", [Queue.MAILBOX, Queue.CLASSIFY, Queue.ACT, Queue.DELIVER])
async def test_a02_the_same_task_twice_at_once_has_one_set_of_effects(
    queue: Queue, world: World, second: World, emulator: EmulatorThread
) -> None:
    emulator.control.deliver(MAILBOX, mail("Purchase order for relatienr 000123", pdf=PDF))
    while queue is not Queue.MAILBOX:
        await world.app.tick()
        others = [Queue.MAILBOX] if queue in (Queue.CLASSIFY, Queue.ACT) else [Queue.MAILBOX, Queue.CLASSIFY, Queue.ACT]
        await world.drain(others)
        break
    task: Any = TASK
    if queue is not Queue.MAILBOX:
        [run] = (await runs(world)).values()
        task = {
            Queue.CLASSIFY: ClassifyTask(message=run.message),
            Queue.ACT: ActTask(message=run.message),
            Queue.DELIVER: DeliverTask(company="nordlys", subscriber="ledger", subject=run.message),
        }[queue]

    await asyncio.gather(*(one.handlers()[queue](task) for one in (world, second, world, second)))

    await world.until_rest()
    assert places(emulator) == {"Purchase order for relatienr 000123": "Orders"}
    assert list(moves(emulator).values()) == [1]
    assert charged(emulator)["value"] == 1
    assert [document.number for document in await documents(world)] == ["D-00001"]
    assert [run.stage.value for run in (await runs(world)).values()] == ["announced"]
    types = sorted(event["type"] for event in events(emulator))
    assert types == [
        "postrum.document.created",
        "postrum.message.filed",
        "postrum.message.linked",
        "postrum.rule.matched",
    ]


@pytest.mark.fault("A03")
async def test_a03_a_decision_that_outlives_its_invisibility_is_made_once(
    world: World, second: World, emulator: EmulatorThread
) -> None:
    emulator.control.deliver(MAILBOX, mail("Invoice", pdf=PDF))
    await world.app.tick()
    await world.drain([Queue.MAILBOX])
    held = _Held(world.app.services.archive, "read")
    services = replace(world.app.services, archive=held)  # type: ignore[arg-type]
    [(body, _)] = await world.take(Queue.CLASSIFY, invisible=1)
    first = asyncio.create_task(Advance(services, Announcer(services))(ClassifyTask.decode(body)))
    async with asyncio.timeout(30):
        await held.begun.wait()

    [(again, delete)] = await _when_visible(second, Queue.CLASSIFY)
    await second.app.advance(ClassifyTask.decode(again))
    await delete()
    held.go.set()
    await first

    await world.until_rest()
    assert [document.number for document in await documents(world)] == ["D-00001"]
    assert places(emulator) == {"Invoice": "Imported"}
    assert list(moves(emulator).values()) == [1]
    assert len(events(emulator)) == 2
    [run] = (await runs(world)).values()
    assert (run.generation, run.attempts) == (1, 0)


@pytest.mark.fault("A03")
async def test_a03_a_delivery_that_outlives_its_invisibility_keeps_its_ids(
    world: World, second: World, emulator: EmulatorThread
) -> None:
    emulator.control.deliver(MAILBOX, mail("Lunch"))
    await world.app.tick()
    await world.drain([Queue.MAILBOX, Queue.CLASSIFY, Queue.MAILBOX])
    [run] = (await runs(world)).values()
    assert run.stage.value == "announced"
    held = _Held(world.app.sender, "post")
    [(body, _)] = await world.take(Queue.DELIVER, invisible=1)
    deliver = Deliver(world.app.services, held, world.app.secrets, lambda: 0.5)  # type: ignore[arg-type]
    first = asyncio.create_task(deliver(DeliverTask.decode(body)))
    async with asyncio.timeout(30):
        await held.begun.wait()  # it is sent, and not yet written down

    [(again, delete)] = await _when_visible(second, Queue.DELIVER)
    await second.app.deliver(DeliverTask.decode(again))
    await delete()
    held.go.set()
    await first

    await world.until_rest()
    ids = [
        value for record in emulator.control.sink("ledger") for name, value in record["headers"] if name == "webhook-id"
    ]
    assert (len(ids), len(set(ids))) == (2, 1)  # at least once, always with the same id
    assert await world.app.services.deliveries.waiting() == []


@pytest.mark.fault("A03")
async def test_a03_two_deliveries_of_one_subject_at_once_send_each_event_with_one_id(
    world: World, second: World, emulator: EmulatorThread
) -> None:
    emulator.control.deliver(MAILBOX, mail("Invoice for relatienr 000123", pdf=PDF))
    emulator.control.program_sink("ledger", statuses=[200], delay_ms=60)
    await world.app.tick()
    await world.drain([Queue.MAILBOX, Queue.CLASSIFY])
    [run] = (await runs(world)).values()
    task = DeliverTask(company="nordlys", subscriber="ledger", subject=run.message)
    await asyncio.gather(*(one.app.deliver(task) for one in (world, second)))
    await world.until_rest()
    # at least once, always with the same id and the same bytes
    bodies: dict[str, set[str]] = {}
    for record in emulator.control.sink("ledger"):
        identifier = next(value for name, value in record["headers"] if name == "webhook-id")
        bodies.setdefault(identifier, set()).add(record["text"])
    assert len(bodies) == 3
    assert all(len(texts) == 1 for texts in bodies.values())
    assert await world.app.services.deliveries.waiting() == []


@pytest.mark.pain("C40")
@pytest.mark.fault("A08")
async def test_a08_two_timers_and_many_workers_come_to_the_same_end(
    world: World, second: World, emulator: EmulatorThread
) -> None:
    for number in range(6):
        emulator.control.deliver(MAILBOX, mail(f"Invoice {number}", number=number, pdf=PDF))
    holders: list[int] = []
    held = 0

    def count(name: str, moment: Moment) -> None:
        nonlocal held
        if moment is Moment.AFTER and name in ("table.lane.take", "table.lane.give_back"):
            held += 1 if name.endswith("take") else -1
            holders.append(held)

    stop = observe(count)
    try:
        for _ in range(3):
            await asyncio.gather(world.app.tick(), second.app.tick())
            await asyncio.gather(*(one.app.work_mailbox(TASK) for one in (world, second, world, second)))
            await asyncio.gather(world.drain(), second.drain())
            world.clock.advance(minutes=1)
        await world.until_rest()
    finally:
        stop()
    assert max(holders) == 1
    assert charged(emulator)["value"] == charged(emulator)["move"] == 6
    assert [document.number for document in await documents(world)] == [f"D-{number:05d}" for number in range(1, 7)]
    assert set(places(emulator).values()) == {"Imported"}
    assert len(events(emulator)) == 12


@pytest.mark.fault("A08")
@pytest.mark.parametrize("call", ["fetch", "move"])
async def test_a_holder_that_lost_its_lane_in_mid_work_writes_nothing_more(
    call: str, world: World, second: World, emulator: EmulatorThread
) -> None:
    emulator.control.deliver(MAILBOX, mail("Invoice", pdf=PDF))
    if call == "move":
        await world.app.tick()
        await world.drain([Queue.MAILBOX])
        await world.drain([Queue.CLASSIFY])
    work, begun, go = _held(world)
    old = asyncio.create_task(work(TASK))
    async with asyncio.timeout(30):
        await begun.wait()
    world.clock.advance(seconds=61)  # its lease is over, and its renewal did not come through

    await second.app.work_mailbox(TASK)
    [lane] = await second.app.services.lanes.every()
    assert (lane.state.owner, lane.state.epoch) == ("", 2 if call == "fetch" else 3)
    assert charged(emulator)[{"fetch": "value", "move": "move"}[call]] == {"fetch": 2, "move": 1}[call]

    written: list[str] = []
    stop = observe(lambda name, moment: written.append(name))
    try:
        go.set()
        await old
    finally:
        stop()
    assert written == []
    assert (await second.app.services.lanes.every())[0].state == lane.state

    await world.until_rest()
    [run] = (await runs(world)).values()
    assert run.placement == {"fetch": "moved", "move": "found_there"}[call]
    assert places(emulator) == {"Invoice": "Imported"}
    assert list(moves(emulator).values()) == [1]


async def test_a_holder_that_was_taken_over_learns_it_at_its_next_write(world: World, second: World) -> None:
    services = world.app.services
    first = await _take(world, "lane-a")
    world.clock.advance(seconds=61)
    newer = await _take(second, "lane-a")
    assert newer.unclean
    for change in (first.renew, lambda: first.give_back(frozenset(), lambda state: state, even_if_asked=True)):
        with pytest.raises(Exception, match="another worker took the lane"):
            await change()
    newer.ensure()
    assert (await services.lanes.read("lane-a")).state.owner == newer.state.owner


async def test_a_renewed_lease_is_kept_by_its_holder(world: World, second: World) -> None:
    first = await _take(world, "lane-b")
    for _ in range(3):
        world.clock.advance(seconds=40)
        await first.renew()
        first.ensure()
        taken = await LaneHold.take(second.app.services.lanes, "lane-b", second.clock, frozenset())
        assert taken is None
    world.clock.advance(seconds=56)
    with pytest.raises(Exception, match="no longer held"):
        first.ensure()


async def test_a_crash_in_the_middle_is_repaired_by_the_tick_within_three_minutes(
    world: World, second: World, emulator: EmulatorThread
) -> None:
    emulator.control.deliver(MAILBOX, mail("Invoice", pdf=PDF))
    work, begun, _ = _held(world)
    dead = asyncio.create_task(work(TASK))
    async with asyncio.timeout(30):
        await begun.wait()
    dead.cancel()  # as if the process had ended: the lane is not given back
    await asyncio.gather(dead, return_exceptions=True)
    began = world.clock()
    while places(emulator) != {"Invoice": "Imported"}:
        world.clock.advance(minutes=1)
        await second.app.tick()
        await second.drain()
        assert world.clock() - began <= timedelta(minutes=3)
    assert list(moves(emulator).values()) == [1]


async def _take(world: World, lane: str) -> LaneHold:
    taken = await LaneHold.take(world.app.services.lanes, lane, world.clock, frozenset())
    assert taken is not None
    return taken[0]


async def test_a_delivery_whose_time_is_up_is_put_again(world: World, emulator: EmulatorThread) -> None:
    emulator.control.deliver(MAILBOX, mail("Lunch"))
    await world.app.tick()
    await world.drain([Queue.MAILBOX, Queue.CLASSIFY, Queue.ACT])
    [(body, delete)] = await world.take(Queue.DELIVER)
    services = replace(world.app.services, use_case_seconds=-1.0)
    await Deliver(services, world.app.sender, world.app.secrets, lambda: 0.5)(DeliverTask.decode(body))
    await delete()
    assert events(emulator) == []
    await world.drain([Queue.DELIVER])
    assert len(events(emulator)) == 1
