"""When a mailbox is due: cron expressions with five fields, in UTC (pure).

A schedule such as `*/15 * * * *` names an interval and no time of day, so each mailbox has its own minutes of it: ten thousand
mailboxes with the default schedule are not due in the same minute. Every other expression holds as it is written.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from cronsim import CronSim, CronSimError

from shared.model.base import stamp

_MINUTE = timedelta(minutes=1)


@lru_cache(maxsize=1 << 16)
def own(schedule: str, name: str) -> str:
    """The schedule with the minutes of one mailbox, where it only names an interval.

    Args:
        schedule: cron expression.
        name: what tells the mailbox from others; the same name gets the same minutes on every machine.
    """
    first, space, rest = schedule.partition(" ")
    step = first.removeprefix("*/")
    if step == first or not (step.isascii() and step.isdigit()) or not 2 <= int(step) <= 30:
        return schedule
    offset = int.from_bytes(hashlib.blake2s(name.encode(), digest_size=4).digest()) % int(step)
    return f"{offset}-59/{step}{space}{rest}"


@lru_cache(maxsize=4096)
def last_time(schedule: str, minute: datetime) -> str:
    """The latest time of a schedule that is not after a minute, as a stamp; empty where there is none.

    Remembered, because thousands of mailboxes share a few expressions.

    Args:
        schedule: cron expression; one that cannot be read never came (it is refused when it is saved).
        minute: in UTC, without seconds.
    """
    try:
        return stamp(next(CronSim(schedule, minute + _MINUTE, reverse=True)))
    except (CronSimError, StopIteration):
        return ""


def is_due(schedule: str, last: datetime | str | None, now: datetime) -> bool:
    """Whether a time of the schedule lies after the last run and not after now; a mailbox that never ran is due.

    Args:
        schedule: cron expression; one that cannot be read is never due (it is refused when it is saved).
        last: when the mailbox was last listed; a text is a stamp.
        now: the time.
    """
    if not last:
        return True
    minute = now.astimezone(UTC).replace(second=0, microsecond=0)
    return last_time(schedule, minute) > (last if isinstance(last, str) else stamp(last))


def nth_time(schedule: str, after: datetime, count: int) -> datetime | None:
    """The `count`-th time of a schedule after a moment; None where it does not come so often."""
    try:
        times = CronSim(schedule, after.astimezone(UTC))
        for _ in range(count - 1):
            next(times)
        return next(times)
    except (CronSimError, StopIteration):
        return None


def problem(schedule: str) -> str | None:
    """What is wrong with a cron expression, in words, or None."""
    try:
        if len(schedule.split()) != 5:  # cronsim would read a sixth as seconds
            raise CronSimError("five fields")
        next(CronSim(schedule, datetime(2026, 1, 1, tzinfo=UTC)))
    except CronSimError:
        return f"{schedule!r} is not a cron expression with five fields, such as */15 * * * *"
    except StopIteration:
        return f"{schedule!r} never comes true"
    return None
