"""Lanes: one row per provider mailbox. Lease, fencing and cursors are one ETag on that row.

Whoever holds the lease makes all calls to the mailbox. A holder that lost it gets 412 at its next write to the row, and stops.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from shared.errors import ConcurrentWrite, PermanentError
from shared.model.base import stamp
from shared.stores.tables import Row, Table

KEY = "lane"
PAUSED = "paused"
"""Cursor that says of a block that it is our own pause after a failure, and not the patience that a provider asked for."""
PIECE = 30_000
"""Characters of a property; a table takes 32 Ki. A single link of Microsoft Graph may have 8 Ki, and companies share lanes."""
_PIECES = ("cursors", "cursors1", "cursors2", "cursors3")
_NAMES = ("owner", "until", "epoch", "wanted", "wanted_at", "blocked_until", *_PIECES)
"""Everything that a row says; what marks its last write is not needed."""


@dataclass(frozen=True, slots=True)
class LaneState:
    """What the row of a lane says.

    Attributes:
        owner: who holds it; empty when it was given back in order.
        until: when the lease ends by itself.
        epoch: raised with every taking.
        wanted: work that somebody asked for, as `company/mailbox/list` or `company/mailbox/work`.
        wanted_at: when the oldest of it was asked for.
        blocked_until: the provider asked for patience until then.
        cursors: what is remembered between holds: folder ids, last listing, the request budget.
    """

    owner: str = ""
    until: str = ""
    epoch: int = 0
    wanted: frozenset[str] = frozenset()
    wanted_at: str = ""
    blocked_until: str = ""
    cursors: dict[str, Any] = field(default_factory=dict)

    def held(self, now: datetime) -> bool:
        """Whether a living holder has it."""
        return bool(self.owner) and self.until > stamp(now)

    def blocked(self, now: datetime) -> bool:
        """Whether the provider asked for patience beyond now."""
        return self.blocked_until > stamp(now)


@dataclass(frozen=True, slots=True)
class StoredLane:
    """The state with the row it was read from; `row` is None where the lane is new."""

    lane: str
    state: LaneState
    row: Row | None


class Lanes:
    """The rows of all lanes."""

    def __init__(self, table: Table) -> None:
        self._table = table

    async def read(self, lane: str) -> StoredLane:
        """The lane as it is now."""
        row = await self._table.get(lane, KEY)
        return StoredLane(lane, LaneState() if row is None else _state(row), row)

    async def write(self, name: str, stored: StoredLane, state: LaneState) -> StoredLane:
        """Replace the row.

        Raises:
            ConcurrentWrite: it changed since it was read.
        """
        row = await self._put(name, stored, state)
        return await self.read(stored.lane) if row is None else StoredLane(stored.lane, state, row)

    async def want(
        self,
        lane: str,
        what: frozenset[str],
        now: datetime,
        *,
        known: StoredLane | None = None,
        cursors: Mapping[str, Any] | None = None,
    ) -> bool:
        """Ask the lane for work.

        Args:
            lane: which.
            what: kinds of work.
            now: the time.
            known: the lane as it was read a moment ago: it is read again only where it changed since.
            cursors: to be written with the wish; a holder keeps those that it does not write itself.

        Returns:
            True when the caller has to put a task, because nobody holds the lane; False when its holder will see to it.
        """
        for _ in range(20):
            stored, known = known or await self.read(lane), None
            state = stored.state
            fresh = {**state.cursors, **(cursors or {})}
            asked = what <= state.wanted
            if asked and fresh == state.cursors:
                # Asked for already. Where nobody holds the lane, another's task is on its way; the tick puts one when it got lost.
                return False
            since = state.wanted_at or stamp(now)
            wish = replace(state, wanted=state.wanted | what, wanted_at=since, cursors=fresh)
            try:
                await self._put("want", stored, wish)
            except ConcurrentWrite:
                continue
            return not asked and not state.held(now)
        raise ConcurrentWrite("the lane changed twenty times while work was asked for")

    async def resume(self, lane: str) -> bool:
        """End the pause after a failure, because it is mended; patience that a provider asked for stays.

        Returns:
            Whether there was such a pause: work that was asked for may wait behind it.
        """
        for _ in range(20):
            stored = await self.read(lane)
            if not stored.state.blocked_until or not stored.state.cursors.get(PAUSED):
                return False
            try:
                await self.write("resume", stored, replace(stored.state, blocked_until=""))
            except ConcurrentWrite:
                continue
            return True
        raise ConcurrentWrite("the lane changed twenty times while its pause was ended")

    async def every(self) -> list[StoredLane]:
        """All lanes, in pages of a thousand."""
        # Every row of the table is one, so there is nothing to look for, and the service reads on without a filter.
        rows = await self._table.query("", select=_NAMES)
        return [StoredLane(row.partition, _state(row), row) for row in rows]

    async def _put(self, name: str, stored: StoredLane, state: LaneState) -> Row | None:
        """Write the row; None where it is new, and has to be read before it can be written again."""
        if stored.row is not None:
            return await self._table.replace(f"lane.{name}", stored.row, _values(state))
        if not await self._table.insert(f"lane.{name}", stored.lane, KEY, _values(state)):
            raise ConcurrentWrite("the lane was made by another worker meanwhile")
        return None


def _values(state: LaneState) -> dict[str, str | int | float | bool | bytes | None]:
    text = json.dumps(state.cursors, sort_keys=True)  # ASCII, so that a character is one for the table too
    pieces = [text[start : start + PIECE] for start in range(0, len(text), PIECE)]
    if len(pieces) > len(_PIECES):
        raise PermanentError("more has to be remembered of a mailbox than its lane has room for")
    return {
        "owner": state.owner,
        "until": state.until,
        "epoch": state.epoch,
        "wanted": " ".join(sorted(state.wanted)),
        "wanted_at": state.wanted_at,
        "blocked_until": state.blocked_until,
        **dict(zip(_PIECES, pieces, strict=False)),
    }


def _state(row: Row) -> LaneState:
    return LaneState(
        owner=row.text("owner"),
        until=row.text("until"),
        epoch=row.number("epoch"),
        wanted=frozenset(row.text("wanted").split()),
        wanted_at=row.text("wanted_at"),
        blocked_until=row.text("blocked_until"),
        cursors=json.loads("".join(row.text(name) for name in _PIECES) or "{}"),
    )
