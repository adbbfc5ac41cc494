"""Which files of the project are in the package, and what must never be."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from local.package.errors import PackageError
from local.package.ignore import IgnoreFile
from local.setup import ROOT

FILES = ("function_app.py", "host.json", "requirements.txt")
FOLDERS = ("functions", "shared")
KINDS = (".py", ".json", ".txt", ".html", ".css", ".js", ".svg", ".po", ".typed", ".ps1", "/NOTICE")
"""Endings of what we write ourselves and what runs. A new kind of file is a decision."""
_SECRETS = re.compile(
    rb"AccountKey=[A-Za-z0-9+/]{20}|-----BEGIN [A-Z ]*PRIVATE KEY-----|SharedAccessSignature=|[?&]sig=[A-Za-z0-9%]{20}"
)


def project_files(root: Path = ROOT) -> list[str]:
    """What .funcignore leaves of a folder, sorted.

    Args:
        root: has the .funcignore.
    """
    try:
        ignored = IgnoreFile((root / ".funcignore").read_text("utf-8"))
    except FileNotFoundError:
        raise PackageError(f"{root} has no .funcignore, so nobody knows what may go into the package.") from None
    return sorted(_walk(root, root, ignored))


def _walk(root: Path, folder: Path, ignored: IgnoreFile) -> Iterator[str]:
    for path in folder.iterdir():
        name = path.relative_to(root).as_posix()
        is_folder = path.is_dir() and not path.is_symlink()
        if ignored.ignores(name, folder=is_folder):
            continue
        if is_folder:
            yield from _walk(root, path, ignored)
        else:
            yield name


def check(root: Path, names: Sequence[str]) -> None:
    """Refuse a list that lacks something, or has what does not belong there.

    Args:
        root: where the files are.
        names: below it.

    Raises:
        PackageError: says what.
    """
    missing = [name for name in FILES if name not in names]
    missing += [f"{folder}/" for folder in FOLDERS if not any(name.startswith(f"{folder}/") for name in names)]
    if missing:
        raise PackageError(f".funcignore leaves out what has to run: {', '.join(missing)}.")
    foreign = [name for name in names if name not in FILES and name.partition("/")[0] not in FOLDERS]
    foreign += [name for name in names if not name.endswith(KINDS) or name.rpartition("/")[2].startswith(".")]
    if foreign:
        raise PackageError(f"These files do not belong into the package: {', '.join(sorted(set(foreign))[:10])}.")
    links = [name for name in names if (root / name).is_symlink()]
    if links:
        raise PackageError(f"Links are not packed: {', '.join(links[:10])}.")
    secret = [name for name in names if _SECRETS.search((root / name).read_bytes())]
    if secret:
        raise PackageError(f"There seems to be a secret in {', '.join(secret)}.")
