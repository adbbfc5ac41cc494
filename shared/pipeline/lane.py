"""Holding a lane: the lease is taken, renewed and given back on one row, and everything the holder does asks it first."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from types import TracebackType
from typing import Self

from shared.errors import ConcurrentWrite, LeaseLost, PostrumError
from shared.model.base import stamp
from shared.pipeline.services import Clock
from shared.stores.lanes import Lanes, LaneState, StoredLane
from shared.telemetry import event

LEASE = timedelta(seconds=60)
RENEW_SECONDS = 20
UNCLEAN = "unclean"
"""Stands in place of the owner where nobody holds the lane and the last holder could not record everything that it did."""
MARGIN = timedelta(seconds=5)
"""Nothing is begun in the last seconds of a lease: the call might end after it."""


class LaneHold:
    """A lane while this worker holds it. Use as a context manager: the lease is renewed inside, and given back at its end.

    Attributes:
        unclean: the holder before did not give the lane back, so a call of its may have taken place unrecorded.
    """

    def __init__(self, lanes: Lanes, stored: StoredLane, clock: Clock, *, unclean: bool) -> None:
        self._lanes = lanes
        self._stored = stored
        self._clock = clock
        self._lock = asyncio.Lock()
        self._lost = False
        self._renewal: asyncio.Task[None] | None = None
        self._deadline = clock() + LEASE
        self.unclean = unclean

    @classmethod
    async def take(
        cls, lanes: Lanes, lane: str, clock: Clock, serving: frozenset[str]
    ) -> tuple[Self, frozenset[str]] | None:
        """Take a lane that nobody holds.

        Args:
            lanes: the rows.
            lane: which.
            clock: the time.
            serving: kinds of wanted work that the taker will see to; they are cleared.

        Returns:
            The hold and what of `serving` was wanted; None when another has the lane or it is blocked.
        """
        stored = await lanes.read(lane)
        now = clock()
        if stored.state.held(now) or stored.state.blocked(now):
            return None
        state = replace(
            stored.state,
            owner=secrets.token_hex(8),
            until=stamp(now + LEASE),
            epoch=stored.state.epoch + 1,
            wanted=stored.state.wanted - serving,
            wanted_at="" if stored.state.wanted <= serving else stored.state.wanted_at,
        )
        try:
            taken = await lanes.write("take", stored, state)
        except ConcurrentWrite:
            return None
        return cls(lanes, taken, clock, unclean=bool(stored.state.owner)), stored.state.wanted & serving

    @property
    def state(self) -> LaneState:
        """The row as this holder last wrote it."""
        return self._stored.state

    def ensure(self) -> None:
        """Go on only while the lease is ours.

        Raises:
            LeaseLost: it is not, or ends within seconds.
        """
        if self._lost or self._clock() > self._deadline - MARGIN:
            self._lost = True
            raise LeaseLost("the lane is no longer held by this worker")

    async def update(self, name: str, change: Callable[[LaneState], LaneState]) -> LaneState:
        """Write the row, keeping what others asked for meanwhile.

        Raises:
            LeaseLost: another worker has the lane.
        """
        async with self._lock:
            for _ in range(20):
                try:
                    self._stored = await self._lanes.write(name, self._stored, change(self._stored.state))
                except ConcurrentWrite:
                    fresh = await self._lanes.read(self._stored.lane)
                    if (fresh.state.owner, fresh.state.epoch) != (self.state.owner, self.state.epoch):
                        self._lost = True
                        raise LeaseLost("another worker took the lane") from None
                    self._stored = fresh
                else:
                    return self._stored.state
            raise ConcurrentWrite("the lane changed twenty times while it was written")

    async def renew(self) -> None:
        """Hold it for another minute."""
        until = self._clock() + LEASE
        await self.update("renew", lambda state: replace(state, until=stamp(until)))
        self._deadline = until

    async def give_back(
        self,
        serving: frozenset[str],
        change: Callable[[LaneState], LaneState],
        *,
        even_if_asked: bool,
        unclean: bool = False,
    ) -> frozenset[str]:
        """Give the lane back, unless work was asked for in the last moment.

        Args:
            serving: what the holder would see to.
            change: what else to write: cursors, a block.
            even_if_asked: give it back all the same; what was asked for stays in the row.
            unclean: a call may have taken place unrecorded; the next holder is told.

        Returns:
            What was asked for, cleared: the lane is still held and the holder goes on. Empty when the lane was given back.
        """
        again: frozenset[str] = frozenset()

        def release(state: LaneState) -> LaneState:
            nonlocal again
            again = frozenset() if even_if_asked else state.wanted & serving
            if again:
                return replace(state, wanted=state.wanted - again, wanted_at="")
            return replace(change(state), owner=UNCLEAN if unclean else "", until="")

        await self.update("give_back", release)
        return again

    async def __aenter__(self) -> Self:
        self._renewal = asyncio.create_task(self._keep())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._renewal is not None:
            self._renewal.cancel()
            await asyncio.gather(self._renewal, return_exceptions=True)

    async def _keep(self) -> None:
        while not self._lost:
            await asyncio.sleep(RENEW_SECONDS)
            try:
                await self.renew()
            except LeaseLost:
                return
            except PostrumError as error:
                # Tried again in time for the lease; if it never succeeds, `ensure` stops the holder.
                event("lane_renewal_failed", lane=self._stored.lane, code=error.code)
