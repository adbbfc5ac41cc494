r"""The folders of a mailbox: which of them lie below the inbox, and finding and making them.

Paths of the product are below the inbox. Where that is differs between servers, and `Layout` follows what each one really does:

- Exchange Online and Dovecot separate with `/` and let folders be made below `INBOX`, beside others at the top: `INBOX/Imported`.
- Courier, Cyrus and many hosters keep everything below `INBOX` and separate with a dot: `INBOX.Imported`. Nothing differs but the dot.
- Gmail has labels, which people keep at the top, and an inbox that takes no children that would show below it; other servers say
  `\Noinferiors` of the inbox, or have no hierarchy at all. There the paths of the product begin at the top of the personal folders:
  `Imported` is the label `Imported`.

Folders with a use of their own (RFC 6154: trash, junk, drafts, sent, all mail, and Gmail's `\Important`) are shown but cannot be
chosen: Gmail's "All Mail" holds the mails of the inbox once more.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from shared.effect import effect
from shared.errors import NotFound, ServiceUnavailable
from shared.sources.base import FolderNode
from shared.sources.imap.connection import Connection
from shared.sources.imap.errors import refused
from shared.sources.imap.names import INBOX, shown, wire_bytes, wire_part
from shared.sources.imap.parse import ListedFolder, listed, personal_prefix, statuses

_UNSELECTABLE: Final = frozenset({"\\noselect", "\\nonexistent"})
_OWN_USE: Final = frozenset({"\\all", "\\drafts", "\\flagged", "\\important", "\\junk", "\\sent", "\\trash"})
_MOST_FOLDERS: Final = 10_000
_AT_ONCE: Final = 50
"""Commands for counters that are sent at once where the server cannot give all of them in one answer (RFC 5819)."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder below the inbox, or the inbox itself, whose parts are none."""

    name: str
    parts: tuple[str, ...]
    attributes: frozenset[str]

    @property
    def path(self) -> str:
        """As the product writes it."""
        return "/".join(self.parts)

    @property
    def selectable(self) -> bool:
        """Whether mails can be in it."""
        return not self.attributes & _UNSELECTABLE


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the paths of the product begin on this server.

    Attributes:
        prefix: what stands before a path, on the wire.
        separator: between the parts; empty where there is no hierarchy.
    """

    prefix: str
    separator: str

    def folder(self, found: ListedFolder) -> Folder | None:
        """A folder of the server as one of the product's; None where it is not below the inbox."""
        if found.name == INBOX:
            return Folder(INBOX, (), found.attributes)
        name, prefix = found.name, self.prefix
        if name[: len(INBOX)].upper() == INBOX and prefix.startswith(INBOX):
            name = INBOX + name[len(INBOX) :]
        if not name.startswith(prefix) or len(name) == len(prefix):
            return None
        rest = name[len(prefix) :]
        parts = rest.split(self.separator) if self.separator else [rest]
        return Folder(found.name, tuple(map(shown, parts)), found.attributes) if all(parts) else None

    def wire_name(self, parts: Sequence[str]) -> str:
        """The name on the wire of a path.

        Raises:
            PermanentError: a part cannot be one on this server.
        """
        return self.prefix + self.separator.join(wire_part(part, self.separator or "\0") for part in parts)


def layout_of(folders: Sequence[ListedFolder], personal: str, *, labels: bool) -> Layout:
    """Where paths begin.

    Args:
        folders: all folders.
        personal: prefix of the personal namespace.
        labels: the server has labels in place of folders (Gmail).
    """
    inbox = next((folder for folder in folders if folder.name == INBOX), None)
    separator = inbox.separator if inbox else next((folder.separator for folder in folders), "")
    takes_none = labels or not separator or (inbox is not None and "\\noinferiors" in inbox.attributes)
    if takes_none and personal[: len(INBOX)].upper() != INBOX:
        return Layout(personal, separator)
    return Layout(INBOX + separator, separator)


class Folders:
    """The folders of one mailbox, remembered for the life of the instance. Each call is given a connection to ask with."""

    def __init__(self) -> None:
        self._layout = Layout(INBOX, "")
        self._known: list[Folder] = []
        self._uses: dict[str, str] = {}

    async def find(self, connection: Connection, path: str) -> Folder | None:
        """The folder at a path, or None; asked for again before it is said to be missing."""
        if path:
            known = self._at(path)
            if known is not None:
                return known
        elif self._known:
            return self._inbox()
        await self._load(connection)
        return self._at(path) if path else self._inbox()

    async def create(self, connection: Connection, path: str) -> Folder:
        """The folder at a path, made with its parents where missing; one that somebody makes meanwhile is used.

        Raises:
            PermanentError: it cannot be made; a name is impossible, or the account may not.
        """
        await self._load(connection)
        wanted = [part for part in path.split("/") if part]
        parts: tuple[str, ...] = ()
        for part in wanted:
            known = self._child(parts, part)
            parts = known.parts if known else (*parts, part)
            if known is None or not known.selectable:
                await self._make(connection, self._name_of(known, parts))
                await self._load(connection)
        found = self._at("/".join(parts)) if parts else self._inbox()
        if found is None:
            raise ServiceUnavailable("The mail server made the folder, but does not list it.")
        return found

    async def tree(self, connection: Connection) -> tuple[FolderNode, ...]:
        """The inbox and every folder below it, with its counters."""
        counted = await self._load(connection, counting=True)
        inbox = self._inbox()
        by_parts = {folder.parts: folder for folder in self._known}
        nodes: list[FolderNode] = []
        for folder in sorted(self._known, key=lambda folder: [_folded(part) for part in folder.parts]):
            above = next(
                (by_parts[folder.parts[:end]] for end in range(len(folder.parts) - 1, 0, -1) if folder.parts[:end] in by_parts),
                inbox,
            )  # fmt: skip
            counters = counted.get(folder.name, {})
            nodes.append(
                FolderNode(
                    id=folder.name,
                    path=folder.path,
                    name=folder.parts[-1] if folder.parts else INBOX,
                    parent=above.name if folder.parts else None,
                    total=counters.get("MESSAGES", 0),
                    unread=counters.get("UNSEEN", 0),
                    below_inbox=folder.selectable and not folder.attributes & _OWN_USE,
                )
            )
        return tuple(nodes)

    async def for_use(self, connection: Connection, use: str) -> str | None:
        r"""Wire name of the folder with a use (`\Junk`, `\Trash`; RFC 6154), or None where none is marked."""
        if not self._known:
            await self._load(connection)
        return self._uses.get(use.lower())

    async def total(self, connection: Connection, name: str) -> int:
        """How many mails are in a folder, as its counter says.

        Raises:
            NotFound: there is no such folder.
        """
        reply = await connection.ask([b"STATUS", wire_bytes(name), b"(MESSAGES)"], what="counting the mails")
        if reply.status != "OK":
            error = refused(reply, "counting the mails")
            raise NotFound(error.message) if error.cause in ("imap_folder_gone", "imap_refused") else error
        return statuses(reply).get(name, {}).get("MESSAGES", 0)

    async def _load(self, connection: Connection, *, counting: bool = False) -> dict[str, dict[str, int]]:
        """Ask for all folders; answers their counters where they are wanted."""
        options = [b"SPECIAL-USE"] if connection.can("SPECIAL-USE") and connection.can("LIST-EXTENDED") else []
        if counting and connection.can("LIST-STATUS"):
            options.append(b"STATUS (MESSAGES UNSEEN)")
        extended = [b"RETURN", b"(" + b" ".join(options) + b")"] if options else []
        asked = [[b"NAMESPACE"]] if not self._known and connection.can("NAMESPACE") else []
        reply = await connection.ask(*asked, [b"LIST", b'""', b'"*"', *extended], what="listing the folders")
        if reply.status != "OK":
            raise refused(reply, "listing the folders")
        found = listed(reply)[:_MOST_FOLDERS]
        if not self._known:
            self._layout = layout_of(found, personal_prefix(reply), labels=connection.can("X-GM-EXT-1"))
        below = (self._layout.folder(folder) for folder in found)
        inbox = Folder(
            INBOX, (), frozenset()
        )  # every mailbox has one (RFC 3501 section 5.1), whether it is listed or not
        by_name = {INBOX: inbox} | {folder.name: folder for folder in below if folder is not None}
        self._known = list(by_name.values())
        self._uses = {use: folder.name for folder in reversed(found) for use in folder.attributes & _OWN_USE}
        if not counting:
            return {}
        counted = statuses(reply)
        missing = [folder.name for folder in self._known if folder.selectable and folder.name not in counted]
        for start in range(0, len(missing), _AT_ONCE):
            commands = [
                [b"STATUS", argument, b"(MESSAGES UNSEEN)"]
                for name in missing[start : start + _AT_ONCE]
                if isinstance(argument := wire_bytes(name), bytes)
            ]
            if commands:
                counted |= statuses(await connection.ask(*commands, what="counting the mails"))
        return counted

    def _inbox(self) -> Folder:
        return next(folder for folder in self._known if not folder.parts)

    def _at(self, path: str) -> Folder | None:
        parts: tuple[str, ...] = ()
        found: Folder | None = None
        for part in path.split("/"):
            found = self._child(parts, part)
            parts = found.parts if found else (*parts, part)
        return found if found is not None and found.selectable else None

    def _child(self, parent: tuple[str, ...], part: str) -> Folder | None:
        """The folder of this name below another: of exactly this name, or else of one that differs in case only."""
        below = [folder for folder in self._known if folder.parts[:-1] == parent and folder.parts]
        exact = unicodedata.normalize("NFC", part)
        return next((folder for folder in below if folder.parts[-1] == exact), None) or next(
            (folder for folder in below if _folded(folder.parts[-1]) == _folded(part)), None
        )

    def _name_of(self, known: Folder | None, parts: tuple[str, ...]) -> str:
        """Wire name of a folder that is to be made; a parent keeps the name that the server has for it."""
        if known is not None:
            return known.name
        above = next((folder for folder in self._known if folder.parts == parts[:-1] and parts[:-1]), None)
        if above is None:
            return self._layout.wire_name(parts)
        return above.name + self._layout.separator + wire_part(parts[-1], self._layout.separator or "\0")

    async def _make(self, connection: Connection, name: str) -> None:
        what = "making the folder"
        async with effect("imap.create_folder"):
            reply = await connection.ask([b"CREATE", wire_bytes(name)], what=what, changing=True)
            if reply.status == "OK":
                # mail programs show what is subscribed to; a server without that may refuse it
                await connection.ask([b"SUBSCRIBE", wire_bytes(name)], what=what, changing=True)
                return
        await self._load(connection)
        if reply.code != "ALREADYEXISTS" and not any(folder.name == name for folder in self._known):
            raise refused(reply, what, changing=True)


def _folded(part: str) -> str:
    return unicodedata.normalize("NFC", part).casefold()
