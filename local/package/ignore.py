"""Ignore files in the syntax of .gitignore. No I/O.

https://git-scm.com/docs/gitignore; the last pattern that matches decides, and nothing comes back from an ignored folder.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class _Pattern:
    expression: re.Pattern[str]
    includes: bool
    folders_only: bool


class IgnoreFile:
    """The patterns of one ignore file.

    Args:
        text: its content.
    """

    def __init__(self, text: str) -> None:
        lines = (_without_trailing_blanks(line) for line in text.splitlines())
        self._patterns = [_pattern(line) for line in lines if line and not line.startswith("#")]

    def ignores(self, path: str, *, folder: bool = False) -> bool:
        """Whether the file, or the folder, is left out.

        Args:
            path: below the folder of the ignore file, with `/`.
            folder: it is a folder.
        """
        parts = path.strip("/").split("/")
        above = ("/".join(parts[:count]) for count in range(1, len(parts)))
        return any(self._judge(name, folder=True) for name in above) or self._judge("/".join(parts), folder=folder)

    def _judge(self, path: str, *, folder: bool) -> bool:
        for pattern in reversed(self._patterns):
            if (folder or not pattern.folders_only) and pattern.expression.fullmatch(path):
                return not pattern.includes
        return False


def _without_trailing_blanks(line: str) -> str:
    stripped = line.rstrip()
    return stripped + " " if stripped.endswith("\\") and len(stripped) < len(line) else stripped


def _pattern(line: str) -> _Pattern:
    includes = line.startswith("!")
    text = line.removeprefix("!")
    folders_only = text.endswith("/")
    text = text.rstrip("/")
    anchored = "/" in text
    expression = _expression(text.removeprefix("/"))
    return _Pattern(re.compile(expression if anchored else f"(?:.*/)?{expression}"), includes, folders_only)


def _expression(text: str) -> str:
    out = ""
    at = 0
    while at < len(text):
        rest = text[at:]
        if rest.startswith("**/") and (at == 0 or text[at - 1] == "/"):
            out, at = out + "(?:.*/)?", at + 3
        elif rest == "**" and (at == 0 or text[at - 1] == "/"):
            out, at = out + ".+", at + 2
        elif rest.startswith("*"):
            out, at = out + "[^/]*", at + len(rest) - len(rest.lstrip("*"))
        elif rest.startswith("?"):
            out, at = out + "[^/]", at + 1
        elif found := re.match(r"\[(!?)(\]?[^\]]*)\]", rest):
            kind = "^" if found[1] else ""
            out, at = out + f"(?!/)[{kind}{found[2].replace('\\', '\\\\').replace('[', '\\[')}]", at + len(found[0])
        else:
            literal = rest[1] if rest.startswith("\\") and len(rest) > 1 else rest[0]
            out, at = out + re.escape(literal), at + (2 if rest.startswith("\\") and len(rest) > 1 else 1)
    return out
