"""From the path of a folder below the inbox to its id.

The inbox is asked for by its well-known name, for its display name is in the language of the mailbox. Names are
compared without regard to case, as Exchange does it. Hidden folders and search folders are passed over: the latter show
mails that are elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shared.effect import effect
from shared.errors import ConcurrentWrite, PermanentError, ServiceUnavailable
from shared.sources.base import SourceFolder
from shared.sources.graph.client import GraphClient, RefusedError
from shared.sources.graph.errors import FOLDER_EXISTS
from shared.sources.graph.listing import entries, next_link

if TYPE_CHECKING:
    from shared.sources.graph.requests import Requests

INBOX = "inbox"
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

    async def _inbox(self) -> SourceFolder:
        known = self._known.get(())
        if known is not None:
            return known
        return self._remember((), await self._client.call(self._requests.folder(INBOX), "looking up the inbox"))

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
        """Folders in a folder by their name in lower case, all pages of them."""
        what = "listing folders"
        children: dict[str, dict[str, Any]] = {}
        info = self._requests.child_folders(folder_id)
        for _ in range(PAGES):
            answer = await self._client.call(info, what)
            for entry in entries(answer):
                name = entry.get("displayName")
                if isinstance(name, str) and isinstance(entry.get("id"), str) and _holds_mail(entry):
                    children.setdefault(name.casefold(), entry)
            link = next_link(answer, self._client.base_url)
            if link is None:
                self._children[folder_id] = children
                return children
            info = self._requests.link(link)
        raise PermanentError(f"A folder has more folders in it than can be listed ({PAGES} pages).")

    async def _parent_id(self, parts: tuple[str, ...]) -> str | None:
        """Id of the folder in which this one is, or None where there is none; the inbox needs no request for that."""
        if len(parts) == 1:
            return INBOX
        parent = await self._find(parts[:-1])
        return parent.id if parent is not None else None

    async def _create(self, parts: tuple[str, ...]) -> SourceFolder:
        parent = await self._parent_id(parts)
        if parent is None:  # somebody deleted it a moment ago
            raise ConcurrentWrite(f"The folder {'/'.join(parts[:-1])!r} is not there any more.")
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
                    f"The folder {'/'.join(parts)!r} exists, but is hidden or a search folder.",
                    remedy="Choose another name.",
                ) from None
            return self._remember(parts, entry)
        return self._remember(parts, answer)

    def _remember(self, parts: tuple[str, ...], entry: dict[str, Any]) -> SourceFolder:
        total = entry.get("totalItemCount")
        identity = entry.get("id")
        if not isinstance(identity, str) or not identity:
            raise ServiceUnavailable("Graph gave a folder without an id.")
        folder = SourceFolder(id=identity, path="/".join(parts), total=total if isinstance(total, int) else 0)
        self._known[tuple(part.casefold() for part in parts)] = folder
        return folder


def split(path: str) -> tuple[str, ...]:
    """The parts of a path; none for the inbox."""
    return tuple(part for part in path.split("/") if part)


def _holds_mail(entry: dict[str, Any]) -> bool:
    return entry.get("isHidden") is not True and str(entry.get("@odata.type", "")).lower() != SEARCH_FOLDER
