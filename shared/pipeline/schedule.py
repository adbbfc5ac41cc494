"""When a mailbox is due: cron expressions with five fields, in UTC (pure)."""

from __future__ import annotations

from datetime import UTC, datetime

from cronsim import CronSim, CronSimError


def is_due(schedule: str, last: datetime | None, now: datetime) -> bool:
    """Whether a time of the schedule lies after the last run and not after now; a mailbox that never ran is due.

    Args:
        schedule: cron expression; one that cannot be read is never due (it is refused when it is saved).
        last: when the mailbox was last listed.
        now: the time.
    """
    if last is None:
        return True
    try:
        return bool(next(CronSim(schedule, last.astimezone(UTC))) <= now)
    except (CronSimError, StopIteration):
        return False


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
