"""Switching a mailbox on and off: what would happen with the mail that is there, confirmed by a person with the number in sight."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from shared.configuration.service import emptied_twice
from shared.errors import ConfigurationError, Conflict, InvalidRequest
from shared.language.texts import gettext_noop
from shared.model.base import Model
from shared.model.config import Backlog, BacklogChoice, Company, Mailbox
from shared.model.connection import ConnectionState
from shared.pipeline.announce import Announcer
from shared.pipeline.ending import Ending, mailbox_task
from shared.setup.mailboxes import Mailboxes
from shared.setup.visiting import Visits
from shared.stores.connections import Connections


class BacklogPreview(Model):
    """What activating would do. `as_of` and `mails` go back with the confirmation."""

    choice: BacklogChoice
    as_of: datetime
    """Mail that arrives later is no backlog, and is taken in."""
    mails: int
    """Mails in the source folder at that moment: it is emptied."""
    imported: int
    """How many of them are taken in."""
    left: int
    """How many of them stay where they are."""
    parked: int
    """How many of them are moved into the chosen folder, and not taken in."""
    missing: tuple[str, ...] = ()
    """What has to be there before: `connection`, `folders`, `series`, `document_type`, or that another mailbox empties the same folder."""
    warnings: tuple[str, ...] = ()
    """What is worth a thought: `no_rules`, `other_company`."""


@dataclass(frozen=True, slots=True)
class Activation:
    """Activates and pauses mailboxes."""

    mailboxes: Mailboxes
    visits: Visits
    connections: Connections
    announcer: Announcer

    async def preview(
        self, company: str, mailbox: str, choice: BacklogChoice, *, since: datetime | None = None, folder: str = ""
    ) -> BacklogPreview:
        """What activating with this choice would do, counted now. Changes nothing.

        Args:
            company: whose mailbox.
            mailbox: which.
            choice: what happens with the mail that is there.
            since: for `since`: mail received before this stays.
            folder: for `park`: path of the folder below the inbox.

        Raises:
            InvalidRequest: the choice lacks what belongs to it.
        """
        known, found = await self.visits.mailbox(company, mailbox)
        now = self.visits.services.clock()
        backlog = _backlog(choice, since, folder, now)
        missing = await self._missing(known, found)
        if missing:
            return BacklogPreview(
                choice=choice,
                as_of=now,
                mails=0,
                imported=0,
                left=0,
                parked=0,
                missing=missing,
                warnings=_warnings(known),
            )
        async with self.visits.visit(known, found) as source:
            place = await source.folder(found.folders.source)
            if place is None:
                raise Conflict(
                    gettext_noop("The source folder is not there any more."),
                    remedy=gettext_noop("Choose the folders again."),
                )
            total = await source.count(place, before=now)
            old = await source.count(place, before=backlog.since) if backlog.since else 0
        parked = old if choice is BacklogChoice.PARK else 0
        return BacklogPreview(
            choice=choice,
            as_of=now,
            mails=total,
            imported=total - old,
            left=old - parked,
            parked=parked,
            warnings=_warnings(known),
        )

    async def activate(
        self,
        company: str,
        mailbox: str,
        choice: BacklogChoice,
        *,
        confirmed_mails: int | None,
        as_of: datetime | None,
        since: datetime | None = None,
        folder: str = "",
    ) -> Mailbox:
        """Activate the mailbox, and look into it at once.

        Args:
            company: whose mailbox.
            mailbox: which.
            choice: what happens with the mail that is there.
            confirmed_mails: the number that the person saw and confirmed.
            as_of: the moment of that number, as the preview gave it.
            since: see `preview`.
            folder: see `preview`.

        Raises:
            InvalidRequest: it was not confirmed.
            Conflict: something is missing, or the folder holds more than was confirmed by now.
        """
        if confirmed_mails is None or as_of is None:
            raise InvalidRequest(
                "The source folder is emptied as soon as the mailbox is active.",
                field="confirmed_mails",
                remedy="Ask for a preview, and confirm the number of mails that it shows.",
            )
        known, found = await self.visits.mailbox(company, mailbox)
        if found.active:
            return found
        missing = await self._missing(known, found)
        if missing:
            raise Conflict(
                f"The mailbox cannot be activated yet: {', '.join(missing)}.", remedy="Complete the set-up first."
            )
        now = self.visits.services.clock()
        if as_of > now:
            raise InvalidRequest("The number is from the future.", field="as_of", remedy="Ask for a preview again.")
        async with self.visits.visit(known, found) as source:
            place = await source.folder(found.folders.source)
            there = 0 if place is None else await source.count(place, before=as_of)
        if place is None or there > confirmed_mails:
            raise Conflict(
                f"The source folder holds {there} mails by now, and {confirmed_mails} were confirmed.",
                remedy="Look at the new number, and confirm it.",
            )
        backlog = _backlog(choice, since, folder, as_of)
        try:
            active = await self.mailboxes.update(
                company,
                mailbox,
                lambda current: Mailbox.model_validate(current.model_dump() | {"active": True, "backlog": backlog}),
            )
        except ConfigurationError as error:
            raise Conflict(str(error)) from None
        await self.run_now(company, mailbox)
        return active

    async def pause(self, company: str, mailbox: str) -> Mailbox:
        """Stop reading the mailbox. What was taken in goes on to its end; what waits to be moved waits for the next activation."""
        return await self.mailboxes.update(
            company, mailbox, lambda current: current.model_copy(update={"active": False})
        )

    async def run_now(self, company: str, mailbox: str) -> bool:
        """Look into the mailbox now. Asked for twice, it is done once.

        Returns:
            True where a run was put; False where one is under way or waits already.

        Raises:
            Conflict: the mailbox is not active.
        """
        known, found = await self.visits.mailbox(company, mailbox)
        if not found.active:
            raise Conflict(gettext_noop("The mailbox is not active."), remedy=gettext_noop("Activate it first."))
        services = self.visits.services
        if await services.lanes.resume(services.sources.lane(known, found)):
            await services.queues.put(mailbox_task(known, found))
            return True
        return await Ending(services, self.announcer).wake(known, found, listing=True)

    async def _missing(self, company: Company, mailbox: Mailbox) -> tuple[str, ...]:
        missing: list[str] = []
        connection = await self.connections.get(company.id, mailbox.id)
        if connection is None or connection.connection.state is not ConnectionState.CONNECTED:
            missing.append("connection")
        if not mailbox.leave_in_place and not (mailbox.folders.imported and mailbox.folders.other):
            missing.append("folders")
        if not any(series.default for series in company.series):
            missing.append("series")
        if not company.document_type:
            missing.append("document_type")
        others = [one for one in await self.visits.services.companies.every() if one.id != company.id]
        active = mailbox.model_copy(update={"active": True})
        own = company.model_copy(
            update={"mailboxes": tuple(active if one.id == active.id else one for one in company.mailboxes)}
        )
        missing += emptied_twice([*others, own], frozenset({company.id}))
        return tuple(missing)


def _backlog(choice: BacklogChoice, since: datetime | None, folder: str, now: datetime) -> Backlog:
    if choice is BacklogChoice.SINCE and since is None:
        raise InvalidRequest("Say since when mail is taken in.", field="since")
    if choice is BacklogChoice.SINCE and since is not None and since.tzinfo is None:
        raise InvalidRequest("A moment needs its time zone.", field="since")
    if choice is BacklogChoice.PARK and not folder:
        raise InvalidRequest("Name the folder that old mail is moved into.", field="folder")
    before = since if choice is BacklogChoice.SINCE else now
    try:
        return Backlog(choice=choice, before=before, folder=folder if choice is BacklogChoice.PARK else "")
    except ValueError as wrong:
        raise InvalidRequest(str(wrong), field="choice") from None


def _warnings(company: Company) -> tuple[str, ...]:
    return () if any(rule.active for rule in company.rules) else ("no_rules",)
