"""Tables for a terminal: columns that line up whatever script their text is in."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

GAP = "  "


def width(text: str) -> int:
    """Columns that a text takes on a terminal."""
    return sum(map(_columns, text))


def _columns(char: str) -> int:
    if unicodedata.category(char) in ("Mn", "Me", "Cf", "Cc"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def cut(text: str, columns: int) -> str:
    """The text on one line of at most so many columns, an ellipsis where something is left out."""
    line = " ".join("".join(" " if unicodedata.category(char)[0] == "C" else char for char in text).split())
    if width(line) <= columns:
        return line
    kept, used = "", 0
    for char in line:
        used += _columns(char)
        if used > columns - 1:
            break
        kept += char
    return f"{kept.rstrip()}…"


def padded(text: str, columns: int) -> str:
    """The text filled up with spaces."""
    return text + " " * (columns - width(text))


def wrapped(text: str, columns: int) -> list[str]:
    """The text in lines of at most so many columns, broken between words; a longer word is cut."""
    lines: list[str] = []
    for word in (cut(word, columns) for word in text.split()):
        if lines and width(lines[-1]) + 1 + width(word) <= columns:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines or [""]


def table(head: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[int]) -> list[str]:
    """A table as lines: a head, a rule, and the rows, whose cells are wrapped where they are too long.

    Args:
        head: titles of the columns.
        rows: the cells.
        widths: most columns of each cell; a column takes no more than it needs.
    """
    cells = [[wrapped(cell, most) for cell, most in zip(row, widths, strict=True)] for row in rows]
    needed = [
        max([width(title), *(width(line) for row in cells for line in row[column])])
        for column, title in enumerate(head)
    ]
    lines = [_line(head, needed), GAP.join("─" * columns for columns in needed)]
    for row in cells:
        height = max(map(len, row))
        parts = [[*cell, *[""] * (height - len(cell))] for cell in row]
        lines += [_line(line, needed) for line in zip(*parts, strict=True)]
    return lines


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return GAP.join(padded(cell, columns) for cell, columns in zip(cells, widths, strict=True)).rstrip()
