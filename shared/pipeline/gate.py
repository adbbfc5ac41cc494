"""The gate in front of a provider mailbox: so many calls at a time, and no more an hour than the provider allows.

Graph counts, for each application and mailbox, 10,000 requests in 10 minutes and 4 at a time (Graph: throttling-limits, "Outlook").
Three are for the lane, the fourth is for people.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic

from shared.errors import PostrumError, Throttled
from shared.pipeline.lane import LaneHold

SLOTS = 3
BURST = 400
"""Requests that may be made at once after a rest."""
PER_SECOND = 16.0
"""Lasting rate: BURST + 600 s × 16 = 10,000 requests, the provider's limit for any ten minutes."""


class Gate:
    """Lets the lane's holder through to the mailbox.

    Args:
        hold: asked before every call.
        budget: requests that are left of the burst, as the last holder wrote it down.
        slots: calls at a time.
        metered: the provider counts requests over time, as Graph does; IMAP servers count connections only.
    """

    def __init__(self, hold: LaneHold, *, budget: float = BURST, slots: int = SLOTS, metered: bool = True) -> None:
        self._hold = hold
        self._metered = metered
        self._slots = asyncio.Semaphore(slots)
        self._left = min(budget, BURST)
        self._at = monotonic()
        self._refused: Throttled | None = None

    @asynccontextmanager
    async def call(self) -> AsyncIterator[None]:
        """One request to the mailbox. Once the provider asked for patience, nothing goes through any more.

        Raises:
            LeaseLost: the lane is not ours any more. Either the request was not made, or it outlived the lease: then nothing may be
                written about it, because the new holder looks for itself.
            Throttled: an earlier request was refused; this one was not made.
        """
        async with self._slots:
            wait = self._take()
            if wait > 0:
                # Shorter than a request takes, and others are under way: this spreads them, it does not wait for anything.
                await asyncio.sleep(wait)
            if self._refused is not None:
                raise Throttled(self._refused.message, retry_after=self._refused.retry_after)
            self._hold.ensure()
            try:
                yield
            except PostrumError as error:
                if isinstance(error, Throttled):
                    self._refused = error
                self._hold.ensure()
                raise
            self._hold.ensure()

    def ensure(self) -> None:
        """Go on only while the lane is ours: asked before anything is written about what was read from the mailbox.

        Raises:
            LeaseLost: it is not.
        """
        self._hold.ensure()

    @property
    def budget(self) -> float:
        """Requests that are left of the burst now."""
        self._refill()
        return self._left

    def _take(self) -> float:
        if not self._metered:
            return 0.0
        self._refill()
        self._left -= 1
        return 0.0 if self._left >= 0 else -self._left / PER_SECOND

    def _refill(self) -> None:
        now = monotonic()
        self._left = min(BURST, self._left + (now - self._at) * PER_SECOND)
        self._at = now
