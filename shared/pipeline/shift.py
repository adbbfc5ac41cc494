"""The work of one hold of a lane: what waits to be done in the mailbox first, and new mails otherwise."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from time import monotonic
from typing import Any

from shared.errors import LeaseLost, NotFound, PostrumError
from shared.model.base import stamp
from shared.model.config import Company, Mailbox
from shared.pipeline.ending import Ending
from shared.pipeline.gate import SLOTS, Gate
from shared.pipeline.intake import Intake
from shared.pipeline.mailbox_work import MailboxWorker
from shared.pipeline.services import GRACE, Services
from shared.sources.base import ListedMail, MailSource, SourceFolder
from shared.stores.lanes import LaneState
from shared.stores.open_messages import OpenMessage
from shared.telemetry import event

WORKERS = SLOTS * 2
"""More than the gate lets through: while some wait for storage, others have a call under way."""
LISTING_LIMIT = 5_000
"""Mails of one listing that are worked on in one hold."""
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
        known = {path: SourceFolder(id=folder, path=path) for path, folder in cursors.get("folders", {}).items()}
        self.failure: PostrumError | None = None
        self.cut = False
        """The folder holds more than one hold works on: it is listed again when this part is done."""
        self._services = services
        self._company = company
        self._mailbox = mailbox
        self._source = source
        self._gate = gate
        self._worker = MailboxWorker(services, company, mailbox, source, gate, ending, folders=known)
        self.unclean = unclean
        """What waits may have been done by an earlier holder; until that is written down, the lane stays unclean."""
        self._intake = Intake(services, company, mailbox, source, source.kind, gate, ending)
        self._new: deque[ListedMail] = deque()
        self._waiting: deque[OpenMessage] = deque()
        self._tried: set[tuple[str, str]] = set()
        self._since_look = 0
        self._lock = asyncio.Lock()
        self._listed_at: str | None = None
        self._noted: set[str] = set()

    async def work(self, *, listing: bool, stop_at: float) -> bool:
        """Work until nothing is left.

        Returns:
            True when time ran out before.
        """
        if listing:
            await self._list()
        await self._look()
        while (self._waiting or self._new) and monotonic() < stop_at:
            await self._all(stop_at)
            # What was decided meanwhile waits for the mailbox now.
            await self._look()
        return bool(self._new or self._waiting)

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

        await asyncio.gather(*(worker() for _ in range(min(WORKERS, len(self._waiting) + len(self._new)))))
        if failures:
            raise next((error for error in failures if isinstance(error, LeaseLost)), failures[0])

    def remember(self, clock: Callable[[], datetime]) -> Callable[[LaneState], LaneState]:
        """What to write into the lane when it is given back."""

        def change(state: LaneState) -> LaneState:
            cursors = state.cursors | {
                "budget": round(self._gate.budget, 1),
                "budget_at": round(clock().timestamp(), 3),
                "folders": {path: folder.id for path, folder in self._worker.folders.items()},
            }
            if self._listed_at:
                cursors[f"listed/{self._company.id}/{self._mailbox.id}"] = self._listed_at
            if self.failure is not None:
                cursors["failure"] = {"code": self.failure.code, "text": str(self.failure)[:300], "at": stamp(clock())}
            elif self._listed_at:
                cursors.pop("failure", None)
            return replace(state, cursors=cursors, blocked_until="")

        return change

    async def _list(self) -> None:
        """The whole source folder: it is short where mail is moved away, and a whole listing misses nothing."""
        source = self._mailbox.folders.source
        try:
            mails = await self._pages(await self._worker.folder(source))
        except NotFound:
            # Somebody deleted the folder whose id is remembered, and perhaps made it again.
            self._worker.folders.pop(source, None)
            mails = await self._pages(await self._worker.folder(source))
        if self.unclean:
            await self._worker.doubt({mail.provider_id for mail in mails})
            self.unclean = False
        # A mail can stand on two pages when another one left the folder meanwhile.
        fresh = list({mail.provider_id: mail for mail in mails}.values())
        now = self._services.clock()
        opened = await self._services.open.of_mailbox(self._company.id, self._mailbox.id)
        known = {item.message for item in opened}
        listed = {self._intake.identity(mail): mail for mail in fresh}
        self._noted = listed.keys() - known
        noted = {message: self._intake.note(listed[message]) for message in self._noted}
        await self._services.open.found(self._company.id, self._mailbox.id, noted, now + GRACE)
        if not self.cut:
            self._worker.in_source = {mail.provider_id for mail in mails}
            for item in opened:
                if item.work is None and item.message not in listed:
                    await self._intake.left(item)
        self._new.extend(fresh)
        self._listed_at = stamp(now)
        event("folder_listed", company=self._company.id, mailbox=self._mailbox.id, mails=len(fresh))

    async def _pages(self, folder: SourceFolder) -> list[ListedMail]:
        mails: list[ListedMail] = []
        page: str | None = None
        while True:
            async with self._gate.call():
                found = await self._source.list(folder, page=page)
            mails += found.mails
            page = found.next
            if page is None or len(mails) >= LISTING_LIMIT:
                self.cut = page is not None
                return mails

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
        return None

    async def _take(self, mail: ListedMail) -> None:
        ended = await self._intake.take(mail)
        if ended is None or ended.message not in self._noted:
            return  # on its way; or at its end, but what follows was not said to its end: the tick sees to that
        await self._worker.put_back(ended)
        await self._services.open.done(self._company.id, self._mailbox.id, ended.message)
