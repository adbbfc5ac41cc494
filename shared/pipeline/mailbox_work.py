"""What must be done in the mailbox for one message: its properties, then the move, at most once."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.errors import MessageGone, NetworkFailure, NotFound, PermanentError, PermissionDenied, ServiceUnavailable
from shared.model.base import stamp
from shared.model.config import Company, Mailbox
from shared.model.run import MailboxWork, Run, Stage
from shared.pipeline.ending import Ending
from shared.pipeline.gate import Gate
from shared.pipeline.services import Services
from shared.sources.base import ListedMail, MailSource, SourceFolder
from shared.stores.open_messages import OpenMessage
from shared.telemetry import event

TRIES = 8


@dataclass(frozen=True, slots=True)
class Placement:
    """What became of the mail in the mailbox: see `Run.placement`; and the id it has there, where it is known."""

    name: str
    provider_id: str = ""


@dataclass(slots=True)
class MailboxWorker:
    """Carries out what waits for one mailbox, for the holder of its lane.

    Attributes:
        marks: when something was last done in this hold; `filed` is written here.
        folders: known folders by path; filled from the lane's cursors, and by asking.
        in_source: provider ids that this hold saw in the source folder, where it listed the whole of it: any other mail was moved
            by a person, or by a call that nobody recorded, and is looked for before anything is done.
    """

    services: Services
    company: Company
    mailbox: Mailbox
    source: MailSource
    gate: Gate
    ending: Ending
    marks: dict[str, str]
    folders: dict[str, SourceFolder] = field(default_factory=dict)
    in_source: set[str] | None = None

    async def folder(self, path: str) -> SourceFolder:
        """The folder at a path below the inbox, made where it is missing and not the source."""
        known = await self._there(path)
        if known is None:
            if path == self.mailbox.folders.source:
                raise PermanentError(
                    f"the source folder {path!r} does not exist below the inbox",
                    remedy="Choose another, or create it.",
                )
            async with self.gate.call():
                known = await self.source.create_folder(path)
            self.folders[path] = known
        return known

    async def doubt(self, in_source: set[str]) -> None:
        """A holder before did not give the lane back, so a move of its may have taken place unrecorded. Write that down, before anything
        else is done, on everything that waits and was not just seen in the source folder.
        """
        lane = self.services.sources.lane(self.company, self.mailbox)
        for company in await self.services.companies.every():
            for mailbox in company.mailboxes:
                # Companies that read the same provider mailbox share its lane.
                if self.services.sources.lane(company, mailbox) == lane:
                    await self._doubt(company, mailbox, in_source)

    async def _doubt(self, company: Company, mailbox: Mailbox, in_source: set[str]) -> None:
        for item in await self.services.open.of_mailbox(company.id, mailbox.id):  # all of them, however many
            if item.work is not None and not item.work.check and item.work.provider_id not in in_source:
                doubted = item.work.model_copy(update={"check": True})
                until = datetime.fromisoformat(item.until)
                await self.services.open.look_again(
                    item.company, item.mailbox, item.message, until, tries=item.tries, work=doubted
                )

    async def carry_out(self, item: OpenMessage) -> None:
        """Do what waits for one message, and bring the message to its end."""
        work = item.work
        if work is None:
            return
        stored = await self.services.messages.run(work.message)
        if stored is None or stored.run.generation != work.generation:
            return  # run again meanwhile: the newer generation has its own work
        if stored.run.placement or stored.run.stage not in (Stage.ACTED, Stage.PARKED):
            await self.ending.of(stored.run)  # done before, but the hand-off was not said to its end
            return
        try:
            placement = await self._place(work)
        except PermissionDenied:
            raise  # the whole mailbox is refused
        except (ServiceUnavailable, NetworkFailure) as error:
            await self._uncertain(item, work, error)
            return
        except PermanentError as error:
            refused = {
                "stage": Stage.PARKED,
                "reason": "folder_unusable",
                "reason_detail": str(error)[:500],
                "updated_at": self.services.clock(),
            }
            parked = stored.run.model_copy(update=refused)
            await self.services.messages.move_on("parked", stored, parked)
            await self.ending.of(parked)
            return
        now = self.services.clock()
        done: dict[str, object] = {"placement": placement.name, "attempts": 0, "failure": "", "updated_at": now}
        if placement.name in ("moved", "found_there"):
            done["folder"] = work.folder
        if placement.provider_id:
            done["provider_id"] = placement.provider_id
        if stored.run.stage is Stage.ACTED:
            done["stage"] = Stage.ANNOUNCED
        run = stored.run.model_copy(update=done)
        await self.services.messages.move_on("announced", stored, run)
        self.marks["filed"] = stamp(now)
        event("mail_placed", message=run.message, placement=placement.name)
        await self.ending.of(run)

    async def put_back(self, run: Run) -> None:
        """A message at its end lies in the source folder again: to its folder with it, and nothing else happens."""
        if run.folder is None or run.folder == self.mailbox.folders.source:
            return
        try:
            target = await self.folder(run.folder)
            async with self.gate.call():
                await self.source.move(run.provider_id, target)
        except NotFound:
            self.folders.pop(run.folder, None)
            return  # the next listing shows it again, and then the folder is looked for
        except (MessageGone, ServiceUnavailable, NetworkFailure):
            return  # the next listing shows whether it is still there
        event("mail_put_back", message=run.message)

    async def park_unread(self, mail: ListedMail) -> None:
        """Move a mail of the backlog into the folder that the administrator chose for it; nothing else is done with it."""
        backlog = self.mailbox.backlog
        if backlog is None or not backlog.folder:
            return
        target = await self.folder(backlog.folder)
        try:
            async with self.gate.call():
                await self.source.move(mail.provider_id, target)
        except NotFound:
            self.folders.pop(backlog.folder, None)  # the next listing shows the mail again
        except (MessageGone, ServiceUnavailable, NetworkFailure):
            return  # the next listing shows whether it is still there
        event("backlog_parked", company=self.company.id, mailbox=self.mailbox.id)

    async def _place(self, work: MailboxWork) -> Placement:
        try:
            return await self._place_into(await self.folder(work.folder), work)
        except NotFound:
            # Somebody deleted the folder whose id is remembered: it is looked for, and made where it is missing.
            self.folders.pop(work.folder, None)
            return await self._place_into(await self.folder(work.folder), work)

    async def _place_into(self, target: SourceFolder, work: MailboxWork) -> Placement:
        left = self.in_source is not None and work.provider_id not in self.in_source
        now_at = work.provider_id
        try:
            if work.check or left:
                among = [target, *await self._own_folders(work)]
                async with self.gate.call():
                    where = await self.source.locate(
                        work.provider_id, internet_message_id=work.internet_message_id, among=among
                    )
                if where is None:
                    return Placement("gone")
                now_at = where.provider_id
                if where.folder == target.id and work.folder != work.origin:
                    return Placement("found_there", now_at)
                if where.folder not in {folder.id for folder in among}:
                    return Placement("moved_by_person", now_at)
            await self._change(now_at, work)
            if work.folder == work.origin:
                return Placement("left_there", now_at)
            async with self.gate.call():
                return Placement("moved", await self.source.move(now_at, target))
        except MessageGone:
            return Placement("gone")

    async def _change(self, provider_id: str, work: MailboxWork) -> None:
        if not work.mark_read and not work.categories:
            return
        present = work.present
        if work.check and work.categories:
            # The listing may be days old by now, and a person may have added some.
            async with self.gate.call():
                present = await self.source.categories(provider_id)
        async with self.gate.call():
            await self.source.change(
                provider_id,
                mark_read=True if work.mark_read else None,
                add_categories=work.categories,
                present=present,
            )

    async def _own_folders(self, work: MailboxWork) -> list[SourceFolder]:
        """Where Postrum found the mail or may have left it; a mail that is elsewhere was put there by a person."""
        chosen = self.mailbox.folders
        paths = dict.fromkeys([work.origin, chosen.source, *(name for name in (chosen.imported, chosen.other) if name)])
        found = [await self._there(path) for path in paths]
        return [folder for folder in found if folder is not None]

    async def _there(self, path: str) -> SourceFolder | None:
        """The folder at a path, not made where it is missing."""
        known = self.folders.get(path)
        if known is None:
            async with self.gate.call():
                known = await self.source.folder(path)
            if known is not None:
                self.folders[path] = known
        return known

    async def _uncertain(
        self, item: OpenMessage, work: MailboxWork, error: ServiceUnavailable | NetworkFailure
    ) -> None:
        tries = item.tries + 1
        if tries >= TRIES:
            stored = await self.services.messages.run(work.message)
            if stored is not None:
                detail = f"The mail could not be moved in {tries} tries: {error.message}"
                update = {
                    "stage": Stage.PARKED,
                    "reason": "mailbox_unreachable",
                    "reason_detail": detail[:500],
                    "updated_at": self.services.clock(),
                }
                parked = stored.run.model_copy(update=update)
                await self.services.messages.move_on("parked", stored, parked)
                await self.ending.of(parked)
            return
        # The call may have taken place: next time the mail is looked for before anything is done.
        later = self.services.clock() + timedelta(minutes=min(2**item.tries, 30))
        checked = work.model_copy(update={"check": True, "not_before": stamp(later)})
        await self.services.open.look_again(
            self.company.id, self.mailbox.id, work.message, later, tries=tries, work=checked
        )
