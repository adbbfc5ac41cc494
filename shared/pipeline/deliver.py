"""Use case: send what waits for one subscriber about one subject, in order, at least once and always with the same id."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from time import monotonic

from shared.errors import ConcurrentWrite, ConfigurationError
from shared.model.config import Subscriber
from shared.model.task import DeliverTask
from shared.pipeline.services import Services
from shared.stores.deliveries import StoredDelivery
from shared.stores.secret_store import SecretStore
from shared.telemetry import event, problem
from shared.webhooks.breaker import Breaker
from shared.webhooks.deliver import Delivery, State, choose, give_up, postpone, settle
from shared.webhooks.sender import Sender

KEY_SECONDS = 60
LATER = timedelta(minutes=1)
BROKEN = timedelta(hours=1)
MOST = 50
"""Events that are sent in one task; the rest goes on in the next."""


@dataclass(frozen=True, slots=True)
class Deliver:
    """Sends events to subscribers."""

    services: Services
    sender: Sender
    secrets: SecretStore
    random: Callable[[], float]
    _keys: dict[str, tuple[float, str]] = field(default_factory=dict)

    async def __call__(self, task: DeliverTask) -> None:
        """Send what is due; what has to wait comes back through `due`."""
        company = await self.services.companies.get(task.company)
        subscriber = next((s for s in company.subscribers if s.id == task.subscriber), None) if company else None
        if subscriber is None or not subscriber.active:
            await self._give_up(task)
            return
        secret = await self._key(f"{task.company}-{subscriber.secret_name}")
        if secret is None:
            problem("subscriber_has_no_secret", None, company=task.company, subscriber=task.subscriber)
            await self._give_up(task)
            return
        stop_at = monotonic() + self.services.use_case_seconds
        for _ in range(MOST):
            if monotonic() > stop_at:
                break
            if not await self._one(task, subscriber, secret):
                return
        await self.services.queues.put(task)

    async def _key(self, name: str) -> str | None:
        """The signing key, remembered for a minute: the vault charges for every look."""
        known = self._keys.get(name)
        if known is not None and monotonic() - known[0] < KEY_SECONDS:
            return known[1]
        secret = await self.secrets.get(name)
        if secret is not None:
            self._keys[name] = (monotonic(), secret)
        return secret

    async def _one(self, task: DeliverTask, subscriber: Subscriber, secret: str) -> bool:
        """Send at most one event; False when nothing more is to be done now and everything that waits is planned."""
        rows = await self.services.deliveries.of_subject(task.company, task.subscriber, task.subject)
        known: dict[str, tuple[Delivery, StoredDelivery]] = {}
        for row in rows:
            delivery = Delivery.model_validate_json(row.data)
            known[delivery.event_id] = (delivery, row)
        if not any(delivery.state is State.WAITING for delivery, _ in known.values()):
            return False
        standing = await self.services.deliveries.standing(task.company, task.subscriber)
        if standing.disabled_url == subscriber.url:
            await self._give_up(task)
            return False
        breaker = Breaker.model_validate_json(standing.health) if standing.health else Breaker()
        health = standing.row
        now = self.services.clock()
        step = choose((delivery for delivery, _ in known.values()), now=now, breaker=breaker)
        if step.send is None:
            if step.look_again_at is not None:
                await self.services.due.at(step.look_again_at, task)
            return False
        stored = known[step.send.event_id][1]
        admission = breaker.admit(now)
        try:
            if not admission.granted:
                later = postpone(step.send, admission.look_again_at or now, now=now, random=self.random())
                await self.services.due.at(later.next_at, task)
                await self._keep(stored, later)
                return False
            if admission.breaker != breaker:
                await self.services.deliveries.keep_health(
                    task.company, task.subscriber, health, admission.breaker.model_dump_json()
                )
                health = (await self.services.deliveries.standing(task.company, task.subscriber)).row
            attempt = await self.sender.post(
                subscriber.url, event_id=step.send.event_id, body=stored.body, secrets=[secret], now=now
            )
            ended = self.services.clock()
            settled = settle(step.send, attempt, admission.breaker, now=ended, random=self.random())
            if settled.row.state is State.WAITING:
                # Planned before the row says that it waits: a crash in between must not leave it waiting for nobody.
                await self.services.due.at(settled.row.next_at, task)
            await self._keep(stored, settled.row)
            if settled.breaker.open:
                await self.services.deliveries.spare(task.company, task.subscriber, ended)
            if settled.breaker != admission.breaker:
                await self.services.deliveries.keep_health(
                    task.company, task.subscriber, health, settled.breaker.model_dump_json()
                )
        except ConcurrentWrite:
            # Another worker is at the same subject, or took the one probe of this minute.
            await self.services.due.at(now + LATER, task)
            return False
        except ConfigurationError as error:
            problem("subscriber_secret_unusable", error, company=task.company, subscriber=task.subscriber)
            await self.services.due.at(now + BROKEN, task)
            return False
        if breaker.open and not settled.breaker.open:
            await self.services.deliveries.spare_no_more(task.company, task.subscriber)
        if settled.breaker.recovered_at != breaker.recovered_at:
            await self._wake_others(task)
        event(
            "event_sent",
            subscriber=task.subscriber,
            event=step.send.event_id,
            reason=attempt.reason.value,
            status=attempt.status or 0,
        )
        if settled.disable is not None:
            problem(
                "subscriber_disabled", None, company=task.company, subscriber=task.subscriber, why=settled.disable.value
            )
            await self.services.deliveries.disable(task.company, task.subscriber, subscriber.url, settled.disable.value)
            await self._give_up(task)
            return False
        return True  # after a failure too: a later event may go when this one has held it long enough, or the next look is planned

    async def _wake_others(self, task: DeliverTask) -> None:
        """The subscriber answers again: what failed during the outage is due at once."""
        for subject in await self.services.deliveries.waiting_subjects(task.company, task.subscriber):
            if subject != task.subject:
                await self.services.queues.put(task.model_copy(update={"subject": subject}))

    async def _keep(self, stored: StoredDelivery, delivery: Delivery) -> None:
        await self.services.deliveries.settle(
            stored, delivery.model_dump_json(), waiting=delivery.state is State.WAITING
        )

    async def _give_up(self, task: DeliverTask) -> None:
        for stored in await self.services.deliveries.of_subject(task.company, task.subscriber, task.subject):
            delivery = Delivery.model_validate_json(stored.data)
            if delivery.state is State.WAITING:
                await self._keep(stored, give_up(delivery))
