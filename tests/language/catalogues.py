"""What the code says to people, and what the catalogues of all areas translate."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.pofile import read_po

from shared.language.texts import FOLDER

ROOT = Path(__file__).parents[2]
SHARED = ROOT / "shared"
KEYWORDS: dict[str, Any] = {"_": None, "say": None, "gettext": None, "gettext_noop": None, "ngettext": (1, 2)}
"""Calls whose first text is one for people."""

type Text = str | tuple[str, str]


@cache
def said() -> dict[Text, set[str]]:
    """Every text in code and templates → the files where it stands. A text with a count is both its forms."""
    found: dict[Text, set[str]] = defaultdict(set)
    for path in sorted(SHARED.rglob("*")):
        method = {".py": "python", ".html": "jinja2.ext:babel_extract"}.get(path.suffix)
        if method is None:
            continue
        with path.open("rb") as file:
            options = {"silent": "false", "trimmed": "true"} if path.suffix == ".html" else {}
            for _line, text, _comments, _context in extract(method, file, keywords=KEYWORDS, options=options):
                found[tuple(text[:2]) if isinstance(text, tuple) else text].add(str(path.relative_to(ROOT)))
    return dict(found)


def areas(language: str) -> dict[str, Catalog]:
    """The catalogues of a language, by the name of their area."""
    found: dict[str, Catalog] = {}
    for path in sorted((FOLDER / language).glob("*.po")):
        with path.open("rb") as file:
            found[path.stem] = read_po(file, locale=language, abort_invalid=True)
    return found


def entries(catalog: Catalog) -> Iterator[tuple[Text, Message]]:
    """The entries of a catalogue, without its header."""
    for message in catalog:
        if message.id:
            yield (message.id if isinstance(message.id, str) else (message.id[0], message.id[1])), message


def forms(message: Message) -> list[tuple[str, str]]:
    """Each form of an entry with its translation."""
    if isinstance(message.id, str):
        return [(message.id, str(message.string or ""))]
    return list(zip(message.id, (str(form) for form in message.string or ("", "")), strict=True))


def placeholders(text: str) -> set[str]:
    """Names in braces."""
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def optional_parts(text: str) -> list[set[str]]:
    """What stands in square brackets around a placeholder, as the placeholders of each part, in any order."""
    return sorted((placeholders(part) for part in re.findall(r"\[([^\[\]]*\{[^\[\]]*)\]", text)), key=sorted)
