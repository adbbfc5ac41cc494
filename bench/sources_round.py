"""What both rounds of `bench.sources` have in common: what is measured, and that all mails were really saved."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.delay import Passed
from bench.stand import Stand
from local.setup import ROOT
from shared.app import App


@dataclass(frozen=True)
class Taken:
    """What it took to take the mails in.

    Attributes:
        seconds: from the first step to the last mail in its folder.
        calls: commands or requests; 0 where they were not counted.
        passed: bytes over the network, with those of TLS.
    """

    seconds: float
    calls: int
    passed: Passed


def peer(module: str, task: Mapping[str, Any], mails: Path, *, libraries: Path | None = None) -> float:
    """Let a loop run as a process of its own; its seconds, after a look at what it saved.

    Args:
        module: the loop; it reads its task as JSON and prints the seconds.
        task: with everything but `folder`.
        mails: what it has to find.
        libraries: folder with packages of its own.
    """
    with tempfile.TemporaryDirectory(prefix="postrum-bench-files-") as name:
        path = os.pathsep.join(map(str, filter(None, (libraries, ROOT))))
        done = subprocess.run(
            [sys.executable, "-m", module],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": path},
            input=json.dumps({**task, "folder": name}),
            stdout=subprocess.PIPE,
            text=True,
            timeout=900,
            check=True,
        )
        saved = [path.read_bytes() for path in Path(name).glob("*.eml")]
    sent = [path.read_bytes() for path in mails.iterdir()]
    # `email` of Python writes some mails anew with other line ends and folds, so only their number can be compared
    assert len(saved) == len(sent), f"{module} saved {len(saved)} of {len(sent)} mails"
    return float(done.stdout)


def check(stand: Stand, mails: Path) -> None:
    """See that the archive holds every mail, byte by byte, and that each came to its end."""

    async def archived(app: App) -> dict[str, str]:
        return {run.sha256: run.stage.value async for run in app.services.messages.every_run()}

    found = stand.with_product(archived)
    sent = {hashlib.sha256(path.read_bytes()).hexdigest() for path in mails.iterdir()}
    assert set(found) == sent, f"{len(set(found) & sent)} of {len(sent)} mails are in the archive as they were sent"
    assert set(found.values()) == {"announced"}, f"not every mail came to its end: {set(found.values())}"
