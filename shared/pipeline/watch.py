"""What is wrong with the mailboxes, from what the tick has read anyway: the conditions that alerts are raised for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.model.alert import Alert, AlertKind, Condition
from shared.model.config import Company, ConnectionKind, Mailbox
from shared.model.health import Failure, FaultGroup
from shared.pipeline.alerts import Alarm
from shared.pipeline.health import (
    Standing,
    counted_from,
    failure_of,
    fault_groups,
    is_silent,
    junk_grows,
    points_to,
)
from shared.pipeline.places import Places
from shared.pipeline.schedule import own
from shared.pipeline.services import Services
from shared.pipeline.subscriptions import kept
from shared.remedies import Kind, remedy
from shared.stores.lanes import LaneState

FAILING_AFTER = timedelta(minutes=10)
"""Failures that are over sooner are nobody's business."""
SUBSCRIPTION_AFTER = timedelta(hours=1)
KINDS = frozenset(AlertKind) - {AlertKind.SCOPE_OPEN, AlertKind.CERTIFICATE_EXPIRING}
"""Kinds that are judged every minute; the others are found out once a day."""
OF_RUNS = frozenset(
    {AlertKind.MAILBOX_SILENT, AlertKind.CONNECTION_FAILING, AlertKind.CONSENT_REVOKED, AlertKind.SIGN_IN_NEEDED}
)
"""Kinds about the runs of one mailbox: where a whole host, tenant or company is in trouble, they say nothing new."""


@dataclass(frozen=True, slots=True)
class Watched:
    """What the conditions of all mailboxes are.

    Attributes:
        conditions: that hold.
        covered: mailboxes, as (company, mailbox), whose trouble is that of a whole host, tenant or company.
    """

    conditions: list[Condition]
    covered: frozenset[tuple[str, str]]

    def stays(self, alert: Alert) -> bool:
        """Whether an alert cannot be judged: its mailbox shares the trouble of others."""
        return alert.kind in OF_RUNS and bool(alert.mailbox) and (alert.company, alert.mailbox) in self.covered


def watched(
    companies: Iterable[Company],
    state_of: Callable[[Company, Mailbox], LaneState | None],
    places: Places,
    now: datetime,
    silent_minutes: int,
) -> Watched:
    """What is wrong now (pure).

    Args:
        companies: everything that is configured.
        state_of: the lane of a mailbox; None where it has none yet.
        places: where mailboxes are.
        now: the time.
        silent_minutes: after which a mailbox counts as silent.
    """
    conditions: list[Condition] = []
    standings: list[Standing] = []
    active: list[tuple[Company, Mailbox, LaneState]] = []
    for company in companies:
        for mailbox in company.mailboxes:
            if not mailbox.active:
                continue
            place, state = places.of(mailbox), state_of(company, mailbox)
            failure = None if state is None else failure_of(state.cursors, company.id, mailbox.id)
            standings.append(Standing(company.id, mailbox.id, place, failure))
            if state is not None:
                active.append((company, mailbox, state))
    whole = [group for group in fault_groups(standings) if group.whole]
    covered = _covered(standings, whole)
    conditions += _of_groups(standings, [group for group in whole if group.since <= now - FAILING_AFTER])
    of_runs: list[Condition] = []
    for company, mailbox, state in active:
        if (company.id, mailbox.id) not in covered:
            of_runs += _of_runs(company, mailbox, state, now, silent_minutes)
        conditions += _of_rest(company, mailbox, state, now)
    together = _together(of_runs, Counter(company.id for company, _, _ in active))
    silent = {(one.company, one.mailbox) for one in of_runs if one.kind is AlertKind.MAILBOX_SILENT}
    covered |= {name for name in silent if name[0] in together}
    conditions += [one for one in of_runs if (one.company, one.mailbox) not in covered]
    return Watched(conditions + list(together.values()), covered)


def _together(conditions: Iterable[Condition], active: Mapping[str, int]) -> dict[str, Condition]:
    """One condition for each company of whose mailboxes half or more are silent: then it is not about single mailboxes."""
    silent: dict[str, list[Condition]] = {}
    for one in conditions:
        if one.kind is AlertKind.MAILBOX_SILENT:
            silent.setdefault(one.company, []).append(one)
    return {
        company: Condition(
            kind=AlertKind.MAILBOX_SILENT,
            company=company,
            cause="mailbox_silent",
            affected=len(found),
            since=min(one.since for one in found),
        )
        for company, found in silent.items()
        if len(found) >= 2 and 2 * len(found) >= active[company]
    }


def _covered(standings: Iterable[Standing], groups: Sequence[FaultGroup]) -> frozenset[tuple[str, str]]:
    return frozenset(
        (one.company, one.mailbox)
        for one in standings
        if one.failure is not None and any(points_to(one.failure, one.place, group) for group in groups)
    )


def _of_groups(standings: Iterable[Standing], groups: Sequence[FaultGroup]) -> list[Condition]:
    """One condition for each company that has mailboxes in a group: no company hears of another's."""
    found: list[Condition] = []
    members = list(standings) if groups else []
    for group in groups:
        affected: dict[str, list[Failure]] = {}
        for one in members:
            if one.failure is not None and points_to(one.failure, one.place, group):
                affected.setdefault(one.company, []).append(one.failure)
        kind = AlertKind.HOST_UNREACHABLE if group.by == "host" else AlertKind.TENANT_REFUSED
        for company, failures in affected.items():
            first = min(failures, key=lambda failure: failure.since)
            found.append(
                Condition(
                    kind=kind,
                    company=company,
                    place=group.name,
                    cause=first.cause or first.code,
                    affected=len(failures),
                    since=first.since,
                )
            )
    return found


def _of_runs(
    company: Company, mailbox: Mailbox, state: LaneState, now: datetime, silent_minutes: int
) -> Iterable[Condition]:
    """What is wrong with the runs of a mailbox; silence says nothing new where the failure is known."""
    failure = failure_of(state.cursors, company.id, mailbox.id)
    since = counted_from(state.cursors, company.id, mailbox.id)
    if failure is not None:
        kind = _kind_of(failure, mailbox)
        # A person has to act on these, and waiting makes them no better.
        at_once = kind is not AlertKind.CONNECTION_FAILING
        if at_once or failure.since <= now - FAILING_AFTER:
            cause = failure.cause or failure.code
            yield Condition(kind=kind, company=company.id, mailbox=mailbox.id, cause=cause, since=failure.since)
    elif is_silent(own(mailbox.schedule, f"{company.id}/{mailbox.id}"), since, now, silent_minutes):
        yield Condition(
            kind=AlertKind.MAILBOX_SILENT,
            company=company.id,
            mailbox=mailbox.id,
            cause="mailbox_silent",
            since=datetime.fromisoformat(since),
        )


def _kind_of(failure: Failure, mailbox: Mailbox) -> AlertKind:
    """Who has to act: an administrator who grants access, the account itself, or whoever runs what does not answer."""
    if failure.code == "permission_denied" and mailbox.connection is ConnectionKind.GRAPH_APP:
        return AlertKind.CONSENT_REVOKED
    if failure.code == "sign_in_needed" or remedy(failure.cause).kind is Kind.CREDENTIALS:
        return AlertKind.SIGN_IN_NEEDED
    return AlertKind.CONNECTION_FAILING


def _of_rest(company: Company, mailbox: Mailbox, state: LaneState, now: datetime) -> Iterable[Condition]:
    """What else a lane tells."""
    cursors, key = state.cursors, f"{company.id}/{mailbox.id}"
    junk = cursors.get(f"junk/{key}")
    if isinstance(junk, dict) and junk_grows(junk):
        since = datetime.fromisoformat(junk["floor_at"])
        yield Condition(kind=AlertKind.JUNK_GROWING, company=company.id, mailbox=mailbox.id, since=since)
    if f"question/{key}" in cursors:
        yield Condition(kind=AlertKind.BACKLOG_QUESTION, company=company.id, mailbox=mailbox.id, since=now)
    if f"subscription/{key}" in cursors:
        subscription = kept(cursors, company.id, mailbox.id)
        if subscription.failing_since:
            since = datetime.fromisoformat(subscription.failing_since)
            if since <= now - SUBSCRIPTION_AFTER:
                yield Condition(
                    kind=AlertKind.SUBSCRIPTION_FAILING,
                    company=company.id,
                    mailbox=mailbox.id,
                    cause=subscription.cause,
                    since=since,
                )


@dataclass(frozen=True, slots=True)
class WatchHealth:
    """Judges every minute what is wrong. Reads the open alerts and the parked tasks, and nothing else."""

    services: Services
    alarm: Alarm
    places: Places
    silent_minutes: int

    async def __call__(
        self,
        companies: Sequence[Company],
        state_of: Callable[[Company, Mailbox], LaneState | None],
        now: datetime,
    ) -> None:
        """Raise and clear.

        Args:
            companies: everything that is configured.
            state_of: the lane of a mailbox; None where it has none yet.
            now: the time.
        """
        found = watched(companies, state_of, self.places, now, self.silent_minutes)
        conditions = list(found.conditions)
        parked = await self.services.parked.every(limit=1)
        if parked:
            since = datetime.fromisoformat(parked[0].at)
            conditions.append(Condition(kind=AlertKind.POISON, affected=0, since=since))
        await self.alarm.settle(conditions, KINDS, now, stays=found.stays)
