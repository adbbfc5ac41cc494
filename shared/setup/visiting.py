"""Calls to a provider mailbox that a person waits for: outside the lane, in the one slot that the lane leaves free."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from weakref import WeakValueDictionary

from shared.errors import NetworkFailure, NotFound, Throttled
from shared.model.config import Company, Mailbox
from shared.pipeline.services import Services
from shared.sources.base import MailSource
from shared.stores.lanes import PAUSED

DEADLINE_SECONDS = 60
"""For everything that one visit does; a request to a function app ends after 230."""


@dataclass(frozen=True, slots=True)
class Visits:
    """Opens mailboxes for people's requests, one at a time for each mailbox and process.

    Nothing is moved, marked or deleted in a visit that the lane could be working on: visits look, make folders, and handle
    the test mail.
    """

    services: Services
    _turns: WeakValueDictionary[str, asyncio.Lock] = field(default_factory=WeakValueDictionary)

    async def mailbox(self, company: str, mailbox: str) -> tuple[Company, Mailbox]:
        """What is configured, read afresh.

        Raises:
            NotFound: there is no such company or mailbox.
        """
        known = await self.services.companies.fresh(company)
        found = None if known is None else known.mailbox(mailbox)
        if known is None or found is None:
            raise NotFound(f"There is no mailbox {mailbox} in company {company}.")
        return known, found

    @asynccontextmanager
    async def visit(self, company: Company, mailbox: Mailbox) -> AsyncIterator[MailSource]:
        """The mailbox as a source, closed at the end.

        Raises:
            Throttled: the provider asked for patience; says for how long.
            NetworkFailure: the visit took longer than its deadline.
        """
        lane = self.services.sources.lane(company, mailbox)
        turn = self._turns.get(lane)
        if turn is None:
            turn = self._turns[lane] = asyncio.Lock()
        try:
            async with asyncio.timeout(DEADLINE_SECONDS), turn:
                await self._ask(lane)
                source = self.services.sources.open(company, mailbox)
                try:
                    yield source
                finally:
                    await source.aclose()
        except TimeoutError:
            raise NetworkFailure(f"The mailbox did not answer within {DEADLINE_SECONDS} seconds.") from None

    async def _ask(self, lane: str) -> None:
        state = (await self.services.lanes.read(lane)).state
        now = self.services.clock()
        if state.blocked(now) and not state.cursors.get(PAUSED):  # our own pause may be over by now
            wait = (datetime.fromisoformat(state.blocked_until) - now).total_seconds()
            raise Throttled("The provider of this mailbox asked for patience.", retry_after=wait)
