"""The inbox and the folders below it, as a person picks them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from shared.errors import PermanentError
from shared.sources.base import FolderNode
from shared.sources.graph.parallel import each
from shared.sources.paths import join

LEVELS = 20
"""A folder path has at most so many; what lies deeper cannot be chosen, and is not shown."""
MOST = 5_000

Entry = dict[str, Any]
Children = Callable[[str], Awaitable[list[Entry]]]


async def read_tree(inbox: Entry, children: Children) -> tuple[FolderNode, ...]:
    """The inbox and every folder below it, parents before children, brothers in the order of the mailbox.

    Args:
        inbox: the inbox, as Graph describes it.
        children: gives the folders in a folder that hold mail.

    Raises:
        PermanentError: there are more than `MOST`.
    """
    below = await _read(inbox, children)
    return tuple(_nodes(inbox, below))


async def _read(inbox: Entry, children: Children) -> dict[str, list[Entry]]:
    """The folders in each folder, by its id; level by level, a few folders at a time."""
    below: dict[str, list[Entry]] = {}
    seen = {inbox["id"]}

    async def read(parent: Entry) -> None:
        found = await children(parent["id"])
        below[parent["id"]] = new = [entry for entry in found if entry["id"] not in seen]
        seen.update(entry["id"] for entry in new)
        if len(seen) > MOST:
            remedy = "Name the folders by their paths, or remove folders that are not needed."
            error = PermanentError(f"The mailbox has more than {MOST:,} folders below the inbox.", remedy=remedy)
            raise error.because("graph_too_many_folders")

    level = [inbox]
    for _ in range(LEVELS):
        await each([entry for entry in level if entry.get("childFolderCount") != 0], read)
        level = [child for entry in level for child in below.get(entry["id"], [])]
    return below


def _nodes(inbox: Entry, below: dict[str, list[Entry]]) -> Iterator[FolderNode]:
    waiting: list[tuple[Entry, tuple[str, ...], str | None]] = [(inbox, (), None)]
    while waiting:
        entry, names, parent = waiting.pop()
        yield FolderNode(
            id=entry["id"],
            path=join(names),
            name=str(entry.get("displayName") or ""),
            parent=parent,
            total=_number(entry.get("totalItemCount")),
            unread=_number(entry.get("unreadItemCount")),
        )
        children = reversed(below.get(entry["id"], []))
        waiting.extend((child, (*names, str(child["displayName"])), entry["id"]) for child in children)


def _number(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
