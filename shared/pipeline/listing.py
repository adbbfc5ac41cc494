"""What is in the source folder and new: a whole listing where mail is moved away, what the provider says was added where it stays.

Where mail is moved away the folder is short, and a whole listing misses nothing: no sync state, and nothing lost by moving a mail
out and back. Where mail stays, the provider's own changes are followed, and once a day the last week is listed whole beside them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from shared.errors import CursorLost, LeaseLost, NotFound, PostrumError, Throttled
from shared.model.base import stamp
from shared.model.config import BacklogChoice, Company, Mailbox, Scan
from shared.pipeline.gate import Gate
from shared.pipeline.health import junk_note
from shared.sources.base import ListedMail, MailSource, SourceFolder
from shared.telemetry import event

LIMIT = 5_000
"""Mails of one listing that are worked on in one hold."""
OLD = timedelta(days=7)
MANY = 50
"""So many unknown mails older than `OLD`, with no choice made about the backlog, and Postrum asks before it takes them in."""
RECONCILED_EVERY = timedelta(days=1)
JUNK_EVERY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Found:
    """What a listing gave.

    Attributes:
        mails: those that may be taken in, each once.
        present: ids of all mails seen in the source folder.
        complete: nothing else is in the source folder that concerns Postrum: whatever is not here has left it.
        cut: the folder holds more than one hold works on.
        parked: mails of the backlog that only have to be moved into the folder which the administrator chose.
    """

    mails: tuple[ListedMail, ...]
    present: frozenset[str]
    complete: bool
    cut: bool = False
    parked: tuple[ListedMail, ...] = ()


@dataclass(slots=True)
class Listing:
    """Looks into the source folder of one mailbox, for the holder of its lane.

    Attributes:
        folder: gives the folder at a path below the inbox; called again after `forget` where its id is not known any more.
        forget: drops the remembered id of a path.
        cursors: of the lane, as the holder found them; never changed here.
        updates: what has to be written into them when the lane is given back; None removes.
        pending: what follows from a look whose mails are not noted yet: a cursor that is ahead of the notes would lose them.
        anew: the provider forgot its place in the folder, so what was seen before is given again.
        staying: ids of mails that are at an end and stay in the source folder; they do not use up what one hold works on.
    """

    company: Company
    mailbox: Mailbox
    source: MailSource
    gate: Gate
    folder: Callable[[str], Awaitable[SourceFolder]]
    forget: Callable[[str], object]
    cursors: dict[str, Any]
    updates: dict[str, Any] = field(default_factory=dict)
    pending: dict[str, Any] = field(default_factory=dict)
    anew: bool = False
    staying: set[str] = field(default_factory=set)

    async def __call__(self, known: Callable[[ListedMail], bool], now: datetime) -> Found:
        """Look. `noted` has to be called when the mails are written down.

        Args:
            known: whether a mail is open already, so that it is no question whether it may be taken in.
            now: the time.
        """
        self.pending = {}
        try:
            found = await self._look(now)
        except NotFound:
            # Somebody deleted the folder whose id is remembered, and perhaps made it again.
            self.forget(self.mailbox.folders.source)
            found = await self._look(now)
        await self._junk(now)
        return await self._asked(self._parked(found, known), known, now)

    def noted(self) -> None:
        """What the look found is written down, so the cursors may say that it was seen."""
        self.updates |= self.pending
        self.pending = {}

    def apply(self, cursors: dict[str, Any]) -> dict[str, Any]:
        """The cursors with what this listing changes in them."""
        kept = {key: value for key, value in cursors.items() if key not in self.updates}
        return kept | {key: value for key, value in self.updates.items() if value is not None}

    def _key(self, what: str) -> str:
        return f"{what}/{self.company.id}/{self.mailbox.id}"

    def _value(self, what: str) -> Any:
        key = self._key(what)
        return (self.cursors | self.updates | self.pending).get(key)

    async def _look(self, now: datetime) -> Found:
        folder = await self.folder(self.mailbox.folders.source)
        if not self.mailbox.leave_in_place:
            return await self._whole(folder, since=None if self._parking else self._since)
        found = await self._added(folder)
        text = self._value("reconciled")
        if not isinstance(text, str) or datetime.fromisoformat(text) < now - RECONCILED_EVERY:
            week = await self._whole(folder, since=max(now - OLD, self._since or now - OLD))
            mails = {mail.provider_id: mail for mail in (*found.mails, *week.mails)}
            found = Found(tuple(mails.values()), found.present | week.present, complete=False, cut=found.cut)
            self.pending[self._key("reconciled")] = stamp(now)
        return found

    async def _whole(self, folder: SourceFolder, *, since: datetime | None) -> Found:
        unread = self.mailbox.scan is Scan.UNREAD
        mails: dict[str, ListedMail] = {}
        page: str | None = None
        while True:
            async with self.gate.call():
                found = await self.source.list(folder, page=page, since=since, unread=unread)
            # A mail can stand on two pages when another one left the folder meanwhile.
            mails |= {mail.provider_id: mail for mail in found.mails}
            page = found.next
            if page is None or len(mails.keys() - self.staying) >= LIMIT:
                break
        cut = page is not None
        return Found(tuple(mails.values()), frozenset(mails), complete=not cut and not unread, cut=cut)

    async def _added(self, folder: SourceFolder) -> Found:
        state = self._value("added")
        # Whoever chooses anew wants mail that was passed over before.
        same = isinstance(state, dict) and (state.get("folder"), state.get("choice")) == (folder.id, self._choice)
        state = state if same else {}
        try:
            return await self._added_since(folder, state.get("cursor"), state.get("page"))
        except CursorLost:
            # Normal operation: providers forget. What is known already is recognised by its identity.
            event("cursor_lost", company=self.company.id, mailbox=self.mailbox.id)
            self.anew = True
            return await self._added_since(folder, None, None)

    async def _added_since(self, folder: SourceFolder, cursor: str | None, page: str | None) -> Found:
        mails: dict[str, ListedMail] = {}
        while True:
            async with self.gate.call():
                found = await self.source.changes(folder, cursor=cursor, page=page)
            mails |= {mail.provider_id: mail for mail in found.mails}
            page = found.next
            if page is None or len(mails) >= LIMIT:
                break
        state = {"cursor": cursor, "page": page} if page else {"cursor": found.cursor}
        self.pending[self._key("added")] = {"folder": folder.id, "choice": self._choice, **state}
        since, unread = self._since, self.mailbox.scan is Scan.UNREAD
        wanted = tuple(
            mail
            for mail in mails.values()
            if (since is None or mail.received_at >= since) and not (unread and mail.is_read)
        )
        return Found(wanted, frozenset(mails), complete=False, cut=page is not None)

    @property
    def _since(self) -> datetime | None:
        return self.mailbox.backlog.since if self.mailbox.backlog else None

    @property
    def _choice(self) -> str:
        """Which mail of the folder is wanted."""
        return f"{self.mailbox.scan.value} {stamp(self._since) if self._since else ''}".strip()

    @property
    def _parking(self) -> bool:
        """Whether the backlog still has to be moved away."""
        backlog = self.mailbox.backlog
        if backlog is None or backlog.choice is not BacklogChoice.PARK or backlog.since is None:
            return False
        return bool(self._value("backlog_parked") != stamp(backlog.since))

    def _parked(self, found: Found, known: Callable[[ListedMail], bool]) -> Found:
        """Separate the mails that are only moved away, until none is left. What is on its way already goes on."""
        backlog = self.mailbox.backlog
        if not self._parking or self.mailbox.leave_in_place or backlog is None or backlog.since is None:
            return found
        since = backlog.since
        old = tuple(mail for mail in found.mails if mail.received_at < since and not known(mail))
        if not old and not found.cut:
            self.pending[self._key("backlog_parked")] = stamp(since)
        gone = {mail.provider_id for mail in old}
        rest = tuple(mail for mail in found.mails if mail.provider_id not in gone)
        return Found(rest, found.present, found.complete, cut=found.cut, parked=old)

    async def _asked(self, found: Found, known: Callable[[ListedMail], bool], now: datetime) -> Found:
        """Without a choice about the backlog, much old mail is a question first: it would all become documents."""
        key = self._key("question")
        old = {mail.provider_id for mail in found.mails if mail.received_at < now - OLD and not known(mail)}
        seen_before = self.anew and self._value("question") is None
        if self.mailbox.backlog is not None or len(old) <= MANY or seen_before:
            if key in self.cursors:
                self.pending[key] = None
            return found
        # Until somebody answers, nothing may say that this mail was seen: it is not given again.
        for what in ("added", "reconciled"):
            self.pending.pop(self._key(what), None)
        self.pending[key] = {"mails": len(old), "at": stamp(now)}
        event("backlog_question", company=self.company.id, mailbox=self.mailbox.id, mails=len(old))
        rest = {mail.provider_id: mail for mail in found.mails if mail.provider_id not in old}
        if not found.cut:
            return replace(found, mails=tuple(rest.values()))
        # The old mail fills all that one hold works on; what came lately stands behind it, and does not wait for the answer.
        lately = await self._whole(await self.folder(self.mailbox.folders.source), since=now - OLD)
        rest |= {mail.provider_id: mail for mail in lately.mails}
        return Found(tuple(rest.values()), found.present | lately.present, complete=False, cut=lately.cut)

    async def _junk(self, now: datetime) -> None:
        """What a filter took for junk is not read, but it is counted, so that a person hears of it."""
        last = self._value("junk")
        if isinstance(last, dict) and datetime.fromisoformat(last["at"]) > now - JUNK_EVERY:
            return
        try:
            async with self.gate.call():
                count = await self.source.junk_count()
        except (LeaseLost, Throttled):
            raise
        except PostrumError as error:
            # Only a number for people: whatever is wrong with that folder, the mail goes on.
            event("junk_not_counted", company=self.company.id, mailbox=self.mailbox.id, code=error.code)
            return
        if count is not None:
            self.pending[self._key("junk")] = junk_note(last if isinstance(last, dict) else None, count, now)
