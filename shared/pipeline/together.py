"""Doing many small things at once, and only so many."""

from __future__ import annotations

from asyncio import gather
from collections.abc import Awaitable, Callable, Iterable
from time import monotonic

AT_ONCE = 16
"""Requests to storage that are under way at a time: more make one worker wait for itself."""


async def each[T](
    items: Iterable[T], work: Callable[[T], Awaitable[None]], *, at_once: int = AT_ONCE, stop_at: float | None = None
) -> bool:
    """Work on every item, `at_once` of them at a time.

    Args:
        items: taken one after the other.
        work: what to do with one. The first error ends the whole, after what is under way has ended.
        at_once: most under way.
        stop_at: on the monotonic clock: nothing is begun after it.

    Returns:
        Whether all items were taken.
    """
    rest = iter(items)
    failures: list[Exception] = []
    left = False

    async def worker() -> None:
        nonlocal left
        for item in rest:
            if failures or (stop_at is not None and monotonic() > stop_at):
                left = True
                return
            try:
                await work(item)
            except Exception as error:  # noqa: BLE001 - raised below
                failures.append(error)

    await gather(*(worker() for _ in range(at_once)))
    if failures:
        raise failures[0]
    return not left
