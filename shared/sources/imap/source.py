"""A mailbox at an IMAP server as a mail source: any server, Gmail, or Exchange Online where Graph cannot be used."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Final

from shared.effect import effect
from shared.errors import MessageGone, NotFound, ServiceUnavailable
from shared.model.config import ImapServer
from shared.net.guard import Network
from shared.sources.base import FetchedMail, FolderNode, MailChanges, MailPage, Place, SourceFolder
from shared.sources.imap import mailbox, moving
from shared.sources.imap.connection import Connection, Timing
from shared.sources.imap.content import Window, window
from shared.sources.imap.door import Door, Pool
from shared.sources.imap.errors import refused
from shared.sources.imap.folders import Folder, Folders
from shared.sources.imap.ids import MailId, fields_of, mark_of
from shared.sources.imap.keywords import categories_of, keyword_of
from shared.sources.imap.listing import Listing
from shared.sources.imap.names import wire_bytes
from shared.sources.imap.parse import appended, fetched, flags_of
from shared.sources.imap.sign_in import SignIn
from shared.sources.imap.wire import Literal
from shared.telemetry import event

NEWEST: Final = 500
"""Mails of a folder, the newest, among which a mail is looked for that was moved there."""
_REMEMBERED: Final = 20_000
_HEADER_END = b"\r\n\r\n"


class ImapSource:
    """One mailbox. Implements `MailSource`.

    Construction connects to nothing. Connections are opened as calls need them, up to three, and stay until `aclose`; folders that
    were found are remembered for the life of the instance, so make one for each run of the lane.

    Ids of mails are of `ids.MailId`: they end with a move, and `locate` finds a mail by an old one among the folders that it is given.

    Args:
        address: the mailbox, for people.
        server: where, and whom to trust there.
        sign_in: as whom.
        allowed: networks that the deployment opens; none in production.
        ca_file: PEM file with the authorities of the deployment instead of the public ones.
        timing: how long things may take.
    """

    kind = "imap"

    def __init__(
        self,
        *,
        address: str,
        server: ImapServer,
        sign_in: SignIn,
        allowed: tuple[Network, ...] = (),
        ca_file: Path | None = None,
        timing: Timing | None = None,
    ) -> None:
        self.address = address
        self._pool = Pool(Door(server, sign_in, allowed, ca_file, timing or Timing()))
        self._folders = Folders()
        self._listing = Listing()
        self._seen: dict[str, None] = {}
        """Ids that this instance saw at the server, so that a move has not to look first."""

    # -- folders

    async def folder(self, path: str) -> SourceFolder | None:
        """See `MailSource`. Two round trips, one when it was looked up before."""
        async with self._pool.connection() as connection:
            found = await self._folders.find(connection, path)
            if found is None:
                return None
            try:
                total = await self._folders.total(connection, found.name)
            except NotFound:
                self._folders = Folders()
                return None
        return _source_folder(found, total)

    async def create_folder(self, path: str) -> SourceFolder:
        """See `MailSource`. What is made is subscribed to as well, so that mail programs show it."""
        async with self._pool.connection() as connection:
            made = await self._folders.create(connection, path)
            return _source_folder(made, await self._folders.total(connection, made.name))

    async def tree(self) -> tuple[FolderNode, ...]:
        """See `MailSource`. Folders that hold no mails, or have a use of their own such as sent mail, are shown but not to be chosen."""
        async with self._pool.connection() as connection:
            return await self._folders.tree(connection)

    # -- listing

    async def list(
        self,
        folder: SourceFolder,
        *,
        page: str | None = None,
        size: int = 200,
        since: datetime | None = None,
        unread: bool = False,
    ) -> MailPage:
        """See `MailSource`. What somebody marked as deleted is not listed. Two round trips for a short folder."""
        async with self._pool.connection(folder.id) as connection:
            found = await self._listing.page(connection, folder.id, page=page, size=size, since=since, unread=unread)
        self._remember(mail.provider_id for mail in found.mails)
        return found

    async def count(self, folder: SourceFolder, *, before: datetime | None = None) -> int:
        """See `MailSource`."""
        async with self._pool.connection(folder.id) as connection:
            return await self._listing.count(connection, folder.id, before=before)

    async def junk_count(self) -> int | None:
        """See `MailSource`."""
        async with self._pool.connection() as connection:
            junk = await self._folders.for_use(connection, "\\junk")
            return None if junk is None else await self._folders.total(connection, junk)

    async def changes(
        self, folder: SourceFolder, *, cursor: str | None, page: str | None = None, size: int = 200
    ) -> MailChanges:
        """See `MailSource`. The cursor is the UIDVALIDITY of the folder and the highest UID that it had given out."""
        async with self._pool.connection(folder.id) as connection:
            found = await self._listing.changes(connection, folder.id, cursor=cursor, page=page, size=size)
        self._remember(mail.provider_id for mail in found.mails)
        return found

    # -- one mail

    @asynccontextmanager
    async def fetch(self, provider_id: str) -> AsyncIterator[FetchedMail]:
        """See `MailSource`. One round trip for a mail of up to 1 MiB, and one for each MiB more. The read flag stays as it is.

        Raises:
            NetworkFailure: the connection broke; what came before is not the whole mail. Also raised by the iterator.
        """
        mail = MailId.parse(provider_id)
        pieces = self._pieces(mail, await self._window(mail, 0))
        self._remember((provider_id,))
        yield FetchedMail(pieces)

    async def locate(
        self, provider_id: str, *, internet_message_id: str = "", among: Sequence[SourceFolder] = ()
    ) -> Place | None:
        """See `MailSource`. First where the id says, then in the given folders: by the Message-ID, and by the mark of the mail among
        the newest 500 of each. What is marked as deleted counts as gone.
        """
        mail = MailId.parse(provider_id)
        async with self._pool.connection(mail.folder) as connection:
            try:
                await mailbox.at(connection, mail)
                if await mailbox.there(connection, mail, what="locating the mail"):
                    return Place(folder=mail.folder, provider_id=provider_id)
            except MessageGone:
                pass
        for folder in among:
            found = await self._find(folder.id, mail.mark, internet_message_id)
            if found is not None:
                return Place(folder=folder.id, provider_id=str(found))
        return None

    async def categories(self, provider_id: str) -> tuple[str, ...]:
        """See `MailSource`. They are the keywords of the mail; see `keywords.py`."""
        mail = MailId.parse(provider_id)
        what = "reading the categories of the mail"
        async with self._pool.connection(mail.folder) as connection:
            await mailbox.at(connection, mail)
            await connection.command(b"NOOP", what=what)
            found = await mailbox.look(connection, mail, b"FLAGS", what=what)
        return categories_of(flags_of(found.get("FLAGS")))

    # -- effects

    async def move(self, provider_id: str, folder: SourceFolder) -> str:
        """See `MailSource`. One round trip for a mail that this instance has listed or fetched; others are looked at first, so that a
        UID which means another mail by now moves nothing.

        Raises:
            NotFound: the folder is not there any more; the mail is where it was.
            PermanentError: the server can only move it by removing other mails too; nothing was done.
        """
        mail = MailId.parse(provider_id)
        what = "moving the mail"
        async with self._pool.connection(mail.folder) as connection:
            await mailbox.at(connection, mail)
            if provider_id not in self._seen or not connection.can("UIDPLUS"):
                await mailbox.look(connection, mail, what=what)
            async with effect("imap.move"):
                place = await moving.move(connection, mail, folder.id)
        self._seen.pop(provider_id, None)
        if place is not None:
            return self._new(MailId(folder.id, *place, mail.mark))
        found = await self._find(folder.id, mail.mark, "")
        if found is None:
            raise ServiceUnavailable(
                "The mail was moved, or somebody removed it: it is not among the newest mails there."
            )
        return self._new(found)

    async def change(
        self,
        provider_id: str,
        *,
        mark_read: bool | None = None,
        add_categories: tuple[str, ...] = (),
        present: tuple[str, ...] = (),
    ) -> None:
        """See `MailSource`. Nothing is sent where nothing would change. Categories that the server cannot keep are left out, and told of
        in the log: a mail is not held up for them.
        """
        known = {name.casefold() for name in present}
        new = {name.casefold(): name for name in add_categories if name.casefold() not in known}
        if mark_read is None and not new:
            return
        mail = MailId.parse(provider_id)
        what = "changing the mail"
        async with self._pool.connection(mail.folder) as connection:
            await mailbox.at(connection, mail)
            if provider_id not in self._seen:
                await mailbox.look(connection, mail, what=what)
            commands = _stores(connection, mail, mark_read, [*new.values()])
            if not commands:
                return
            async with effect("imap.change"):
                reply = await connection.ask(*commands, what=what, changing=True)
                if reply.status != "OK":
                    raise refused(reply, what, changing=True)
                if mail.uid not in fetched(reply):
                    # not every server tells the flags again; but a mail that is gone has none
                    await connection.command(b"NOOP", what=what)
                    await mailbox.look(connection, mail, what=what)

    async def append(self, folder: SourceFolder, content: bytes) -> str:
        """See `MailSource`."""
        what = "putting a mail into the folder"
        mark = mark_of(fields_of(content.partition(_HEADER_END)[0] + b"\r\n"))
        async with self._pool.connection() as connection, effect("imap.append"):
            reply = await connection.ask([b"APPEND", wire_bytes(folder.id), Literal(content)], what=what, changing=True)
            if reply.status != "OK":
                raise await mailbox.folder_refused(connection, reply, folder.id, what, changing=True)
        place = appended(reply)
        if place is not None:
            return self._new(MailId(folder.id, *place, mark))
        found = await self._find(folder.id, mark, "")
        if found is None:
            raise ServiceUnavailable("The mail was put into the folder, but is not among the newest mails there.")
        return self._new(found)

    async def delete(self, provider_id: str) -> None:
        """See `MailSource`. What lies in the deleted items already is removed."""
        mail = MailId.parse(provider_id)
        async with self._pool.connection(mail.folder) as connection:
            trash = await self._folders.for_use(connection, "\\trash")
            try:
                await mailbox.at(connection, mail)
                await mailbox.look(connection, mail, what="deleting the mail")
                async with effect("imap.delete"):
                    if trash is not None and trash != mail.folder:
                        await moving.move(connection, mail, trash)
                    else:
                        await moving.remove(connection, mail)
            except MessageGone:
                return

    async def aclose(self) -> None:
        """End the connections."""
        await self._pool.close()

    async def _window(self, mail: MailId, offset: int) -> Window:
        async with self._pool.connection(mail.folder) as connection:
            return await window(connection, mail, offset)

    async def _pieces(self, mail: MailId, first: Window) -> AsyncIterator[bytes]:
        offset = 0
        part: Window | None = first
        del first
        while part is not None:
            for piece in part.pieces():
                yield piece
            ended, offset = part.ends(offset), offset + len(part.content)
            part = None  # one window at a time
            if not ended:
                part = await self._window(mail, offset)

    async def _find(self, folder: str, mark: str, message_id: str) -> MailId | None:
        async with self._pool.connection(folder) as connection:
            try:
                selected = await mailbox.select(connection, folder, fresh=True)
            except NotFound:
                return None
            uid = await mailbox.find(connection, mark, message_id, NEWEST) if selected.exists else None
        return None if uid is None else MailId(folder, selected.validity, uid, mark)

    def _new(self, mail: MailId) -> str:
        text = str(mail)
        self._remember((text,))
        return text

    def _remember(self, ids: Iterable[str]) -> None:
        self._seen |= dict.fromkeys(ids)
        for old in list(self._seen)[: max(0, len(self._seen) - _REMEMBERED)]:
            del self._seen[old]


def _stores(
    connection: Connection, mail: MailId, mark_read: bool | None, categories: Sequence[str]
) -> list[list[bytes]]:
    """The commands that change the flags of a mail."""
    selected = connection.selected
    keywords = [keyword_of(name) for name in categories if name.strip()]
    kept = [word for word in keywords if selected and (selected.any_keyword or word.lower() in selected.keywords)]
    if len(kept) < len(keywords):
        event("imap_categories_not_kept", host=connection.host, categories=len(keywords) - len(kept))
    add = [*(["\\Seen"] if mark_read else []), *kept]
    store = [b"UID", b"STORE", b"%d" % mail.uid]
    commands = [[*store, b"+FLAGS", f"({' '.join(add)})".encode()]] if add else []
    if mark_read is False:
        commands.append([*store, b"-FLAGS", b"(\\Seen)"])
    return commands


def _source_folder(folder: Folder, total: int) -> SourceFolder:
    return SourceFolder(id=folder.name, path=folder.path, total=total)
