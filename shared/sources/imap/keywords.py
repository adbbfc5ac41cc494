"""Categories of a mail, as IMAP keywords (RFC 3501 section 2.3.2).

A keyword is an atom. A category of plain letters, digits, `-`, `_` and `.` is its own keyword; any other character is written as
`=XX`, the bytes of its UTF-8 in hexadecimal. Keywords that begin with `$` belong to programs (RFC 5788), and so do some older ones:
they are no categories.

A server says in PERMANENTFLAGS which keywords it keeps. Exchange Online keeps none; what it does not keep is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_PLAIN: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")
_ESCAPED = re.compile(r"(?:=[0-9A-F]{2})+")
_OF_PROGRAMS: Final = frozenset({"junk", "nonjunk", "notjunk", "forwarded", "redirected", "mdnsent"})


def keyword_of(category: str) -> str:
    """The keyword that stands for a category."""
    return "".join(
        char if char in _PLAIN else "".join(f"={byte:02X}" for byte in char.encode("utf-8", "replace"))
        for char in category.strip()
    )


def categories_of(flags: Iterable[str]) -> tuple[str, ...]:
    """The categories among the flags of a mail."""
    found = (_category(flag) for flag in flags if flag[:1] not in ("\\", "$") and flag.lower() not in _OF_PROGRAMS)
    return tuple(dict.fromkeys(category for category in found if category))


def _category(keyword: str) -> str:
    def text(found: re.Match[str]) -> str:
        try:
            return bytes.fromhex(found[0].replace("=", "")).decode("utf-8")
        except ValueError:
            return found[0]  # another program's keyword that only looks like one of ours

    return "".join(char for char in _ESCAPED.sub(text, keyword) if char.isprintable())
