"""Scripts, styles and pictures of the console. Their names hold a hash of their content, so browsers keep them for a year."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "static"
PREFIX = "/static/"
_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file as it is served."""

    name: str
    media_type: str
    content: bytes


@cache
def _files() -> dict[str, StaticFile]:
    """By the name in the folder. Read once: there are few, and they are small."""
    found: dict[str, StaticFile] = {}
    for path in sorted(FOLDER.iterdir()):
        if path.suffix in _TYPES:
            content = path.read_bytes()
            digest = hashlib.sha256(content).hexdigest()[:12]
            found[path.name] = StaticFile(f"{path.stem}.{digest}{path.suffix}", _TYPES[path.suffix], content)
    return found


@cache
def _served() -> dict[str, StaticFile]:
    return {file.name: file for file in _files().values()}


def static_address(name: str) -> str:
    """Address of a file of the folder `static`; a name that is not there is a defect of the template."""
    return PREFIX + _files()[name].name


def static_file(name: str) -> StaticFile | None:
    """The file that is served under this name."""
    return _served().get(name)
