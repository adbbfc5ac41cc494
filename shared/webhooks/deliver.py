"""What to do with the events that wait for one subscriber about one subject: pure decisions.

The promise: at least once, always with the same id, and in the order of `sequence` while the subscriber answers. An
event that fails holds the later ones of its subject for at most an hour; after that they may overtake it, but it is
tried once more directly before. While the subscriber is down, only the first event of each subject is tried, so that
order is kept over an outage; once it answers again, what failed before is due at once.

The storage is around this. How a worker uses it, for one task::

    rows = …                                              the partition of subscriber and subject
    step = choose(rows, now=now, breaker=breaker)
    admission = breaker.admit(now)                        not granted: keep postpone(step.send, …), look again then
    attempt = await sender.post(…)
    settled = settle(step.send, attempt, admission.breaker, now=now, random=random())
    …keep settled.row and settled.breaker, disable the subscriber where settled.disable says so; and again

Besides, while `breaker.probe_due(now)`, somebody looks at the subject whose event has waited longest; and when a
success ended an outage (`recovered_at` changed), at every subject of the subscriber that has something waiting.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Final

from pydantic import AwareDatetime, Field

from shared.model.base import Model
from shared.webhooks.attempt import Attempt
from shared.webhooks.breaker import Breaker
from shared.webhooks.schedule import LIFETIME, Meaning, meaning, next_time

HOLD: Final = timedelta(hours=1)
"""At most this long a failing event holds the later ones of its subject, counted from its first failure."""

DISABLE_AFTER: Final = timedelta(days=5)
"""A subscriber that has answered nothing well for this long is disabled when the next event is given up."""

JUST_TRIED: Final = timedelta(minutes=1)
JUST_TRIED_OPEN: Final = timedelta(minutes=15)
"""An event that failed within this time is not tried again before a later one overtakes it. With the breaker open it is
long enough for the later one to get its turn among the probes."""

SPREAD: Final = timedelta(minutes=10)
"""Subjects that wait for a breaker come back spread over this time, so that they do not come all at once."""


class State(StrEnum):
    """Where a delivery is."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"
    """Given up; a person can replay it."""


class GivenUp(StrEnum):
    """Why a delivery is dead."""

    EXHAUSTED = "exhausted"
    TOO_OLD = "too_old"
    TOO_LARGE = "too_large"
    GONE = "gone"
    DISABLED = "disabled"


class Disable(StrEnum):
    """Why a subscriber is disabled."""

    GONE = "gone"
    FAILING = "failing"


class Delivery(Model):
    """One event on its way to one subscriber: the attempt series."""

    event_id: str
    sequence: str
    created_at: AwareDatetime
    """When it joined the queue."""
    next_at: AwareDatetime
    state: State = State.WAITING
    attempts: Annotated[int, Field(ge=0)] = 0
    """Attempts that count against the schedule."""
    first_failed_at: AwareDatetime | None = None
    last_failed_at: AwareDatetime | None = None
    given_up: GivenUp | None = None


class Step(Model):
    """What to do with a subject now."""

    send: Delivery | None = None
    look_again_at: AwareDatetime | None = None
    """When nothing is to be sent now: not before this; None where nothing waits."""


class Settled(Model):
    """What to keep after an attempt."""

    row: Delivery
    breaker: Breaker
    disable: Disable | None = None


def choose(rows: Iterable[Delivery], *, now: datetime, breaker: Breaker) -> Step:
    """The one event of a subject that may be sent now.

    Args:
        rows: of one subscriber and subject, in any order; those that do not wait are ignored.
        now: the time.
        breaker: of the subscriber, as it is kept.
    """
    waiting = sorted((row for row in rows if row.state is State.WAITING), key=lambda row: (row.sequence, row.event_id))
    if not waiting:
        return Step()
    step = _in_order(waiting, now, breaker)
    if step.send is None and breaker.probe_due(now):
        return Step(send=waiting[0])
    return step


def _in_order(waiting: list[Delivery], now: datetime, breaker: Breaker) -> Step:
    first = waiting[0]
    if breaker.down:
        return Step(send=first) if _due(first, now, breaker) else Step(look_again_at=first.next_at)
    for index, row in enumerate(waiting):
        if _due(row, now, breaker):
            tried = first.last_failed_at
            fresh = tried is not None and now - tried < (JUST_TRIED_OPEN if breaker.open else JUST_TRIED)
            return Step(send=row if fresh else first)
        held_until = row.next_at if row.first_failed_at is None else row.first_failed_at + HOLD
        if now < held_until:
            return Step(look_again_at=min(held_until, *(other.next_at for other in waiting[: index + 1])))
    return Step(look_again_at=min(row.next_at for row in waiting))


def _due(row: Delivery, now: datetime, breaker: Breaker) -> bool:
    if row.next_at <= now:
        return True
    failed, recovered = row.last_failed_at, breaker.recovered_at
    return failed is not None and recovered is not None and recovered > failed


def settle(row: Delivery, attempt: Attempt, breaker: Breaker, *, now: datetime, random: float) -> Settled:
    """What an attempt makes of its row, the breaker and the subscriber.

    Args:
        row: as it was when it was sent.
        attempt: what came of it.
        breaker: as `admit` returned it.
        now: when the attempt ended.
        random: a random number, at least 0 and below 1.
    """
    if attempt.delivered:
        return Settled(row=row.model_copy(update={"state": State.DELIVERED}), breaker=breaker.succeeded(now))
    said = Meaning.AGAIN if attempt.status is None else meaning(attempt.status)
    if said is Meaning.DISABLE:
        return Settled(row=_failed(row, now, GivenUp.GONE), breaker=breaker, disable=Disable.GONE)
    if said is Meaning.NEVER:
        return Settled(row=_failed(row, now, GivenUp.TOO_LARGE), breaker=breaker)
    breaker = breaker.failed(now, event_id=row.event_id, outage=attempt.outage, asked=attempt.retry_after)
    if now < row.next_at:
        # Sent before its time, to keep the order: that does not use up the schedule.
        asked = now + timedelta(seconds=attempt.retry_after or 0)
        return Settled(row=_failed(row, now).model_copy(update={"next_at": max(row.next_at, asked)}), breaker=breaker)
    attempts = row.attempts + 1
    at = next_time(attempts, now=now, random=random, asked=attempt.retry_after)
    too_old = now - row.created_at >= LIFETIME
    if at is not None and not too_old:
        update = {"attempts": attempts, "next_at": at}
        return Settled(row=_failed(row, now).model_copy(update=update), breaker=breaker)
    dead = _failed(row, now, GivenUp.TOO_OLD if at is not None else GivenUp.EXHAUSTED)
    since = breaker.failing_since
    failing = since is not None and now - since >= DISABLE_AFTER
    return Settled(
        row=dead.model_copy(update={"attempts": attempts}),
        breaker=breaker,
        disable=Disable.FAILING if failing else None,
    )


def _failed(row: Delivery, now: datetime, given_up: GivenUp | None = None) -> Delivery:
    update: dict[str, object] = {"first_failed_at": row.first_failed_at or now, "last_failed_at": now}
    if given_up is not None:
        update |= {"state": State.DEAD, "given_up": given_up}
    return row.model_copy(update=update)


def postpone(row: Delivery, until: datetime, *, now: datetime, random: float) -> Delivery:
    """The row when the breaker admits nothing: later, without an attempt counted, or dead when it is too old.

    Args:
        row: what was to be sent.
        until: `Admission.look_again_at`.
        now: the time.
        random: a random number, at least 0 and below 1.
    """
    if now - row.created_at >= LIFETIME:
        return row.model_copy(update={"state": State.DEAD, "given_up": GivenUp.TOO_OLD})
    return row.model_copy(update={"next_at": max(row.next_at, until + SPREAD * random)})


def give_up(row: Delivery, why: GivenUp = GivenUp.DISABLED) -> Delivery:
    """The row of a subscriber that is disabled: kept, and replayed when a person wants it."""
    return row if row.state is not State.WAITING else row.model_copy(update={"state": State.DEAD, "given_up": why})


def replay(row: Delivery, *, now: datetime) -> Delivery:
    """A new attempt series for the same event, with the same id."""
    return Delivery(event_id=row.event_id, sequence=row.sequence, created_at=now, next_at=now)
