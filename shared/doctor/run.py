"""Makes all checks at once, each within its time, and turns whatever goes wrong into a red finding."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from shared.doctor.model import Finding, red
from shared.errors import ConfigurationError, PostrumError
from shared.telemetry import problem

DEADLINE: Final = 20.0
"""Seconds for one check."""
OVERALL: Final = 90.0
"""Seconds for all of them; a request to a function app ends after 230."""
AT_ONCE: Final = 8
"""Checks under way at the same time."""


@dataclass(frozen=True, slots=True)
class Check:
    """Something that is looked at. `look` gives its findings, or raises what stopped it."""

    name: str
    look: Callable[[], Awaitable[Sequence[Finding]]]


async def run(checks: Sequence[Check], *, deadline: float = DEADLINE, overall: float = OVERALL) -> list[Finding]:
    """The findings of all checks, in the order of the checks.

    Args:
        checks: what to look at.
        deadline: seconds for each.
        overall: seconds for all.
    """
    places = asyncio.Semaphore(AT_ONCE)

    async def one(check: Check) -> Sequence[Finding]:
        async with places:
            return await _looked(check, deadline)

    tasks = [asyncio.create_task(one(check), name=check.name) for check in checks]
    try:
        if tasks:
            await asyncio.wait(tasks, timeout=overall)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    found: list[Finding] = []
    for check, task in zip(checks, tasks, strict=True):
        found += [_late(check, overall)] if task.cancelled() else task.result()
    return found


async def _looked(check: Check, deadline: float) -> Sequence[Finding]:
    try:
        async with asyncio.timeout(deadline):
            return await check.look()
    except TimeoutError:
        return [_late(check, deadline)]
    except ConfigurationError as error:
        return [red(check.name, text, error.remedy or "Correct it.") for text in error.problems]
    except PostrumError as error:
        return [
            red(check.name, error.message, error.remedy or "Run the doctor again; where it stays, look at the log.")
        ]
    except Exception as error:  # noqa: BLE001 - one check that breaks must not hide the others
        problem("doctor_check_failed", error, check=check.name)
        text = f"the check itself failed ({type(error).__name__})"
        return [red(check.name, text, "This is a defect of Postrum: report it with the lines of the log.")]


def _late(check: Check, seconds: float) -> Finding:
    return red(
        check.name, f"no answer within {seconds:g} seconds", "Look whether the service is up and can be reached."
    )
