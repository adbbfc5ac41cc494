"""What an action is: a name, typed parameters, and where it takes place.

Actions on our own storage run in their order right after the decision, and may be repeated after a crash: each has a natural key, so a
repetition finds what is there. Actions on the mailbox only say what they want; the lane's holder does it, last of all.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from pydantic import BaseModel

from shared.desk.documents import Documents
from shared.model.config import Company, Mailbox
from shared.model.decision import Decision
from shared.model.evidence import Evidence
from shared.model.run import Run
from shared.stores.lookup import Lookup


@dataclass(frozen=True, slots=True)
class ActionContext:
    """What an action gets to work with."""

    run: Run
    evidence: Evidence
    decision: Decision
    company: Company
    mailbox: Mailbox
    documents: Documents
    lookup: Lookup
    now: datetime


@dataclass(frozen=True, slots=True)
class LookupKey:
    """A key in the projection `lookup`: its kind, the key itself, and what is kept beside the message."""

    kind: str
    key: str
    values: dict[str, str]


@dataclass(frozen=True, slots=True)
class MailboxChange:
    """What an action wants done in the mailbox."""

    folder: str | None = None
    mark_read: bool = False
    categories: tuple[str, ...] = ()


class StoreAction(Protocol):
    """Works on our own storage. `run` may be called again with the same parameters and then changes nothing."""

    @property
    def name(self) -> str:
        """As rules name it."""

    @property
    def parameters(self) -> type[BaseModel]:
        """What a rule may give it."""

    async def run(self, context: ActionContext, parameters: Any) -> dict[str, Any]:
        """Do it; the result is kept in the run and shown."""

    def lookup_keys(self, result: dict[str, Any]) -> tuple[LookupKey, ...]:
        """Under what the message is found because of this result: `run` writes it, and `postrum rebuild` writes it again."""


class MailboxAction(Protocol):
    """Works on the mailbox, through the lane's holder."""

    @property
    def name(self) -> str:
        """As rules name it."""

    @property
    def parameters(self) -> type[BaseModel]:
        """What a rule may give it."""

    def change(self, parameters: Any, mailbox: Mailbox) -> MailboxChange:
        """What has to be done."""
