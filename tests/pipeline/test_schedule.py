"""Schedules: which time came last, and the minutes that each mailbox has of an interval."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from shared.model.base import stamp
from shared.pipeline.schedule import is_due, nth_time, own

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("schedule", "last", "now", "due"),
    [
        ("*/15 * * * *", None, NOON, True),
        ("*/15 * * * *", NOON - timedelta(minutes=1), NOON, True),
        ("*/15 * * * *", NOON, NOON, False),
        ("*/15 * * * *", NOON + timedelta(seconds=1), NOON + timedelta(minutes=14, seconds=59), False),
        ("*/15 * * * *", NOON, NOON + timedelta(minutes=15), True),
        ("0 7 * * 1-5", NOON - timedelta(hours=6), NOON, False),
        ("0 7 * * 6", NOON - timedelta(hours=6), NOON, True),
        ("no schedule", NOON - timedelta(days=400), NOON, False),
        ("0 0 30 2 *", NOON - timedelta(days=400), NOON, False),
    ],
)
@pytest.mark.capability("S2.16")
def test_a_mailbox_is_due_when_a_time_of_its_schedule_came_since_it_was_listed(
    schedule: str, last: datetime | None, now: datetime, due: bool
) -> None:
    assert is_due(schedule, last, now) is due
    assert is_due(schedule, stamp(last) if last else "", now) is due


def test_mailboxes_with_the_same_interval_are_spread_over_its_minutes() -> None:
    names = [f"company/mailbox-{number}" for number in range(3000)]
    minutes = [
        sum(is_due(own("*/15 * * * *", name), NOON, NOON + timedelta(minutes=m)) for name in names) for m in (1, 7, 15)
    ]

    assert minutes[2] == len(names), "each of them comes once in fifteen minutes"
    assert 100 < minutes[0] < 300, "and about one in fifteen each minute"
    assert 7 * 100 < minutes[1] < 7 * 300
    assert own("*/15 * * * *", "a") == own("*/15 * * * *", "a")


@pytest.mark.parametrize(
    "schedule", ["* * * * *", "0 7 * * *", "*/1 * * * *", "*/45 * * * *", "5,20 * * * *", "*/x * * * *"]
)
def test_a_schedule_that_names_a_time_of_day_holds_as_it_is_written(schedule: str) -> None:
    assert own(schedule, "company/mailbox") == schedule


def test_times_are_counted_along_the_schedule() -> None:
    friday = datetime(2026, 11, 20, 16, 50, tzinfo=UTC)

    assert nth_time("*/15 9-16 * * 1-5", friday, 3) == datetime(2026, 11, 23, 9, 30, tzinfo=UTC), (
        "nobody misses a weekend"
    )
    assert nth_time("no schedule", friday, 1) is None
