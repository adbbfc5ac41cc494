"""The name of a part, as its sender wrote it: data for people, never a path."""

from __future__ import annotations

import re

from shared.mail.encoded_words import fold_white_space
from shared.mail.mime import Part

__all__ = ["clean_name", "part_name"]

LONGEST = 1000


def part_name(part: Part) -> str | None:
    """The name in Content-Disposition, or else in Content-Type."""
    for parameters, key in ((part.disposition, "filename"), (part.content_type, "name"), (part.disposition, "name"),
                            (part.content_type, "filename")):  # fmt: skip
        if name := clean_name(parameters.get(key)):
            return name
    return None


def clean_name(name: str | None) -> str | None:
    """A name without control characters and of bounded length, its ending kept; None for an empty one."""
    if not name:
        return None
    if name.isascii() and name.isprintable() and "  " not in name and len(name) <= LONGEST:
        return name.strip() or None
    name = re.sub(r"[\x00-\x1f\x7f\x80-\x9f\u2028\u2029]", "", fold_white_space(name)).strip()
    if len(name) > LONGEST:
        stem, dot, ending = name.rpartition(".")
        name = f"{stem[: LONGEST - 20]}{dot}{ending}" if dot and len(ending) < 19 else name[:LONGEST]
    return name or None
