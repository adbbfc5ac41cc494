"""Signing in and out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import RedirectResponse, Response

from shared.console.access import cookies_of
from shared.console.cookies import BROWSER, SESSION, SESSION_SECONDS
from shared.console.visit import Anybody
from shared.errors import PermissionDenied
from shared.identity.sign_in import ANSWER_FIELDS, CALLBACK, console_path
from shared.remedies import told

router = APIRouter()

ReturnTo = Annotated[str, Query(alias="return")]


@router.get("/sign-in")
async def sign_in(visit: Anybody, return_to: ReturnTo = "/") -> Response:
    """The page with the button."""
    if visit.signed_in:
        return visit.go(console_path(return_to))
    return visit.page("sign_in.html", return_to=console_path(return_to), refused=None)


@router.get("/sign-in/start")
async def start(visit: Anybody, return_to: ReturnTo = "/") -> Response:
    """To Entra. The answer has to come back to this browser."""
    url = await visit.product.sign_in.begin(visit.browser, return_to)
    answer = RedirectResponse(url, status_code=303)
    cookies_of(visit.product).set(answer, BROWSER, visit.browser)
    return answer


@router.get(CALLBACK)
async def callback(visit: Anybody) -> Response:
    """Back from Entra."""
    query = visit.request.query_params
    given = {name: query[name] for name in ANSWER_FIELDS if name in query}
    try:
        session, path = await visit.product.sign_in.finish(visit.browser, given)
    except PermissionDenied as error:
        refused = told(error.cause or error.code, visit.texts.language)
        return visit.page("sign_in.html", 403, return_to="/", refused=refused)
    if visit.signed_in:
        await visit.product.sessions.end(visit.caller.secret)  # one browser, one session
    answer = RedirectResponse(path, status_code=303)
    cookies_of(visit.product).set(answer, SESSION, session, SESSION_SECONDS)
    return answer


@router.post("/sign-out")
async def sign_out(visit: Anybody) -> Response:
    """End the session."""
    await visit.product.sessions.end(visit.caller.secret)
    answer = RedirectResponse("/sign-in", status_code=303)
    cookies_of(visit.product).drop(answer, SESSION)
    return answer
