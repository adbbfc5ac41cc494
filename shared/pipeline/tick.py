"""Use case: once a minute, see what is due, what stood still, and what the host gave up.

Everything here may run twice at once or be cut off anywhere: it only puts tasks, and tasks may be put any number of times.

What a minute costs is one read of all lanes in pages of a thousand, a few reads of what may be due, and for each mailbox that is
due a write to its lane and a task.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from time import monotonic

from shared.errors import InvalidTask, PostrumError
from shared.model.base import stamp
from shared.model.config import Company, Mailbox
from shared.model.connection import Connection
from shared.model.run import Stage
from shared.model.task import TASKS, ActTask, ClassifyTask, DeliverTask, Queue, Task
from shared.pipeline.announce import Announcer
from shared.pipeline.due_mailboxes import DueMailbox, due_mailboxes
from shared.pipeline.ending import Ending, awaits_placement, mailbox_task
from shared.pipeline.nightly import Nightly
from shared.pipeline.parking import park
from shared.pipeline.removed import end_removed
from shared.pipeline.services import GRACE, Services
from shared.pipeline.together import each
from shared.pipeline.watch import WatchHealth
from shared.stores.due import DueTask
from shared.stores.lanes import LaneState, StoredLane
from shared.stores.open_messages import OpenMessage
from shared.stores.queues import PoisonMessage
from shared.telemetry import event, problem
from shared.webhooks.breaker import Breaker
from shared.webhooks.deliver import Delivery

LONGEST_WAIT = timedelta(minutes=32)
GIVEN_UP_AGAIN = timedelta(hours=1)
SPARED_LEAST = timedelta(minutes=5)
"""A note that a subscriber does not answer is kept so long even where its health says nothing of it yet."""


@dataclass(frozen=True, slots=True)
class Rechecks:
    """Connections that are looked at again by themselves: a grant was on its way, or a request waited for approval.

    Attributes:
        due: which.
        check: looks at one, by company and mailbox, and notes what it found.
    """

    due: Callable[[datetime], Awaitable[Sequence[Connection]]]
    check: Callable[[str, str], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Tick:
    """The heart beat.

    Attributes:
        services: the stores.
        announcer: tells subscribers.
        watch: raises and clears alerts.
        nightly: what is done once a day.
        rechecks: of connections.
    """

    services: Services
    announcer: Announcer
    watch: WatchHealth | None = None
    nightly: Nightly | None = None
    rechecks: Rechecks | None = None

    async def __call__(self) -> None:
        """Look after everything once. One part that fails does not keep the others from their turn.

        Nothing is begun after the time of a use case is over; what is left is due in the next minute.
        """
        beat = _Beat(self, self.services.clock(), monotonic() + self.services.use_case_seconds)
        failure: PostrumError | None = None
        for part in (
            beat.due_rows,
            beat.mailboxes,
            beat.standing_still,
            beat.probes,
            beat.poison,
            beat.health,
            beat.connections,
            beat.once_a_day,
        ):
            try:
                await part()
            except PostrumError as error:
                problem("tick_part_failed", error, part=part.__name__, code=error.code)
                failure = failure or error
        if failure is not None:
            raise failure
        event("tick_done", mailboxes=beat.due, left=beat.left)


class _Beat:
    """One tick."""

    def __init__(self, tick: Tick, now: datetime, stop_at: float) -> None:
        self.services = tick.services
        self.announcer = tick.announcer
        self.now = now
        self.due = 0
        """Mailboxes that something was done for."""
        self.left = False
        """Time ran out before all of them had their turn."""
        self._tick = tick
        self._stop_at = stop_at
        self._companies: list[Company] = []
        self._lanes: dict[str, StoredLane] | None = None
        self._names: dict[tuple[str, str], str] = {}

    async def due_rows(self) -> None:
        async def put(due: DueTask) -> None:
            await self.services.queues.put(due.task)
            await self.services.due.done(due)

        await each(await self.services.due.until(self.now), put, stop_at=self._stop_at)

    async def mailboxes(self) -> None:
        lanes = {stored.lane: stored for stored in await self.services.lanes.every()}
        self._companies = await self.services.companies.every()
        self._lanes = lanes
        found = due_mailboxes(self._companies, lanes, self._lane_of, self.now)
        self.due = sum(len(group) for group in found)
        for due in [due for group in found for due in group if due.lane is not None and due.starts]:
            # What is written below, so that nobody is told of a silence that begins now.
            state = lanes[due.name].state
            cursors = state.cursors | due.starting(self.now)
            lanes[due.name] = replace(lanes[due.name], state=replace(state, cursors=cursors))
        self.left = not await each(found, self._wake, stop_at=self._stop_at)

    def _lane_of(self, company: Company, mailbox: Mailbox) -> str:
        """Name of a lane, made once a tick: it is a hash, and there are many."""
        key = (company.id, mailbox.id)
        name = self._names.get(key)
        if name is None:
            name = self._names[key] = self.services.sources.lane(company, mailbox)
        return name

    async def _wake(self, group: Sequence[DueMailbox]) -> None:
        """Wake the mailboxes of one lane, one after the other."""
        known = group[0].lane
        for due in group:
            task = mailbox_task(due.company, due.mailbox)
            if due.asked_before:
                await self.services.queues.put(task)
                continue
            if await self.services.lanes.want(
                due.name, frozenset({due.wish}), self.now, known=known, cursors=due.starting(self.now)
            ):
                await self.services.queues.put(task)
            known = None  # it was written

    async def standing_still(self) -> None:
        for item in await self.services.open.overdue(self.now):
            if monotonic() > self._stop_at:
                return
            later = self.now + min(GRACE * 2**item.tries, LONGEST_WAIT)
            await self._nudge(item)
            # What waits for the mailbox counts the tries that failed there, and nothing else.
            tries = item.tries if item.work else item.tries + 1
            await self.services.open.postpone(item, later, tries=tries)

    async def _nudge(self, item: OpenMessage) -> None:
        stored = await self.services.messages.run(item.message)
        company = await self.services.companies.get(item.company)
        mailbox = None if company is None else company.mailbox(item.mailbox)
        if mailbox is None:
            company = await self.services.companies.fresh(item.company)  # it may have been added a moment ago
            mailbox = None if company is None else company.mailbox(item.mailbox)
        if mailbox is None:
            await end_removed(self.services, Ending(self.services, self.announcer), item, stored)
            return
        event("message_stood_still", message=item.message, stage=stored.run.stage.value if stored else "unknown")
        if stored is None or stored.run.stage is Stage.FOUND:
            if company is not None and mailbox is not None:
                await Ending(self.services, self.announcer).wake(company, mailbox, listing=True)
            return
        if item.work is not None and awaits_placement(stored.run) and company is not None and mailbox is not None:
            await Ending(self.services, self.announcer).wake(company, mailbox, listing=False)
            return
        await self.services.queues.put(ActTask(message=item.message, generation=stored.run.generation))

    async def probes(self) -> None:
        """A subscriber that does not answer gets one attempt a minute: with the event that has waited longest."""
        for company, subscriber, at in await self.services.deliveries.spared():
            standing = await self.services.deliveries.standing(company, subscriber)
            breaker = Breaker.model_validate_json(standing.health) if standing.health else Breaker()
            if not breaker.open and at < stamp(self.now - SPARED_LEAST):
                await self.services.deliveries.spare_no_more(company, subscriber)
            if not breaker.probe_due(self.now):
                continue
            waiting = await self.services.deliveries.waiting_data(company, subscriber)
            ages = [(Delivery.model_validate_json(data).created_at, subject) for subject, data in waiting]
            if ages:
                task = DeliverTask(company=company, subscriber=subscriber, subject=min(ages)[1])
                await self.services.queues.put(task)

    async def poison(self) -> None:
        for queue in Queue:
            for message in await self.services.queues.poison(queue):
                await self._given_up(message)

    async def health(self) -> None:
        if self._tick.watch is not None and self._lanes is not None:
            await self._tick.watch(self._companies, self._state_of, self.now)

    def _state_of(self, company: Company, mailbox: Mailbox) -> LaneState | None:
        stored = (self._lanes or {}).get(self._lane_of(company, mailbox))
        return None if stored is None else stored.state

    async def connections(self) -> None:
        rechecks = self._tick.rechecks
        if rechecks is None:
            return

        async def check(connection: Connection) -> None:
            try:
                await rechecks.check(connection.company, connection.mailbox)
            except PostrumError as error:
                # It is due again; the others have their turn.
                problem(
                    "recheck_failed",
                    None,
                    company=connection.company,
                    mailbox=connection.mailbox,
                    code=error.code,
                )

        await each(await rechecks.due(self.now), check, at_once=4, stop_at=self._stop_at)

    async def once_a_day(self) -> None:
        # Where the companies could not be read, everything would look as if it were gone.
        if self._tick.nightly is not None and self._lanes is not None:
            await self._tick.nightly(self._companies, self.now, stop_at=self._stop_at)

    async def _given_up(self, message: PoisonMessage) -> None:
        """A message in a poison queue is a defect, or not ours: it is recorded and shown, then removed."""
        reason = "The host gave up on it after too many failures."
        try:
            task: Task | None = TASKS[message.queue].decode(message.body)
        except InvalidTask as error:
            task, reason = None, str(error)
        problem("poison_message", None, queue=message.queue.value, reason=reason)
        if isinstance(task, (ClassifyTask, ActTask)):
            await park(self.services, self.announcer, task.message, task.generation, "given_up", reason)
        if isinstance(task, DeliverTask):
            # Its events wait for somebody to send them: an hour later the task is put once more by itself.
            await self.services.due.at(self.now + GIVEN_UP_AGAIN, task)
        await self.services.parked.park(message.queue, message.body, reason, self.now)
        await self.services.queues.remove_poison(message)
