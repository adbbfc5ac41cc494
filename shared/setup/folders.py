"""Choosing the folders of a mailbox: from a list of what is really there, by id, and only below the inbox."""

from __future__ import annotations

from dataclasses import dataclass

from shared.errors import Conflict, InvalidRequest
from shared.language.texts import gettext_noop
from shared.model.config import FolderIds, Folders, Mailbox
from shared.model.connection import ConnectionState
from shared.setup.mailboxes import Mailboxes
from shared.setup.visiting import Visits
from shared.sources.base import FolderNode
from shared.stores.connections import Connections

_ROLES = ("source", "imported", "other")


@dataclass(frozen=True, slots=True)
class MailboxFolders:
    """Shows and chooses the folders of a mailbox, once it is connected."""

    mailboxes: Mailboxes
    visits: Visits
    connections: Connections

    async def tree(self, company: str, mailbox: str) -> tuple[FolderNode, ...]:
        """The inbox and everything below it, parents first.

        Raises:
            Conflict: the mailbox is not connected yet.
        """
        known, found = await self.visits.mailbox(company, mailbox)
        await self._connected(company, mailbox)
        async with self.visits.visit(known, found) as source:
            return await source.tree()

    async def create_two(
        self, company: str, mailbox: str, *, imported: str, other: str, parent: str = ""
    ) -> tuple[FolderNode, ...]:
        """Make the two folders that Postrum needs, below the inbox, where they are missing; returns the tree.

        Args:
            company: whose mailbox.
            mailbox: which.
            imported: name of the folder for imported mail, in the person's language.
            other: name of the folder for all other mail.
            parent: path of the folder to make them in; the inbox itself by default.

        Raises:
            Conflict: the mailbox is not connected yet.
            InvalidRequest: the names are no names, or the same.
        """
        names = [imported.strip(), other.strip()]
        if not all(names) or any("/" in name or len(name) > 200 or not name.isprintable() for name in names):
            raise InvalidRequest(gettext_noop("A folder name has 1 to 200 characters and no slash."), field="imported")
        if names[0].casefold() == names[1].casefold():
            raise InvalidRequest(gettext_noop("The two folders need two names."), field="other")
        known, found = await self.visits.mailbox(company, mailbox)
        await self._connected(company, mailbox)
        async with self.visits.visit(known, found) as source:
            for name in names:
                await source.create_folder(f"{parent}/{name}".strip("/"))
            return await source.tree()

    async def choose(self, company: str, mailbox: str, *, source: str, imported: str, other: str) -> Mailbox:
        """Choose folders by their ids.

        Args:
            company: whose mailbox.
            mailbox: which.
            source: id of the folder to read; empty for the inbox itself.
            imported: id of the folder for imported mail.
            other: id of the folder for all other mail.

        Raises:
            Conflict: the mailbox is not connected yet, or is active.
            InvalidRequest: an id is not that of a folder below the inbox, or one folder was chosen twice; says which field.
        """
        known, found = await self.visits.mailbox(company, mailbox)
        await self._connected(company, mailbox)
        if found.active:
            raise Conflict(
                gettext_noop("The folders of an active mailbox cannot change."),
                remedy=gettext_noop("Pause the mailbox first."),
            )
        async with self.visits.visit(known, found) as opened:
            nodes = {node.id: node for node in await opened.tree()}
        wanted = {"source": source, "imported": imported, "other": other}
        folders = _chosen(wanted, nodes, leave_in_place=found.leave_in_place)

        def change(current: Mailbox) -> Mailbox:
            moved = current.folders.source != folders.source
            return current.model_copy(
                update={"folders": folders, "backlog": None if moved else current.backlog},
            )

        return await self.mailboxes.update(company, mailbox, change)

    async def _connected(self, company: str, mailbox: str) -> None:
        connection = await self.connections.get(company, mailbox)
        if connection is None or connection.connection.state is not ConnectionState.CONNECTED:
            raise Conflict(
                gettext_noop("The mailbox is not connected yet."),
                remedy=gettext_noop("Connect it first; then its folders can be seen."),
            )


def _chosen(wanted: dict[str, str], nodes: dict[str, FolderNode], *, leave_in_place: bool) -> Folders:
    """The folders by path and id, after looking that each is below the inbox and that no two are the same."""
    found: dict[str, FolderNode] = {}
    for role in _ROLES:
        chosen = wanted[role]
        if not chosen:
            if role != "source" and not leave_in_place:
                raise InvalidRequest(
                    gettext_noop("Two folders are needed: one for imported mail, one for all other mail."),
                    field=role,
                    remedy=gettext_noop("Choose one, or have both made."),
                )
            continue
        node = nodes.get(chosen)
        if node is None or not node.below_inbox:
            raise InvalidRequest(gettext_noop("Only folders below the inbox can be used."), field=role)
        if role != "source" and not node.path:
            raise InvalidRequest(
                gettext_noop("The inbox itself cannot receive the mail that is moved away."), field=role
            )
        found[role] = node
    paths = [found[role].path if role in found else "" for role in _ROLES]
    used = [path for role, path in zip(_ROLES, paths, strict=True) if role == "source" or path]
    for position, path in enumerate(used):
        if path in used[:position]:
            raise InvalidRequest(
                gettext_noop("Source, imported and other mail need three different folders."), field=_ROLES[position]
            )
    ids = FolderIds(**{role: found[role].id for role in found})
    return Folders(source=paths[0], imported=paths[1], other=paths[2], ids=ids)
