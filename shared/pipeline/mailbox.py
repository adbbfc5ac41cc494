"""Use case: work on a mailbox. The lane's holder does what waits to be done there, lists the source folder and takes mails in."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from time import monotonic
from typing import Any

from shared.errors import LeaseLost, PermissionDenied, PostrumError, Throttled, TransientError
from shared.model.base import stamp
from shared.model.config import Company, Mailbox
from shared.model.task import MailboxTask
from shared.pipeline.announce import Announcer
from shared.pipeline.ending import Ending, wanted_list, wanted_work
from shared.pipeline.gate import BURST, SLOTS, Gate
from shared.pipeline.intake import Intake
from shared.pipeline.lane import LaneHold
from shared.pipeline.mailbox_work import MailboxWorker
from shared.pipeline.services import GRACE, Services
from shared.sources.base import ListedMail, MailSource, SourceFolder
from shared.stores.lanes import LaneState
from shared.stores.open_messages import OpenMessage
from shared.telemetry import event, problem

WORKERS = SLOTS * 2
"""More than the gate lets through: while some wait for storage, others have a call under way."""
LISTING_LIMIT = 5_000
"""Mails of one listing that are worked on in one hold."""
REFRESH = 25
"""Mails after which a worker looks again for what waits to be done."""
LONGEST_BLOCK = timedelta(minutes=15)
DEFAULT_BLOCK = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class WorkMailbox:
    """Works on one mailbox as long as there is work, or until its time is up."""

    services: Services
    announcer: Announcer

    async def __call__(self, task: MailboxTask) -> None:
        """Work on the mailbox that the task names; ends without an error when another worker holds its lane."""
        company = await self.services.companies.get(task.company)
        mailbox = None if company is None else company.mailbox(task.mailbox)
        if company is None or mailbox is None or not mailbox.active:
            event("mailbox_not_active", company=task.company, mailbox=task.mailbox)
            return
        serving = frozenset({wanted_list(company.id, mailbox.id), wanted_work(company.id, mailbox.id)})
        lane = self.services.sources.lane(company, mailbox)
        taken = await LaneHold.take(self.services.lanes, lane, self.services.clock, serving)
        if taken is None:
            wish = wanted_list(company.id, mailbox.id) if task.list else wanted_work(company.id, mailbox.id)
            await self.services.lanes.want(lane, frozenset({wish}), self.services.clock())
            return
        hold, wanted = taken
        async with hold:
            await self._hold(
                hold,
                company,
                mailbox,
                listing=task.list or wanted_list(company.id, mailbox.id) in wanted or hold.unclean,
            )
        for other in hold.state.wanted - serving:
            name, other_mailbox, kind = other.split("/")
            await self.services.queues.put(MailboxTask(company=name, mailbox=other_mailbox, list=kind == "list"))

    async def _hold(self, hold: LaneHold, company: Company, mailbox: Mailbox, *, listing: bool) -> None:
        serving = frozenset({wanted_list(company.id, mailbox.id), wanted_work(company.id, mailbox.id)})
        source = self.services.sources.open(company, mailbox)
        cursors = hold.state.cursors
        gate = Gate(hold, budget=self._budget(cursors))
        shift = _Shift(
            self.services,
            company,
            mailbox,
            source,
            gate,
            Ending(self.services, self.announcer),
            cursors,
            unclean=hold.unclean,
        )
        stop_at = monotonic() + self.services.use_case_seconds
        blocked: timedelta | None = None
        more = False
        try:
            while True:
                more = await shift.work(listing=listing, stop_at=stop_at)
                listing, shift.cut = shift.cut, False
                if more:
                    break
                if listing:
                    continue
                asked = await hold.give_back(serving, shift.remember(self.services.clock), even_if_asked=False)
                if not asked:
                    return
                listing = wanted_list(company.id, mailbox.id) in asked
        except Throttled as error:
            blocked = (
                min(timedelta(seconds=error.retry_after), LONGEST_BLOCK)
                if error.retry_after is not None
                else DEFAULT_BLOCK
            )
            event("lane_blocked", company=company.id, mailbox=mailbox.id, seconds=blocked.total_seconds())
        except LeaseLost:
            event("lane_lost", company=company.id, mailbox=mailbox.id)
            return
        except (TransientError, PermissionDenied) as error:
            # The mailbox or the storage is out of reach. Nothing is lost: what is open is looked after by the tick.
            problem("mailbox_failed", None, company=company.id, mailbox=mailbox.id, code=error.code, text=str(error))
            shift.failure = error
            blocked = DEFAULT_BLOCK
        finally:
            await source.aclose()
        await self._leave(hold, shift, serving, blocked, more=more, company=company, mailbox=mailbox)

    async def _leave(
        self,
        hold: LaneHold,
        shift: _Shift,
        serving: frozenset[str],
        blocked: timedelta | None,
        *,
        more: bool,
        company: Company,
        mailbox: Mailbox,
    ) -> None:
        """Give the lane back with work left: when the block is over the tick goes on, or at once where only time ran out."""
        remember = shift.remember(self.services.clock)
        now = self.services.clock()

        def change(state: LaneState) -> LaneState:
            state = remember(state)
            wanted = state.wanted | serving
            until = stamp(now + blocked) if blocked is not None else state.blocked_until
            return replace(state, wanted=wanted, wanted_at=state.wanted_at or stamp(now), blocked_until=until)

        try:
            # A failure may have come between a call to the mailbox and the note of it.
            await hold.give_back(serving, change, even_if_asked=True, unclean=blocked is not None or shift.unclean)
        except PostrumError as error:
            event("lane_not_given_back", code=error.code)  # it ends by itself within a minute
            return
        if more:
            await self.services.queues.put(MailboxTask(company=company.id, mailbox=mailbox.id))

    def _budget(self, cursors: dict[str, Any]) -> float:
        left, at = cursors.get("budget"), cursors.get("budget_at")
        if left is None or at is None:
            return BURST
        rested = self.services.clock().timestamp() - float(at)
        return min(BURST, float(left) + max(rested, 0) * 16)


class _Shift:
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
        self._intake = Intake(services, company, mailbox, source, "graph", gate, ending)
        self._new: deque[ListedMail] = deque()
        self._waiting: deque[OpenMessage] = deque()
        self._tried: set[tuple[str, str]] = set()
        self._since_look = REFRESH
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
        self._since_look = REFRESH
        failures: list[BaseException] = []

        async def worker() -> None:
            while not failures and monotonic() < stop_at:
                job = await self._next()
                if job is None:
                    return
                try:
                    await job()
                except Exception as error:  # noqa: BLE001 - raised below, after the other workers ended what they had begun
                    failures.append(error)

        workers = 1 if len(self._new) + len(self._waiting) <= 1 and not listing else WORKERS
        await asyncio.gather(*(worker() for _ in range(workers)))
        if failures:
            raise next((error for error in failures if isinstance(error, LeaseLost)), failures[0])
        return bool(self._new or self._waiting)

    def remember(self, clock: Callable[[], Any]) -> Callable[[LaneState], LaneState]:
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
        folder = await self._worker.folder(self._mailbox.folders.source)
        page: str | None = None
        mails: list[ListedMail] = []
        while True:
            async with self._gate.call():
                found = await self._source.list(folder, page=page)
            mails += found.mails
            page = found.next
            if page is None or len(mails) >= LISTING_LIMIT:
                self.cut = page is not None
                break
        if self.unclean:
            await self._worker.doubt({mail.provider_id for mail in mails})
            self.unclean = False
        # A mail can stand on two pages when another one left the folder meanwhile.
        fresh = list({mail.provider_id: mail for mail in mails}.values())
        now = self._services.clock()
        known = {item.message for item in await self._services.open.of_mailbox(self._company.id, self._mailbox.id)}
        self._noted = {message for mail in fresh if (message := self._intake.identity(mail)) not in known}
        await self._services.open.found(self._company.id, self._mailbox.id, sorted(self._noted), now + GRACE)
        self._new.extend(fresh)
        self._listed_at = stamp(now)
        event("folder_listed", company=self._company.id, mailbox=self._mailbox.id, mails=len(fresh))

    async def _next(self) -> Callable[[], Awaitable[None]] | None:
        async with self._lock:
            if not self._waiting and (self._since_look >= REFRESH or not self._new):
                self._since_look = 0
                now = stamp(self._services.clock())
                for item in await self._services.open.work(self._company.id, self._mailbox.id):
                    mark = (item.message, item.work.model_dump_json() if item.work else "")
                    later = item.work is not None and item.work.not_before > now
                    if mark not in self._tried and not later:
                        self._tried.add(mark)
                        self._waiting.append(item)
            self._since_look += 1
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
