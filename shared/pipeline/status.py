"""What is going on, for people: mailboxes, what waits, what is parked, what came lately."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.model.base import Model, stamp
from shared.model.config import Company
from shared.model.decision import Decision
from shared.model.evidence import Evidence
from shared.model.run import Run, Stage
from shared.pipeline.health import failure_of
from shared.pipeline.services import Services
from shared.stores.open_messages import OpenMessage

MONTHS_BACK = 12
"""Months that are looked through for the last one in which something came."""
MESSAGES_LIMIT = 200
"""Messages at their end that are listed for a company."""
IN_PROGRESS_LIMIT = 50
"""Messages on their way that are listed singly; all of them are counted."""


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
    month: str
    """Of the messages at their end, as `2026-11`."""
    messages: tuple[MessageLine, ...]
    """Those at their end, newest first."""
    in_progress: tuple[MessageLine, ...]
    counts: dict[str, int]
    deliveries_waiting: int
    parked_tasks: tuple[ParkedTaskLine, ...]


@dataclass(frozen=True, slots=True)
class StatusReport:
    """Reads what is going on. Changes nothing."""

    services: Services

    async def __call__(
        self, *, limit: int = MESSAGES_LIMIT, month: datetime | None = None, only: Collection[str] | None = None
    ) -> Status:
        """The state of everything now.

        Args:
            limit: most messages that are listed for a company.
            month: any time in the month whose messages are listed; without it the last one in which something came.
            only: ids of the companies that are looked at; all of them where None. What belongs to no company, parked tasks and
                waiting deliveries, is of the whole deployment in any case.
        """
        companies = [one for one in await self.services.companies.every() if only is None or one.id in only]
        mailboxes: list[MailboxStatus] = []
        under_way: list[OpenMessage] = []
        for company in companies:
            found, waiting = await self._mailboxes(company)
            mailboxes += found
            under_way += waiting
        shown, ended = await self._messages(companies, month, limit)
        moving = {item.message for item in under_way}
        messages = [line for line in ended if line.message not in moving]
        parked = [
            ParkedTaskLine(id=task.id, queue=task.queue.value, reason=task.reason, at=task.at, body=task.body[:2000])
            for task in await self.services.parked.every()
        ]
        counts = Counter(line.stage for line in messages)
        return Status(
            mailboxes=tuple(mailboxes),
            month=shown,
            messages=tuple(messages),
            in_progress=tuple([await self._under_way(item) for item in under_way[:IN_PROGRESS_LIMIT]]),
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

    async def _mailboxes(self, company: Company) -> tuple[list[MailboxStatus], list[OpenMessage]]:
        found: list[MailboxStatus] = []
        under_way: list[OpenMessage] = []
        now = self.services.clock()
        for mailbox in company.mailboxes:
            lane = await self.services.lanes.read(self.services.sources.lane(company, mailbox))
            waiting = await self.services.open.of_mailbox(company.id, mailbox.id)
            under_way += waiting
            failure = failure_of(lane.state.cursors, company.id, mailbox.id)
            found.append(
                MailboxStatus(
                    company=company.id,
                    mailbox=mailbox.id,
                    address=mailbox.address,
                    active=mailbox.active,
                    listed_at=lane.state.cursors.get(f"listed/{company.id}/{mailbox.id}"),
                    blocked_until=lane.state.blocked_until if lane.state.blocked(now) else None,
                    failure=failure.text if failure else None,
                    open=len(waiting),
                )
            )
        return found, under_way

    async def _messages(
        self, companies: Sequence[Company], month: datetime | None, limit: int
    ) -> tuple[str, list[MessageLine]]:
        """The messages of a month, newest first; without a month, of the last one in which something came."""
        now = self.services.clock()
        looked = month or now
        for _ in range(MONTHS_BACK):
            lines = [line for company in companies for line in await self._of_month(company, looked, limit)]
            if lines or month is not None:
                return f"{looked:%Y-%m}", sorted(lines, key=lambda line: line.received_at, reverse=True)
            looked = looked.replace(day=1) - timedelta(days=1)
        return f"{now:%Y-%m}", []

    async def _of_month(self, company: Company, month: datetime, limit: int) -> list[MessageLine]:
        names = ("received_at", "sender", "subject", "mailbox", "stage", "outcome", "reason", "folder")
        rows = await self.services.timeline.newest(company.id, month, limit=limit)
        return [MessageLine(message=message, **{name: row.text(name) for name in names}) for message, row in rows]

    async def _under_way(self, item: OpenMessage) -> MessageLine:
        stored = await self.services.messages.run(item.message)
        run = None if stored is None else stored.run
        return MessageLine(
            message=item.message,
            received_at=stamp(run.received_at) if run else "",
            sender=run.sender if run else "",
            subject=run.subject if run else "",
            mailbox=item.mailbox,
            stage=(run.stage if run else Stage.FOUND).value,
            outcome=run.outcome.value if run and run.outcome else "",
            reason=run.reason if run else "",
            folder=run.folder or "" if run else "",
        )
