"""What follows when a message comes to an end or waits for the lane: derived from its rows alone, so it can be said again at any time.

This is the outbox: not stored beside the state but computed from it. Whoever finds a stage done says its hand-off again; each part of
it is idempotent.
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.actions.base import MailboxChange
from shared.actions.registry import MAILBOX_ACTIONS
from shared.model.config import IMAP_KINDS, Company, Mailbox
from shared.model.decision import Decision
from shared.model.run import MailboxWork, Run, Stage
from shared.model.task import ImapTask, MailboxTask
from shared.pipeline.announce import Announcer
from shared.pipeline.services import GRACE, Services

UNPLACED = frozenset({"not_archived", "not_fetched", "mailbox_unreachable", "folder_unusable"})
"""Reasons of parking after which the mail stays where it is: it is not archived, or the mailbox itself is the trouble."""


def wanted_work(company: str, mailbox: str) -> str:
    """Name of the wish for what waits to be done in a mailbox."""
    return f"{company}/{mailbox}/work"


def wanted_list(company: str, mailbox: str) -> str:
    """Name of the wish for a listing."""
    return f"{company}/{mailbox}/list"


def mailbox_task(company: Company, mailbox: Mailbox, *, listing: bool = True) -> MailboxTask:
    """The task for work on a mailbox: what is read by IMAP has a queue, and a function, of its own."""
    kind = ImapTask if mailbox.connection in IMAP_KINDS else MailboxTask
    return kind(company=company.id, mailbox=mailbox.id, list=listing)


def awaits_placement(run: Run) -> bool:
    """Whether the mail still has to be put into its folder."""
    if run.placement:
        return False
    return run.stage is Stage.ACTED or (run.stage is Stage.PARKED and bool(run.sha256) and run.reason not in UNPLACED)


def work_of(run: Run, decision: Decision | None, mailbox: Mailbox) -> MailboxWork:
    """What has to be done in the mailbox for a message.

    A parked message goes to the folder for all other mail, with its reason recorded, so that it does not block the source folder.
    Where mail stays, only a rule that names a folder moves it.
    """
    origin = run.folder if run.folder is not None else mailbox.folders.source
    otherwise = origin if mailbox.leave_in_place else mailbox.folders.other
    change = MailboxChange(folder=otherwise)
    if run.stage is not Stage.PARKED and decision is not None:
        folder, mark_read, categories = change.folder, False, list[str]()
        for planned in decision.actions:
            action = MAILBOX_ACTIONS.get(planned.action)
            if action is None:
                continue
            wish = action.change(action.parameters.model_validate(planned.parameters), mailbox)
            folder = wish.folder or folder
            mark_read = mark_read or wish.mark_read
            categories += [category for category in wish.categories if category not in categories]
        change = MailboxChange(
            folder, mark_read and not run.read_receipt_requested and not run.is_read, tuple(categories)
        )
    return MailboxWork(
        message=run.message,
        generation=run.generation,
        provider_id=run.provider_id,
        folder=otherwise if change.folder is None else change.folder,
        origin=origin,
        mark_read=change.mark_read,
        categories=change.categories,
        present=run.categories,
        internet_message_id=run.internet_message_id,
        check=run.generation > 1,
    )


@dataclass(frozen=True, slots=True)
class Ending:
    """Says the hand-offs of a message."""

    services: Services
    announcer: Announcer

    async def of(self, run: Run) -> None:
        """A message is at its end: the lists and the subscribers hear of it, and it is open no longer."""
        await self.services.timeline.note(run)
        await self.announcer.ended(run)
        await self.services.open.done(run.company, run.mailbox, run.message)

    async def to_lane(self, run: Run, decision: Decision | None, mailbox: Mailbox) -> None:
        """Something has to be done in the mailbox: the lane's holder finds it in `open`, and is woken."""
        until = self.services.clock() + GRACE
        work = work_of(run, decision, mailbox)
        await self.services.open.look_again(run.company, run.mailbox, run.message, until, work=work)

    async def wake(self, company: Company, mailbox: Mailbox, *, listing: bool) -> bool:
        """Ask the lane for work, and put a task where nobody holds it.

        Returns:
            True where a task was put; False where one is on its way, or the lane's holder will see to it.
        """
        wish = wanted_list(company.id, mailbox.id) if listing else wanted_work(company.id, mailbox.id)
        lane = self.services.sources.lane(company, mailbox)
        if not await self.services.lanes.want(lane, frozenset({wish}), self.services.clock()):
            return False
        await self.services.queues.put(mailbox_task(company, mailbox, listing=listing))
        return True
