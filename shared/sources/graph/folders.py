"""From the path of a folder below the inbox to its id.

The inbox is asked for by its well-known name, for its display name is in the language of the mailbox. Names are
compared without regard to case, as Exchange does it. Hidden folders and search folders are passed over: the latter show
mails that are elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shared.effect import effect
from shared.errors import ConcurrentWrite, PermanentError, PermissionDenied
from shared.sources.base import FolderNode, SourceFolder
from shared.sources.graph.client import GraphClient, RefusedError
from shared.sources.graph.errors import FOLDER_EXISTS, is_missing, malformed
from shared.sources.graph.listing import entries, next_link
from shared.sources.graph.tree import read_tree
from shared.sources.paths import join, split

if TYPE_CHECKING:
    from shared.sources.graph.requests import Requests

INBOX = "inbox"
JUNK = "junkemail"
SEARCH_FOLDER = "#microsoft.graph.mailsearchfolder"
PAGES = 100
"""Pages of a folder's children that are read at most; 10,000 folders."""


class Folders:
    """The folders of one mailbox, with a memory of what was found.

    Args:
        client: makes the requests.
        requests: the requests to this mailbox.
    """

    def __init__(self, client: GraphClient, requests: Requests) -> None:
        self._client = client
        self._requests = requests
        self._known: dict[tuple[str, ...], SourceFolder] = {}
        self._children: dict[str, dict[str, dict[str, Any]]] = {}

    def forget(self) -> None:
        """Drop the memory: a folder was not where it was."""
        self._known.clear()
        self._children.clear()

    async def find(self, path: str) -> SourceFolder | None:
        """The folder at this path, or None where there is none."""
        parts = split(path)
        return await self._find(parts)

    async def create(self, path: str) -> SourceFolder:
        """The folder at this path, made with its parents where missing."""
        parts = split(path)
        folder: SourceFolder | None = None
        for depth in range(1, len(parts) + 1):
            folder = await self._find(parts[:depth]) or await self._create(parts[:depth])
        return folder if folder is not None else await self._inbox()

    async def tree(self) -> tuple[FolderNode, ...]:
        """The inbox and every folder below it; nothing of it is remembered."""
        inbox = await self._open()
        _identity(inbox)
        return await read_tree(inbox, self._entries)

    async def prove_access(self) -> None:
        """Make sure that the mailbox can be opened.

        To an account without access to the mailbox Graph says of everything in it that it does not exist.

        Raises:
            PermissionDenied: it cannot.
        """
        await self._open()

    async def junk_total(self) -> int | None:
        """How many items lie in the folder for junk, or None where the mailbox has none."""
        try:
            entry = await self._client.call(self._requests.folder(JUNK), "counting the junk mail")
        except RefusedError as refused:
            if is_missing(refused.refused):
                return None
            raise
        total = entry.get("totalItemCount")
        return total if isinstance(total, int) else None

    async def _inbox(self) -> SourceFolder:
        known = self._known.get(())
        if known is not None:
            return known
        return self._remember((), await self._open())

    async def _open(self) -> dict[str, Any]:
        """The inbox as Graph describes it. Each mailbox has one, so without it there is no access."""
        try:
            return await self._client.call(self._requests.folder(INBOX), "looking up the inbox")
        except RefusedError as refused:
            raise _no_access(refused) if is_missing(refused.refused) else refused from None

    async def _find(self, parts: tuple[str, ...]) -> SourceFolder | None:
        key = tuple(part.casefold() for part in parts)
        known = self._known.get(key)
        if known is not None:
            return known
        if not parts:
            return await self._inbox()
        parent = await self._parent_id(parts)
        if parent is None:
            return None
        children = self._children.get(parent)
        if children is None or key[-1] not in children:
            children = await self._list(parent)
        entry = children.get(key[-1])
        return self._remember(parts, entry) if entry is not None else None

    async def _list(self, folder_id: str) -> dict[str, dict[str, Any]]:
        """Folders in a folder by their name in lower case."""
        children: dict[str, dict[str, Any]] = {}
        for entry in await self._entries(folder_id):
            children.setdefault(entry["displayName"].casefold(), entry)
        self._children[folder_id] = children
        return children

    async def _entries(self, folder_id: str) -> list[dict[str, Any]]:
        """Folders in a folder that hold mail, all pages of them."""
        found: list[dict[str, Any]] = []
        info = self._requests.child_folders(folder_id)
        for _ in range(PAGES):
            try:
                answer = await self._client.call(info, "listing folders")
            except RefusedError as refused:
                if folder_id == INBOX and is_missing(refused.refused):
                    raise _no_access(refused) from None
                raise
            found += [entry for entry in entries(answer) if _holds_mail(entry)]
            link = next_link(answer, self._client.base_url)
            if link is None:
                return found
            info = self._requests.link(link)
        error = PermanentError(f"A folder has more folders in it than can be listed ({PAGES} pages).")
        raise error.because("graph_too_many_folders")

    async def _parent_id(self, parts: tuple[str, ...]) -> str | None:
        """Id of the folder in which this one is, or None where there is none; the inbox needs no request for that."""
        if len(parts) == 1:
            return INBOX
        parent = await self._find(parts[:-1])
        return parent.id if parent is not None else None

    async def _create(self, parts: tuple[str, ...]) -> SourceFolder:
        parent = await self._parent_id(parts)
        if parent is None:  # somebody deleted it a moment ago
            raise ConcurrentWrite(f"The folder {join(parts[:-1])!r} is not there any more.")
        try:
            async with effect("graph.create_folder"):
                answer = await self._client.call(
                    self._requests.create_folder(parent, parts[-1]),
                    "making a folder",
                    changing=True,
                    expected=(200, 201),
                )
        except RefusedError as refused:
            if refused.refused.code != FOLDER_EXISTS:
                raise
            entry = (await self._list(parent)).get(parts[-1].casefold())
            if entry is None:
                raise PermanentError(
                    f"The folder {join(parts)!r} exists, but is hidden or a search folder.",
                    remedy="Choose another name.",
                ) from None
            return self._remember(parts, entry)
        return self._remember(parts, answer)

    def _remember(self, parts: tuple[str, ...], entry: dict[str, Any]) -> SourceFolder:
        total = entry.get("totalItemCount")
        folder = SourceFolder(id=_identity(entry), path=join(parts), total=total if isinstance(total, int) else 0)
        self._known[tuple(part.casefold() for part in parts)] = folder
        return folder


def _no_access(refused: RefusedError) -> PermissionDenied:
    error = PermissionDenied(
        refused.error.message,
        remedy="Give the account that signed in full access to the mailbox, or sign in with another one.",
    )
    return error.because("graph_mailbox_not_shared")


def _identity(entry: dict[str, Any]) -> str:
    identity = entry.get("id")
    if not isinstance(identity, str) or not identity:
        raise malformed("Graph gave a folder without an id.")
    return identity


def _holds_mail(entry: dict[str, Any]) -> bool:
    if not all(isinstance(entry.get(key), str) and entry[key] for key in ("id", "displayName")):
        return False
    return entry.get("isHidden") is not True and str(entry.get("@odata.type", "")).lower() != SEARCH_FOLDER
