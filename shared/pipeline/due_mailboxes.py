"""Which mailboxes the tick has to wake (pure): those whose schedule came, and those whose work was forgotten."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from shared.model.base import stamp
from shared.model.config import Company, Mailbox
from shared.pipeline.ending import wanted_list, wanted_work
from shared.pipeline.health import counted_from
from shared.pipeline.schedule import is_due, own
from shared.stores.lanes import StoredLane

LOST = timedelta(seconds=60)
"""After so long, a wish that nobody serves is taken for lost."""
STARTS_AGAIN = timedelta(minutes=5)
"""A mailbox that was due longer ago and is asked for only now was paused, or the tick was: its silence counts from now."""


@dataclass(frozen=True, slots=True)
class DueMailbox:
    """A mailbox for which something has to be done.

    Attributes:
        company: of the mailbox.
        mailbox: itself.
        name: of its lane.
        lane: as it was read; None where it is new.
        asked_before: the wish stands in the lane, and only a task is missing.
        starts: the time from which its silence is counted begins now.
    """

    company: Company
    mailbox: Mailbox
    name: str
    lane: StoredLane | None
    asked_before: bool
    starts: bool

    @property
    def wish(self) -> str:
        """What is asked of the lane."""
        return wanted_list(self.company.id, self.mailbox.id)

    def starting(self, now: datetime) -> dict[str, Any]:
        """Cursors to be written with the wish."""
        return {f"since/{self.company.id}/{self.mailbox.id}": stamp(now)} if self.starts else {}


def due_mailboxes(
    companies: Iterable[Company],
    lanes: Mapping[str, StoredLane],
    lane_of: Callable[[Company, Mailbox], str],
    now: datetime,
) -> list[Sequence[DueMailbox]]:
    """Mailboxes to wake, those of one lane together, the lanes that waited longest first.

    Args:
        companies: everything that is configured.
        lanes: the lanes as they are now, by name.
        lane_of: name of the lane of a mailbox.
        now: the time.
    """
    found: dict[str, list[DueMailbox]] = {}
    waited: dict[str, str] = {}
    lost, present = stamp(now - LOST), stamp(now)
    for company in companies:
        for mailbox in company.mailboxes:
            if not mailbox.active:
                continue
            name = lane_of(company, mailbox)
            lane = lanes.get(name)
            due = _judge(company, mailbox, name, lane, now, lost, present)
            if due is not None:
                found.setdefault(name, []).append(due)
                cursors = lane.state.cursors if lane is not None else {}
                waited[name] = min(waited.get(name, "~"), str(cursors.get(f"listed/{company.id}/{mailbox.id}") or ""))
    return sorted(found.values(), key=lambda group: waited[group[0].name])


def _judge(
    company: Company, mailbox: Mailbox, name: str, lane: StoredLane | None, now: datetime, lost: str, present: str
) -> DueMailbox | None:
    if lane is None:
        return DueMailbox(company, mailbox, name, None, asked_before=False, starts=True)
    state = lane.state
    if state.blocked_until > present or (state.owner and state.until > present):
        return None
    listing = wanted_list(company.id, mailbox.id) in state.wanted
    asked = listing or wanted_work(company.id, mailbox.id) in state.wanted
    if state.owner or (asked and (state.blocked_until or state.wanted_at < lost)):
        # Its holder died, or a wish was never served, or a block is over.
        return DueMailbox(company, mailbox, name, lane, asked_before=True, starts=False)
    if listing:
        return None  # its task is on its way
    key = f"{company.id}/{mailbox.id}"
    schedule = own(mailbox.schedule, key)
    if not is_due(schedule, state.cursors.get(f"listed/{key}"), now):
        return None
    since = counted_from(state.cursors, company.id, mailbox.id)
    return DueMailbox(
        company, mailbox, name, lane, asked_before=False, starts=is_due(schedule, since, now - STARTS_AGAIN)
    )
