"""The child that reads: a path on each line of its input, an answer in JSON on each line of its output.

It is killed at `SECONDS`; what it answers is how long it took, its highest memory, and what was wrong, if anything was.
"""

from __future__ import annotations

import json
import resource
import signal
import sys
import time
import traceback
from pathlib import Path

from shared.mail import Limits, MailReader, read_mail
from shared.mail.files import kind_of_file, read_body, read_outlook
from shared.mail.leaves import LeafData, LeafEnd, LeafEvent
from shared.model.mail import Mail

SECONDS = 10
MEMORY = 256 << 20
SMALL = 64 << 10
"""Such an input is read twice, in pieces of different sizes; both must give the same."""


def main() -> None:
    """Read until there is nothing more to read."""
    # a runaway ends in a MemoryError before the machine has none left; what counts is the resident memory below
    resource.setrlimit(resource.RLIMIT_DATA, (4 * MEMORY,) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for line in sys.stdin:
        Path("/proc/self/clear_refs").write_text("5")
        began = time.monotonic()
        signal.alarm(SECONDS + 1)
        try:
            wrong = _read(Path(line.rstrip("\n")))
        except Exception:  # noqa: BLE001 (the very thing that is looked for)
            wrong = traceback.format_exc()
        signal.alarm(0)
        print(json.dumps({"seconds": time.monotonic() - began, "memory": _peak(), "wrong": wrong}), flush=True)


def _peak() -> int:
    """The highest resident memory since the last input, in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) * 1024


def _read(path: Path) -> str | None:
    """Read a file in every way that fits; answer what is wrong."""
    with path.open("rb") as file:
        kind = kind_of_file(file.read(4096))
    if kind in ("msg", "tnef"):
        read_outlook(path.read_bytes(), kind).model_dump_json()
        return None
    mail, leaves = _mail(path, 1 << 20, Limits())
    mail.model_dump_json()
    if path.stat().st_size > SMALL:
        return None
    data = path.read_bytes()
    for size in (997, 61):
        again, same = _mail(path, size, Limits())
        if again != mail or same != leaves:
            return f"pieces of {size} bytes give another mail"
    _mail(path, 1 << 20, Limits(open_archives=True))[0].model_dump_json()
    for html in (True, False):
        read_body(data, html=html).model_dump_json()
    read_mail([data], trust=frozenset({"exchange", "mx.example.org"})).model_dump_json()
    return None


def _mail(path: Path, size: int, limits: Limits) -> tuple[Mail, list[tuple[int, str]]]:
    """Read in pieces of `size`; check the order of the events."""
    reader = MailReader(limits)
    leaves: list[tuple[int, str]] = []
    count = 0

    def take(event: LeafEvent) -> None:
        nonlocal count
        if isinstance(event, LeafData):
            count += len(event.data)
        elif isinstance(event, LeafEnd):
            assert event.size == count
            leaves.append((event.size, event.sha256))
        else:
            count = 0

    with path.open("rb") as file:
        while data := file.read(size):
            for event in reader.feed(data):
                take(event)
    for event in reader.finish():
        take(event)
    mail = reader.mail()
    assert [(a.size, a.sha256) for a in mail.attachments] == leaves
    return mail, leaves


if __name__ == "__main__":
    main()
