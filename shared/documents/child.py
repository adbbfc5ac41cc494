"""Reading documents of strangers in one warm child process, with a deadline and a ceiling on memory.

A hostile PDF may loop for ever, eat the memory or crash a library. It then does so in the child: the child is killed,
the document counts as not read, the attachment is kept, and the next document gets a new child.

    reader = DocumentReader()
    reading = await reader.read(data_or_path)      # in the pipeline
    reading = reader.read_now(data_or_path)        # on the command line
    reader.close()
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import ValidationError

from shared.documents import limits
from shared.documents.frames import receive, send
from shared.model.document import Reading

__all__ = ["DocumentReader"]

_START_SECONDS = 20.0  # a cold disk; the libraries are read once
_WORKER = "shared.documents.worker"


class _GoneBefore(Exception):
    """The child had ended before it was given the document."""


class DocumentReader:
    """Hands documents to the child, one at a time. Safe to use from any thread; start and restart happen by themselves.

    Args:
        seconds: for one document, from the moment when it is its turn.
        command: arguments of Python for the child; only tests give others.
    """

    def __init__(self, *, seconds: float = limits.SECONDS, command: tuple[str, ...] = ("-m", _WORKER)) -> None:
        self._seconds = seconds
        self._command = command
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._closed = False
        # A thread of its own: documents wait for each other here, and not in the threads that others share
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="documents")

    async def read(self, source: Path | bytes) -> Reading:
        """Read a document; never raises for what is in it."""
        if self._closed:
            return Reading(unread="closed")
        return await asyncio.get_running_loop().run_in_executor(self._thread, self.read_now, source)

    def read_now(self, source: Path | bytes) -> Reading:
        """The same, waiting for the answer."""
        if isinstance(source, bytes) and len(source) > limits.PIPE_BYTES:
            return Reading(unread="too_large")
        with self._lock:
            if self._closed:
                return Reading(unread="closed")
            for _ in range(2):
                process = self._started()
                if process is None:
                    return Reading(unread="unavailable")
                with suppress(_GoneBefore):  # while it was idle; this document is not to blame
                    return self._exchange(process, source)
            return Reading(unread="crash")

    @property
    def pid(self) -> int | None:
        """Process id of the child, where one is running."""
        process = self._process
        return process.pid if process and process.poll() is None else None

    def close(self) -> None:
        """End the child. A document that is being read counts as not read."""
        self._closed = True
        process = self._process
        if process:
            process.kill()  # it holds nothing that could be lost; wakes up who waits for its answer
        with self._lock:
            self._discard()
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def aclose(self) -> None:
        """`close`, without holding up the event loop."""
        await asyncio.to_thread(self.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _started(self) -> subprocess.Popen[bytes] | None:
        """The running child, or a new one; None where none can be started."""
        if self._process and self._process.poll() is None:
            return self._process
        self._discard()
        # Nothing of our environment but where the code is: what reads hostile files must not hold a token
        environment = {"PYTHONPATH": os.pathsep.join(path or str(Path.cwd()) for path in sys.path), "LANG": "C.UTF-8"}
        try:
            process = subprocess.Popen(  # noqa: S603 - our own program
                [sys.executable, "-B", *self._command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment,
                start_new_session=True,  # Ctrl-C is for the parent, who ends the child
            )
        except OSError:
            return None
        self._process = process
        if self._waiting(process, _START_SECONDS) is None:
            self._discard()
            return None
        return process

    def _exchange(self, process: subprocess.Popen[bytes], source: Path | bytes) -> Reading:
        """Send the document, wait for the answer, kill the child where none comes."""
        request: dict[str, object] = {"seconds": self._seconds}
        if isinstance(source, bytes):
            request["bytes"] = len(source)
        else:
            request["path"] = str(source.absolute())
        late = threading.Event()
        answer = self._waiting(process, self._seconds, (json.dumps(request).encode(), source), late)
        if answer is not None:
            with suppress(ValidationError):  # whoever writes other answers has taken over the child
                reading = Reading.model_validate_json(answer)
                if reading.unread == "memory":
                    self._discard()  # what is left of its memory is in pieces
                return reading
        self._discard()
        if self._closed:
            return Reading(unread="closed")
        return Reading(unread="time" if late.is_set() else "crash")

    def _waiting(
        self,
        process: subprocess.Popen[bytes],
        seconds: float,
        message: tuple[bytes, Path | bytes] | None = None,
        late: threading.Event | None = None,
    ) -> bytes | None:
        """Write the message, read the answer; None where the child ends first or is killed at the deadline."""
        if process.stdin is None or process.stdout is None:
            return None

        def kill() -> None:
            if late:
                late.set()
            process.kill()

        clock = threading.Timer(seconds, kill)
        clock.daemon = True
        clock.start()
        try:
            if message:
                request, source = message
                with suppress(OSError):  # a broken pipe: then no receipt comes
                    send(process.stdin, request)
                    if isinstance(source, bytes):
                        process.stdin.write(source)
                        process.stdin.flush()
                if receive(process.stdout, limits.ANSWER_BYTES) is None and not (late and late.is_set()):
                    self._discard()
                    raise _GoneBefore
            return receive(process.stdout, limits.ANSWER_BYTES)
        except (OSError, ValueError):
            return None
        finally:
            clock.cancel()

    def _discard(self) -> None:
        """End the child and forget it."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe:
                with suppress(OSError):  # what was still to be written, nobody reads
                    pipe.close()
