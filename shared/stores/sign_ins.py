"""Sign-ins under way: what has to be known when the browser comes back from Entra. Each is good once, and for a short time."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from shared.errors import ConcurrentWrite
from shared.model.base import stamp
from shared.stores.packing import pack, unpack
from shared.stores.tables import Table, Value

LIFETIME = timedelta(minutes=15)
"""How long somebody may take to sign in."""
STATE_LENGTH = 200
"""Characters that a `state` may have; those of msal have 16."""

_KEY = "sign-in"


@dataclass(frozen=True, slots=True)
class SignInUnderWay:
    """What was kept: the flow with its PKCE verifier and nonce, and where the person wanted to go."""

    flow: dict[str, Any]
    return_to: str


class SignInsUnderWay:
    """Rows in the table `sessions`, one per `state`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    async def keep(self, state: str, browser: str, flow: Mapping[str, Any], return_to: str, now: datetime) -> None:
        """Keep a sign-in.

        Args:
            state: of the authorisation request.
            browser: secret of the browser that began it; only that one can go on.
            flow: what the library needs to finish.
            return_to: path within the console.
            now: the time.
        """
        values: dict[str, Value] = {
            **pack(json.dumps(dict(flow))),
            "browser": _hash(browser),
            "return_to": return_to,
            "ends_at": stamp(now + LIFETIME),
        }
        await self._table.insert("sign_in.keep", f"sign-in|{_hash(state)}", _KEY, values)

    async def take(self, state: str, browser: str, now: datetime) -> SignInUnderWay | None:
        """The sign-in, once: None where it is not there, was taken, is too old, or began in another browser."""
        if not state or len(state) > STATE_LENGTH:
            return None
        row = await self._table.get(f"sign-in|{_hash(state)}", _KEY)
        if row is None or row.text("browser") != _hash(browser) or row.text("taken"):
            return None
        try:
            # Marked under its ETag before it is used: of two that come with the same state, one gets it.
            await self._table.replace("sign_in.take", row, {"taken": "yes", "ends_at": row.text("ends_at")})
        except ConcurrentWrite:
            return None
        if now >= datetime.fromisoformat(row.text("ends_at")):
            return None
        return SignInUnderWay(json.loads(unpack(row.values)), row.text("return_to", "/"))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
