"""The console as an ASGI application. It brings the web framework, so it is imported with the first request only."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException

from shared.configuration.service import Configure
from shared.configuration.yaml_file import companies
from shared.console.pages import Links, error_page, message_page, status_page
from shared.errors import (
    ConcurrentWrite,
    ConfigurationError,
    NotFound,
    PermanentError,
    PermissionDenied,
    PostrumError,
    TransientError,
)
from shared.pipeline.again import RunAgain
from shared.pipeline.status import StatusReport
from shared.stores.configuration import Configuration
from shared.telemetry import problem

if TYPE_CHECKING:
    from shared.doctor.doctor import Doctor
    from shared.settings import Settings

type Scope = MutableMapping[str, Any]
type Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
type Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
type AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]

_NONCE = "postrum.nonce"
_POLICY = "default-src 'none'; img-src data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
_STATUS: tuple[tuple[type[PostrumError], int, str], ...] = (
    (NotFound, 404, "Not found"),
    (ConcurrentWrite, 409, "Somebody was quicker"),
    (ConfigurationError, 503, "Not configured"),
    (PermissionDenied, 503, "Access refused"),
    (TransientError, 503, "Not now"),
    (PermanentError, 409, "Not possible"),
)
"""How errors are answered; the first that fits."""


class Product(Protocol):
    """What the console needs of the App."""

    @property
    def settings(self) -> Settings:
        """What the deployment decides."""

    @property
    def status(self) -> StatusReport:
        """What is going on."""

    @property
    def again(self) -> RunAgain:
        """Runs things again."""

    @property
    def configure(self) -> Configure:
        """Changes the configuration."""

    @property
    def configuration(self) -> Configuration:
        """What is configured."""

    @property
    def doctor(self) -> Doctor:
        """Looks whether the deployment works."""


def web(app: Product) -> AsgiApp:
    """The console over the product."""
    api = FastAPI(title="Postrum", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)

    @api.get("/healthz")
    async def healthz() -> Response:
        """Whether the app answers at all; touches nothing behind it."""
        return PlainTextResponse("ok\n")

    @api.get("/")
    async def status(request: Request) -> Response:
        """Everything at a glance."""
        found = await app.status(month=_month(request.query_params.get("month")))
        return HTMLResponse(status_page(found, _links(request), request.scope[_NONCE], app.settings.outbound_addresses))

    @api.get("/messages/{message}")
    async def message(message: str, request: Request) -> Response:
        """One message."""
        found = await app.status.message(_key(message, "message"))
        if found is None:
            raise NotFound(f"There is no message {message}.")
        return HTMLResponse(message_page(*found, _links(request), request.scope[_NONCE]))

    @api.post("/messages/{message}/again")
    async def message_again(message: str, request: Request) -> Response:
        """Run a message again."""
        await app.again.message(_key(message, "message"))
        return RedirectResponse(_links(request)(f"/messages/{message}"), status_code=303)

    @api.post("/tasks/{task}/again")
    async def task_again(task: str, request: Request) -> Response:
        """Put a parked task again."""
        await app.again.parked_task(_key(task, "parked task"))
        return RedirectResponse(_links(request)("/"), status_code=303)

    @api.get("/api/v1/doctor")
    async def doctor() -> Response:
        """What the app finds about itself: `shared.doctor.model.Report`."""
        return JSONResponse((await app.doctor()).model_dump(mode="json"))

    @api.put("/api/v1/configuration")
    async def configure(request: Request) -> Response:
        """Load a configuration file (YAML): what `postrum config apply` does. `dry_run=true` changes nothing."""
        try:
            wanted = companies((await request.body()).decode("utf-8-sig"))
            dry = request.query_params.get("dry_run", "false").lower() == "true"
            review = await (app.configure.review(wanted) if dry else app.configure.apply(wanted))
        except UnicodeDecodeError:
            return _problem("The file is not UTF-8.", ["Save the file as UTF-8."])
        except ConfigurationError as error:
            return _problem("The configuration was not changed.", error.problems)
        return JSONResponse(review.model_dump(mode="json"))

    @api.get("/api/v1/configuration")
    async def configured() -> Response:
        """What is configured, as JSON. It holds no secrets: those are not part of the configuration."""
        names = await app.configuration.companies()
        found = [known[0] for name in names if (known := await app.configuration.company(name)) is not None]
        return JSONResponse({"companies": [company.model_dump(mode="json", by_alias=True) for company in found]})

    @api.exception_handler(PostrumError)
    async def failed(request: Request, error: Exception) -> Response:
        code, title = _answer_to(error)
        if code >= 500:
            problem("console_failed", None, code=getattr(error, "code", "error"))
        answer = HTMLResponse(error_page(code, title, str(error), _links(request), request.scope[_NONCE]), code)
        wait = error.retry_after if isinstance(error, TransientError) else None
        if code == 503:
            answer.headers["Retry-After"] = str(round(wait or 30))
        return answer

    @api.exception_handler(HTTPException)
    async def refused(request: Request, error: Exception) -> Response:
        code = error.status_code if isinstance(error, HTTPException) else 500
        title = "Not found" if code == 404 else "Not possible"
        text = "There is no such page." if code == 404 else "This address does not take that kind of request."
        return HTMLResponse(error_page(code, title, text, _links(request), request.scope[_NONCE]), code)

    return _guarded(api)


def _problem(title: str, problems: list[str]) -> Response:
    """Problem details (RFC 9457)."""
    content = {"type": "about:blank", "title": title, "status": 422, "problems": problems}
    return JSONResponse(content, status_code=422, media_type="application/problem+json")


def _guarded(inner: AsgiApp) -> AsgiApp:
    """Every answer says what a browser may do with it: nothing but show it."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        nonce = scope[_NONCE] = secrets.token_urlsafe(16)
        headers = _headers(nonce)

        async def protected(event: MutableMapping[str, Any]) -> None:
            if event["type"] == "http.response.start":
                event["headers"] = [*event.get("headers", ()), *headers]
            await send(event)

        await inner(scope, receive, protected)

    return answer


def _headers(nonce: str) -> list[tuple[bytes, bytes]]:
    told = {
        "content-security-policy": f"{_POLICY}; style-src 'nonce-{nonce}'",
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",  # the address holds the function key
        "cache-control": "no-store",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
    }
    return [(name.encode(), value.encode()) for name, value in told.items()]


def _answer_to(error: Exception) -> tuple[int, str]:
    """Status and title of the page for an error."""
    for kind, code, title in _STATUS:
        if isinstance(error, kind):
            return code, title
    return 500, "An error"


def _links(request: Request) -> Links:
    return Links(request.query_params.get("code"))


def _key(value: str, what: str) -> str:
    """The key of a row as it came in an address; what cannot be one is not asked for."""
    if not value.isascii() or not value.isalnum() or len(value) > 64:
        raise NotFound(f"There is no such {what}.")
    return value


def _month(text: str | None) -> datetime | None:
    try:
        return datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC) if text else None
    except ValueError:
        raise NotFound("There is no such month.", remedy="A month is written as 2026-11.") from None
