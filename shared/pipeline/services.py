"""What the use cases work with, put together once by `shared.app`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import random
from time import monotonic

from shared.desk.documents import Documents
from shared.documents.child import DocumentReader
from shared.model.config import Company, Mailbox
from shared.pipeline.together import each
from shared.sources.base import MailSource
from shared.stores.archive import Archive
from shared.stores.claims import Claims
from shared.stores.configuration import Configuration
from shared.stores.deliveries import Deliveries
from shared.stores.due import Due
from shared.stores.lanes import Lanes
from shared.stores.lookup import Lookup
from shared.stores.messages import Messages
from shared.stores.open_messages import OpenMessages
from shared.stores.parked_tasks import ParkedTasks
from shared.stores.queues import Queues
from shared.stores.timeline import Timeline

Clock = Callable[[], datetime]
"""The time in UTC."""

GRACE = timedelta(minutes=2)
"""How long a message may stand still before the tick looks after it."""


class Companies:
    """Configuration as the use cases read it: remembered for a few seconds in each process.

    Where all companies are read, each is remembered until the index names another revision, and for some minutes at most: a crash may
    have kept a revision out of the index.
    """

    def __init__(self, configuration: Configuration, seconds: float = 15, minutes: float = 10) -> None:
        self._configuration = configuration
        self._seconds = seconds
        self._longest = minutes * 60
        self._known: dict[str, tuple[float, Company | None]] = {}
        self._all: dict[str, tuple[int, float, Company]] = {}

    async def get(self, company: str) -> Company | None:
        """The company, or None where it is not configured."""
        known = self._known.get(company)
        if known is None or monotonic() - known[0] > self._seconds:
            found = await self._configuration.company(company)
            known = (monotonic(), None if found is None else found[0])
            self._known[company] = known
        return known[1]

    async def fresh(self, company: str) -> Company | None:
        """The company as it is stored now; remembered from here on."""
        self._known.pop(company, None)
        return await self.get(company)

    async def every(self) -> list[Company]:
        """All companies, as they are now: one request, and one for each company that changed."""
        revisions = await self._configuration.revisions()
        self._all = {company: known for company, known in self._all.items() if company in revisions}
        now = monotonic()
        stale = [
            company
            for company, revision in revisions.items()
            if (known := self._all.get(company)) is None or known[0] != revision or known[1] < now
        ]

        async def read(company: str) -> None:
            found = await self._configuration.company(company)
            if found is None:
                self._all.pop(company, None)
                return
            # Not all in the same minute again.
            until = now + self._longest * (0.5 + 0.5 * random())  # noqa: S311 - spreads load
            self._all[company] = (revisions[company], until, found[0])

        await each(stale, read)
        return [known[2] for _, known in sorted(self._all.items())]

    def forget(self) -> None:
        """Read afresh next time."""
        self._known.clear()
        self._all.clear()


@dataclass(frozen=True, slots=True)
class SourceFactory:
    """Opens the source of a mailbox, and names its lane."""

    open: Callable[[Company, Mailbox], MailSource]
    lane: Callable[[Company, Mailbox], str]


@dataclass(frozen=True, slots=True)
class Services:
    """Everything that a use case may need."""

    clock: Clock
    companies: Companies
    sources: SourceFactory
    archive: Archive
    queues: Queues
    messages: Messages
    lanes: Lanes
    open: OpenMessages
    claims: Claims
    lookup: Lookup
    timeline: Timeline
    due: Due
    parked: ParkedTasks
    documents: Documents
    deliveries: Deliveries
    document_reader: DocumentReader
    mail_limit: int
    """Largest mail that is archived, in bytes."""
    use_case_seconds: float
    """How long a use case may take before it stops by itself."""
