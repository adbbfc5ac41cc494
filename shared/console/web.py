"""The console as an ASGI application. It brings the web framework, so it is imported with the first request only."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, PlainTextResponse, Response

from shared.console import api, pages
from shared.console.access import NotSignedIn
from shared.console.guard import API, AsgiApp, RequestTooLarge, guarded
from shared.console.problems import Answer, answer_for, answer_to, problem_details, problems_in
from shared.console.product import Product
from shared.console.render import address
from shared.console.static_files import static_file
from shared.console.visit import Visit, Visitor, anybody
from shared.doctor.model import VERSION
from shared.errors import ConfigurationError, PostrumError, TransientError
from shared.language.texts import gettext_noop
from shared.remedies import known, told
from shared.telemetry import problem

WELL_KNOWN = "/.well-known/postrum"
_YEAR = "public, max-age=31536000, immutable"


def web(product: Product) -> AsgiApp:
    """The console over the product."""
    application = FastAPI(
        title="Postrum",
        version=VERSION,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    application.state.product = product
    application.include_router(_open)
    for router in pages.ROUTERS:
        application.include_router(router, include_in_schema=False)
    for router in api.ROUTERS:
        application.include_router(router, prefix=api.PREFIX)

    @application.get(f"{api.PREFIX}/openapi.json", include_in_schema=False)
    async def openapi(visit: Visitor) -> Response:
        """What the API offers, as OpenAPI 3.1."""
        return JSONResponse(described(application))

    application.add_exception_handler(PostrumError, _failed)
    application.add_exception_handler(HTTPException, _refused)
    application.add_exception_handler(RequestValidationError, _invalid)
    application.add_exception_handler(RequestTooLarge, _too_large)
    application.add_exception_handler(Exception, _defect)
    return guarded(application, product.settings)


_open = APIRouter(include_in_schema=False)


@_open.get("/healthz")
async def healthz() -> Response:
    """Whether the app answers at all; touches nothing behind it."""
    return PlainTextResponse("ok\n")


@_open.get(WELL_KNOWN)
async def well_known(request: Request) -> Response:
    """What a program has to know before it can sign in. None of it is secret: all of it is in every sign-in's address."""
    settings = request.app.state.product.settings
    return JSONResponse(
        {
            "tenant_id": settings.tenant_id,
            "client_id": settings.app_client_id,
            "authority": settings.authority,
            "scope": f"api://{settings.app_client_id}/.default",
            "api": api.PREFIX,
            "version": VERSION,
        }
    )


@_open.get("/static/{name}")
async def static(name: str) -> Response:
    """A script, a style or a picture."""
    file = static_file(name)
    if file is None:
        raise HTTPException(404)
    return Response(file.content, media_type=file.media_type, headers={"cache-control": _YEAR})


def described(application: FastAPI) -> dict[str, Any]:
    """The description of the API, with how callers prove who they are."""
    document = application.openapi()
    document["components"]["securitySchemes"] = {
        "entra": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": f"An access token of Entra; {WELL_KNOWN} says for which scope.",
        }
    }
    document["security"] = [{"entra": []}]
    return document


async def _failed(request: Request, error: Exception) -> Response:
    """An error of the product."""
    if not isinstance(error, PostrumError):
        raise error
    answer = answer_to(error)
    if answer.status >= 500:
        problem("console_failed", None, code=error.code)
    visit = await _visit(request)
    if isinstance(error, NotSignedIn) and not _is_api(request):
        return _to_sign_in(visit)
    text, remedy = visit.texts.gettext(error.message), visit.texts.gettext(error.remedy)
    if isinstance(error, ConfigurationError):
        # Settings and their values are the deployer's, who reads them in the log and with `postrum doctor`.
        text, remedy = visit.say(_MISCONFIGURED), ""
    elif known(error.cause):
        entry = told(error.cause, visit.texts.language)
        text, remedy = entry.cause, entry.next_step
    return _told(
        visit,
        answer,
        code=error.cause or error.code,
        text=text,
        remedy=remedy,
        problems=problems_in(error),
        retry_after=error.retry_after if isinstance(error, TransientError) else None,
    )


async def _refused(request: Request, error: Exception) -> Response:
    """A path or method that does not exist."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    visit = await _visit(request)
    text = _NO_PAGE if status == 404 else _NO_METHOD
    return _told(visit, answer_for(status), code="not_found" if status == 404 else "not_possible", text=visit.say(text))


async def _invalid(request: Request, error: Exception) -> Response:
    """Parameters or a body that are not what a route takes."""
    found = error.errors() if isinstance(error, RequestValidationError) else []
    problems = [("/" + "/".join(str(part) for part in one["loc"][1:]), str(one["msg"])) for one in found]
    visit = await _visit(request)
    return _told(visit, answer_for(422), code="invalid", text=visit.say(_NOT_VALID), problems=problems)


async def _too_large(request: Request, _error: Exception) -> Response:
    """More was sent than is taken."""
    visit = await _visit(request)
    return _told(visit, answer_for(413), code="too_large", text=visit.say(_TOO_LARGE))


async def _defect(request: Request, _error: Exception) -> Response:
    """A defect of ours. What it was is in the log."""
    visit = await _visit(request)
    return _told(visit, answer_for(500), code="defect", text=visit.say(_DEFECT))


_NO_PAGE = gettext_noop("There is no such page.")
_NO_METHOD = gettext_noop("This address does not take that kind of request.")
_NOT_VALID = gettext_noop("The request is not valid.")
_TOO_LARGE = gettext_noop("What was sent is larger than this page takes.")
_DEFECT = gettext_noop("Something went wrong that should not. The log of the app has the details.")
_MISCONFIGURED = gettext_noop("Postrum is not set up completely. Its log and `postrum doctor` name what is missing.")


async def _visit(request: Request) -> Visit:
    """The visit as far as it got; of nobody where it got nowhere."""
    visit = getattr(request.state, "visit", None)
    if isinstance(visit, Visit):
        return visit
    try:
        return await anybody(request)
    except (PostrumError, RequestTooLarge, HTTPException):
        # The error that is being told matters more than who is told it.
        found: Visit = request.state.visit
        return found


def _told(
    visit: Visit,
    answer: Answer,
    *,
    code: str,
    text: str,
    remedy: str = "",
    problems: list[tuple[str, str]] | None = None,
    retry_after: float | None = None,
) -> Response:
    """An error as a page, or as problem details for the API."""
    title = visit.say(answer.title)
    if _is_api(visit.request):
        return problem_details(
            answer.status,
            answer.title,
            code=code,
            detail=text,
            remedy=remedy,
            instance=visit.request.url.path,
            problems=problems,
            retry_after=retry_after,
        )
    page = visit.page("error.html", answer.status, title=title, text=text, remedy=remedy, code=code)
    if answer.status == 503:
        page.headers["retry-after"] = str(round(retry_after or 30))
    return page


def _to_sign_in(visit: Visit) -> Response:
    """To the page for signing in, and afterwards back to where the visitor wanted to go."""
    wanted = visit.path if visit.request.method == "GET" else "/"
    if visit.request.headers.get("hx-request") == "true":
        return Response(status_code=401, headers={"hx-redirect": address("/sign-in")})
    parameters = {} if wanted == "/" else {"return": wanted}
    return visit.go("/sign-in", **parameters)


def _is_api(request: Request) -> bool:
    return request.url.path.startswith((API, "/.well-known/"))
