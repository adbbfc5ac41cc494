"""The host: from `host.json`, settings and `function_app.py` to running listeners, and back to a clean end."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import os
import signal
import socket
import sys
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web

from local.host import keys, timers
from local.host.bindings import (
    DEFAULT_CONNECTION,
    Function,
    HttpFunction,
    QueueFunction,
    TimerFunction,
    read_functions,
)
from local.host.config import HostConfig, read_host_json, read_settings
from local.host.errors import CONFIGURATION, PORT_IN_USE, HostError
from local.host.http import HttpFront
from local.host.polling import encode
from local.host.queues import QueueListener
from local.host.storage import Storage, connection
from local.host.worker import Observer, Worker, log

DEFAULT_PORT = 7071
HOST_ID_SETTING = "AzureFunctionsWebHost__hostid"  # Azure's own setting
DEFAULT_INVISIBILITY = 600


@dataclass(frozen=True)
class Options:
    """How to start the host. Paths that are None are looked for in the app's folder."""

    app: Path
    host_json: Path | None = None
    settings: Path | None = None
    port: int | None = None
    invisibility: int = DEFAULT_INVISIBILITY
    ready_file: Path | None = None
    ca_file: Path | None = None
    drain_seconds: float = 30


class Host:
    """Runs the app in one folder. Once per process."""

    def __init__(self, options: Options, observer: Observer | None = None) -> None:
        self._options = options
        self._observer = observer
        self._stop = asyncio.Event()
        self._hurry = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._timers: dict[str, timers.Timer] = {}
        self._queues: dict[str, QueueListener] = {}

    def stop(self) -> None:
        """Receive no more and drain; called again, do not wait for what runs."""
        if self._stop.is_set():
            self._hurry.set()
        self._stop.set()

    async def run(self) -> int:
        """Start, run until stopped, drain. Returns the exit status; a HostError says why the host does not start."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.stop)
        folder = self._options.app.resolve()
        config = read_host_json(self._options.host_json or folder / "host.json")
        port = self._read_settings(folder)
        listening = _bind(port)
        try:
            os.environ.setdefault("AZURE_FUNCTIONS_ENVIRONMENT", "Development")
            os.environ.setdefault("WEBSITE_HOSTNAME", f"127.0.0.1:{listening.getsockname()[1]}")
            worker = Worker(folder, timeout=config.function_timeout, observer=self._observer)
            functions = read_functions(await worker.index(), os.environ, config.route_prefix)
            async with contextlib.AsyncExitStack() as stack:
                stack.callback(worker.stop)
                return await self._serve(config, worker, functions, listening, stack)
        finally:
            listening.close()
            if self._options.ready_file is not None:
                self._options.ready_file.unlink(missing_ok=True)

    def _read_settings(self, folder: Path) -> int:
        path = self._options.settings or folder / "local.settings.json"
        settings = None
        if self._options.settings is not None or path.exists():
            settings = read_settings(path)
            for name, value in settings.values.items():
                os.environ.setdefault(name, value)  # what is in the environment already wins, as with Core Tools
        if self._options.port is not None:
            return self._options.port
        return settings.port if settings and settings.port is not None else DEFAULT_PORT

    async def _serve(
        self,
        config: HostConfig,
        worker: Worker,
        functions: Sequence[Function],
        listening: socket.socket,
        stack: contextlib.AsyncExitStack,
    ) -> int:
        storages = await _open_storages(functions, os.environ, self._options.ca_file, stack)
        own = storages.get(DEFAULT_CONNECTION)
        host_id = os.environ.get(HOST_ID_SETTING, "development").lower()
        key_pair = await keys.stored_keys(await own.container(keys.CONTAINER), host_id) if own else keys.make_keys()
        status = timers.BlobStatusStore(await own.container(timers.CONTAINER), host_id) if own else None
        for function in functions:
            if isinstance(function, TimerFunction):
                self._timers[function.name] = timers.Timer(function, worker, status)
            elif isinstance(function, QueueFunction):
                service = storages[function.connection].queues
                self._queues[function.name] = QueueListener(
                    function, worker, service, config.queues, self._options.invisibility
                )

        def trigger(name: str, given: str) -> bool:
            return self._trigger(name, given, functions, worker, storages, config)

        front = HttpFront([one for one in functions if isinstance(one, HttpFunction)], worker, key_pair, trigger)
        runner = web.AppRunner(front.application(), access_log=None, shutdown_timeout=self._options.drain_seconds)
        await runner.setup()
        site = web.SockSite(runner, listening)
        await site.start()
        listeners = [self._spawn(one.run()) for one in self._listeners()]
        self._announce(listening.getsockname()[1], functions, key_pair)
        stopped = asyncio.create_task(self._stop.wait())
        await asyncio.wait({stopped, *listeners}, return_when=asyncio.FIRST_COMPLETED)
        for task in listeners:
            if task.done() and not self._stop.is_set() and (error := task.exception()) is not None:
                log.error("a listener ended: %r", error)
                self._stop.set()
                await self._drain(worker, runner, site)
                return 1
        return await self._drain(worker, runner, site)

    def _listeners(self) -> list[timers.Timer | QueueListener]:
        return [*self._timers.values(), *self._queues.values()]

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _trigger(
        self,
        name: str,
        given: str,
        functions: Sequence[Function],
        worker: Worker,
        storages: Mapping[str, Storage],
        config: HostConfig,
    ) -> bool:
        """Run a timer now, or put a message on a function's queue, as the portal's "Test/Run" does."""
        for function in functions:
            if function.name != name:
                continue
            if isinstance(function, TimerFunction):
                self._spawn(self._timers[name].fire())
                return True
            if isinstance(function, QueueFunction):
                self._spawn(
                    _put(storages[function.connection], function.queue, encode(given, config.queues.message_encoding))
                )
                return True
        return False

    async def _drain(self, worker: Worker, runner: web.AppRunner, site: web.SockSite) -> int:
        """Stop receiving, wait for what runs, and cancel what does not end in time."""
        for listener in self._listeners():
            listener.stop()
        await site.stop()
        if worker.running:
            _say(f"stopping: {worker.running} under way")
        draining = asyncio.gather(*self._tasks, return_exceptions=True)
        hurry = asyncio.create_task(self._hurry.wait())
        clean = asyncio.ensure_future(self._idle(worker, draining))
        await asyncio.wait({clean, hurry}, timeout=self._options.drain_seconds, return_when=asyncio.FIRST_COMPLETED)
        hurry.cancel()
        if clean.done():
            await runner.cleanup()
            return 0
        abandoned = worker.cancel()
        _say(f"stopped without waiting for {abandoned} under way; their messages come back")
        await asyncio.wait({clean}, timeout=5)
        clean.cancel()
        return 1

    async def _idle(self, worker: Worker, draining: asyncio.Future[Any]) -> None:
        await draining
        await worker.idle()  # HTTP calls are not among the tasks

    def _announce(self, port: int, functions: Sequence[Function], key_pair: keys.Keys) -> None:
        url = f"http://127.0.0.1:{port}"
        _say(f"ready at {url}: {', '.join(one.name for one in functions)}")
        path = self._options.ready_file
        if path is None:
            return
        document = {
            "pid": os.getpid(),
            "port": port,
            "url": url,
            "functions": [one.name for one in functions],
            "keys": {"master": key_pair.master, "function": key_pair.function},
        }
        part = path.with_name(path.name + ".part")
        part.touch(mode=0o600)  # it holds the keys
        part.write_text(json.dumps(document))
        part.replace(path)


async def _put(storage: Storage, queue: str, text: str) -> None:
    await storage.queues.get_queue_client(queue).send_message(text)


async def _open_storages(
    functions: Sequence[Function],
    settings: Mapping[str, str],
    ca_file: Path | None,
    stack: contextlib.AsyncExitStack,
) -> dict[str, Storage]:
    """Open and check the storage accounts that the functions need, the host's own first."""
    names = [function.connection for function in functions if isinstance(function, QueueFunction)]
    needs_own = any(isinstance(function, TimerFunction) for function in functions)
    if needs_own or settings.get(DEFAULT_CONNECTION) or settings.get(f"{DEFAULT_CONNECTION}__queueServiceUri"):
        names.insert(0, DEFAULT_CONNECTION)
    found: dict[str, Storage] = {}
    for name in dict.fromkeys(names):
        storage = Storage(name, connection(name, settings), ca_file)
        found[name] = await stack.enter_async_context(storage)
        await storage.check()
    return found


def _bind(port: int) -> socket.socket:
    """Take the port before anything else: a second host must fail before it touches a queue."""
    try:
        return socket.create_server(("127.0.0.1", port), backlog=128)
    except OverflowError:
        raise HostError(f"{port} is not a port number.") from None
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise HostError(f"Port {port} is in use; stop what runs there, or give --port.", PORT_IN_USE) from None
        raise HostError(f"Port {port} cannot be used: {error.strerror}.", CONFIGURATION) from None


def _say(text: str) -> None:
    print(f"host: {text}", flush=True, file=sys.stdout)
