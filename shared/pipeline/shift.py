"""The work of one hold of a lane: what waits to be done in the mailbox first, and new mails otherwise."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from time import monotonic
from typing import Any

from shared.errors import LeaseLost, PostrumError
from shared.model.base import stamp
from shared.model.config import Company, Mailbox
from shared.pipeline.ending import Ending
from shared.pipeline.gate import SLOTS, Gate
from shared.pipeline.health import failure_key, failure_of
from shared.pipeline.intake import Intake
from shared.pipeline.listing import Listing
from shared.pipeline.mailbox_work import MailboxWorker
from shared.pipeline.services import GRACE, Services
from shared.sources.base import ListedMail, MailSource, SourceFolder
from shared.stores.lanes import PAUSED, LaneState
from shared.stores.open_messages import OpenMessage
from shared.telemetry import event

WORKERS = SLOTS * 2
"""More than the gate lets through: while some wait for storage, others have a call under way."""
REFRESH = 25
"""Mails after which a worker looks again for what waits to be done."""


class Shift:
    """The work of one hold: a pool of workers that do what waits in the mailbox first, and take mails in otherwise."""

    def __init__(
        self,
        services: Services,
        company: Company,
        mailbox: Mailbox,
        source: MailSource,
        gate: Gate,
        ending: Ending,
        cursors: dict[str, Any],
        *,
        unclean: bool,
    ) -> None:
        known = _known_folders(mailbox, cursors)
        self.failure: PostrumError | None = None
        self.cut = False
        """The folder holds more than one hold works on: it is listed again when this part is done."""
        self.updates: dict[str, Any] = {}
        """What others want written into the cursors of the lane; None removes."""
        self._services = services
        self._company = company
        self._mailbox = mailbox
        self._source = source
        self._gate = gate
        self._marks: dict[str, str] = {}
        self._worker = MailboxWorker(services, company, mailbox, source, gate, ending, self._marks, folders=known)
        self.unclean = unclean
        """What waits may have been done by an earlier holder; until that is written down, the lane stays unclean."""
        self._intake = Intake(services, company, mailbox, source, source.kind, gate, ending, self._marks)
        self._listing = Listing(
            company,
            mailbox,
            source,
            gate,
            self._worker.folder,
            lambda path: self._worker.folders.pop(path, None),
            cursors,
        )
        self._new: deque[ListedMail] = deque()
        self._parked: deque[ListedMail] = deque()
        self._waiting: deque[OpenMessage] = deque()
        self._tried: set[tuple[str, str]] = set()
        self._since_look = 0
        self._lock = asyncio.Lock()
        self._listed_at: str | None = None
        self._noted: set[str] = set()

    @property
    def source_folder(self) -> str:
        """Id of the source folder, once it was listed; empty before."""
        known = self._worker.folders.get(self._mailbox.folders.source)
        return known.id if known else ""

    async def work(self, *, listing: bool, stop_at: float) -> bool:
        """Work until nothing is left.

        Returns:
            True when time ran out before.
        """
        if listing:
            await self._list()
        await self._look()
        while (self._waiting or self._new or self._parked) and monotonic() < stop_at:
            await self._all(stop_at)
            # What was decided meanwhile waits for the mailbox now.
            await self._look()
        return bool(self._new or self._waiting or self._parked)

    async def _all(self, stop_at: float) -> None:
        failures: list[Exception] = []

        async def worker() -> None:
            while not failures and monotonic() < stop_at:
                job = await self._next()
                if job is None:
                    return
                try:
                    await job()
                except Exception as error:  # noqa: BLE001 - raised below, after the others ended what they had begun
                    failures.append(error)

        jobs = len(self._waiting) + len(self._new) + len(self._parked)
        await asyncio.gather(*(worker() for _ in range(min(WORKERS, jobs))))
        if failures:
            raise next((error for error in failures if isinstance(error, LeaseLost)), failures[0])

    def remember(self, clock: Callable[[], datetime]) -> Callable[[LaneState], LaneState]:
        """What to write into the lane when it is given back."""

        def change(state: LaneState) -> LaneState:
            kept = {key: value for key, value in state.cursors.items() if key not in self.updates}
            kept |= {key: value for key, value in self.updates.items() if value is not None}
            cursors = self._listing.apply(kept) | {
                "budget": round(self._gate.budget, 1),
                "budget_at": round(clock().timestamp(), 3),
                "folders": {path: folder.id for path, folder in self._worker.folders.items()},
            }
            own = f"{self._company.id}/{self._mailbox.id}"
            failed = failure_key(self._company.id, self._mailbox.id)
            cursors |= {f"{what}/{own}": at for what, at in self._marks.items()}
            if self._listed_at:
                cursors[f"listed/{own}"] = self._listed_at
            if self.failure is not None:
                before = failure_of(state.cursors, self._company.id, self._mailbox.id)
                cursors[failed] = {
                    "code": self.failure.code,
                    "cause": self.failure.cause,
                    "text": str(self.failure)[:300],
                    "since": stamp(before.since if before else clock()),
                    "at": stamp(clock()),
                }
            elif self._listed_at:
                cursors.pop(failed, None)
            # Whether a block that follows is our own pause, or the patience that the provider asked for.
            cursors[PAUSED] = self.failure is not None
            return replace(state, cursors=cursors, blocked_until="")

        return change

    async def _list(self) -> None:
        """See what is new in the source folder, and note all of it before any of it is fetched."""
        now = self._services.clock()
        opened = await self._services.open.of_mailbox(self._company.id, self._mailbox.id)
        known = {item.message for item in opened}
        found = await self._listing(lambda mail: self._intake.identity(mail) in known, now)
        self.cut = found.cut
        if self.unclean:
            await self._worker.doubt(set(found.present))
            self.unclean = False
        staying = self._listing.staying
        listed = {self._intake.identity(mail): mail for mail in found.mails if mail.provider_id not in staying}
        self._noted = listed.keys() - known
        noted = {message: self._intake.note(listed[message]) for message in self._noted}
        await self._services.open.found(self._company.id, self._mailbox.id, noted, now + GRACE)
        self._listing.noted()
        if found.complete:
            self._worker.in_source = set(found.present)
        for item in opened:
            if item.work is not None or item.message in listed:
                continue
            if found.complete:
                await self._intake.left(item)
                continue
            # This look shows only a part of the folder, so what was not fetched before is tried by its id.
            waiting = await self._intake.unfetched(item)
            if waiting is not None:
                listed[item.message] = waiting
        self._new.extend(listed.values())
        self._parked.extend(found.parked)
        self._listed_at = stamp(now)
        event(
            "folder_listed",
            company=self._company.id,
            mailbox=self._mailbox.id,
            mails=len(found.mails),
            parked=len(found.parked),
        )

    async def _look(self) -> None:
        """See what waits to be done in the mailbox, leaving out what this hold has tried already."""
        self._since_look = 0
        now = stamp(self._services.clock())
        for item in await self._services.open.work(self._company.id, self._mailbox.id):
            if item.work is None or item.work.not_before > now:
                continue
            mark = (item.message, item.work.model_dump_json())
            if mark not in self._tried:
                self._tried.add(mark)
                self._waiting.append(item)

    async def _next(self) -> Callable[[], Awaitable[None]] | None:
        """The next thing to do: what waits in the mailbox goes before what is new in it."""
        async with self._lock:
            self._since_look += 1
            if not self._waiting and self._new and self._since_look > REFRESH:
                await self._look()
        if self._waiting:
            item = self._waiting.popleft()
            return lambda: self._worker.carry_out(item)
        if self._new:
            mail = self._new.popleft()
            return lambda: self._take(mail)
        if self._parked:
            old = self._parked.popleft()
            return lambda: self._worker.park_unread(old)
        return None

    async def _take(self, mail: ListedMail) -> None:
        ended = await self._intake.take(mail)
        if ended is not None and ended.folder in (None, self._mailbox.folders.source):
            self._listing.staying.add(mail.provider_id)  # it is listed again and again, and never anything is done
        if ended is None or ended.message not in self._noted:
            return  # on its way; or at its end, but what follows was not said to its end: the tick sees to that
        await self._worker.put_back(ended)
        await self._services.open.done(self._company.id, self._mailbox.id, ended.message)


def _known_folders(mailbox: Mailbox, cursors: dict[str, Any]) -> dict[str, SourceFolder]:
    """Folders whose ids are known: as they were found before, and as they were picked, which holds where both say something."""
    chosen, ids = mailbox.folders, mailbox.folders.ids
    picked = {chosen.source: ids.source, chosen.imported: ids.imported, chosen.other: ids.other}
    found: dict[str, str] = cursors.get("folders", {})
    return {
        path: SourceFolder(id=folder, path=path)
        for path, folder in (found | {path: folder for path, folder in picked.items() if folder}).items()
    }
