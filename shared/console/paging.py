"""Lists in pages, by cursor: the key of the last one shown, so that what is added meanwhile moves no page."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from typing import Annotated

from fastapi import Query

from shared.console.problems import Invalid

MOST = 500
"""Items of a page."""

Limit = Annotated[int, Query(ge=1, le=MOST, description="Items of a page.")]
Cursor = Annotated[str, Query(max_length=1000, description="`next` of the page before; empty for the first page.")]


def page_of[T](items: Sequence[T], limit: int, cursor: str, key: Callable[[T], str]) -> tuple[Sequence[T], str | None]:
    """One page of a list that is at hand whole.

    Args:
        items: in their order.
        limit: of the page.
        cursor: as a page before gave it.
        key: what tells an item from all others.

    Returns:
        The items of the page, and the cursor of the next one or None. Where the item of the cursor is gone, the list begins again.

    Raises:
        Invalid: the cursor is none.
    """
    after = read_cursor(cursor)
    start = next((position + 1 for position, item in enumerate(items) if key(item) == after), 0) if after else 0
    shown = items[start : start + limit]
    more = start + limit < len(items)
    return shown, write_cursor(key(shown[-1])) if more and shown else None


def write_cursor(key: str) -> str:
    """A key as a cursor: opaque, and safe in an address."""
    return base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")


def read_cursor(cursor: str) -> str:
    """The key in a cursor; empty for an empty one.

    Raises:
        Invalid: it is none.
    """
    try:
        return base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except ValueError:
        raise Invalid([("/cursor", "This is no cursor; begin without one.")]) from None
