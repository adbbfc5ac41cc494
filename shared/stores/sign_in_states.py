"""What is kept on the server while somebody is away on a sign-in or consent page: once usable, and only by the same browser.

The state parameter of the page's address is the key, as a hash. The browser is recognised by a random cookie of its own, of
which the hash is kept. Without both nothing is found (RFC 6749 section 10.12).
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from shared.errors import ConcurrentWrite, PermissionDenied
from shared.model.base import stamp
from shared.stores.tables import Table

LIFETIME: Final = timedelta(minutes=30)
SHORTEST_BROWSER: Final = 32
"""Characters that the cookie must have at least."""
_PARTITION: Final = "sign-in"
_SWEPT: Final = 20
"""Old rows that are removed when a new one is written; people who turn back leave theirs behind."""
_LONGEST: Final = 30_000
"""Characters of what is kept; a property of a table holds 32 Ki characters."""


@dataclass(frozen=True, slots=True)
class Away:
    """Somebody who is away on a page of another site.

    Attributes:
        purpose: which page of ours they left from; an answer for another one is refused.
        values: what is needed when they come back. It may hold a code verifier, so it is not shown.
    """

    purpose: str
    values: dict[str, Any] = field(repr=False)


class SignInStates:
    """The rows of everybody who is away. Kept with the connections, in a partition of its own."""

    def __init__(self, table: Table) -> None:
        self._table = table

    async def keep(self, state: str, browser: str, away: Away, now: datetime) -> None:
        """Remember somebody, for 30 minutes.

        Args:
            state: random, at least 128 bits; goes into the page's address.
            browser: the browser's cookie, random, at least 32 characters.
            away: what to remember.
            now: the time.
        """
        if len(browser) < SHORTEST_BROWSER:
            raise ValueError("the cookie that recognises the browser is too short")
        content = json.dumps({"purpose": away.purpose, "values": away.values})
        if len(content) > _LONGEST:
            raise ValueError("there is too much to remember")
        await self._sweep(now)
        values = {"browser": _hash(browser), "until": stamp(now + LIFETIME), "content": content}
        if not await self._table.insert("away.keep", _PARTITION, _hash(state), values):
            raise _foreign()

    async def take(self, state: str, browser: str, purpose: str, now: datetime) -> Away:
        """What was remembered; it can be taken once.

        Raises:
            PermissionDenied: nothing is known under this state, it was used, it is too old, or another browser or page asks.
                All look alike to whoever asks; `cause` is `sign_in_state`.
        """
        row = await self._table.get(_PARTITION, _hash(state)) if state else None
        if row is None or row.text("until") <= stamp(now):
            raise _foreign()
        if not browser or not hmac.compare_digest(row.text("browser"), _hash(browser)):
            raise _foreign()
        content = json.loads(row.text("content"))
        if content["purpose"] != purpose:
            raise _foreign()
        try:
            await self._table.replace("away.take", row, {"until": ""})
        except ConcurrentWrite:
            raise _foreign() from None
        await self._table.delete("away.forget", _PARTITION, row.key)
        return Away(purpose=purpose, values=content["values"])

    async def _sweep(self, now: datetime) -> None:
        old = await self._table.query(
            "PartitionKey eq @p and until lt @now", {"p": _PARTITION, "now": stamp(now)}, limit=_SWEPT, select=["until"]
        )
        for row in old:
            await self._table.delete("away.forget", _PARTITION, row.key)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _foreign() -> PermissionDenied:
    return PermissionDenied(
        "This answer belongs to no sign-in that was begun in this browser.",
        remedy="Begin again from the mailbox's page.",
    ).because("sign_in_state")
