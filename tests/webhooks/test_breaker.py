"""The breaker of a subscriber."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from shared.webhooks.breaker import OPENS_AT, Breaker

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def after(failures: int, *, now: datetime = NOW, outage: bool = True, events: int = 2) -> Breaker:
    breaker = Breaker()
    for index in range(failures):
        breaker = breaker.failed(now, event_id=f"e-{index % events}", outage=outage)
    return breaker


@pytest.mark.fault("F08")
def test_ten_failures_in_a_row_leave_one_attempt_a_minute() -> None:
    breaker = after(OPENS_AT - 1)
    assert breaker.admit(NOW).granted
    breaker = breaker.failed(NOW, event_id="e-9", outage=True)
    refused = breaker.admit(NOW + timedelta(seconds=59))
    assert not refused.granted
    assert refused.look_again_at == NOW + MINUTE
    probe = breaker.admit(NOW + MINUTE)
    assert probe.granted
    assert not probe.breaker.admit(NOW + MINUTE).granted
    assert probe.breaker.admit(NOW + 2 * MINUTE).granted


def test_a_success_closes_it() -> None:
    breaker = after(12).succeeded(NOW + MINUTE)
    assert not breaker.open
    assert not breaker.down
    assert breaker.recovered_at == NOW + MINUTE
    assert breaker.admit(NOW + MINUTE).granted


def test_a_success_between_failures_counts_anew() -> None:
    breaker = after(9).succeeded(NOW)
    for _ in range(9):
        breaker = breaker.failed(NOW, event_id="e", outage=True)
    assert not breaker.open


def test_nothing_has_to_be_written_while_all_is_well() -> None:
    breaker = after(3).succeeded(NOW)
    assert breaker.succeeded(NOW + MINUTE) is breaker
    assert breaker.admit(NOW).breaker is breaker


@pytest.mark.fault("F05")
def test_retry_after_keeps_all_events_back_for_at_most_an_hour() -> None:
    breaker = Breaker().failed(NOW, event_id="e", outage=True, asked=120)
    assert breaker.admit(NOW + timedelta(seconds=119)).look_again_at == NOW + timedelta(seconds=120)
    assert breaker.admit(NOW + timedelta(seconds=120)).granted
    breaker = breaker.failed(NOW, event_id="e", outage=True, asked=86400)
    assert breaker.admit(NOW).look_again_at == NOW + timedelta(hours=1)
    shorter = breaker.failed(NOW, event_id="e", outage=True, asked=1)
    assert shorter.paused_until == NOW + timedelta(hours=1)


def test_one_failing_event_is_not_taken_for_an_outage() -> None:
    assert not after(12, events=1).down
    assert not after(12, outage=False).down
    assert after(2).down
    assert not after(2).failed(NOW, event_id="x", outage=False).down


def test_it_remembers_since_when() -> None:
    assert after(2).failed(NOW + MINUTE, event_id="x", outage=True).failing_since == NOW
