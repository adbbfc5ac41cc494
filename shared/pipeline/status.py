"""What is going on, for people: mailboxes, what waits, what is parked, what came lately."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from shared.model.base import Model
from shared.model.decision import Decision
from shared.model.evidence import Evidence
from shared.model.run import Run, Stage
from shared.pipeline.services import Services


class MailboxStatus(Model):
    """One mailbox as the status page shows it."""

    company: str
    mailbox: str
    address: str
    active: bool
    listed_at: str | None
    blocked_until: str | None
    failure: str | None
    open: int


class MessageLine(Model):
    """One message in a list."""

    message: str
    received_at: str
    sender: str
    subject: str
    mailbox: str
    stage: str
    outcome: str
    reason: str
    folder: str


class ParkedTaskLine(Model):
    """A queue message that nobody could work on."""

    id: str
    queue: str
    reason: str
    at: str
    body: str


class Status(Model):
    """Everything the status page shows."""

    mailboxes: tuple[MailboxStatus, ...]
    messages: tuple[MessageLine, ...]
    counts: dict[str, int]
    deliveries_waiting: int
    parked_tasks: tuple[ParkedTaskLine, ...]


@dataclass(frozen=True, slots=True)
class StatusReport:
    """Reads what is going on. Changes nothing."""

    services: Services

    async def __call__(self, *, limit: int = 200) -> Status:
        """The state of everything now: this month's messages, newest first."""
        mailboxes: list[MailboxStatus] = []
        messages: list[MessageLine] = []
        now = self.services.clock()
        for company in await self.services.companies.every():
            for mailbox in company.mailboxes:
                lane = await self.services.lanes.read(self.services.sources.lane(company, mailbox))
                cursors = lane.state.cursors
                failure = cursors.get("failure")
                mailboxes.append(
                    MailboxStatus(
                        company=company.id,
                        mailbox=mailbox.id,
                        address=mailbox.address,
                        active=mailbox.active,
                        listed_at=cursors.get(f"listed/{company.id}/{mailbox.id}"),
                        blocked_until=lane.state.blocked_until if lane.state.blocked(now) else None,
                        failure=str(failure["text"]) if isinstance(failure, dict) else None,
                        open=len(await self.services.open.of_mailbox(company.id, mailbox.id)),
                    )
                )
            for message, row in await self.services.timeline.newest(company.id, now, limit=limit):
                messages.append(
                    MessageLine(
                        message=message,
                        **{name: row.text(name) for name in ("received_at", "sender", "subject", "mailbox", "stage", "outcome", "reason", "folder")},
                    )
                )
        parked = [
            ParkedTaskLine(id=task.id, queue=task.queue.value, reason=task.reason, at=task.at, body=task.body[:2000])
            for task in await self.services.parked.every()
        ]
        counts = Counter(line.stage for line in messages)
        return Status(
            mailboxes=tuple(mailboxes),
            messages=tuple(messages),
            counts={stage.value: counts.get(stage.value, 0) for stage in (Stage.ANNOUNCED, Stage.PARKED, Stage.GONE)},
            deliveries_waiting=len(await self.services.deliveries.waiting()),
            parked_tasks=tuple(parked),
        )

    async def message(self, message: str) -> tuple[Run, Decision | None, Evidence | None] | None:
        """One message with its decision and evidence, or None."""
        known = await self.services.messages.message(message)
        if known is None:
            return None
        evidence = None if known.evidence is None else Evidence.model_validate_json(known.evidence)
        return known.stored.run, known.decision, evidence
