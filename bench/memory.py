"""Memory above the idle level while a mail of 150 MB goes through the whole flow."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from bench.figures import Results
from bench.mails import write_large
from bench.stand import CONFIGURATION, MAILBOX, Stand
from shared.app import App

KEYS = ("peak_mib_150mb", "idle_mib")
HOW = """
After a small mail has gone through (everything is loaded then), the app rests; its resident memory, summed over its processes, is the
idle level. Then a mail of 150 MB with one attachment of 110 MB is fetched, archived, read, its attachment stored, and moved. The
kernel's own high-water mark (VmHWM, reset through /proc/PID/clear_refs) gives the peak of each process, so that no sample can miss it.
"""


def run(attachment_mb: int = 110) -> Results:
    """One run."""
    with Stand(CONFIGURATION) as stand:
        stand.start_app()
        _through(stand, 1)
        idle = _resident(stand.app.pid)
        _reset(stand.app.pid)
        seen = _Processes(stand.app.pid)
        large = stand.folder / "large.eml"
        write_large(large, attachment_mb=attachment_mb)
        with seen:
            stand.control("deliver", mailbox=MAILBOX, path=str(large))
            stand.look()
            stand.until_placed(2, seconds=180)
            stand.until_quiet()
        stored = stand.with_product(_attachments)
        assert len(stored) == 1, f"the attachment was not stored: {stored}"
        return {"peak_mib_150mb": (seen.peak - idle) / 1024, "idle_mib": idle / 1024}


async def _attachments(app: App) -> list[str]:
    return [path async for path in app.services.archive.paths() if "/a/" in path]


def _through(stand: Stand, mails: int) -> None:
    stand.load(mails)
    stand.look()
    stand.until_placed(mails, seconds=60)
    stand.until_quiet(3)


class _Processes:
    """Watches a process and its children: the sum of their high-water marks, which is at least the true peak."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._marks: dict[int, int] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> _Processes:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    @property
    def peak(self) -> int:
        """In KiB."""
        return sum(self._marks.values())

    def _watch(self) -> None:
        while not self._ended.is_set():
            for pid in _family(self._pid):
                self._marks[pid] = max(self._marks.get(pid, 0), _field(pid, "VmHWM"))
            time.sleep(0.05)


def _resident(pid: int) -> int:
    return sum(_field(one, "VmRSS") for one in _family(pid))


def _reset(pid: int) -> None:
    for one in _family(pid):
        Path(f"/proc/{one}/clear_refs").write_text("5")


def _family(pid: int) -> list[int]:
    """The process and all below it."""
    found = [pid]
    for parent in found:
        for task in (Path("/proc") / str(parent) / "task").glob("*/children"):
            try:
                found += [int(child) for child in task.read_text().split()]
            except OSError:
                continue
    return found


def _field(pid: int, name: str) -> int:
    """A figure of /proc/PID/status in KiB; 0 for a process that is gone."""
    try:
        lines = (Path("/proc") / str(pid) / "status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(f"{name}:")), 0)


if __name__ == "__main__":
    print(run())
