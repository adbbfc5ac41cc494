"""Running the development host as a process of its own, on small apps written by the tests."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from local.azurite import Account
from tests.local.waiting import LIMIT_SECONDS, until

ROOT = Path(__file__).resolve().parents[2]
HEAD = """
import asyncio, json, os, time
import azure.functions as func
from pathlib import Path

FOLDER = Path(__file__).parent
app = func.FunctionApp()


def note(text):
    with (FOLDER / "notes.txt").open("a") as file:
        file.write(f"{text}\\n")
"""


@dataclass
class App:
    """A folder with a function app, and the hosts started on it."""

    folder: Path
    account: Account
    processes: list[subprocess.Popen[str]] = field(default_factory=list)

    def write(
        self, source: str, *, host_json: dict[str, Any] | None = None, settings: dict[str, str] | None = None
    ) -> None:
        (self.folder / "function_app.py").write_text(HEAD + source)
        queues = {"maxPollingInterval": "00:00:00.2", "messageEncoding": "none"}
        document = {"version": "2.0", "extensions": {"queues": queues}} if host_json is None else host_json
        (self.folder / "host.json").write_text(json.dumps(document))
        values = {"AzureWebJobsStorage": self.account.connection_string} | (settings or {})
        (self.folder / "local.settings.json").write_text(json.dumps({"IsEncrypted": False, "Values": values}))

    def launch(self, *options: str, environment: dict[str, str] | None = None) -> subprocess.Popen[str]:
        """Start the host without waiting for it."""
        command = [sys.executable, "-m", "local.host", "--app", str(self.folder), "--port", "0", *options]
        clean = {name: value for name, value in os.environ.items() if name != "AzureWebJobsStorage"}
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=clean | (environment or {}),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.processes.append(process)
        return process

    def start(self, *options: str, environment: dict[str, str] | None = None) -> RunningHost:
        """Start the host and wait until it is ready."""
        ready = self.folder / "ready.json"
        ready.unlink(missing_ok=True)
        invocations = self.folder / "invocations.jsonl"
        given = ("--ready-file", str(ready), "--invocations", str(invocations), *options)
        process = self.launch(*given, environment=environment)
        until(lambda: ready.exists() or process.poll() is not None)
        if process.poll() is not None:
            raise AssertionError(f"the host ended: {process.communicate()}")
        return RunningHost(self, process, json.loads(ready.read_text()))

    def refused(self, *options: str, environment: dict[str, str] | None = None) -> tuple[int, str]:
        """Start a host that must not start: its exit status and its one line."""
        process = self.launch(*options, environment=environment)
        out, error = process.communicate(timeout=LIMIT_SECONDS)
        lines = error.strip().splitlines()
        assert out == ""
        assert len(lines) == 1, error
        return process.returncode, lines[0]

    @property
    def notes(self) -> list[str]:
        path = self.folder / "notes.txt"
        return path.read_text().splitlines() if path.exists() else []

    @property
    def invocations(self) -> list[dict[str, Any]]:
        path = self.folder / "invocations.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@dataclass
class RunningHost:
    """A host that is ready."""

    app: App
    process: subprocess.Popen[str]
    ready: dict[str, Any]

    @property
    def url(self) -> str:
        return str(self.ready["url"])

    def stop(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, str, str]:
        """Send a signal and wait for the end: status, standard output, standard error."""
        self.process.send_signal(number)
        out, error = self.process.communicate(timeout=LIMIT_SECONDS)
        return self.process.returncode, out, error


@pytest.fixture
def app(tmp_path: Path, storage_account: Account) -> Iterator[App]:
    """A folder for a function app with a storage account of its own. Its hosts are gone when the test ends."""
    found = App(tmp_path, storage_account)
    yield found
    for process in found.processes:
        if process.poll() is None:
            process.kill()
        process.communicate()
