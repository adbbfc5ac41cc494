"""NCRONTAB: which times a timer fires at."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.host.ncrontab import parse


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("schedule", "moment", "expected"),
    [
        ("* * * * * *", "2026-11-21T12:00:00", "2026-11-21T12:00:01"),
        ("0 * * * * *", "2026-11-21T12:00:00", "2026-11-21T12:01:00"),
        ("0 * * * * *", "2026-11-21T11:59:59.9", "2026-11-21T12:00:00"),
        ("*/15 * * * * *", "2026-11-21T12:00:44", "2026-11-21T12:00:45"),
        ("0 5/20 * * * *", "2026-11-21T12:26:00", "2026-11-21T12:45:00"),
        ("0 10-20/5 * * * *", "2026-11-21T12:15:01", "2026-11-21T12:20:00"),
        ("0 30 9 * * *", "2026-11-21T09:30:00", "2026-11-22T09:30:00"),
        ("0 0 0 * * 1-5", "2026-11-21T00:00:00", "2026-11-23T00:00:00"),  # a Saturday
        ("0 0 0 * * sun", "2026-11-21T00:00:00", "2026-11-22T00:00:00"),
        ("0 0 0 * * MONDAY,Wed", "2026-11-24T00:00:00", "2026-11-25T00:00:00"),
        ("0 0 0 1 jan *", "2026-11-21T00:00:00", "2027-01-01T00:00:00"),
        ("59 59 23 31 12 *", "2026-12-31T23:59:59", "2027-12-31T23:59:59"),
        ("0 0 0 29 2 *", "2096-03-01T00:00:00", "2104-02-29T00:00:00"),
        ("0 0 0 13 * 5", "2026-11-21T00:00:00", "2027-08-13T00:00:00"),  # the 13th AND a Friday
    ],
)
def test_the_next_time(schedule: str, moment: str, expected: str) -> None:
    assert parse(schedule).after(_at(moment)) == _at(expected)


def test_another_time_zone_is_the_same_moment() -> None:
    moment = datetime(2026, 11, 21, 1, 30, tzinfo=timezone(timedelta(hours=2)))
    assert parse("0 0 0 * * *").after(moment) == _at("2026-11-21T00:00:00")


@pytest.mark.parametrize(
    ("schedule", "reason"),
    [
        ("* * * * *", "5 fields"),
        ("", "0 fields"),
        ("00:05:00", "1 fields"),
        ("60 * * * * *", "second 60 is not between 0 and 59"),
        ("0 0 24 * * *", "hour 24"),
        ("0 0 0 0 * *", "day 0"),
        ("0 0 0 * 13 *", "month 13"),
        ("0 0 0 * * 7", "day of week 7"),
        ("0 0 0 * * someday", "'someday' is not understood"),
        ("0 0 0 jan * *", "'jan' is not understood"),
        ("*/0 * * * * *", "no step above zero"),
        ("*/x * * * * *", "no step above zero"),
        ("5-1 * * * * *", "runs backwards"),
        ("1,,2 * * * * *", "is not understood"),
        ("- * * * * *", "is not understood"),
        ("0 0 0 30 2 *", "never fires"),
        ("٣ * * * * *", "is not understood"),
    ],
)
def test_what_is_no_schedule(schedule: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse(schedule)


FIELD = st.sampled_from(["*", "*/7", "1", "5-9", "2,4", "3/4"])


@given(
    fields=st.tuples(FIELD, FIELD, FIELD, FIELD, FIELD, st.sampled_from(["*", "1-5", "0"])),
    moment=st.datetimes(datetime(2000, 1, 1), datetime(2080, 1, 1)),  # noqa: DTZ001 - the zone is put on below
)
def test_the_next_time_is_later_fits_every_field_and_skips_none(fields: tuple[str, ...], moment: datetime) -> None:
    schedule = parse(" ".join(fields))
    start = moment.replace(tzinfo=UTC)
    found = schedule.after(start)
    assert found > start
    assert found.second in schedule.seconds
    assert found.minute in schedule.minutes
    assert found.hour in schedule.hours
    assert found.day in schedule.days
    assert found.month in schedule.months
    assert found.isoweekday() % 7 in schedule.weekdays
    # asked again from anywhere between, the answer is the same
    assert schedule.after(start + (found - start) / 2) == found


@pytest.mark.parametrize(("schedule", "seconds"), [("*/30 * * * * *", 30), ("0 * * * * *", 60), ("0 0 * * * *", 3600)])
def test_shortest_interval(schedule: str, seconds: int) -> None:
    assert parse(schedule).shortest_interval(_at("2026-11-21T12:00:01")) == seconds
