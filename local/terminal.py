"""Running until the work is done or a person stops it."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable

from local.children import RunError

_STOP = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Terminal:
    """Says things, and knows whether somebody wants an end."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self.stopped = False
        self.hurry: Callable[[], None] | None = None
        """What a second Ctrl-C does."""

    def say(self, text: str) -> None:
        """A line of progress."""
        print(f"{self._prefix}: {text}", flush=True)

    def run(self, work: Callable[[], Awaitable[int]], *, status_when_stopped: int) -> int:
        """Do the work; a signal cancels it, and it cleans up after itself. The exit status."""
        try:
            return asyncio.run(self._run(work, status_when_stopped))
        except RunError as error:
            print(f"{self._prefix}: {error}", file=sys.stderr, flush=True)
            return 1

    async def _run(self, work: Callable[[], Awaitable[int]], status_when_stopped: int) -> int:
        task = asyncio.ensure_future(work())

        def stop() -> None:
            if not self.stopped:
                self.stopped = True
                self.say("stopping; what is under way is ended first")
                task.cancel()
            elif self.hurry is not None:
                self.hurry()

        for number in _STOP:
            asyncio.get_running_loop().add_signal_handler(number, stop)
        try:
            return await task
        except asyncio.CancelledError:
            if not self.stopped:
                raise
            self.say("stopped; nothing is left running")
            return status_when_stopped
