"""The packages of requirements.txt as they run in Azure: Linux on x86-64, Python 3.13, compiled."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from local.package import babel_data, graph_sdk
from local.package.errors import PackageError
from local.setup import ROOT

PLATFORM = "x86_64-manylinux_2_28"
"""Functions on Linux run on Debian 12 or newer, which has glibc 2.36."""
CACHE = ROOT / ".cache" / "package"
LEFT_OUT = {
    "bin/**/*": "commands for a terminal",
    "*.dist-info/RECORD": "the list of installed files, by which a package is uninstalled; 3 MB",
    "*.dist-info/INSTALLER": "who installed it",
    "*.dist-info/REQUESTED": "whether somebody asked for it",
    "*.dist-info/direct_url.json": "where it came from",
    "*.dist-info/uv_cache.json": "of the installer",
    ".lock": "of the installer",
    "**/*.pyi": "types for checkers",
    "**/*.py[xi]": "Cython, from which the binary modules were made",
    "**/*.px[di]": "Cython",
    "**/*.[ch]": "C, from which the binary modules were made",
    "**/*.cpp": "C++",
    "certifi/tests/**/*": "tests",
    "olefile/olefile2.py": "for Python 2; Python 3 cannot read it",
}
"""What of the installed packages nobody needs where they run. METADATA, licences and entry points stay."""


def site_packages(*, whole_graph_sdk: bool = False, cache: Path = CACHE) -> Path:
    """The folder with the installed, reduced and compiled packages; made once for each version of what it depends on.

    Args:
        whole_graph_sdk: leave the Graph SDK as it is.
        cache: where it is kept.
    """
    target = cache / f"{_digest()}{'-whole' if whole_graph_sdk else ''}"
    if target.is_dir():
        return target
    cache.mkdir(parents=True, exist_ok=True)
    for old in cache.iterdir():
        if not old.name.startswith(_digest()) and not old.name.startswith("making-"):
            shutil.rmtree(old, ignore_errors=True)
    beside = Path(tempfile.mkdtemp(prefix="making-", dir=cache))
    try:
        _install(beside)
        _reduce(beside)
        babel_data.prune(beside)
        if not whole_graph_sdk:
            graph_sdk.prune(beside)
        compile_all(beside)
        try:
            beside.rename(target)
        except OSError:  # somebody else was quicker
            if not target.is_dir():
                raise
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return target


def compile_all(folder: Path) -> None:
    """Put .pyc files beside the sources that Python takes without looking at the sources: quick where nothing can be written.

    Paths in them are relative to the folder; Python sets the real ones when it loads them.
    """
    options = ("-q", "-f", "-j", "1", "--invalidation-mode", "unchecked-hash", "-s", str(folder))
    command = [sys.executable, "-s", "-S", "-W", "ignore", "-m", "compileall", *options, str(folder)]
    # the order of sets of constants must be the same each time
    done = subprocess.run(command, env={"PYTHONHASHSEED": "0"}, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise PackageError(f"This cannot be compiled: {' '.join((done.stdout + done.stderr).split())[:500]}")


def _digest() -> str:
    sources = [ROOT / "requirements.txt", *sorted(Path(__file__).parent.glob("*.py"))]
    sources += sorted((ROOT / "shared" / "sources" / "graph").glob("*.py"))
    sources.append(ROOT / "shared" / "language" / "texts.py")
    digest = hashlib.sha256(sys.version.encode())
    for source in sources:
        digest.update(source.name.encode() + b"\0" + source.read_bytes())
    return digest.hexdigest()[:16]


def _install(target: Path) -> None:
    wanted = ("--python-version", "3.13", "--python-platform", PLATFORM, "--only-binary", ":all:")
    strict = ("--no-deps", "--require-hashes", "--requirement", "requirements.txt")
    command = ["sh", "local/uv.sh", "pip", "install", "--quiet", "--target", str(target), *wanted, *strict]
    environment = {name: value for name, value in os.environ.items() if name != "UV_COMPILE_BYTECODE"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise PackageError(f"The packages cannot be installed: {' '.join(done.stderr.split())[:500] or 'no message'}")


def _reduce(site: Path) -> None:
    for pattern in LEFT_OUT:
        for path in site.glob(pattern):
            if path.is_file():
                path.unlink()
    for path in sorted(site.rglob("*"), reverse=True):
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()
