"""Checks are made at once, within their time, and one that breaks hides no other."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

import pytest

from shared.doctor.model import Finding, State, green
from shared.doctor.run import AT_ONCE, Check, run
from shared.errors import ConfigurationError, PermissionDenied, ServiceUnavailable


def check(name: str, answer: Callable[[], Awaitable[Sequence[Finding]]] | Exception) -> Check:
    async def look() -> Sequence[Finding]:
        if isinstance(answer, Exception):
            raise answer
        return await answer()

    return Check(name, look)


async def good() -> Sequence[Finding]:
    return [green("good", "fine")]


async def hangs() -> Sequence[Finding]:
    await asyncio.Event().wait()
    return []


async def test_in_the_order_of_the_checks_whatever_comes_first() -> None:
    async def slow() -> Sequence[Finding]:
        await asyncio.sleep(0.01)
        return [green("slow", "fine"), green("slow", "fine too")]

    found = await run([check("slow", slow), check("good", good)])
    assert [finding.name for finding in found] == ["slow", "slow", "good"]


async def test_errors_of_the_product_become_findings() -> None:
    found = await run(
        [
            check("one", PermissionDenied("refused", remedy="Ask.")),
            check("two", ServiceUnavailable("down")),
            check("three", ConfigurationError(["this", "that"])),
            check("four", good),
        ]
    )
    assert [(finding.found, finding.state.value) for finding in found] == [
        ("refused", "red"),
        ("down", "red"),
        ("this", "red"),
        ("that", "red"),
        ("fine", "green"),
    ]
    assert found[0].remedy == "Ask."
    assert all(finding.remedy for finding in found[:4])


async def test_an_unexpected_error_is_logged_and_its_text_not_told(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "postrum"):
        [broken, fine] = await run([check("broken", ValueError("AccountKey=c2VjcmV0")), check("good", good)])
    assert (broken.state, fine.state) == (State.RED, State.GREEN)
    assert "ValueError" in broken.found
    assert "c2VjcmV0" not in broken.model_dump_json()
    assert "doctor_check_failed" in caplog.text


async def test_a_check_that_hangs_ends() -> None:
    [late, fine] = await run([check("hangs", hangs), check("good", good)], deadline=0.05)
    assert (late.name, late.state) == ("hangs", State.RED)
    assert "0.05 seconds" in late.found
    assert fine.state is State.GREEN


async def test_all_of_them_end() -> None:
    many = [check(f"hangs {number}", hangs) for number in range(AT_ONCE + 2)]
    found = await run([*many, check("never begun", good)], deadline=60, overall=0.05)
    assert [finding.state for finding in found] == [State.RED] * (AT_ONCE + 3)


async def test_who_gives_up_leaves_nothing_running() -> None:
    ended: list[str] = []

    async def watched() -> Sequence[Finding]:
        try:
            return await hangs()
        finally:
            ended.append("yes")

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await run([check("watched", watched)])
    assert ended == ["yes"]


async def test_no_checks() -> None:
    assert await run([]) == []
