"""Choosing the language."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from shared.console.access import cookies_of
from shared.console.cookies import LANGUAGE, LANGUAGE_SECONDS
from shared.console.visit import Anybody
from shared.identity.sign_in import console_path
from shared.language.texts import LANGUAGES

router = APIRouter()


@router.post("/language")
async def choose(visit: Anybody) -> Response:
    """Keep the choice in this browser, and come back to the page."""
    form = await visit.form()
    path = form.get("path", "/")
    # The page before sign-in is the one place below /sign-in that somebody may come back to.
    answer = RedirectResponse("/sign-in" if path == "/sign-in" else console_path(path), status_code=303)
    if form.get("language") in LANGUAGES:
        cookies_of(visit.product).set(answer, LANGUAGE, form["language"], LANGUAGE_SECONDS)
    return answer
