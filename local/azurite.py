"""Azurite, the storage emulator: started on free ports, with as many accounts as wanted, stopped without a trace.

::

    with Azurite(accounts=3) as azurite:
        first, second, third = azurite.accounts
        QueueServiceClient.from_connection_string(first.connection_string)
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import re
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from local.setup import azurite_script, find_node

_SERVICES = ("Blob", "Queue", "Table")
_LISTENING = re.compile(r"Azurite (Blob|Queue|Table) service is successfully listening at (https?://\S+)")
_START_SECONDS = 60
DEVELOPMENT_ACCOUNT = "devstoreaccount1"
# Public: https://learn.microsoft.com/azure/storage/common/storage-use-azurite, "Well-known storage account and key".
_DEVELOPMENT_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
_STOP_SECONDS = 10


class AzuriteError(Exception):
    """Azurite did not start. The message is one line for the person at the terminal."""


@dataclass(frozen=True)
class Account:
    """One storage account of a running Azurite."""

    name: str
    key: str
    blob_url: str
    queue_url: str
    table_url: str

    @property
    def connection_string(self) -> str:
        """For the SDKs' `from_connection_string`, and for settings."""
        return (
            f"DefaultEndpointsProtocol={self.blob_url.partition(':')[0]};AccountName={self.name};AccountKey={self.key};"
            f"BlobEndpoint={self.blob_url};QueueEndpoint={self.queue_url};TableEndpoint={self.table_url};"
        )


def account_key(name: str) -> str:
    """The key of an account: made from its name, so that a restart on the same folder knows it again.

    The account that `UseDevelopmentStorage=true` means has the key that everybody knows.
    """
    if name == DEVELOPMENT_ACCOUNT:
        return _DEVELOPMENT_KEY
    return base64.b64encode(hashlib.sha256(f"postrum development account {name}".encode()).digest()).decode()


class Azurite:
    """A running Azurite; use it as a context manager, or call `start` and `stop`.

    Args:
        accounts: how many accounts (named a0000, a0001, ...), or their names.
        folder: where data is kept; None keeps it in memory.
        ports: of the blob, queue and table service; 0 takes a free one.
        certificate: files of a certificate and its key; the services then speak https.
        oauth: also take bearer tokens (needs a certificate).
    """

    def __init__(
        self,
        accounts: int | Sequence[str] = 1,
        *,
        folder: Path | None = None,
        ports: tuple[int, int, int] = (0, 0, 0),
        certificate: tuple[Path, Path] | None = None,
        oauth: bool = False,
    ) -> None:
        if oauth and certificate is None:
            raise ValueError("Azurite takes bearer tokens over https only: give a certificate")
        self._names = [f"a{number:04}" for number in range(accounts)] if isinstance(accounts, int) else list(accounts)
        self._folder = folder
        self._ports = ports
        self._certificate = certificate
        self._oauth = oauth
        self._process: subprocess.Popen[str] | None = None
        self._urls: dict[str, str] = {}
        self._settled = threading.Event()
        self._said: deque[str] = deque(maxlen=20)
        self.accounts: tuple[Account, ...] = ()

    def start(self) -> Self:
        """Start, and wait until all three services listen."""
        process = self._process = subprocess.Popen(
            self._command(),
            # Azurite's guard reads this pipe: it closes when this process ends, however it ends
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            # a session of its own: Ctrl-C at the terminal must reach only the program that then stops Azurite in order
            start_new_session=True,
            env=os.environ | {"AZURITE_ACCOUNTS": ";".join(f"{name}:{account_key(name)}" for name in self._names)},
        )
        threading.Thread(target=self._listen, args=(process,), daemon=True).start()
        self._settled.wait(_START_SECONDS)
        if len(self._urls) < len(_SERVICES):
            self.stop()
            said = " ".join(" ".join(self._said).split())
            taken = re.search(r"EADDRINUSE\D*([\d.]+:\d+)", said)
            if taken:
                raise AzuriteError(f"Azurite did not start: {taken[1]} is in use; stop what runs there.")
            raise AzuriteError(f"Azurite did not start: {said[:500] or 'it said nothing'}")
        self.accounts = tuple(
            Account(name, account_key(name), *(f"{self._urls[service]}/{name}" for service in _SERVICES))
            for name in self._names
        )
        return self

    def stop(self) -> None:
        """Stop it and its children; data in a folder is written out first. Twice is fine."""
        process, self._process = self._process, None
        if process is None:
            return
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, number)
            try:
                process.wait(_STOP_SECONDS)
                break
            except subprocess.TimeoutExpired:
                continue
        if process.stdin:
            with contextlib.suppress(BrokenPipeError):
                process.stdin.close()

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._process.pid if self._process else None

    def _command(self) -> list[str]:
        guard = Path(__file__).with_name("azurite_guard.cjs")
        command = [find_node().program, "--require", str(guard), str(azurite_script())]
        for service, port in zip(_SERVICES, self._ports, strict=True):
            command += [f"--{service.lower()}Port", str(port)]
            # Longer than clients keep an idle connection (aiohttp: 15 s), as in Azure. With Azurite's own five seconds a request
            # now and then goes out just as its connection is closed.
            command += [f"--{service.lower()}KeepAliveTimeout", "60"]
        # the SDKs are newer than the newest API version that Azurite knows; what they use of it works
        command += ["--silent", "--disableTelemetry", "--skipApiVersionCheck"]
        if self._folder is None:
            command.append("--inMemoryPersistence")
        else:
            self._folder.mkdir(parents=True, exist_ok=True)
            command += ["--location", str(self._folder)]
        if self._certificate is not None:
            command += ["--cert", str(self._certificate[0]), "--key", str(self._certificate[1])]
        if self._oauth:
            command += ["--oauth", "basic"]
        return command

    def _listen(self, process: subprocess.Popen[str]) -> None:
        """Read what Azurite says until it ends, so that its pipe never fills."""
        assert process.stdout is not None
        with process.stdout as lines:
            for line in lines:
                self._said.append(line)
                if found := _LISTENING.search(line):
                    self._urls[found[1]] = found[2].rstrip("/")
                    if len(self._urls) == len(_SERVICES):
                        self._settled.set()
        self._settled.set()

    def __enter__(self) -> Self:
        """Start."""
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()
