"""The package, built once for all tests that look at it."""

from __future__ import annotations

import subprocess
import sys
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from local.package.archive import SITE, build

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Unpacked:
    """The package in an empty folder, and a Python that knows no packages."""

    folder: Path
    python: Path

    @property
    def path(self) -> list[str]:
        """What Azure Functions puts on Python's path."""
        return [str(self.folder), str(self.folder / SITE)]

    def run(self, code: str, *arguments: str) -> str:
        """Run code that can import what is in the package and the standard library; what it printed."""
        start = "import sys; folders = sys.argv.pop(1); sys.path[:0] = folders.split('\\n')\n"
        command = [str(self.python), "-I", "-c", start + code, "\n".join(self.path), *arguments]
        done = subprocess.run(command, cwd="/", capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="session")
def names(package: Path) -> list[str]:
    with zipfile.ZipFile(package) as archive:
        return archive.namelist()


@pytest.fixture(scope="session")
def unpacked(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Unpacked:
    folder = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(package) as archive:
        archive.extractall(folder / "app")
    venv.create(folder / "python", symlinks=True, with_pip=False)
    found = Unpacked(folder / "app", folder / "python" / "bin" / "python")
    assert Path(sys.prefix) not in found.python.parents
    return found
