"""Use case: work on a mailbox. The lane's holder does what waits to be done there, lists the source folder and takes mails in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from time import monotonic
from typing import Any

from shared.errors import LeaseLost, PermissionDenied, PostrumError, Throttled
from shared.model.base import stamp
from shared.model.config import IMAP_KINDS, Company, Mailbox
from shared.model.task import MailboxTask
from shared.pipeline.announce import Announcer
from shared.pipeline.ending import Ending, mailbox_task, wanted_list, wanted_work
from shared.pipeline.gate import BURST, PER_SECOND, Gate
from shared.pipeline.health import failure_of
from shared.pipeline.lane import LaneHold
from shared.pipeline.services import Services
from shared.pipeline.shift import Shift
from shared.pipeline.upkeep import Upkeep
from shared.stores.lanes import LaneState
from shared.telemetry import event, problem

LONGEST_BLOCK = timedelta(minutes=15)
DEFAULT_BLOCK = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class WorkMailbox:
    """Works on one mailbox as long as there is work, or until its time is up."""

    services: Services
    announcer: Announcer
    upkeep: Upkeep

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
            await self._wake_other(name, other_mailbox, listing=kind == "list")

    async def _wake_other(self, company_id: str, mailbox_id: str, *, listing: bool) -> None:
        """The same mailbox is configured in another company as well, which asked meanwhile."""
        company = await self.services.companies.get(company_id)
        mailbox = None if company is None else company.mailbox(mailbox_id)
        if company is not None and mailbox is not None:
            await self.services.queues.put(mailbox_task(company, mailbox, listing=listing))

    async def _hold(self, hold: LaneHold, company: Company, mailbox: Mailbox, *, listing: bool) -> None:
        serving = frozenset({wanted_list(company.id, mailbox.id), wanted_work(company.id, mailbox.id)})
        source = self.services.sources.open(company, mailbox)
        cursors = hold.state.cursors
        gate = Gate(hold, budget=self._budget(cursors), metered=mailbox.connection not in IMAP_KINDS)
        shift = Shift(
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
        more = looked = False
        try:
            while True:
                more = await shift.work(listing=listing, stop_at=stop_at)
                if listing and not looked:
                    looked = True
                    await self._look_after(shift, company, mailbox, cursors, gate)
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
        except PostrumError as error:
            # The mailbox or the storage is out of reach, or not set up as it should be. Nothing is lost: what is open is looked
            # after by the tick, and people see the reason.
            problem("mailbox_failed", None, company=company.id, mailbox=mailbox.id, code=error.code, text=str(error))
            shift.failure = error
            blocked = self._pause(cursors, company.id, mailbox.id, error)
            await self.upkeep.failed(company, mailbox, error)
        finally:
            await source.aclose()
        await self._leave(hold, shift, serving, blocked, more=more, company=company, mailbox=mailbox)

    async def _look_after(
        self, shift: Shift, company: Company, mailbox: Mailbox, cursors: dict[str, Any], gate: Gate
    ) -> None:
        """The mailbox was listed: once a hold, what is beside its mail is seen to."""
        await self.upkeep.answered(company, mailbox)
        shift.updates |= await self.upkeep.subscribe(company, mailbox, cursors, gate, shift.source_folder)

    async def _leave(
        self,
        hold: LaneHold,
        shift: Shift,
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
            await self.services.queues.put(mailbox_task(company, mailbox))

    def _pause(self, cursors: dict[str, Any], company: str, mailbox: str, error: PostrumError) -> timedelta:
        """How long the mailbox is left alone after a failure.

        Servers lock accounts after a few wrong passwords, so a refusal is repeated ever more seldom, up to the longest block; a person
        who mends it does not wait for the end of the pause. Everything else may be over in a moment. Where another company reads the
        same mailbox, the pause is short: it holds for both.
        """
        before = failure_of(cursors, company, mailbox)
        shared = any(key.startswith("listed/") and key != f"listed/{company}/{mailbox}" for key in cursors)
        if not isinstance(error, PermissionDenied) or before is None or shared:
            return DEFAULT_BLOCK
        lasted = self.services.clock() - before.since
        return max(DEFAULT_BLOCK, min(lasted, LONGEST_BLOCK))

    def _budget(self, cursors: dict[str, Any]) -> float:
        left, at = cursors.get("budget"), cursors.get("budget_at")
        if left is None or at is None:
            return BURST
        rested = self.services.clock().timestamp() - float(at)
        return min(BURST, float(left) + max(rested, 0) * PER_SECOND)
