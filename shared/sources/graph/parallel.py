"""A few requests to one mailbox at the same time, for people who wait: the lane itself counts its requests one by one."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable

TOGETHER = 3
"""Of the four that a mailbox allows. Graph: throttling-limits, "Outlook service limits"."""


async def each[T](items: Iterable[T], work: Callable[[T], Awaitable[None]]) -> None:
    """Do the work for each item, some of them at the same time.

    After a failure nothing new is begun; what is under way is waited for, since a request that is given up holds its place with
    Graph. Then the first failure is raised as it is.
    """
    waiting = deque(items)

    async def run() -> None:
        try:
            while waiting:
                await work(waiting.popleft())
        finally:
            waiting.clear()

    ended = await asyncio.gather(*(run() for _ in range(TOGETHER)), return_exceptions=True)
    for failure in ended:
        if failure is not None:
            raise failure
