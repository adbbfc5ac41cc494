"""Debian packages, installed where this user may do that: as root, with apt-get."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

_POLICY = Path("/usr/sbin/policy-rc.d")
_SECONDS = 300


def install(packages: Sequence[str]) -> None:
    """Install packages. Whether that worked is seen by what they bring: there may be no right, no network, no such package."""
    if not packages or os.geteuid() != 0 or shutil.which("apt-get") is None:
        return
    # a package's server must not start by itself: we start it, in a folder of our own
    made = not _POLICY.exists()
    if made:
        _POLICY.write_text("#!/bin/sh\nexit 101\n")
        _POLICY.chmod(0o755)
    try:
        if not _apt_get("install", "-y", "-qq", "--no-install-recommends", *packages):
            _apt_get("update", "-qq")
            _apt_get("install", "-y", "-qq", "--no-install-recommends", *packages)
    finally:
        if made:
            _POLICY.unlink()


def _apt_get(*arguments: str) -> bool:
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    with contextlib.suppress(subprocess.TimeoutExpired):
        command = ["apt-get", *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, timeout=_SECONDS, check=False)
        return done.returncode == 0
    return False
