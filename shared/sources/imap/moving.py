"""Moving and removing one mail, so that no other mail is touched whatever the server can do.

With MOVE (RFC 6851) it is one command. Without, the mail is copied, marked as deleted and removed by its UID (UIDPLUS, RFC 4315): who is
cut off after the mark has moved it all the same, because what is marked as deleted counts as not there. Who is cut off before has left
a copy, which the next try looks for, so that it does not make another. Without UIDPLUS, EXPUNGE removes everything that is marked as
deleted, so it is sent only where nothing else is.
"""

from __future__ import annotations

from typing import Final

from shared.errors import MessageGone, PermanentError
from shared.sources.imap.connection import Connection
from shared.sources.imap.errors import refused
from shared.sources.imap.ids import MailId, fields_of
from shared.sources.imap.mailbox import at, find, folder_refused, select
from shared.sources.imap.names import wire_bytes
from shared.sources.imap.parse import body_of, copied, fetched, searched

_MOVING: Final = "moving the mail"
_REMOVING: Final = "removing the mail"
_HEADER: Final = b"BODY.PEEK[HEADER]<0.65536>"
_NEWEST: Final = 50
"""Mails of the target, the newest, among which a copy of a mail without Message-ID is looked for."""


async def move(connection: Connection, mail: MailId, target: str) -> tuple[int, int] | None:
    """Move a mail whose folder is selected; an effect.

    Returns:
        UIDVALIDITY and UID in the new place; None where the server does not say.

    Raises:
        MessageGone: there was nothing to move.
        NotFound: the target is not there; the mail is where it was.
        PermanentError: the server can only remove more mails than this one; nothing was done.
    """
    verb = b"MOVE" if connection.can("MOVE") else b"COPY"
    if verb == b"COPY":
        await _check_others(connection, mail)
        copy = await _earlier_copy(connection, mail, target)
        if copy is not None:
            await _remove(connection, mail, _MOVING)
            return copy
    command = [b"UID", verb, b"%d" % mail.uid, wire_bytes(target)]
    for refresh in (False, True):
        # a connection that has not heard of the mail yet would move nothing, and call that a success
        asked = [[b"NOOP"], command] if refresh else [command]
        reply = await connection.ask(*asked, what=_MOVING, changing=True)
        if reply.status != "OK":
            raise await folder_refused(connection, reply, target, _MOVING, changing=True)
        place = copied(reply)
        if place is not None or reply.lines("EXPUNGE") or reply.lines("VANISHED") or not connection.can("UIDPLUS"):
            if verb == b"COPY":
                await _remove(connection, mail, _MOVING)
            return place
    raise MessageGone("The mail is not in the folder any more.")


async def remove(connection: Connection, mail: MailId) -> None:
    """Remove a mail for good; its folder is selected. An effect.

    Raises:
        PermanentError: the server can only remove more mails than this one; nothing was done.
    """
    await _check_others(connection, mail)
    await _remove(connection, mail, _REMOVING)


async def _earlier_copy(connection: Connection, mail: MailId, target: str) -> tuple[int, int] | None:
    """UIDVALIDITY and UID of the copy that was made by a try before, which was cut off then; None where there is none.

    Two mails that are alike in size and the whole header, with every `Received` in it, are one mail: each delivery has a line of its own.
    """
    ours = await _header(connection, mail.uid)
    if ours is None:
        raise MessageGone("The mail is not in the folder any more.")
    message_id = (fields_of(ours[1]).first("message-id") or b"").decode("utf-8", "replace")
    selected = await select(connection, target, fresh=True)
    uid = await find(connection, mail.mark, message_id, _NEWEST) if selected.exists else None
    found = uid is not None and await _header(connection, uid) == ours
    await at(connection, mail)
    return (selected.validity, uid) if found and uid is not None else None


async def _header(connection: Connection, uid: int) -> tuple[object, bytes] | None:
    """Size and header of a mail in the selected folder; None where it is not there."""
    reply = await connection.command(b"UID", b"FETCH", b"%d" % uid, b"(UID RFC822.SIZE " + _HEADER + b")", what=_MOVING)
    items = fetched(reply).get(uid, {})
    header = body_of(items, "BODY[HEADER]")
    return None if header is None else (items.get("RFC822.SIZE"), header)


async def _check_others(connection: Connection, mail: MailId) -> None:
    """See that nothing else would be removed with the mail, where the server cannot remove a single one."""
    if connection.can("UIDPLUS"):
        return
    reply = await connection.command(b"UID", b"SEARCH", b"DELETED", what=_REMOVING)
    if set(searched(reply)) - {mail.uid}:
        error = PermanentError(
            "The mail server cannot remove a single mail, and others in the folder are marked as deleted.",
            remedy="Empty the deleted mails out of the folder with a mail program.",
        )
        error.cause = "imap_expunge_unsafe"
        raise error


async def _remove(connection: Connection, mail: MailId, what: str) -> None:
    uid = b"%d" % mail.uid
    mark = [b"UID", b"STORE", uid, b"+FLAGS.SILENT", b"(\\Deleted)"]
    expunge = [b"UID", b"EXPUNGE", uid] if connection.can("UIDPLUS") else [b"EXPUNGE"]
    reply = await connection.ask(mark, expunge, what=what, changing=True)
    if reply.status != "OK":
        raise refused(reply, what, changing=True)
