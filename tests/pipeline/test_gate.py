"""The gate: so many calls at a time, a budget that fits the provider's, nothing without the lane, nothing after a refusal."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from shared.errors import LeaseLost, MessageGone, NetworkFailure, Throttled
from shared.pipeline import gate as module
from shared.pipeline.gate import BURST, PER_SECOND, SLOTS, Gate


class _Hold:
    def __init__(self) -> None:
        self.lost = False

    def ensure(self) -> None:
        if self.lost:
            raise LeaseLost("lost")


class _Time:
    """A monotonic clock that moves only when somebody sleeps."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        self.slept: list[float] = []
        patch.setattr(module, "monotonic", lambda: self.now)
        patch.setattr(module.asyncio, "sleep", self.sleep)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def hold() -> Any:
    return _Hold()


async def test_the_burst_goes_through_at_once_and_then_it_goes_at_the_lasting_rate(
    hold: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    time = _Time(monkeypatch)
    gate = Gate(hold)
    for _ in range(BURST):
        async with gate.call():
            pass
    assert time.slept == []
    began = time.now
    for _ in range(160):
        async with gate.call():
            pass
    assert time.now - began == pytest.approx(160 / PER_SECOND)


def test_any_ten_minutes_stay_within_what_the_provider_allows() -> None:
    assert BURST + 600 * PER_SECOND <= 10_000  # Graph: throttling-limits, "Outlook"
    assert SLOTS <= 3  # of four at a time; one is for people


async def test_ten_minutes_of_calls_stay_within_the_limit(hold: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    time = _Time(monkeypatch)
    gate = Gate(hold)
    began, count = time.now, 0
    while time.now - began < 600:
        async with gate.call():
            count += 1
    assert 9_900 <= count <= 10_000


async def test_a_budget_comes_back_with_rest_and_never_beyond_the_burst(
    hold: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    time = _Time(monkeypatch)
    gate = Gate(hold, budget=10)
    assert gate.budget == 10
    time.now += 5
    assert gate.budget == 10 + 5 * PER_SECOND
    time.now += 3600
    assert gate.budget == BURST
    assert Gate(hold, budget=99_999).budget == BURST


async def test_a_debt_is_carried_on(hold: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    time = _Time(monkeypatch)
    gate = Gate(hold, budget=-8)
    async with gate.call():
        pass
    assert time.slept == [pytest.approx(9 / PER_SECOND)]


async def test_no_more_than_its_slots_at_a_time(hold: Any) -> None:
    gate = Gate(hold)
    inside = most = 0

    async def call() -> None:
        nonlocal inside, most
        async with gate.call():
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*(call() for _ in range(20)))
    assert most == SLOTS


async def test_without_the_lane_nothing_goes_through(hold: Any) -> None:
    gate = Gate(hold)
    hold.lost = True
    with pytest.raises(LeaseLost):
        async with gate.call():
            raise AssertionError("it went through")


@pytest.mark.parametrize("error", [None, MessageGone("gone"), NetworkFailure("no answer"), Throttled("patience")])
async def test_what_outlived_the_lease_is_not_used(error: Exception | None, hold: Any) -> None:
    async def call() -> None:
        async with Gate(hold).call():
            hold.lost = True
            if error is not None:
                raise error

    with pytest.raises(LeaseLost):
        await call()


async def test_after_a_refusal_nothing_goes_through_also_of_those_that_wait(hold: Any) -> None:
    gate = Gate(hold)
    made: list[int] = []

    async def call(number: int) -> None:
        async with gate.call():
            made.append(number)
            await asyncio.sleep(0)
            raise Throttled("patience", retry_after=120)

    ended = await asyncio.gather(*(call(number) for number in range(8)), return_exceptions=True)
    assert made == list(range(SLOTS))
    assert {type(one) for one in ended} == {Throttled}
    assert {one.retry_after for one in ended if isinstance(one, Throttled)} == {120}
