"""Microsoft's Python worker library in this process: index the app, call a function.

One app per process: the library keeps the functions in a module-level registry, and Python keeps `function_app`
imported.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
import re
import sys
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from local.host import protos
from local.host.bindings import FunctionMetadata
from local.host.errors import INDEXING_FAILED, HostError

log = logging.getLogger("postrum.host")


@dataclass(frozen=True)
class Invocation:
    """One finished call, as observers see it."""

    function: str
    outcome: str  # "succeeded", "failed", "timeout"
    seconds: float
    error: str = ""


type Observer = Callable[[Invocation], None]


@dataclass(frozen=True)
class Outcome:
    """What a call gave back."""

    succeeded: bool
    value: Any = None
    error: str = ""


class Worker:
    """The library, started for the app in one folder.

    Args:
        folder: holds `function_app.py`.
        timeout: seconds after which a call is cancelled and fails; None is without limit.
        observer: told of each finished call.
    """

    def __init__(self, folder: Path, *, timeout: float | None, observer: Observer | None = None) -> None:
        self._folder = folder
        self._timeout = timeout
        self._observer = observer
        self._library: Any = None
        self._protos = protos.namespace()
        self._running: set[asyncio.Task[Any]] = set()

    async def index(self) -> list[FunctionMetadata]:
        """Import `function_app.py` and return its functions; what hinders that is a HostError."""
        if not (self._folder / "function_app.py").is_file():
            raise HostError(
                f"There is no function_app.py in {self._folder}; start the host in the app's folder, or give --app."
            )
        sys.path.insert(0, str(self._folder))
        try:
            self._library = importlib.import_module("azure_functions_runtime")
        except ImportError as error:
            raise HostError(
                f"The Functions library cannot be imported ({error}); run `make setup`.", INDEXING_FAILED
            ) from None
        # the library logs under this name what its answers hold anyway, an import error with the whole sys.path
        logging.getLogger("azure.functions").setLevel(logging.CRITICAL)
        logging.getLogger("azure").setLevel(logging.WARNING)  # the SDKs log every request at INFO
        # the SDK warns every app without HTTP functions about a setting that it did not make
        logging.getLogger().addFilter(lambda record: not str(record.msg).startswith("Auth level is not applied"))
        self._library.start_threadpool_executor()
        answer = await self._library.worker_init_request(self._wrap("init", protos.init_request(str(self._folder))))
        if answer.result.status != protos.StatusResult.Success:
            raise HostError(self._indexing_error(answer.result.exception), INDEXING_FAILED)
        answer = await self._library.functions_metadata_request(self._wrap("metadata", protos.Message()))
        found = answer.function_metadata_results or []
        if not found:
            raise HostError(f"{self._folder / 'function_app.py'} registers no function.", INDEXING_FAILED)
        for one in found:
            if one.retry_options is not None:
                raise HostError(f"function {one.name} has a retry policy, which the development host does not serve.")
            await self._library.function_load_request(self._wrap("load", protos.load_request(one.function_id)))
        return [FunctionMetadata(one.name, one.function_id, tuple(one.raw_bindings)) for one in found]

    async def invoke(
        self,
        function: str,
        function_id: str,
        parameter: str,
        value: protos.TypedData,
        trigger_metadata: dict[str, protos.TypedData] | None = None,
    ) -> Outcome:
        """Call a function. What it raises comes back as a failed outcome, never as an exception."""
        invocation_id = str(uuid.uuid4())
        request = protos.invocation_request(invocation_id, function_id, parameter, value, trigger_metadata or {})
        started = time.monotonic()
        # a task of its own, so that a time-out cancels the call and not the listener that waits for it
        call = asyncio.ensure_future(self._library.invocation_request(self._wrap("invocation", request)))
        self._running.add(call)
        call.add_done_callback(self._running.discard)
        done, _ = await asyncio.wait({call}, timeout=self._timeout)
        outcome = "timeout"
        if not done:
            call.cancel()
            await asyncio.wait({call}, timeout=5)
            result = Outcome(False, error=f"no end after {self._timeout:g} s (functionTimeout)")
        elif call.cancelled() or call.exception() is not None:
            # CancelledError and what is not an Exception pass through the library
            raised = "cancelled" if call.cancelled() else repr(call.exception())
            outcome, result = "failed", Outcome(False, error=raised)
        else:
            answer = call.result()
            succeeded = answer.result.status == protos.StatusResult.Success
            outcome = "succeeded" if succeeded else "failed"
            if succeeded:
                result = Outcome(True, protos.answer(answer.return_value))
            else:
                result = Outcome(False, error=answer.result.exception.message)
                log.debug("%s", answer.result.exception.stack_trace)
        seconds = time.monotonic() - started
        if not result.succeeded:
            log.warning("%s failed: %s", function, " ".join(result.error.split())[:2000])
        if self._observer is not None:
            self._observer(Invocation(function, outcome, seconds, result.error))
        return result

    @property
    def running(self) -> int:
        """How many calls are under way."""
        return len(self._running)

    async def idle(self) -> None:
        """Wait until no call is under way."""
        while self._running:
            await asyncio.wait(self._running)

    def cancel(self) -> int:
        """Cancel what is still under way, and say how many calls that were."""
        for call in self._running:
            call.cancel()
        return len(self._running)

    def stop(self) -> None:
        """Stop the library's thread pool."""
        if self._library is not None:
            self._library.stop_threadpool_executor()

    def _wrap(self, name: str, request: protos.Message) -> SimpleNamespace:
        return SimpleNamespace(name=name, request=request, properties={"protos": self._protos, "host": "127.0.0.1"})

    def _indexing_error(self, exception: Any) -> str:
        # the library appends its advice and the whole sys.path to an ImportError
        message = str(exception.message).split(". Cannot find module. Please check", 1)[0].rstrip(".")
        places = re.findall(r'File "([^"]+)", line (\d+)', exception.stack_trace or "")
        own = [f"{Path(file).name}:{line}" for file, line in places if Path(file).is_relative_to(self._folder)]
        return f"function_app.py cannot be indexed{f' ({own[-1]})' if own else ''}: {message}"
