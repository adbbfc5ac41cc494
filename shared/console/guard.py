"""What holds for every answer and every request, below all pages: headers, and how much may be sent.

Content security policy: nothing but our own files; no script and no style inside a page, so nothing that a sender wrote can
run even if it got into one. https://www.w3.org/TR/CSP3/
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from shared.settings import Settings
from shared.telemetry import problem

type Scope = MutableMapping[str, Any]
type Message = MutableMapping[str, Any]
type Receive = Callable[[], Awaitable[Message]]
type Send = Callable[[Message], Awaitable[None]]
type AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]

API = "/api/"
FORM_LIMIT = 1024 * 1024
"""Bytes of a form."""
API_LIMIT = 5 * 1024 * 1024
"""Bytes of a request to the API; a configuration file is the largest."""
TOO_LARGE = "postrum.too_large"
"""Set in the scope where the body is larger than it may be; the body is not read then."""


def guarded(inner: AsgiApp, settings: Settings) -> AsgiApp:
    """The application with what holds for every request."""
    headers = security_headers(settings)
    names = {name for name, _ in headers}

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        limit = API_LIMIT if str(scope["path"]).startswith(API) else FORM_LIMIT
        body = _Body(receive, limit)
        scope[TOO_LARGE] = _announced(scope) > limit

        async def protected(event: Message) -> None:
            if event["type"] == "http.response.start":
                own = list(event.get("headers", ()))
                given = {name.lower() for name, _ in own}
                # A page may say more about how long it is kept and nothing else: everything here is the same for all.
                kept = [(name, value) for name, value in own if name.lower() not in names or name.lower() == _CACHE]
                event["headers"] = [*kept, *((n, v) for n, v in headers if n != _CACHE or _CACHE not in given)]
            await send(event)

        try:
            await inner(scope, body, protected)
        except Exception as error:  # noqa: BLE001 - the framework has answered with a page, and raises so that somebody notes it
            problem("console_defect", error, path=str(scope["path"]))

    return answer


class RequestTooLarge(Exception):
    """More came than was announced, and than may come."""


class _Body:
    """The body of a request, counted."""

    def __init__(self, receive: Receive, limit: int) -> None:
        self._receive = receive
        self._left = limit

    async def __call__(self) -> Message:
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            raise RequestTooLarge
        return message


_CACHE = b"cache-control"


def security_headers(settings: Settings) -> list[tuple[bytes, bytes]]:
    """The headers of every answer."""
    # Browsers hold a form to this list even after a redirect, and the forms that begin a sign-in lead there.
    sign_in = " ".join(sorted({_origin(settings.authority), _origin(settings.google_sign_in)}))
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        f"form-action 'self' {sign_in}; frame-ancestors 'none'; base-uri 'none'"
    )
    told = {
        "content-security-policy": policy,
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "same-origin",
        "permissions-policy": "camera=(), geolocation=(), microphone=()",
        "cache-control": "no-store",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
    }
    if settings.public_url.startswith("https://"):
        told["strict-transport-security"] = "max-age=31536000"
    return [(name.encode(), value.encode()) for name, value in told.items()]


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def _announced(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name.lower() == b"content-length":
            return int(value) if value.isdigit() and len(value) < 20 else 2**63
    return 0
