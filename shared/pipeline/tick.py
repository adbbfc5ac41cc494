"""Use case: once a minute, see what is due, what stood still, and what the host gave up.

Everything here may run twice at once or be cut off anywhere: it only puts tasks, and tasks may be put any number of times.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.errors import InvalidTask, PostrumError
from shared.model.base import stamp
from shared.model.config import Company, Mailbox
from shared.model.run import Stage
from shared.model.task import TASKS, ActTask, ClassifyTask, DeliverTask, MailboxTask, Queue, Task
from shared.pipeline.announce import Announcer
from shared.pipeline.ending import Ending, awaits_placement, wanted_list, wanted_work
from shared.pipeline.parking import park
from shared.pipeline.schedule import is_due
from shared.pipeline.services import GRACE, Services
from shared.stores.lanes import StoredLane
from shared.stores.open_messages import OpenMessage
from shared.stores.queues import PoisonMessage
from shared.telemetry import event, problem
from shared.webhooks.breaker import Breaker
from shared.webhooks.deliver import Delivery

LOST = timedelta(seconds=60)
"""After so long, a wish that nobody serves is taken for lost."""
LONGEST_WAIT = timedelta(minutes=32)
GIVEN_UP_AGAIN = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Tick:
    """The heart beat."""

    services: Services
    announcer: Announcer

    async def __call__(self) -> None:
        """Look after everything once. One part that fails does not keep the others from their turn."""
        now = self.services.clock()
        failure: PostrumError | None = None
        for part in (self._due_rows, self._mailboxes, self._standing_still, self._probes, self._poison):
            try:
                await part(now)
            except PostrumError as error:
                problem("tick_part_failed", error, part=part.__name__, code=error.code)
                failure = failure or error
        if failure is not None:
            raise failure
        event("tick_done")

    async def _due_rows(self, now: datetime) -> None:
        for due in await self.services.due.until(now):
            await self.services.queues.put(due.task)
            await self.services.due.done(due)

    async def _mailboxes(self, now: datetime) -> None:
        lanes = {stored.lane: stored for stored in await self.services.lanes.every()}
        for company in await self.services.companies.every():
            for mailbox in company.mailboxes:
                if mailbox.active:
                    await self._mailbox(company, mailbox, lanes.get(self.services.sources.lane(company, mailbox)), now)

    async def _mailbox(self, company: Company, mailbox: Mailbox, lane: StoredLane | None, now: datetime) -> None:
        task = MailboxTask(company=company.id, mailbox=mailbox.id)
        ending = Ending(self.services, self.announcer)
        if lane is None:
            await ending.wake(company, mailbox, listing=True)
            return
        state = lane.state
        if state.held(now) or state.blocked(now):
            return
        own = state.wanted & {wanted_list(company.id, mailbox.id), wanted_work(company.id, mailbox.id)}
        forgotten = bool(own) and (bool(state.blocked_until) or state.wanted_at < stamp(now - LOST))
        if state.owner or forgotten:
            # Its holder died, or a wish was never served, or a block is over.
            await self.services.queues.put(task)
            return
        text = state.cursors.get(f"listed/{company.id}/{mailbox.id}")
        last = datetime.fromisoformat(text) if isinstance(text, str) else None
        if is_due(mailbox.schedule, last, now):
            await ending.wake(company, mailbox, listing=True)

    async def _standing_still(self, now: datetime) -> None:
        for item in await self.services.open.overdue(now):
            later = now + min(GRACE * 2**item.tries, LONGEST_WAIT)
            await self._nudge(item)
            # What waits for the mailbox counts the tries that failed there, and nothing else.
            tries = item.tries if item.work else item.tries + 1
            await self.services.open.postpone(item, later, tries=tries)

    async def _nudge(self, item: OpenMessage) -> None:
        stored = await self.services.messages.run(item.message)
        company = await self.services.companies.get(item.company)
        mailbox = None if company is None else company.mailbox(item.mailbox)
        event("message_stood_still", message=item.message, stage=stored.run.stage.value if stored else "unknown")
        if stored is None or stored.run.stage is Stage.FOUND:
            if company is not None and mailbox is not None:
                await Ending(self.services, self.announcer).wake(company, mailbox, listing=True)
            return
        if item.work is not None and awaits_placement(stored.run) and company is not None and mailbox is not None:
            await Ending(self.services, self.announcer).wake(company, mailbox, listing=False)
            return
        await self.services.queues.put(ActTask(message=item.message, generation=stored.run.generation))

    async def _probes(self, now: datetime) -> None:
        """A subscriber that does not answer gets one attempt a minute: with the event that has waited longest."""
        for company in await self.services.companies.every():
            for subscriber in company.subscribers:
                standing = await self.services.deliveries.standing(company.id, subscriber.id)
                if not standing.health or not Breaker.model_validate_json(standing.health).probe_due(now):
                    continue
                waiting = await self.services.deliveries.waiting_data(company.id, subscriber.id)
                ages = [(Delivery.model_validate_json(data).created_at, subject) for subject, data in waiting]
                if ages:
                    await self.services.queues.put(
                        DeliverTask(company=company.id, subscriber=subscriber.id, subject=min(ages)[1])
                    )

    async def _poison(self, now: datetime) -> None:
        for queue in Queue:
            for message in await self.services.queues.poison(queue):
                await self._given_up(message, now)

    async def _given_up(self, message: PoisonMessage, now: datetime) -> None:
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
            await self.services.due.at(now + GIVEN_UP_AGAIN, task)
        await self.services.parked.park(message.queue, message.body, reason, now)
        await self.services.queues.remove_poison(message)
