"""Paths of folders below the inbox: parts separated by `/`, with an escape for names that have one themselves.

A `/` in a name is written `%2F`. A `%` is written `%25` only where the name has `%2F` or `%25` in it, so that `100% paid` stays
as people write it. Nothing else is escaped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_ESCAPES = re.compile(r"%(2F|25)", re.IGNORECASE)


def join(parts: Iterable[str]) -> str:
    """The path of a folder, from the names of the folders on the way to it; empty for the inbox."""
    return "/".join(_ESCAPES.sub(r"%25\1", part).replace("/", "%2F") for part in parts)


def split(path: str) -> tuple[str, ...]:
    """The names on the way to a folder; none for the inbox. Empty parts count for nothing."""
    return tuple(
        _ESCAPES.sub(lambda found: "/" if found[1].upper() == "2F" else "%", part) for part in path.split("/") if part
    )
