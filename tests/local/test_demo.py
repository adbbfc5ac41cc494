"""`make demo` and `make run`, as processes: what they print, and that nothing is left of them."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from cli.table import width
from local.sample_mailbox import sample_mails
from tests.local.conftest import ROOT
from tests.local.waiting import until

FREE = [
    word for name in ("", "graph-", "sink-", "blob-", "queue-", "table-", "imap-") for word in (f"--{name}port", "0")
]
DEMO_SECONDS = 280


class Run:
    """A started `python -m local.run`."""

    def __init__(self, folder: Path, *options: str) -> None:
        self._out = folder / "out.txt"
        self._err = folder / "err.txt"
        command = [sys.executable, "-m", "local.run", "--folder", str(folder / "run"), *FREE, *options]
        with self._out.open("w") as out, self._err.open("w") as error:
            self.process = subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=error)
        self._family = psutil.Process(self.process.pid)
        self.children: list[psutil.Process] = []

    @property
    def out(self) -> str:
        return self._out.read_text()

    @property
    def error(self) -> str:
        return self._err.read_text()

    def said(self, text: str) -> str:
        """Wait until it said a text; the line with it."""
        until(lambda: text in self.out or self.process.poll() is not None)
        assert text in self.out, (self.out, self.error)
        self.children = self._family.children(recursive=True)
        return next(line for line in self.out.splitlines() if text in line)

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        self.process.send_signal(number)
        return self.process.wait(60)

    def nothing_is_left(self) -> None:
        assert self.children
        until(lambda: not any(child.is_running() and child.status() != psutil.STATUS_ZOMBIE for child in self.children))


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[list[Run]]:
    found: list[Run] = []
    yield found
    for run in found:
        if run.process.poll() is None:
            run.process.kill()
            run.process.wait()
        run.nothing_is_left()


@pytest.fixture
def run(tmp_path: Path, runs: list[Run]) -> Run:
    runs.append(Run(tmp_path))
    return runs[0]


@pytest.mark.capability("S1.7", "S1.8", "S1.13", "S1.15")
def test_demo_makes_one_pass_and_prints_what_was_done() -> None:
    command = [sys.executable, "-m", "local.demo"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=DEMO_SECONDS, check=False)

    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    lines = done.stdout.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("mail "))
    rows = [line for line in lines[start + 2 :] if re.match(r"\d\d ", line)]
    mails = sample_mails()
    assert len(rows) == len(mails)
    assert max(map(width, lines)) <= 160
    kept = [re.findall(r"m/demo/[a-z2-7]{26}/mail\.eml", row) for row in rows]
    assert len({path for [path] in kept}) == len(mails)
    columns = {width(row[: row.index("m/demo/")]) for row in rows}
    assert len(columns) == 1, "the columns line up, with wide characters too"
    text = "\n".join(lines[start:])
    for word in (
        "見積書の件",
        "D-00001 invoice",
        "CN-0001",
        "relation 000123",
        "linked project 100/20/3",
        "“Reminder”",
    ):
        assert word in text
    for word in ("bounce", "auto reply", "duplicate", "document.created", "rule.matched", "message.linked"):
        assert word in text
    assert lines[-1].startswith(f"demo: {len(mails)} of {len(mails)} mails are where they should be")


def test_run_shows_where_everything_is_and_ctrl_c_stops_all_of_it(run: Run) -> None:
    page = run.said("  console ").split()[-1]
    archive = run.said("  archive ").split()[-1]
    sink = run.said("webhook sink").split()[-1]
    run.said("run: archived")

    with urllib.request.urlopen(page) as answer:
        assert "Sign in with Microsoft" in answer.read().decode()
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    with urllib.request.urlopen(archive) as answer:
        assert b"<EnumerationResults" in answer.read()
    with urllib.request.urlopen(sink) as answer:
        assert b"Webhook sink" in answer.read()
    assert len(run.children) >= 3

    assert run.stop() == 0
    assert run.error == ""
    assert run.out.splitlines()[-1] == "run: stopped; nothing is left running"
    run.nothing_is_left()


def test_run_says_which_part_ended(run: Run) -> None:
    run.said("  console ")
    app = next(child for child in run.children if "local.host" in child.cmdline())

    app.kill()

    assert run.process.wait(60) == 1
    [line] = run.error.splitlines()
    assert line.startswith("run: the app ended by signal SIGKILL")
    run.nothing_is_left()


def test_run_that_is_killed_leaves_nothing(run: Run) -> None:
    run.said("  console ")
    assert run.stop(signal.SIGKILL) == -signal.SIGKILL
    run.nothing_is_left()


def test_ctrl_c_while_it_starts(run: Run) -> None:
    run.said("starting the emulator")
    assert run.stop(signal.SIGTERM) == 0
    assert run.error == ""
    run.nothing_is_left()


def test_a_port_in_use_is_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = [sys.executable, "-m", "local.run", "--folder", str(tmp_path / "run"), *FREE, "--port", str(port)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    expected = f"run: port {port} is in use: the app cannot listen there; choose another with --port\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", expected)


def test_two_runs_in_one_folder(tmp_path: Path, run: Run) -> None:
    run.said("starting the emulator")
    command = [sys.executable, "-m", "local.run", "--folder", str(tmp_path / "run"), *FREE]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "another run uses" in done.stderr
    assert "--folder" in done.stderr
