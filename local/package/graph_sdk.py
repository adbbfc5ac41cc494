"""The Graph SDK has a module for every call and every type of Graph: 16,700 files, of which Postrum loads 11.

The package has only those. Which ones is not written down: Python is asked what importing `shared.sources.graph` loads, for
that package imports everything that it needs when it is loaded. A test makes every request with what is left.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from local.package.errors import PackageError
from local.setup import ROOT

GENERATED = Path("msgraph", "generated")
_NOTE = "LEFT_OUT.txt"
_TEXT = (
    "The package of Postrum has only the modules of this folder that Postrum loads.\n"
    '`make package ARGS="--whole-graph-sdk"` packs all of them; local/package/graph_sdk.py says how they are chosen.\n'
)
_LOOK = """
import json, sys
sys.path[:0] = sys.argv[1:]
import shared.sources.graph.requests, shared.sources.graph.session
files = [getattr(module, "__file__", None) for name, module in sys.modules.items() if name.startswith("msgraph.generated")]
print(json.dumps([file for file in files if file]))
"""


def prune(site: Path, root: Path = ROOT) -> int:
    """Remove the modules that are not loaded.

    Args:
        site: the installed packages.
        root: where `shared` is.

    Returns:
        How many files are left of the generated ones.
    """
    command = [sys.executable, "-I", "-S", "-B", "-W", "ignore", "-c", _LOOK, str(root), str(site)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise PackageError(f"The Graph source cannot be loaded with the packages of requirements.txt: {last}")
    kept = {Path(file) for file in json.loads(done.stdout)}
    generated = site / GENERATED
    if not kept or not all(file.is_relative_to(generated) for file in kept):
        raise PackageError("The Graph SDK was loaded from elsewhere than the packages of requirements.txt.")
    for path in sorted(generated.rglob("*"), reverse=True):  # what is in a folder comes before it
        if path.is_dir():
            if not any(path.iterdir()):
                path.rmdir()
        elif path not in kept:
            path.unlink()
    (generated / _NOTE).write_text(_TEXT, "utf-8")
    return len(kept)
