"""The zip of the package: sorted, without times, so that the same sources give the same bytes."""

from __future__ import annotations

import shutil
import tempfile
import tomllib
import zipfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from local.package.contents import check, project_files
from local.package.dependencies import compile_all, site_packages
from local.setup import ROOT

SITE = ".python_packages/lib/site-packages"
"""Where Azure Functions looks for packages."""
_LARGEST = 8
_OTHERS = "(dependency)"
_NO_TIME = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip can have."""


@dataclass(frozen=True)
class Size:
    """Bytes of files: as they are, and in the zip."""

    files: int = 0
    unpacked: int = 0
    packed: int = 0

    def __add__(self, other: Size) -> Size:
        return Size(self.files + other.files, self.unpacked + other.unpacked, self.packed + other.packed)


def version() -> str:
    """Of the project."""
    found: str = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    return found


def build(folder: Path, site: Path | None = None) -> Path:
    """Write `postrum-VERSION.zip`.

    Args:
        folder: where to.
        site: the packages that go along; those of requirements.txt by default.

    Raises:
        PackageError: something is missing, or does not belong there.
    """
    site = site or site_packages()
    names = project_files()
    check(ROOT, names)
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"postrum-{version()}.zip"
    with tempfile.TemporaryDirectory(prefix="postrum-package-") as made:
        app = Path(made)
        for name in names:
            (app / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, app / name)
        compile_all(app)
        files = {path.relative_to(app).as_posix(): path for path in app.rglob("*") if path.is_file()}
        files |= {f"{SITE}/{path.relative_to(site).as_posix()}": path for path in site.rglob("*") if path.is_file()}
        part = target.with_suffix(".part")
        with zipfile.ZipFile(part, "w", compresslevel=9) as archive:
            for name in sorted(files):
                entry = zipfile.ZipInfo(name, _NO_TIME)
                entry.create_system = 3  # as on Linux, wherever it was made
                entry.external_attr = 0o100644 << 16
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, files[name].read_bytes())
        part.replace(target)
    return target


def sizes(package: Path) -> dict[str, Size]:
    """Top folder → its size; the dependencies as `name (dependency)`."""
    found: dict[str, Size] = defaultdict(Size)
    with zipfile.ZipFile(package) as archive:
        for entry in archive.infolist():
            own, _, name = entry.filename.partition(f"{SITE}/")
            if ".dist-info/" in name:
                top = f"metadata, licences {_OTHERS}"
            else:
                top = f"{name.partition('/')[0].partition('.')[0]} {_OTHERS}" if name else own.partition("/")[0]
            found[top] += Size(1, entry.file_size, entry.compress_size)
    return dict(found)


def table(package: Path) -> list[str]:
    """The sizes as lines for a person: everything of ours, the largest dependencies, the sum."""
    found = sizes(package)
    ours = {name: size for name, size in found.items() if not name.endswith(_OTHERS)}
    others = sorted(found.items() - ours.items(), key=lambda item: item[1].unpacked, reverse=True)
    rest = sum((size for _, size in others[_LARGEST:]), Size())
    rows = [*sorted(ours.items()), *others[:_LARGEST], (f"{len(others[_LARGEST:])} smaller dependencies", rest)]
    rows.append(("together", sum(found.values(), Size())))
    lines = [f"{'':<34}{'files':>8}{'unpacked':>12}{'in the zip':>12}"]
    return lines + [
        f"{name:<34}{size.files:>8,}{size.unpacked / 1e6:>9.2f} MB{size.packed / 1e6:>9.2f} MB" for name, size in rows
    ]
