"""Use case: a person sends events again: those that were given up, or all of a message, with the same ids."""

from __future__ import annotations

from dataclasses import dataclass

from shared.errors import ConcurrentWrite, NotFound
from shared.model.task import DeliverTask
from shared.pipeline.services import GRACE, Services
from shared.telemetry import event
from shared.webhooks.deliver import Delivery, State, replay


@dataclass(frozen=True, slots=True)
class Replay:
    """Puts deliveries back in line."""

    services: Services

    async def __call__(self, company: str, subscriber: str, *, message: str = "") -> int:
        """Send again; a subscriber that was disabled is enabled.

        Args:
            company: id of the company.
            subscriber: id of the subscriber.
            message: all events of this message; without one, everything that was given up.

        Returns:
            How many events were put in line.

        Raises:
            NotFound: the company has no such subscriber.
        """
        found = await self.services.companies.get(company)
        if found is None or subscriber not in {one.id for one in found.subscribers}:
            raise NotFound(
                f"company {company!r} has no subscriber {subscriber!r}", remedy="`postrum config show` lists all."
            )
        await self.services.deliveries.enable(company, subscriber)
        put = 0
        subjects: set[str] = set()
        for subject, stored in await self.services.deliveries.of_subscriber(company, subscriber, message):
            row = Delivery.model_validate_json(stored.data)
            if not message and row.state is not State.DEAD:
                continue
            again = replay(row, now=self.services.clock())
            task = DeliverTask(company=company, subscriber=subscriber, subject=subject)
            if subject not in subjects:
                # Planned before the row says that it waits: a crash in between must not leave it waiting for nobody.
                await self.services.due.at(self.services.clock() + GRACE, task)
            try:
                await self.services.deliveries.settle(stored, again.model_dump_json(), waiting=True)
            except ConcurrentWrite:
                continue  # it is on its way at this moment
            put += 1
            subjects.add(subject)
        for subject in sorted(subjects):
            await self.services.queues.put(DeliverTask(company=company, subscriber=subscriber, subject=subject))
        event("events_replayed", company=company, subscriber=subscriber, events=put)
        return put
