"""Answers to requests that carry an `Idempotency-Key`: the same request again gets the same answer, and is not carried out twice.

After https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/ : another request under a used key is refused.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.errors import ConcurrentWrite
from shared.model.base import stamp
from shared.stores.packing import pack, unpack
from shared.stores.tables import Row, Table

LIFETIME = timedelta(hours=24)
"""How long an answer is kept."""
ABANDONED = timedelta(minutes=11)
"""A request without an answer for so long was cut off: the function's time is over. It may be carried out again."""

_KEY = "answer"


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """What was answered."""

    status: int
    media_type: str
    body: str


@dataclass(frozen=True, slots=True)
class Reservation:
    """The right to carry out a request; its answer is kept with it."""

    row: Row


class RequestDiffers(Exception):
    """Another request used the key before."""


class Answers:
    """Rows in the table `sessions`, one per caller and key."""

    def __init__(self, table: Table) -> None:
        self._table = table

    async def reserve(self, caller: str, key: str, request: str, now: datetime) -> Reservation | KeptAnswer:
        """Begin a request.

        Args:
            caller: who asks; keys of two callers do not meet.
            key: of the request, as the caller chose it.
            request: everything that makes it this request: method, address, body.
            now: the time.

        Raises:
            RequestDiffers: the key was used for another request.
            ConcurrentWrite: the same request is being carried out at this moment.
        """
        partition = f"answer|{_hash(f'{caller}|{key}')}"
        values = {"request": _hash(request), "began_at": stamp(now), "ends_at": stamp(now + LIFETIME)}
        if await self._table.insert("answer.reserve", partition, _KEY, values):
            row = await self._table.get(partition, _KEY)
            if row is not None:
                return Reservation(row)
        row = await self._table.get(partition, _KEY)
        if row is None:
            raise ConcurrentWrite("the same request was given up at this moment")
        if now >= datetime.fromisoformat(row.text("ends_at")):
            return Reservation(await self._table.replace("answer.reserve", row, values))
        if row.text("request") != values["request"]:
            raise RequestDiffers
        if row.number("status"):
            return KeptAnswer(row.number("status"), row.text("media_type"), unpack(row.values))
        if now - datetime.fromisoformat(row.text("began_at")) < ABANDONED:
            raise ConcurrentWrite("the same request is being carried out at this moment")
        return Reservation(await self._table.replace("answer.reserve", row, values))

    async def keep(self, reservation: Reservation, answer: KeptAnswer) -> None:
        """Keep the answer of a request that was carried out."""
        values = {**reservation.row.values, **pack(answer.body)}
        values |= {"status": answer.status, "media_type": answer.media_type}
        await self._table.replace("answer.keep", reservation.row, values)

    async def give_up(self, reservation: Reservation) -> None:
        """Free the key of a request that was not carried out."""
        await self._table.delete("answer.give_up", reservation.row.partition, reservation.row.key)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
