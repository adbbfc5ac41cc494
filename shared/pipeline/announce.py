"""Telling subscribers: the events of a message, derived from its run, so that saying them again says the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from shared.model.alert import Alert
from shared.model.config import Company, EntityKind, Subscriber
from shared.model.decision import Decision, LinkStep
from shared.model.event import (
    AlertClearedData,
    AlertRaisedData,
    DocumentCreatedData,
    Event,
    EventData,
    MessageFiledData,
    MessageLinkedData,
    MessageParkedData,
    RuleMatchedData,
    build,
)
from shared.model.run import Run, Stage
from shared.model.task import DeliverTask
from shared.pipeline.services import Services
from shared.webhooks.deliver import Delivery

GENERATION_STEP = 100_000
END = 99_000
"""Sequence numbers: those of a later generation are higher, and the end of a message comes after its actions."""


def events_of_actions(run: Run, decision: Decision) -> list[Event]:
    """What subscribers hear once the actions on our own storage are done."""
    rules = {planned.position: planned.rule for planned in decision.actions}
    events: list[Event] = []
    for done in run.results:
        data = _data_of(run, done.action, done.result, rules.get(done.position))
        if data is not None:
            sequence = run.generation * GENERATION_STEP + done.position
            events.append(
                build(data, company=run.company, generation=run.generation, sequence=sequence, time=run.updated_at)
            )
    return events


def events_of_end(run: Run) -> list[Event]:
    """What subscribers hear when the message is at its end."""
    data: EventData
    if run.stage is Stage.PARKED:
        data = MessageParkedData(mailbox=run.mailbox, message=run.message, reason=run.reason)
    elif run.stage is Stage.ANNOUNCED and run.outcome is not None:
        documents = tuple(str(done.result["document"]) for done in run.results if "document" in done.result)
        data = MessageFiledData(
            mailbox=run.mailbox,
            message=run.message,
            outcome=run.outcome,
            reason=run.reason,
            folder=run.folder or "",
            documents=documents,
        )
    else:
        return []
    sequence = run.generation * GENERATION_STEP + END
    return [build(data, company=run.company, generation=run.generation, sequence=sequence, time=run.updated_at)]


def event_of_alert(alert: Alert, company: str) -> Event:
    """What subscribers of a company hear of an alert: that it was raised, or that it was cleared.

    The same alert at another time has events of its own, because the time it was raised at is its generation.
    """
    model = AlertRaisedData if alert.cleared_at is None else AlertClearedData
    data = model(
        mailbox=alert.mailbox or None,
        alert=alert.id,
        kind=alert.kind,
        severity=alert.severity,
        place=alert.place or None,
        cause=alert.cause or None,
        affected=alert.affected,
    )
    return build(
        data,
        company=company,
        generation=alert.occurrence,
        sequence=alert.occurrence * 2 + (alert.cleared_at is not None),
        time=alert.cleared_at or alert.raised_at,
    )


def _data_of(run: Run, action: str, result: dict[str, Any], rule: str | None) -> EventData | None:
    common = {"mailbox": run.mailbox, "message": run.message}
    match action:
        case "create_document":
            return DocumentCreatedData.model_validate({**common, **result})
        case "link":
            values = {**common, **result, "entity": EntityKind(result["entity"]), "step": LinkStep(result["step"])}
            return MessageLinkedData.model_validate(values)
        case "webhook" if rule is not None:
            return RuleMatchedData.model_validate({**common, "rule": rule, "name": result["event"]})
        case _:
            return None


@dataclass(frozen=True, slots=True)
class Announcer:
    """Notes events for every subscriber that wants them, and puts the delivery tasks."""

    services: Services

    async def acted(self, run: Run, decision: Decision) -> None:
        """The actions of a message are done."""
        await self._announce(run, events_of_actions(run, decision))

    async def ended(self, run: Run) -> None:
        """A message is at its end."""
        await self._announce(run, events_of_end(run))

    async def _announce(self, run: Run, events: list[Event]) -> None:
        company = await self.services.companies.get(run.company) if events else None
        if company is not None:
            await self._tell(company, run.message, events)

    async def alert(self, alert: Alert, company: Company) -> None:
        """An alert was raised or cleared, as it says itself."""
        await self._tell(company, alert.id, [event_of_alert(alert, company.id)])

    async def _tell(self, company: Company, subject: str, events: list[Event]) -> None:
        for subscriber in company.subscribers:
            wanted = [event for event in events if _wants(subscriber, event.type)]
            if subscriber.active and wanted:
                await self._note(company, subscriber, subject, wanted)

    async def _note(self, company: Company, subscriber: Subscriber, subject: str, events: list[Event]) -> None:
        now = self.services.clock()
        for event in events:
            delivery = Delivery(event_id=event.id, sequence=event.sequence, created_at=now, next_at=now)
            key = f"{event.sequence}|{event.id}"
            await self.services.deliveries.add(
                company.id, subscriber.id, subject, key, delivery.model_dump_json(), event.encode()
            )
        await self.services.queues.put(DeliverTask(company=company.id, subscriber=subscriber.id, subject=subject))


def _wants(subscriber: Subscriber, event_type: str) -> bool:
    return "*" in subscriber.events or event_type in subscriber.events
