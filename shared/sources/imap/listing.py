"""Listing a folder: what is in it now, and what was added since; in pages of few round trips.

The order of a listing is that of INTERNALDATE, which is when the server received the mail; SEARCH knows days only, in a time zone of
the server's own, so it is asked for a day more on each side, and the times are compared here. A page names the last mail of the page
before, not a number of mails, so mails may leave the folder meanwhile.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from shared.errors import CursorLost, PermanentError, ServiceUnavailable
from shared.mail.addresses import parse_addresses
from shared.mail.encoded_words import decode_text
from shared.sources.base import ListedMail, MailChanges, MailPage
from shared.sources.imap.connection import Connection, Selected
from shared.sources.imap.ids import MailId, fields_of, mark_of
from shared.sources.imap.keywords import categories_of
from shared.sources.imap.mailbox import DELETED, HEADER, HEADER_ITEM, search, select, uid_set
from shared.sources.imap.parse import body_of, dated, fetched, flags_of, internal_date

LARGEST_PAGE: Final = 1000
_DATES_AT_ONCE: Final = 2000
_LONGEST_SUBJECT: Final = 2000
_PAGE = re.compile(r"(\d{1,10})\.(-?\d{1,12})\.(\d{1,10})\Z")
_CHANGES = re.compile(r"(\d{1,10})\.(\d{1,10})\.(\d{1,10})\Z")
_CURSOR = re.compile(r"(\d{1,10})\.(\d{1,10})\Z")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_WHAT: Final = "listing the folder"

Order = list[tuple[int, int]]
"""When a mail was received, in seconds, and its UID."""


@dataclass(slots=True)
class _Begun:
    """A listing that has more pages: what is in it, so that a page costs one round trip."""

    key: tuple[object, ...]
    order: Order


class Listing:
    """Lists folders, and remembers the listing that is under way."""

    def __init__(self) -> None:
        self._begun: _Begun | None = None

    async def page(
        self,
        connection: Connection,
        folder: str,
        *,
        page: str | None,
        size: int,
        since: datetime | None,
        unread: bool,
    ) -> MailPage:
        """One page of what is in a folder; see `MailSource.list`.

        Raises:
            NotFound: there is no such folder.
            PermanentError: `page` is none.
            ServiceUnavailable: the folder was made anew in the middle of the listing.
        """
        size = max(1, min(size, LARGEST_PAGE))
        selected = await select(connection, folder, fresh=page is None)
        after = (-(10**12), 0)
        if page is not None:
            found = _PAGE.match(page)
            if found is None:
                raise PermanentError("This is no page of a listing.")
            after = (int(found[2]), int(found[3]))
            if int(found[1]) != selected.validity:
                raise ServiceUnavailable("The folder was made anew while it was listed; the listing begins again.")
        if not selected.exists:
            return MailPage(mails=())
        if page is None and selected.exists <= size and since is None and not unread:
            mails = await _details(connection, selected, b"1:*")
            return MailPage(mails=tuple(sorted(mails, key=_place)))
        key = (folder, selected.validity, since, unread)
        if page is None or self._begun is None or self._begun.key != key:
            self._begun = _Begun(key, await _ordered(connection, since, unread))
        rest = [entry for entry in self._begun.order if entry > after]
        wanted = rest[:size]
        if len(rest) <= size:
            self._begun = None
        uids = sorted(uid for _, uid in wanted)
        mails = await _details(connection, selected, uid_set(uids)) if uids else []
        following = None
        if len(rest) > size:
            following = f"{selected.validity}.{wanted[-1][0]}.{wanted[-1][1]}"
        return MailPage(mails=tuple(sorted(mails, key=_place)), next=following)

    async def changes(
        self, connection: Connection, folder: str, *, cursor: str | None, page: str | None, size: int
    ) -> MailChanges:
        """One page of what came into a folder; see `MailSource.changes`. New mails have higher UIDs than all before, always.

        Raises:
            NotFound: there is no such folder.
            CursorLost: the folder was made anew, or has lost mails that it had; or this is no cursor.
        """
        selected = await select(connection, folder, fresh=page is None)
        known = 0
        if cursor is not None:
            known = _numbers(_CURSOR, cursor, selected)[0]
        if page is not None:
            known, last = _numbers(_CHANGES, page, selected)
        elif selected.next is not None:
            last = selected.next - 1
        else:
            last = max([known, *await search(connection, what=_WHAT)])
        if last < known:
            raise CursorLost("The folder has fewer mails behind it than it had: it is not the one that was read.")
        finished = f"{selected.validity}.{last}"
        if last == known or not selected.exists:
            return MailChanges(mails=(), cursor=finished)
        uids = await search(connection, b"UID", b"%d:%d" % (known + 1, last), what=_WHAT)
        # n:* and n:m with n above all that there is mean the last one (RFC 3501 section 6.4.8): what is known is not new
        uids = [uid for uid in uids if known < uid <= last]
        wanted = uids[: max(1, min(size, LARGEST_PAGE))]
        mails = await _details(connection, selected, uid_set(wanted)) if wanted else []
        if len(wanted) < len(uids):
            return MailChanges(mails=tuple(mails), next=f"{selected.validity}.{wanted[-1]}.{last}")
        return MailChanges(mails=tuple(mails), cursor=finished)

    async def count(self, connection: Connection, folder: str, *, before: datetime | None) -> int:
        """How many mails are in a folder; with `before`, how many of them were received before that.

        Raises:
            NotFound: there is no such folder.
        """
        selected = await select(connection, folder, fresh=True)
        if not selected.exists:
            return 0
        if before is None:
            return len(await search(connection, what=_WHAT))
        moment = before.astimezone(UTC)
        day = timedelta(days=1)
        surely = await search(connection, b"BEFORE", _day(moment - day), what=_WHAT)
        perhaps = await search(connection, b"SINCE", _day(moment - day), b"BEFORE", _day(moment + 2 * day), what=_WHAT)
        dates = await _dates(connection, perhaps)
        return len(surely) + sum(received < moment for received in dates.values())


async def _ordered(connection: Connection, since: datetime | None, unread: bool) -> Order:
    criteria = [b"SINCE", _day(since.astimezone(UTC) - timedelta(days=1))] if since else []
    uids = await search(connection, *criteria, *([b"UNSEEN"] if unread else []), what=_WHAT)
    dates = await _dates(connection, uids)
    return sorted(
        (int(received.timestamp()), uid) for uid, received in dates.items() if since is None or received >= since
    )


async def _dates(connection: Connection, uids: list[int]) -> dict[int, datetime]:
    dates: dict[int, datetime] = {}
    for start in range(0, len(uids), _DATES_AT_ONCE):
        asked = uids[start : start + _DATES_AT_ONCE]
        reply = await connection.command(b"UID", b"FETCH", uid_set(asked), b"(UID INTERNALDATE)", what=_WHAT)
        known = set(asked)
        dates |= {uid: received for uid, received in dated(reply).items() if uid in known}
    return dates


async def _details(connection: Connection, selected: Selected, uids: bytes) -> list[ListedMail]:
    """The mails with these UIDs that are there and not marked as deleted, in the order of their UIDs."""
    items = b"(UID FLAGS INTERNALDATE RFC822.SIZE " + HEADER + b")"
    reply = await connection.command(b"UID", b"FETCH", uids, items, what=_WHAT)
    mails: list[ListedMail] = []
    for uid, found in sorted(fetched(reply).items()):
        block = body_of(found, HEADER_ITEM)
        flags = flags_of(found.get("FLAGS"))
        # without a header it is word of a change of flags, or of a mail that vanished in this moment
        if block is not None and DELETED not in (flag.lower() for flag in flags):
            mails.append(_mail(selected, uid, found, block, flags))
    return mails


def _mail(selected: Selected, uid: int, found: dict[str, Any], block: bytes, flags: tuple[str, ...]) -> ListedMail:
    headers = fields_of(block)
    people = parse_addresses((headers.first("from") or b"")[:4096])
    size = found.get("RFC822.SIZE")
    return ListedMail(
        provider_id=str(MailId(selected.name, selected.validity, uid, mark_of(headers))),
        received_at=internal_date(found.get("INTERNALDATE")),
        subject=decode_text(headers.first("subject") or b"")[:_LONGEST_SUBJECT],
        sender=people[0].address if people else "",
        internet_message_id=(headers.first("message-id") or b"").decode("utf-8", "replace").strip(),
        is_read="\\seen" in (flag.lower() for flag in flags),
        read_receipt_requested=bool(headers.first("disposition-notification-to")),
        categories=categories_of(flags),
        size=size if isinstance(size, int) and size >= 0 else None,
    )


def _place(mail: ListedMail) -> tuple[datetime, int]:
    return mail.received_at, MailId.parse(mail.provider_id).uid


def _numbers(pattern: re.Pattern[str], text: str, selected: Selected) -> tuple[int, ...]:
    """What stands behind the UIDVALIDITY in a cursor or page.

    Raises:
        CursorLost: it is for another UIDVALIDITY, or none at all.
    """
    found = pattern.match(text)
    if found is None or int(found[1]) != selected.validity:
        raise CursorLost("The folder was made anew since it was read.")
    return tuple(int(number) for number in found.groups()[1:])


def _day(moment: datetime) -> bytes:
    return b"%02d-%s-%04d" % (moment.day, _MONTHS[moment.month - 1].encode(), moment.year)
