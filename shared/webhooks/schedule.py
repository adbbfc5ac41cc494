"""When a failed delivery is tried again: the schedule as data, over three days.

The delays are those of the Standard Webhooks specification in kind ("Deliverability and reliability": several days,
exponential, with jitter), with more attempts in the first hour, because a failing event holds the later ones of its
subject that long. Jitter only ever lengthens a delay, so that three days are never less than three days.

Pure: the time and the random number are arguments.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Final

SCHEDULE: Final[tuple[timedelta, ...]] = (
    timedelta(seconds=5),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(minutes=30),
    timedelta(hours=1),
    timedelta(hours=2),
    timedelta(hours=4),
    timedelta(hours=8),
    timedelta(hours=12),
    timedelta(hours=20),
    timedelta(hours=24),
)
"""Delay before the second, third, … attempt: thirteen attempts in 71 h 51 min."""

JITTER: Final = 0.2
"""A delay is lengthened by up to this share."""

LIFETIME: Final = timedelta(days=4)
"""However long it was postponed, an event older than this is not tried again by itself."""

LONGEST_RETRY_AFTER: Final = timedelta(hours=24)


class Meaning(StrEnum):
    """What a status says about the event and the subscriber."""

    DELIVERED = "delivered"
    AGAIN = "again"
    NEVER = "never"
    """The same bytes will be refused for ever; the subscriber itself is well."""
    DISABLE = "disable"
    """The subscriber does not want to hear from us any more."""


_FINAL: Final[dict[int, Meaning]] = {410: Meaning.DISABLE, 413: Meaning.NEVER}


def meaning(status: int) -> Meaning:
    """What to make of a status.

    Any 2xx is success. Everything else is failure: 3xx too, because redirects are not followed, and 4xx too, because a
    receiver that is being repaired or deployed answers 401, 404 or 422 for a while. Only 410 and 413 are final.
    """
    if 200 <= status <= 299:
        return Meaning.DELIVERED
    return _FINAL.get(status, Meaning.AGAIN)


def delay(failures: int, random: float) -> timedelta | None:
    """How long to wait after so many failed attempts, or None when the schedule is used up.

    Args:
        failures: attempts that failed so far, at least 1.
        random: a random number, at least 0 and below 1.
    """
    if failures < 1 or not 0 <= random < 1:
        raise ValueError("failures counts from 1, and random is at least 0 and below 1")
    if failures > len(SCHEDULE):
        return None
    return SCHEDULE[failures - 1] * (1 + JITTER * random)


_SECONDS = re.compile(r"[0-9]{1,9}\Z", re.ASCII)


def retry_after(header: str | None, now: datetime) -> float | None:
    """The seconds that a `Retry-After` header asks for, clamped to a day; None where it says nothing that can be read.

    Both forms of RFC 9110 §10.2.3: a number of seconds, or an HTTP date in any of its three spellings.

    Args:
        header: its value as received.
        now: the time of the answer, with a time zone.
    """
    text = (header or "").strip()
    if not text or len(text) > 64:
        return None
    if _SECONDS.match(text):
        seconds = float(text)
    else:
        try:
            at = parsedate_to_datetime(text)
            seconds = (at.replace(tzinfo=at.tzinfo or UTC) - now).total_seconds()
        except (ValueError, TypeError, OverflowError, IndexError):
            return None
    return min(max(seconds, 0.0), LONGEST_RETRY_AFTER.total_seconds())


def next_time(failures: int, *, now: datetime, random: float, asked: float | None = None) -> datetime | None:
    """When to try again, or None when the schedule is used up.

    Args:
        failures: attempts that failed so far, this one included.
        now: the time of this failure.
        random: a random number, at least 0 and below 1.
        asked: seconds from `Retry-After`. They can only make it later: a subscriber that asks for less than
            the schedule would use up its attempts.
    """
    wait = delay(failures, random)
    if wait is None:
        return None
    if asked is not None:
        wait = max(wait, min(timedelta(seconds=asked), LONGEST_RETRY_AFTER))
    return now + wait
