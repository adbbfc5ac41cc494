"""A reverse proxy in front of one account of Azurite that loses, refuses, delays or repeats what changes something.

::

    with StorageProxy(account) as proxy:
        proxy.script(nth=3, mode="lost_503")     # the third changing request takes place, and is answered 503
        ...  # a Postrum with proxy.connection_string for its storage
        proxy.changing_requests                  # how many there were since `reset`
"""

from __future__ import annotations

import asyncio
import io
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal, Self

import aiohttp
from aiohttp import web
from yarl import URL

from local.azurite import Account

Mode = Literal["refuse_503", "refuse_cut", "lost_503", "lost_cut", "twice", "delay", "cut_upload"]
"""What happens to a request.

refuse_503: nothing takes place, the answer is 503. refuse_cut: nothing takes place, the connection is cut. lost_503: it takes
place, the answer is 503. lost_cut: it takes place, the connection is cut. twice: it takes place, the answer is thrown away, it is
sent once more, as a client does that repeats by itself. delay: it takes place later. cut_upload: the connection is cut in the
middle of the body.
"""
_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_HOPS = frozenset({"connection", "keep-alive", "transfer-encoding", "host", "date-proxy", "upgrade", "te", "trailer"})
_LARGEST = 256 * 1024 * 1024


@dataclass
class _Fault:
    nth: int
    mode: Mode
    times: int
    match: str
    retry_after: int | None
    seconds: float
    after_bytes: int
    seen: int = 0
    fired: int = 0


class StorageProxy:
    """Use it as a context manager; it runs in a thread of its own. All of its methods can be called from any thread."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._loop = asyncio.new_event_loop()
        self._lock = threading.Lock()
        self._faults: list[_Fault] = []
        self._log: list[str] = []
        self._runners: list[web.AppRunner] = []
        self._urls: dict[str, str] = {}
        self._client: aiohttp.ClientSession | None = None
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    @property
    def connection_string(self) -> str:
        """As that of the account, through the proxy."""
        account = self._account
        return (
            f"DefaultEndpointsProtocol=http;AccountName={account.name};AccountKey={account.key};"
            f"BlobEndpoint={self._urls['blob']};QueueEndpoint={self._urls['queue']};TableEndpoint={self._urls['table']};"
        )

    @property
    def changing_requests(self) -> int:
        """Changing requests since `reset`."""
        with self._lock:
            return len(self._log)

    @property
    def log(self) -> list[str]:
        """Those requests: method and path, each with what was done to it where it was not passed on as it was."""
        with self._lock:
            return list(self._log)

    @property
    def fired(self) -> int:
        """How many requests something was done to since `reset`."""
        with self._lock:
            return sum(fault.fired for fault in self._faults)

    def script(
        self,
        nth: int,
        mode: Mode,
        *,
        times: int = 1,
        match: str = "",
        retry_after: int | None = None,
        seconds: float = 0.2,
        after_bytes: int = 1024,
    ) -> None:
        """Do something to the nth changing request from now on.

        Args:
            nth: counted from 1.
            mode: what.
            times: to so many requests, beginning with the nth; -1 to all of them.
            match: count only requests that have this text in `METHOD path`.
            retry_after: header of the 503.
            seconds: of `delay`.
            after_bytes: of `cut_upload`.
        """
        with self._lock:
            self._faults.append(_Fault(nth, mode, times, match, retry_after, seconds, after_bytes))

    def reset(self) -> None:
        """Forget the script, the counter and the log."""
        with self._lock:
            self._faults.clear()
            self._log.clear()

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(30)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(30)
        self._loop.close()

    async def _start(self) -> None:
        timeout = aiohttp.ClientTimeout(total=120)
        self._client = aiohttp.ClientSession(
            timeout=timeout, auto_decompress=False, connector=aiohttp.TCPConnector(force_close=True)
        )
        account = self._account
        for service, url in (("blob", account.blob_url), ("queue", account.queue_url), ("table", account.table_url)):
            target = URL(url)
            app = web.Application(client_max_size=_LARGEST)
            app.router.add_route("*", "/{tail:.*}", self._handler(f"http://{target.host}:{target.port}"))
            runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
            await runner.setup()
            self._runners.append(runner)
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            port = runner.addresses[0][1]
            self._urls[service] = f"http://127.0.0.1:{port}{target.path}"

    async def _stop(self) -> None:
        for runner in self._runners:
            await runner.cleanup()
        if self._client is not None:
            await self._client.close()

    def _handler(self, target: str) -> Callable[[web.Request], Any]:
        async def handle(request: web.Request) -> web.StreamResponse:
            fault = self._judge(request)
            if fault is not None and fault.mode == "cut_upload":
                await request.content.read(fault.after_bytes)
                return _cut(request)
            body = await request.read()
            if fault is None:
                return await self._pass_on(request, target, body)
            match fault.mode:
                case "refuse_503":
                    return _busy(fault)
                case "refuse_cut":
                    return _cut(request)
                case "lost_503":
                    await self._forward(request, target, body)
                    return _busy(fault)
                case "lost_cut":
                    await self._forward(request, target, body)
                    return _cut(request)
                case "twice":
                    await self._forward(request, target, body)
                case "delay":
                    await asyncio.sleep(fault.seconds)
            return await self._pass_on(request, target, body)

        return handle

    def _judge(self, request: web.Request) -> _Fault | None:
        """Count the request, and tell what is to be done to it."""
        if request.method in _READS:
            return None
        line = f"{request.method} {request.path_qs}"
        chosen: _Fault | None = None
        with self._lock:
            for fault in self._faults:
                if fault.match not in line:
                    continue
                fault.seen += 1
                due = fault.seen >= fault.nth and (fault.times < 0 or fault.fired < fault.times)
                if due and chosen is None:
                    fault.fired += 1
                    chosen = fault
            self._log.append(line if chosen is None else f"{line} ({chosen.mode})")
        return chosen

    async def _forward(self, request: web.Request, target: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        assert self._client is not None
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOPS}
        headers.pop("Content-Length", None)
        url = URL(target + request.raw_path, encoded=True)
        async with self._client.request(
            request.method,
            url,
            headers=headers,
            data=io.BytesIO(body) if body else None,
            allow_redirects=False,
            skip_auto_headers=("Content-Type", "Accept", "Accept-Encoding", "User-Agent"),
        ) as answer:
            content = await answer.read()
            kept = {name: value for name, value in answer.headers.items() if name.lower() not in _HOPS}
            return answer.status, kept, content

    async def _pass_on(self, request: web.Request, target: str, body: bytes) -> web.StreamResponse:
        status, headers, content = await self._forward(request, target, body)
        response = web.StreamResponse(status=status, headers=headers)
        if request.method != "HEAD":
            response.content_length = len(content)
        await response.prepare(request)
        if content and request.method != "HEAD":
            await response.write(content)
        await response.write_eof()
        return response


def _busy(fault: _Fault) -> web.Response:
    headers = {"x-ms-error-code": "ServerBusy"}
    if fault.retry_after is not None:
        headers["Retry-After"] = str(fault.retry_after)
    return web.Response(status=503, headers=headers, text="The server is busy.")


def _cut(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=503)
