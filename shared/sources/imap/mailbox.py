"""Commands on one connection: a folder is selected, mails are looked at in it, and changed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from shared.errors import MessageGone, NotFound, PermissionDenied, PostrumError
from shared.sources.imap.connection import Connection, Selected
from shared.sources.imap.errors import protocol, refused
from shared.sources.imap.ids import MailId, fields_of, mark_of
from shared.sources.imap.names import wire_bytes
from shared.sources.imap.parse import body_of, fetched, flags_of, searched
from shared.sources.imap.wire import Literal, Reply

HEADER: Final = b"BODY.PEEK[HEADER.FIELDS (SUBJECT FROM DATE MESSAGE-ID DISPOSITION-NOTIFICATION-TO)]<0.16384>"
"""What is read of a header, cut off: a subject of a megabyte is not worth its transport. PEEK leaves the read flag alone."""
HEADER_ITEM: Final = "BODY[HEADER.FIELDS"
DELETED: Final = "\\deleted"


async def select(connection: Connection, folder: str, *, fresh: bool = False) -> Selected:
    """Select a folder, if the connection has not done so already.

    Args:
        connection: which.
        folder: wire name.
        fresh: select it again: a connection sees mails come and go only when it is told, and this tells it.

    Raises:
        NotFound: there is no such folder.
        PermissionDenied: the account may not read it.
    """
    if not fresh and connection.selected is not None and connection.selected.name == folder:
        return connection.selected
    connection.selected = None
    reply = await connection.ask([b"SELECT", wire_bytes(folder)], what="opening the folder")
    if reply.status != "OK":
        error = await folder_refused(connection, reply, folder, "opening the folder")
        if error.cause == "imap_no_permission":
            # not one message is refused, but all that are in there
            denied = PermissionDenied(error.message, remedy=error.remedy)
            denied.cause = error.cause
            raise denied
        raise error
    validity = reply.number("UIDVALIDITY")
    if validity is None:
        raise protocol("a folder has no UIDVALIDITY", "opening the folder")
    keywords = [flag.lower() for piece in reply.lines("PERMANENTFLAGS") for flag in flags_of(piece)]
    connection.selected = Selected(
        name=folder,
        validity=validity,
        exists=reply.number("EXISTS") or 0,
        next=reply.number("UIDNEXT"),
        keywords=frozenset(keywords),
        any_keyword="\\*" in keywords,
    )
    return connection.selected


async def folder_refused(
    connection: Connection, reply: Reply, folder: str, what: str, *, changing: bool = False
) -> PostrumError:
    """The error for a refused command that names a folder: not every server says by a code that it is not there."""
    error = refused(reply, what, changing=changing)
    if error.cause == "imap_folder_gone" or (error.cause == "imap_refused" and not await exists(connection, folder)):
        gone = NotFound(
            "The folder is not in the mailbox any more.",
            remedy="Make it again, or choose another one in the folders of the mailbox.",
        )
        gone.cause = "imap_folder_gone"
        return gone
    return error


async def exists(connection: Connection, folder: str) -> bool:
    """Whether there is a folder of this name."""
    reply = await connection.command(b"LIST", b'""', wire_bytes(folder), what="looking for the folder")
    return bool(reply.lines("LIST"))


async def at(connection: Connection, mail: MailId) -> None:
    """Select the folder of a mail, in the state in which its UID means it.

    Raises:
        MessageGone: the folder is gone, or was made anew.
    """
    try:
        selected = await select(connection, mail.folder)
        if selected.validity == mail.validity:
            return
        selected = await select(connection, mail.folder, fresh=True)
    except NotFound:
        raise MessageGone("The folder of the mail is not in the mailbox any more.") from None
    if selected.validity != mail.validity:
        raise MessageGone("The folder of the mail was made anew; its mails have other ids now.")


async def look(connection: Connection, mail: MailId, *items: bytes, what: str) -> dict[str, Any]:
    """Items of a mail; its folder has to be selected.

    A connection that has not heard of the mail yet is brought up to date before the mail is said to be gone.

    Raises:
        MessageGone: no such mail is there any more, or another one under its UID.
    """
    command = [b"UID", b"FETCH", b"%d" % mail.uid, b"(UID " + b" ".join((*items, HEADER)) + b")"]
    for refresh in (False, True):
        reply = await connection.ask(*([[b"NOOP"]] if refresh else []), command, what=what)
        if reply.code == "EXPUNGEISSUED" and not refresh:
            continue  # what is in the answer comes from the server's memory of a mail that is gone (RFC 5530)
        if reply.status != "OK":
            raise refused(reply, what)
        found = fetched(reply).get(mail.uid, {})
        block = body_of(found, HEADER_ITEM)
        if block is not None:
            if mark_of(fields_of(block)) != mail.mark:
                break
            return found
    raise MessageGone("The mail is not in the folder any more.")


async def there(connection: Connection, mail: MailId, *, what: str) -> bool:
    """Whether the mail is in its selected folder now, and nobody has marked it as deleted."""
    await connection.command(b"NOOP", what=what)
    try:
        found = await look(connection, mail, b"FLAGS", what=what)
    except MessageGone:
        return False
    return DELETED not in (flag.lower() for flag in flags_of(found.get("FLAGS")))


async def search(connection: Connection, *criteria: bytes | Literal, what: str) -> list[int]:
    """UIDs in the selected folder that match, in ascending order. What is marked as deleted is left out."""
    return searched(await connection.command(b"UID", b"SEARCH", b"UNDELETED", *criteria, what=what))


async def find(connection: Connection, mark: str, message_id: str, newest: int) -> int | None:
    """The UID of the newest mail with this mark in the selected folder, or None.

    Args:
        connection: with a freshly selected folder.
        mark: of the mail.
        message_id: its Message-ID, if it is known: then the server looks for it.
        newest: how many of the newest mails are looked at where it is not known or the server finds nothing.
    """
    what = "looking for the mail"
    wanted = message_id.strip()
    if 2 < len(wanted) <= 500 and wanted.isascii() and wanted.isprintable() and not set('"\\') & set(wanted):
        uids = await search(connection, b"HEADER", b"MESSAGE-ID", b'"' + wanted.encode() + b'"', what=what)
        found = await _marked(connection, uids[-newest:], mark)
        if found is not None:
            return found
    return await _marked(connection, (await search(connection, what=what))[-newest:], mark)


async def _marked(connection: Connection, uids: list[int], mark: str) -> int | None:
    if not uids:
        return None
    reply = await connection.command(
        b"UID", b"FETCH", uid_set(uids), b"(UID " + HEADER + b")", what="looking for the mail"
    )
    blocks = ((uid, body_of(items, HEADER_ITEM)) for uid, items in fetched(reply).items())
    return max((uid for uid, block in blocks if block is not None and mark_of(fields_of(block)) == mark), default=None)


def uid_set(uids: Iterable[int]) -> bytes:
    """UIDs as a sequence set (RFC 3501 section 9), runs drawn together. The UIDs have to ascend."""
    runs: list[list[int]] = []
    for uid in uids:
        if runs and uid == runs[-1][1] + 1:
            runs[-1][1] = uid
        else:
            runs.append([uid, uid])
    return b",".join(b"%d" % first if first == last else b"%d:%d" % (first, last) for first, last in runs)
