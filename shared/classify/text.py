"""Text that somebody outside wrote: made comparable, and made safe to show on one line."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable

SHOWN = 80
"""Characters of a value that a trace or a message shows."""


def compose(text: str) -> str:
    """The text in Unicode's composed form (NFC), so that `å` is the same however it was typed."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def fold(text: str) -> str:
    """The text without differences of case: case-folded and composed."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def shown(text: str, limit: int = SHOWN) -> str:
    """The text on one line, cut, without characters that would act on a terminal or turn its direction."""
    start = text[: limit * 4]
    line = " ".join("".join(c if unicodedata.category(c)[0] != "C" else " " for c in start).split())
    if len(line) > limit:
        return line[: limit - 1] + "…"
    return line + "…" if len(text) > len(start) else line


def storable(text: str, limit: int) -> str:
    """The text, cut, without halves of characters that cannot be written as UTF-8."""
    return text[:limit].encode("utf-8", "replace").decode("utf-8")


def quoted(text: str, limit: int = SHOWN) -> str:
    """The same in quotation marks."""
    return f'"{shown(text, limit)}"'


def listed(words: Iterable[str], last: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    items = list(words)
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {last} {items[-1]}"


def plural(count: int, one: str, many: str = "") -> str:
    """`1 document`, `2 documents`."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def suggestion(word: str, known: Iterable[str]) -> str:
    """A sentence that offers the known word that was probably meant, or lists what is known."""
    words = sorted(known)
    typed = word[:60].strip().lower().replace("-", "_").replace(" ", "_")
    close = difflib.get_close_matches(typed, words, n=1, cutoff=0.6)
    if close:
        return f"did you mean {close[0]}?"
    return f"known are {listed(words)}"
