"""HTTP triggers: from a request to the library's message and back, as the real host does it.

Kept on purpose: a body is read only where Content-Length says that there is one, so a chunked upload arrives empty;
query parameters without a value are left out; header names are lower-cased; a path or method that no function takes
is 404; a failed function is 500 without a body; cookie values are percent-encoded.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qsl, quote

from aiohttp import web

from local.host.bindings import AuthLevel, HttpFunction
from local.host.keys import Keys
from local.host.protos import RpcHttp, TypedData
from local.host.worker import Worker, log

MAX_BODY = 100 * 1024 * 1024
_HOP_BY_HOP = frozenset({"connection", "content-length", "keep-alive", "transfer-encoding", "upgrade"})

# name of a function and the input text given -> whether there is such a function; it runs in the background
type Trigger = Callable[[str, str], bool]


def to_message(request: web.BaseRequest, body: bytes, parameters: Mapping[str, str]) -> TypedData:
    """A request as the library takes it."""
    headers: dict[str, str] = {}
    for name, value in request.headers.items():
        key = name.lower()
        headers[key] = f"{headers[key]},{value}" if key in headers else value
    query: dict[str, str] = {}
    for name, value in parse_qsl(request.rel_url.raw_query_string, keep_blank_values=False):
        query[name] = f"{query[name]},{value}" if name in query else value
    return TypedData(
        http=RpcHttp(
            method=request.method,
            url=f"{request.scheme}://{request.host}{request.raw_path}",
            headers=headers,
            query=query,
            params=dict(parameters),
            body=TypedData(bytes=body) if body else TypedData(),
        )
    )


def to_response(value: Any) -> web.Response:
    """A function's answer as a response. Nothing is 204, a text is 200."""
    if value is None:
        return web.Response(status=204)
    if not isinstance(value, RpcHttp):
        return web.Response(text=str(value))
    body = b"" if value.body is None else value.body.bytes
    response = web.Response(status=int(value.status_code), body=body)
    # a response without a content type must not get aiohttp's default
    response.headers.popall("Content-Type", None)
    for name, text in value.headers.items():
        if name.lower() not in _HOP_BY_HOP:
            response.headers[name] = text
    for cookie in value.cookies or ():
        response.headers.add("Set-Cookie", cookie_header(cookie))
    return response


def cookie_header(cookie: Any) -> str:
    """A cookie as a Set-Cookie header."""
    parts = [f"{cookie.name}={quote(cookie.value, safe='-_.~')}"]
    if cookie.expires is not None:
        moment = datetime.fromtimestamp(cookie.expires.value.seconds, UTC)
        parts.append(f"expires={format_datetime(moment, usegmt=True)}")
    if cookie.max_age is not None:
        parts.append(f"max-age={cookie.max_age.value:.0f}")
    parts += [
        f"{name}={field.value}" for name in ("domain", "path") if (field := getattr(cookie, name)) and field.value
    ]
    if cookie.secure is not None and cookie.secure.value:
        parts.append("secure")
    if cookie.same_site is not None:
        parts.append(f"samesite={cookie.same_site.lower()}")
    if cookie.http_only is not None and cookie.http_only.value:
        parts.append("httponly")
    return "; ".join(parts)


class HttpFront:
    """Takes requests for the app's HTTP functions, and the few of the host itself under `/admin`."""

    def __init__(self, functions: Sequence[HttpFunction], worker: Worker, keys: Keys, trigger: Trigger) -> None:
        self._functions = functions
        self._worker = worker
        self._keys = keys
        self._trigger = trigger

    def application(self) -> web.Application:
        """The aiohttp application."""
        app = web.Application(client_max_size=MAX_BODY)
        app.router.add_route("*", "/{path:.*}", self._answer)
        return app

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        path = request.raw_path.partition("?")[0]
        if path.startswith("/admin/"):
            return await self._admin(request, path)
        for function in self._functions:
            if function.methods and request.method not in function.methods:
                continue
            parameters = function.route.match(path)
            if parameters is not None:
                return await self._call(function, request, parameters)
        if path == "/":
            return web.Response(text="The development host is running.\n")
        return web.Response(status=404)

    async def _call(self, function: HttpFunction, request: web.Request, parameters: Mapping[str, str]) -> web.Response:
        if not self._keys.allow(function.auth_level, _shown_key(request)):
            return web.Response(status=401)
        body = await request.read() if (request.content_length or 0) > 0 else b""
        outcome = await self._worker.invoke(
            function.name, function.function_id, function.parameter, to_message(request, body, parameters)
        )
        if not outcome.succeeded:
            return web.Response(status=500)
        try:
            return to_response(outcome.value)
        except (ValueError, TypeError) as error:
            log.warning("%s gave a response that cannot be sent: %s", function.name, error)
            return web.Response(status=500)

    async def _admin(self, request: web.Request, path: str) -> web.Response:
        """`/admin/host/ping`, and with the master key `/admin/host/status` and `POST /admin/functions/{name}`."""
        if path == "/admin/host/ping":
            return web.Response()
        if not self._keys.allow(AuthLevel.ADMIN, _shown_key(request)):
            return web.Response(status=401)
        if path == "/admin/host/status":
            return web.json_response({"state": "Running", "running": self._worker.running})
        name = path.removeprefix("/admin/functions/")
        if name != path and request.method == "POST":
            try:
                given = json.loads(await request.read() or b"{}").get("input", "")
            except (ValueError, AttributeError):
                return web.Response(status=400, text='the body must be JSON such as {"input": ""}\n')
            if self._trigger(name, str(given)):
                return web.Response(status=202)
        return web.Response(status=404)


def _shown_key(request: web.Request) -> str | None:
    return request.headers.get("x-functions-key") or request.query.get("code")
