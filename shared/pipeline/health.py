"""How the mailboxes are, from what the lanes remember: for the console, the API and the alerts.

What says that a mailbox lives is its last listing that succeeded: a connection that looks well and brings nothing is not well.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from shared.model.base import stamp
from shared.model.config import Company, Mailbox
from shared.model.connection import Connection
from shared.model.health import (
    Expiry,
    Failure,
    FaultGroup,
    Health,
    MailboxHealth,
    MailboxState,
    Stages,
    SubscriptionHealth,
)
from shared.pipeline.places import Place, Places
from shared.pipeline.schedule import nth_time, own
from shared.pipeline.services import Services
from shared.pipeline.subscriptions import kept
from shared.stores.lanes import LaneState

RUNS_MISSED = 3
"""A mailbox is silent only when so many times of its schedule went by."""
WINDOW = timedelta(days=1)
"""Junk is compared with what was there so long ago."""
JUNK_RISE = 5
"""Mails that have to come into Junk within that time before it counts as growing."""
HOST_CODES = frozenset({"network", "service_unavailable"})
"""Errors that a host causes, or the way to it."""
TENANT_CODES = frozenset({"permission_denied", "not_propagated"})
"""Errors that a tenant's settings cause. Signing in again is the task of each account."""
TIMELINE_LIMIT = 1000
"""Messages of a month that are looked through for the newest one of each mailbox."""


def junk_note(before: Mapping[str, Any] | None, count: int, now: datetime) -> dict[str, Any]:
    """What a lane remembers of the Junk folder.

    Args:
        before: what it remembered, None at first.
        count: mails that are in the folder now.
        now: the time.

    Returns:
        `count`, `at`, and what the count is compared with: `floor`, the least within the last day or two, since `floor_at`.
    """
    floor, floor_at = count, stamp(now)
    if before is not None:
        if before["floor_at"] > stamp(now - WINDOW):
            floor, floor_at = min(count, int(before["floor"])), before["floor_at"]
        else:
            floor = min(count, int(before["count"]))
    return {"count": count, "at": stamp(now), "floor": floor, "floor_at": floor_at}


def junk_grows(note: Mapping[str, Any]) -> bool:
    """Whether so much came into Junk that somebody should look, by what `junk_note` gave."""
    return int(note["count"]) - int(note["floor"]) >= JUNK_RISE


def counted_from(cursors: Mapping[str, Any], company: str, mailbox: str) -> str:
    """The stamp from which silence is counted: the last listing, or when the tick first asked for one. Empty where neither was."""
    listed = str(cursors.get(f"listed/{company}/{mailbox}") or "")
    return max(listed, str(cursors.get(f"since/{company}/{mailbox}") or ""))


def is_silent(schedule: str, since: str, now: datetime, silent_minutes: int) -> bool:
    """Whether a mailbox had no successful run for too long.

    Args:
        schedule: cron expression of the mailbox.
        since: what `counted_from` gives.
        now: the time.
        silent_minutes: the least time, for schedules that come often.
    """
    if not since or since > stamp(now - timedelta(minutes=silent_minutes)):
        return False
    missed = nth_time(schedule, datetime.fromisoformat(since), RUNS_MISSED)
    return missed is not None and missed <= now


@dataclass(frozen=True, slots=True)
class Standing:
    """One active mailbox with its place and why its runs fail: what fault groups are made of."""

    company: str
    mailbox: str
    place: Place
    failure: Failure | None


def failure_key(company: str, mailbox: str) -> str:
    """Name of the cursor that says why the last run of a mailbox failed: companies that share a lane may fail each in its way."""
    return f"failure/{company}/{mailbox}"


def failure_of(cursors: Mapping[str, Any], company: str, mailbox: str) -> Failure | None:
    """Why the last run of a mailbox failed."""
    found = cursors.get(failure_key(company, mailbox))
    if not isinstance(found, dict):
        return None
    at = datetime.fromisoformat(found["at"])
    since = datetime.fromisoformat(found["since"]) if found.get("since") else at
    return Failure(
        code=str(found["code"]), cause=str(found.get("cause", "")), text=str(found.get("text", "")), since=since, at=at
    )


def fault_groups(standings: Iterable[Standing]) -> list[FaultGroup]:
    """Failing mailboxes by the host or the tenant that the failure points to, the largest group first."""
    members: dict[tuple[str, str], int] = Counter()
    failing: dict[tuple[str, str], list[Failure]] = defaultdict(list)
    for one in standings:
        members["host", one.place.host] += 1
        if one.place.tenant:
            members["tenant", one.place.tenant] += 1
        if one.failure is None:
            continue
        if one.failure.code in HOST_CODES:
            failing["host", one.place.host].append(one.failure)
        elif one.failure.code in TENANT_CODES and one.place.tenant:
            failing["tenant", one.place.tenant].append(one.failure)
    groups = [
        FaultGroup(
            by="host" if by == "host" else "tenant",
            name=name,
            affected=len(failures),
            total=members[by, name],
            since=min(failure.since for failure in failures),
            causes=tuple(sorted({failure.cause or failure.code for failure in failures})),
            whole=len(failures) >= 2 and 2 * len(failures) >= members[by, name],
        )
        for (by, name), failures in failing.items()
    ]
    return sorted(groups, key=lambda group: (-group.affected, group.by, group.name))


def points_to(failure: Failure, place: Place, group: FaultGroup) -> bool:
    """Whether the failure of a mailbox at a place belongs to a group."""
    if group.by == "host":
        return failure.code in HOST_CODES and place.host == group.name
    return failure.code in TENANT_CODES and place.tenant == group.name


def mailbox_health(
    company: Company, mailbox: Mailbox, state: LaneState | None, place: Place, now: datetime, silent_minutes: int
) -> MailboxHealth:
    """How a mailbox is, from its lane; None where the tick has not seen it yet."""
    state = state or LaneState()
    cursors = state.cursors
    key = f"{company.id}/{mailbox.id}"
    junk = cursors.get(f"junk/{key}")
    failure = failure_of(cursors, company.id, mailbox.id)
    subscription = kept(cursors, company.id, mailbox.id)
    stages = Stages(
        listed_at=_time(cursors.get(f"listed/{key}")),
        archived_at=_time(cursors.get(f"archived/{key}")),
        filed_at=_time(cursors.get(f"filed/{key}")),
    )
    silent = is_silent(own(mailbox.schedule, key), counted_from(cursors, company.id, mailbox.id), now, silent_minutes)
    return MailboxHealth(
        company=company.id,
        mailbox=mailbox.id,
        name=mailbox.name or mailbox.address,
        address=mailbox.address,
        connection_kind=mailbox.connection,
        host=place.host,
        tenant=place.tenant,
        state=_state(mailbox, state, stages, failure, now, silent=silent),
        stages=stages,
        junk=int(junk["count"]) if isinstance(junk, dict) else None,
        question=f"question/{key}" in cursors,
        failure=failure,
        blocked_until=_time(state.blocked_until) if state.blocked(now) else None,
        subscription=SubscriptionHealth(
            state="failing" if subscription.failing_since else "active" if subscription.id else "off",
            expires=_time(subscription.expires),
            cause=subscription.cause,
            failing_since=_time(subscription.failing_since),
        ),
    )


def _state(
    mailbox: Mailbox, state: LaneState, stages: Stages, failure: Failure | None, now: datetime, *, silent: bool
) -> MailboxState:
    if not mailbox.active:
        return MailboxState.PAUSED
    if failure is not None:
        return MailboxState.FAILING
    if silent:
        return MailboxState.SILENT
    if state.blocked(now):
        return MailboxState.WAITING
    return MailboxState.NEW if stages.listed_at is None else MailboxState.OK


def _time(text: object) -> datetime | None:
    return datetime.fromisoformat(text) if isinstance(text, str) and text else None


@dataclass(frozen=True, slots=True)
class HealthReport:
    """Reads how everything is. Changes nothing.

    Attributes:
        services: the stores.
        places: where mailboxes are.
        silent_minutes: after which a mailbox counts as silent.
        connections: states of the connections of a company.
        expiries: what of the deployment ends.
    """

    services: Services
    places: Places
    silent_minutes: int
    connections: Callable[[str], Awaitable[Sequence[Connection]]]
    expiries: Callable[[], Awaitable[Sequence[Expiry]]]

    async def __call__(self, company: str | None = None, *, details: bool = True) -> Health:
        """How everything is now.

        Args:
            company: only its mailboxes, and only groups that one of them belongs to; None for all.
            details: also count what is open, and read connections and the newest messages; without it only lanes are read.
        """
        now = self.services.clock()
        lanes = {stored.lane: stored.state for stored in await self.services.lanes.every()}
        standings: list[Standing] = []
        shown: list[MailboxHealth] = []
        companies = await self.services.companies.every()
        for one in companies:
            for mailbox in one.mailboxes:
                place = self.places.of(mailbox)
                state = lanes.get(self.services.sources.lane(one, mailbox))
                if mailbox.active:
                    failure = failure_of(state.cursors, one.id, mailbox.id) if state is not None else None
                    standings.append(Standing(one.id, mailbox.id, place, failure))
                if company in (None, one.id):
                    shown.append(mailbox_health(one, mailbox, state, place, now, self.silent_minutes))
        groups = fault_groups(standings)
        if company is not None:
            own = {("host", health.host) for health in shown} | {("tenant", health.tenant) for health in shown}
            groups = [group for group in groups if (group.by, group.name) in own]
        if details:
            shown = await self._with_details(shown, now)
        return Health(at=now, mailboxes=tuple(shown), groups=tuple(groups), expiries=tuple(await self.expiries()))

    async def _with_details(self, shown: list[MailboxHealth], now: datetime) -> list[MailboxHealth]:
        open_ = await self.services.open.count_by_mailbox()
        found: list[MailboxHealth] = []
        for company in sorted({health.company for health in shown}):
            connections = {connection.mailbox: connection for connection in await self.connections(company)}
            newest = await self._newest(company, now)
            for health in shown:
                if health.company == company:
                    stages = health.stages.model_copy(update={"ended_at": newest.get(health.mailbox)})
                    update = {
                        "backlog": open_.get((company, health.mailbox), 0),
                        "connection": connections.get(health.mailbox),
                        "stages": stages,
                    }
                    found.append(health.model_copy(update=update))
        return found

    async def _newest(self, company: str, now: datetime) -> dict[str, datetime]:
        """Mailbox → when its newest message came in that is at its end, within this month and the one before."""
        newest: dict[str, datetime] = {}
        for month in (now, now.replace(day=1) - timedelta(days=1)):
            for _, row in await self.services.timeline.newest(company, month, limit=TIMELINE_LIMIT):
                newest.setdefault(row.text("mailbox"), datetime.fromisoformat(row.text("received_at")))
        return newest
