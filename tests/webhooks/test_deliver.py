"""What happens to the events that wait for a subscriber: single decisions, and whole outages played through."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from shared.webhooks.attempt import Attempt, Reason
from shared.webhooks.breaker import Breaker
from shared.webhooks.deliver import (
    Delivery,
    Disable,
    GivenUp,
    Settled,
    State,
    choose,
    give_up,
    postpone,
    replay,
    settle,
)
from shared.webhooks.schedule import LIFETIME, SCHEDULE

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)

GOOD = Attempt(reason=Reason.DELIVERED, status=204)
BROKEN = Attempt(reason=Reason.STATUS, status=500)
DOWN = Attempt(reason=Reason.NO_CONNECTION)


def row(n: int = 1, *, at: datetime = NOW, **more: object) -> Delivery:
    given = {"event_id": f"e-{n}", "sequence": f"{n:012d}", "created_at": NOW, "next_at": at}
    return Delivery.model_validate(given | more)


def fail(
    delivery: Delivery, attempt: Attempt = BROKEN, *, now: datetime = NOW, breaker: Breaker | None = None
) -> Settled:
    return settle(delivery, attempt, breaker or Breaker(), now=now, random=0.0)


def test_events_go_in_the_order_of_their_sequence() -> None:
    assert choose([row(3), row(1), row(2)], now=NOW, breaker=Breaker()).send == row(1)


def test_nothing_waits() -> None:
    step = choose([row(1, state=State.DELIVERED), row(2, state=State.DEAD)], now=NOW, breaker=Breaker())
    assert (step.send, step.look_again_at) == (None, None)


def test_a_success_is_the_end_of_it() -> None:
    settled = settle(row(), GOOD, Breaker(), now=NOW, random=0.0)
    assert settled.row.state is State.DELIVERED
    assert settled.disable is None


@pytest.mark.fault("F05")
@pytest.mark.parametrize(
    "attempt", [BROKEN, DOWN, Attempt(reason=Reason.REDIRECT, status=302), Attempt(reason=Reason.TIMEOUT)]
)
def test_a_failure_waits_for_its_next_time(attempt: Attempt) -> None:
    failed = fail(row(), attempt).row
    assert (failed.state, failed.attempts, failed.next_at) == (State.WAITING, 1, NOW + SCHEDULE[0])
    assert choose([failed], now=NOW, breaker=Breaker()).look_again_at == NOW + SCHEDULE[0]


@pytest.mark.fault("F05")
def test_410_disables_the_subscriber_and_keeps_the_event() -> None:
    settled = fail(row(), Attempt(reason=Reason.GONE, status=410))
    assert (settled.disable, settled.row.state, settled.row.given_up) == (Disable.GONE, State.DEAD, GivenUp.GONE)


def test_an_event_that_is_too_large_is_given_up_alone() -> None:
    settled = fail(row(), Attempt(reason=Reason.STATUS, status=413))
    assert (settled.disable, settled.row.given_up) == (None, GivenUp.TOO_LARGE)
    assert settled.breaker == Breaker()


@pytest.mark.fault("F05")
def test_after_three_days_it_is_dead_and_can_be_replayed_with_the_same_id() -> None:
    delivery, now = row(), NOW
    while delivery.state is State.WAITING:
        now = delivery.next_at
        delivery = fail(delivery, now=now).row
    assert (delivery.given_up, delivery.attempts) == (GivenUp.EXHAUSTED, len(SCHEDULE) + 1)
    assert timedelta(hours=71) < now - NOW < timedelta(hours=73)
    again = replay(delivery, now=now)
    assert (again.event_id, again.state, again.attempts, again.next_at) == (delivery.event_id, State.WAITING, 0, now)


@pytest.mark.fault("F05")
def test_a_subscriber_that_fails_for_five_days_is_disabled_when_an_event_is_given_up() -> None:
    last = row(attempts=len(SCHEDULE))
    since = NOW - timedelta(days=5)
    assert fail(last, breaker=Breaker(failures=40, failing_since=since)).disable is Disable.FAILING
    assert fail(last, breaker=Breaker(failures=40, failing_since=since + MINUTE)).disable is None
    assert fail(row(), breaker=Breaker(failures=40, failing_since=since)).disable is None


def test_an_event_that_was_postponed_for_too_long_is_given_up() -> None:
    old = NOW + LIFETIME
    assert fail(row(), now=old).row.given_up is GivenUp.TOO_OLD
    assert postpone(row(), old + MINUTE, now=old, random=0.0).given_up is GivenUp.TOO_OLD


@pytest.mark.fault("F08")
def test_what_the_breaker_keeps_back_comes_back_spread_and_without_an_attempt_counted() -> None:
    spread = [postpone(row(), NOW + MINUTE, now=NOW, random=r / 10) for r in range(10)]
    assert len({delivery.next_at for delivery in spread}) == 10
    assert all(NOW + MINUTE <= d.next_at <= NOW + 11 * MINUTE and d.attempts == 0 for d in spread)


def test_a_disabled_subscriber_keeps_its_events_for_a_replay() -> None:
    assert give_up(row()).given_up is GivenUp.DISABLED
    delivered = row(state=State.DELIVERED)
    assert give_up(delivered) is delivered


@pytest.mark.fault("F08")
def test_a_failing_event_holds_its_subject_for_an_hour_and_no_longer() -> None:
    first = row(1, at=NOW + 20 * HOUR, attempts=6, first_failed_at=NOW, last_failed_at=NOW + 59 * MINUTE)
    assert choose([first, row(2)], now=NOW + 59 * MINUTE, breaker=Breaker()).look_again_at == NOW + HOUR
    # It is tried once more, and then overtaken.
    assert choose([first, row(2)], now=NOW + HOUR, breaker=Breaker()).send == first
    settled = fail(first, now=NOW + HOUR)
    assert settled.row.next_at == first.next_at
    assert settled.row.attempts == first.attempts
    assert choose([settled.row, row(2)], now=NOW + HOUR, breaker=settled.breaker).send == row(2)


def test_with_the_breaker_open_the_later_event_gets_its_turn_among_the_probes() -> None:
    poison = row(1, at=NOW + 20 * HOUR, attempts=10, first_failed_at=NOW - HOUR, last_failed_at=NOW)
    breaker = Breaker(failures=10, failing_since=NOW, probe_at=NOW + MINUTE, failing_event="e-1")
    assert choose([poison, row(2)], now=NOW + MINUTE, breaker=breaker).send == row(2)


def test_while_the_subscriber_is_down_only_the_first_event_is_tried() -> None:
    first = row(1, at=NOW + HOUR, first_failed_at=NOW - 5 * HOUR, last_failed_at=NOW - HOUR)
    breaker = Breaker(failures=3, failing_since=NOW - HOUR, down=True)
    assert choose([first, row(2)], now=NOW, breaker=breaker).look_again_at == NOW + HOUR
    assert choose([first, row(2)], now=NOW + HOUR, breaker=breaker).send == first


def test_once_the_subscriber_answers_what_failed_before_is_due() -> None:
    first = row(1, at=NOW + 20 * HOUR, first_failed_at=NOW - 5 * HOUR, last_failed_at=NOW - HOUR)
    assert choose([first, row(2)], now=NOW, breaker=Breaker(recovered_at=NOW - MINUTE)).send == first
    assert choose([first], now=NOW, breaker=Breaker(recovered_at=NOW - MINUTE)).send == first
    assert choose([first], now=NOW, breaker=Breaker(recovered_at=NOW - 2 * HOUR)).send is None


class Play:
    """One subscriber over time: the storage and the tick as `deliver.py` describes them, with a minute as the step."""

    def __init__(self, answers: Callable[[datetime, str], Attempt], *, seed: int = 1) -> None:
        self.answers = answers
        self.random = random.Random(seed)
        self.breaker = Breaker()
        self.subjects: dict[str, list[Delivery]] = {}
        self.look_at: dict[str, datetime] = {}
        self.delivered: list[tuple[datetime, str, str]] = []
        self.posts: list[tuple[datetime, str]] = []

    def add(self, subject: str, n: int, now: datetime) -> None:
        waiting = Delivery(event_id=f"{subject}-{n}", sequence=f"{n:012d}", created_at=now, next_at=now)
        self.subjects.setdefault(subject, []).append(waiting)
        self.look_at[subject] = now

    def look(self, subject: str, now: datetime) -> None:
        while True:
            rows = self.subjects[subject]
            step = choose(rows, now=now, breaker=self.breaker)
            if step.send is None:
                self._later(subject, step.look_again_at)
                return
            index = rows.index(step.send)
            admission = self.breaker.admit(now)
            self.breaker = admission.breaker
            if admission.look_again_at is not None:
                rows[index] = postpone(step.send, admission.look_again_at, now=now, random=self.random.random())
                self._later(subject, rows[index].next_at if rows[index].state is State.WAITING else now + MINUTE)
                return
            attempt = self.answers(now, step.send.event_id)
            self.posts.append((now, step.send.event_id))
            recovered = self.breaker.recovered_at
            settled = settle(step.send, attempt, self.breaker, now=now, random=self.random.random())
            rows[index], self.breaker = settled.row, settled.breaker
            if attempt.delivered:
                self.delivered.append((now, subject, step.send.event_id))
            if self.breaker.recovered_at != recovered:
                self.look_at.update(dict.fromkeys(self._waiting(), now))

    def _later(self, subject: str, at: datetime | None) -> None:
        self.look_at.pop(subject, None)
        if at is not None:
            self.look_at[subject] = at

    def _waiting(self) -> list[str]:
        oldest = {
            subject: min(row.created_at for row in rows if row.state is State.WAITING)
            for subject, rows in self.subjects.items()
            if any(row.state is State.WAITING for row in rows)
        }
        return sorted(oldest, key=oldest.__getitem__)

    def tick(self, now: datetime) -> None:
        waiting = self._waiting()
        if waiting and self.breaker.probe_due(now):
            self.look(waiting[0], now)
        while due := [subject for subject, at in self.look_at.items() if at <= now]:
            for subject in due:
                self.look(subject, now)

    def ids(self, subject: str) -> list[str]:
        return [event for _, of, event in self.delivered if of == subject]


@pytest.mark.pain("C38")
@pytest.mark.parametrize("attempt", [DOWN, Attempt(reason=Reason.STATUS, status=503), Attempt(reason=Reason.TIMEOUT)])
@pytest.mark.parametrize("seed", range(3))
def test_a_receiver_that_is_down_for_a_day_gets_everything_in_order_soon_after(attempt: Attempt, seed: int) -> None:
    back = NOW + timedelta(hours=24)
    play = Play(lambda now, _: attempt if now < back else GOOD, seed=seed)
    for minute in range(25 * 60):
        now = NOW + minute * MINUTE
        if minute % 30 == 0 and minute < 180:
            for subject in "abcde":
                play.add(subject, minute // 30, now)
        play.tick(now)
    for subject in "abcde":
        assert play.ids(subject) == [f"{subject}-{n}" for n in range(6)]
    assert max(at for at, _, _ in play.delivered) - back <= 2 * MINUTE
    assert len(play.delivered) == 30  # each once: nothing was lost, and nothing repeated


@pytest.mark.pain("C38")
def test_a_receiver_that_is_down_for_seconds_loses_nothing_either() -> None:
    play = Play(lambda now, _: DOWN if now == NOW else GOOD)
    for n in range(4):
        play.add("a", n, NOW)
    for minute in range(3):
        play.tick(NOW + minute * MINUTE)
    assert play.ids("a") == [f"a-{n}" for n in range(4)]


@pytest.mark.fault("F08")
def test_a_day_of_outage_costs_at_most_one_attempt_a_minute() -> None:
    play = Play(lambda *_: DOWN)
    for n in range(200):
        play.add(f"s{n}", 0, NOW)
    for minute in range(24 * 60):
        play.tick(NOW + minute * MINUTE)
    assert len(play.posts) <= 24 * 60 + 10


@pytest.mark.fault("F08")
@pytest.mark.parametrize("attempt", [BROKEN, Attempt(reason=Reason.TIMEOUT)])
def test_one_event_that_always_fails_stops_nothing_else(attempt: Attempt) -> None:
    play = Play(lambda _, event: attempt if event == "a-0" else GOOD)
    for minute in range(5 * 24 * 60):
        now = NOW + minute * MINUTE
        if minute in (0, 10, 70):
            play.add("a", minute, now)
        if minute == 5:
            play.add("b", 0, now)
        play.tick(now)
    taken = {event: at - NOW for at, _, event in play.delivered}
    assert taken["b-0"] == 5 * MINUTE
    assert taken["a-10"] <= 61 * MINUTE
    assert taken["a-70"] <= 71 * MINUTE
    assert play.subjects["a"][0].state is State.DEAD
