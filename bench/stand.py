"""The test stand: Azurite, the emulator and the function app, each as a process of its own, and what a benchmark asks of them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from bench.mails import write_small
from local.azurite import Azurite
from local.setup import ROOT
from shared.app import App
from shared.configuration.yaml_file import companies
from shared.model.task import MailboxTask
from shared.settings import read
from shared.stores.layout import create_all

MAILBOX = "mail@nordlys.example"
CONFIGURATION = """
companies:
  - id: nordlys
    name: Nordlys Handel
    time_zone: Europe/Copenhagen
    mailboxes:
      - id: letters
        address: mail@nordlys.example
        folders: {imported: Imported, other: Filed}
        schedule: "* * * * *"
    series:
      - {id: documents, prefix: "D-", width: 5, default: true}
"""
CATEGORISE = (
    CONFIGURATION
    + """
    rules:
      - name: Everything gets a category
        when: {field: subject, operator: contains, value: report}
        actions: [{action: categorise, category: Report}]
"""
)
NEVER = "0 0 0 1 1 *"
EVERY_MINUTE = "0 * * * * *"
_PATIENCE = 60


@dataclass(frozen=True)
class Invocation:
    """One finished invocation, in seconds since the epoch."""

    function: str
    outcome: str
    started: float
    ended: float


class Stand:
    """Everything that runs for one benchmark. Use it as a context manager; leaving it ends all of it.

    Args:
        configuration: YAML of the company.
        tick: schedule of the timer; ticks can be asked for with `tick` as well.
        count: let the host count storage requests; see `storage_requests`.
        graph_ports: of the emulator, and of a proxy in front of it that everybody is to use; 0 for a free one, and for none.
        settings: more settings of the app.
    """

    def __init__(
        self,
        configuration: str = CONFIGURATION,
        *,
        tick: str = NEVER,
        count: bool = False,
        profile: bool = False,
        graph_ports: tuple[int, int] = (0, 0),
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self._graph_ports = graph_ports
        self._more_settings = settings or {}
        self._configuration = configuration
        self._tick = tick
        self._options = ["--count"] * count + ["--profile"] * profile
        self._processes: list[subprocess.Popen[bytes]] = []
        self._stack = contextlib.ExitStack()
        self._loads = 0

    def __enter__(self) -> Self:
        try:
            self.folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="postrum-bench-")))
            self._azurite = self._stack.enter_context(Azurite(["bench"]))
            self._stack.callback(self._stop)
            self._start_emulator()
            self._prepare()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    # -- the emulator

    def control(self, operation: str, **arguments: Any) -> Any:
        """Ask the emulator to do or tell something."""
        return _post(f"{self.emulator['control_url']}/{operation}", arguments)

    def load(self, count: int) -> None:
        """Put so many small mails into the mailbox."""
        self._loads += 1
        folder = self.folder / f"mails-{self._loads}"
        write_small(folder, count)
        self.control("load_directory", mailbox=MAILBOX, directory=str(folder))

    def charged(self) -> dict[str, int]:
        """Requests that the emulator charged to the mailbox, by kind."""
        lanes = self.control("counters")["lanes"]
        return next((dict(lane["charged"]) for lane in lanes if lane["mailbox"] == MAILBOX), {})

    # -- the app

    def start_app(self) -> None:
        """Start the function app in the development host, and wait until it is ready."""
        ready = self.folder / "app.json"
        files = [self.folder / option.strip("-") for option in self._options]
        more = [text for option, file in zip(self._options, files, strict=True) for text in (option, str(file))]
        options = ["--app", str(ROOT), "--settings", str(self.settings_file), "--ready-file", str(ready)]
        self.app = self._run("bench.host", [*options, "--invocations", str(self.folder / "invocations"), *more])
        _wait(ready.exists, self.app)
        self.host: dict[str, Any] = json.loads(ready.read_text())

    def tick(self) -> None:
        """Let the timer fire now."""
        press(self.host, "tick")

    def look(self) -> None:
        """Let the mailbox be listed now, due or not."""
        task = MailboxTask(company="nordlys", mailbox="letters")
        press(self.host, "mailbox", task.encode())

    def running(self) -> int:
        """Invocations under way."""
        return int(_post(f"{self.host['url']}/admin/host/status", None, key=self.host["keys"]["master"])["running"])

    def invocations(self) -> list[Invocation]:
        """All that have finished."""
        file = self.folder / "invocations"
        return [Invocation(**json.loads(line)) for line in file.read_text().splitlines()] if file.exists() else []

    def until_placed(self, mails: int, *, seconds: float = 600, every: float = 0.25) -> float:
        """Wait until so many mails were moved; the time of it."""
        deadline = time.time() + seconds
        while self.charged().get("move", 0) < mails:
            if time.time() > deadline:
                raise TimeoutError(f"only {self.charged()} after {seconds:g} s; the app said: {self.last_words()}")
            time.sleep(every)
        return time.time()

    def last_words(self) -> str:
        """The end of what the app said."""
        return (self.folder / "bench.host.log").read_text("utf-8", "replace")[-1000:]

    def until_quiet(self, seconds: float = 1.5, *, limit: float = 120) -> None:
        """Wait until no invocation was under way, and none ended, for a while."""
        deadline, quiet, last = time.time() + limit, time.time(), -1
        while time.time() - quiet < seconds:
            ended = len(self.invocations())
            if ended != last or self.running():
                quiet, last = time.time(), ended
            if time.time() > deadline:
                raise TimeoutError("the app does not come to rest")
            time.sleep(0.1)

    def stop_app(self) -> None:
        """End the app in order; what it counted can be read then."""
        self.app.send_signal(signal.SIGTERM)
        self.app.wait(_PATIENCE)

    def storage_requests(self) -> dict[str, int]:
        """Requests to storage by kind, after `stop_app`."""
        return dict(json.loads((self.folder / "count").read_text()))

    def cpu(self) -> dict[str, float]:
        """Seconds of CPU that each process has used so far, with its children that ended."""
        pids = {"app": self.app.pid, "emulator": self._emulator.pid, "azurite": self._azurite.pid or 0}
        return {name: cpu_seconds(pid) for name, pid in pids.items()}

    def with_product[T](self, work: Callable[[App], Awaitable[T]]) -> T:
        """Do something with the product's own services, in this process."""

        async def run() -> T:
            app = App(self.settings)
            try:
                return await work(app)
            finally:
                await app.aclose()

        return asyncio.run(run())

    # -- inside

    def _start_emulator(self) -> None:
        directory = self.folder / "emulator"
        ports = ["--port", str(self._graph_ports[0]), "--shown-port", str(self._graph_ports[1])]
        self._emulator = self._run("emulator", ["--directory", str(directory), *ports])
        ready = directory / "emulator.json"
        _wait(ready.exists, self._emulator)
        time.sleep(0.1)
        self.emulator: dict[str, str] = json.loads(ready.read_text())

    def _prepare(self) -> None:
        self.control("create_mailbox", address=MAILBOX, folders=["inbox/Imported", "inbox/Filed"])
        self.control("set_exchange_scope", mailboxes=[MAILBOX])
        self.values = environment(self.emulator, self._azurite.accounts[0].connection_string, self.folder, self._tick)
        self.values |= self._more_settings
        self.settings_file = self.folder / "local.settings.json"
        self.settings_file.write_text(json.dumps({"IsEncrypted": False, "Values": self.values}))
        self.settings = read(self.values)

        async def configure(app: App) -> None:
            await create_all(self.settings.data_storage, self.settings.host_storage)
            await app.configure.apply(companies(self._configuration))

        self.with_product(configure)

    def _run(self, module: str, arguments: list[str]) -> subprocess.Popen[bytes]:
        process = launch(module, arguments, self.folder / f"{module}.log")
        self._processes.append(process)
        return process

    def _stop(self) -> None:
        for process in reversed(self._processes):
            end(process)


def environment(emulator: dict[str, str], storage: str, folder: Path, tick: str) -> dict[str, str]:
    """The settings of the product."""
    return {
        "FUNCTIONS_WORKER_RUNTIME": "python",
        "AzureWebJobsStorage": storage,
        "DATA_STORAGE": storage,
        "IDENTITY_ENDPOINT": emulator["msi_url"],
        "IDENTITY_HEADER": emulator["msi_header"],
        "POSTRUM_TENANT_ID": emulator["tenant_id"],
        "POSTRUM_APP_CLIENT_ID": emulator["client_id"],
        "POSTRUM_IDENTITY_CLIENT_ID": emulator["msi_client_id"],
        "POSTRUM_GRAPH_URL": emulator["graph_url"],
        "POSTRUM_AUTHORITY": emulator["authority"],
        "POSTRUM_CA_FILE": emulator["ca_file"],
        "POSTRUM_SECRETS_FILE": str(folder / "secrets.json"),
        "POSTRUM_TICK_SCHEDULE": tick,
    }


def launch(module: str, arguments: list[str], log: Path) -> subprocess.Popen[bytes]:
    """A module as a process that ends with this one; see `local.leash`."""
    foreign = ("POSTRUM_", "IDENTITY_", "AzureWebJobs", "DATA_STORAGE", "AZURE_", "PYTHONDONTWRITEBYTECODE")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    with log.open("ab") as out:
        command = [sys.executable, "-m", "local.leash", module, *arguments]
        return subprocess.Popen(
            command, cwd=ROOT, env=clean, stdin=subprocess.PIPE, stdout=out, stderr=out, start_new_session=True
        )


def press(host: dict[str, Any], function: str, given: str = "") -> None:
    """Let a function run now, as "Test/Run" of the portal does. `host` is what its ready file says."""
    _post(f"{host['url']}/admin/functions/{function}", {"input": given}, key=host["keys"]["master"])


def end(process: subprocess.Popen[bytes]) -> None:
    """End it: asked first, then forced."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    if process.stdin:
        process.stdin.close()


def cpu_seconds(pid: int) -> float:
    """Seconds of CPU of a process, user and system, with children that ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(field) for field in fields[11:15]) / os.sysconf("SC_CLK_TCK")


def _wait(ready: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    deadline = time.time() + _PATIENCE
    while not ready():
        if process.poll() is not None or time.time() > deadline:
            raise RuntimeError(f"{process.args!r} did not start")
        time.sleep(0.02)


def _post(url: str, arguments: dict[str, Any] | None, *, key: str = "") -> Any:
    data = None if arguments is None else json.dumps(arguments).encode()
    request = urllib.request.Request(
        url, data=data, headers={"Content-Type": "application/json", "x-functions-key": key}
    )
    with urllib.request.urlopen(request, timeout=120) as answer:
        text = answer.read()
    return json.loads(text) if text else None
