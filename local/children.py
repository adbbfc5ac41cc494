"""Programs that `make run` and `make demo` start: each in a process group of its own, with a log, ended in order."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from local.setup import ROOT

_START_SECONDS = 60
_LOOK_SECONDS = 0.05


class RunError(Exception):
    """It cannot go on. The message is one line for the person at the terminal."""

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))


class Child:
    """One Python module as a process.

    Args:
        name: for people.
        module: what to run, as `python -m` takes it.
        log: file for what it says.
    """

    def __init__(self, name: str, module: Sequence[str], log: Path, environment: Mapping[str, str]) -> None:
        self.name = name
        self.log = log
        self._module = module
        self._environment = environment
        self._process: asyncio.subprocess.Process | None = None

    async def start(self, ready: Path) -> None:
        """Start it, and wait for the file that it writes when it is ready; there must be none before.

        Raises:
            RunError: it ended, or did not become ready.
        """
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "local.leash", *self._module),
                cwd=ROOT,
                env=dict(self._environment),
                stdin=asyncio.subprocess.PIPE,  # see local/leash.py
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C at the terminal reaches only us, who then end everything in order
            )
        try:
            async with asyncio.timeout(_START_SECONDS):
                while not await asyncio.to_thread(ready.exists):
                    if self._process.returncode is not None:
                        raise RunError(f"{self.name} did not start: {self.last_words()}")
                    await asyncio.sleep(_LOOK_SECONDS)
        except TimeoutError:
            raise RunError(f"{self.name} was not ready within {_START_SECONDS} s; its log is {self.log}") from None

    async def ended(self) -> RunError:
        """Wait until it ends by itself; what to say then."""
        status = await self._process.wait() if self._process else 0
        how = f"by signal {signal.Signals(-status).name}" if status < 0 else f"with status {status}"
        return RunError(f"{self.name} ended {how}: {self.last_words()}; its log is {self.log}")

    async def stop(self, patience: float) -> None:
        """End it and whatever it started: asked first, and forced after so many seconds."""
        process = self._process
        if process is None:
            return
        if process.returncode is None:
            self.signal(signal.SIGTERM)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(patience):
                    await process.wait()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        if process.stdin is not None:
            process.stdin.close()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to it, if it still runs."""
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(number)

    def last_words(self) -> str:
        """The last line of its log."""
        with contextlib.suppress(OSError):
            lines = [line for line in self.log.read_text("utf-8", "replace").splitlines() if line.strip()]
            if lines:
                return lines[-1].strip()[:300]
        return "it said nothing"
