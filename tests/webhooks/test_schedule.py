"""The retry schedule."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.webhooks.schedule import LIFETIME, SCHEDULE, Meaning, delay, meaning, next_time, retry_after

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
ALMOST = 0.9999999


@pytest.mark.fault("F05")
def test_the_schedule_spans_three_days_and_grows() -> None:
    assert timedelta(hours=71) < sum(SCHEDULE, timedelta()) < timedelta(hours=73)
    assert list(SCHEDULE) == sorted(SCHEDULE)
    assert sum(SCHEDULE, timedelta()) * 1.2 < LIFETIME


def test_the_first_hour_has_six_attempts() -> None:
    assert sum(SCHEDULE[:5], timedelta()) * 1.2 < timedelta(minutes=65)


@pytest.mark.fault("F05")
@given(st.integers(1, len(SCHEDULE)), st.floats(0, 1, exclude_max=True))
def test_jitter_only_lengthens_and_by_at_most_a_fifth(failures: int, random: float) -> None:
    plain = SCHEDULE[failures - 1]
    wait = delay(failures, random)
    assert wait is not None
    assert plain <= wait <= plain * 1.2


@pytest.mark.fault("F05")
def test_two_deliveries_that_fail_together_do_not_come_back_together() -> None:
    assert delay(3, 0.1) != delay(3, 0.9)


def test_after_the_last_attempt_there_is_none() -> None:
    assert delay(len(SCHEDULE) + 1, 0) is None
    assert next_time(len(SCHEDULE) + 1, now=NOW, random=0, asked=10) is None


@pytest.mark.parametrize(("failures", "random"), [(0, 0.0), (-1, 0.0), (1, 1.0), (1, -0.1)])
def test_impossible_arguments(failures: int, random: float) -> None:
    with pytest.raises(ValueError, match="failures counts from 1"):
        delay(failures, random)


@pytest.mark.fault("F05")
@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120),
        (" 120 ", 120),
        ("0", 0),
        ("86401", 86400),
        ("999999999", 86400),
        ("Sat, 21 Nov 2026 10:02:00 GMT", 120),
        ("Saturday, 21-Nov-26 10:02:00 GMT", 120),
        ("Sat Nov 21 10:02:00 2026", 120),
        ("Sat, 21 Nov 2026 09:00:00 GMT", 0),
        ("Fri, 31 Dec 2999 23:59:59 GMT", 86400),
    ],
)
def test_each_form_of_retry_after(header: str, seconds: float) -> None:
    assert retry_after(header, NOW) == seconds


@pytest.mark.parametrize(
    "header",
    [None, "", "soon", "-5", "1.5", "1e3", "٣", "9" * 70, "Sat, 99 Nov 2026 10:02:00 GMT",
     "Sat, 21 Nov 99999 10:00:00 GMT", "\x00", ",", "Mon", "1 2 3 4 5 6"],
)  # fmt: skip
def test_what_cannot_be_read_says_nothing(header: str | None) -> None:
    assert retry_after(header, NOW) is None


@given(st.text(max_size=80))
def test_no_header_breaks_it(header: str) -> None:
    seconds = retry_after(header, NOW)
    assert seconds is None or 0 <= seconds <= 86400


@pytest.mark.fault("F05")
def test_retry_after_makes_it_later_and_never_sooner() -> None:
    assert next_time(1, now=NOW, random=0, asked=120) == NOW + timedelta(seconds=120)
    assert next_time(9, now=NOW, random=0, asked=1) == NOW + SCHEDULE[8]
    assert next_time(1, now=NOW, random=0, asked=10**9) == NOW + timedelta(hours=24)


@pytest.mark.fault("F05")
@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        (range(200, 300), Meaning.DELIVERED),
        (range(300, 400), Meaning.AGAIN),
        ([s for s in range(400, 500) if s not in (410, 413)], Meaning.AGAIN),
        (range(500, 600), Meaning.AGAIN),
        ([101, 199, 600, 999], Meaning.AGAIN),
        ([410], Meaning.DISABLE),
        ([413], Meaning.NEVER),
    ],
)
def test_every_status_has_a_meaning(statuses: list[int], expected: Meaning) -> None:
    assert {meaning(status) for status in statuses} == {expected}
