"""HTTP: what Microsoft Graph tells of mailboxes. Anybody can call it, so nothing is believed and nothing is said.

The routes are literal and registered before the console's catch-all.
"""

from __future__ import annotations

import azure.functions as func

from functions.runtime import app
from shared.errors import PostrumError
from shared.telemetry import problem

blueprint = func.Blueprint()
HEADERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
TOKEN_LIMIT = 4 * 1024
"""Characters of a validation token."""


@blueprint.route(route="push/graph", methods=[func.HttpMethod.POST], auth_level=func.AuthLevel.ANONYMOUS)
async def push_graph(req: func.HttpRequest) -> func.HttpResponse:
    """Change notifications."""
    return _echo(req) or await _take(req)


@blueprint.route(route="push/graph/lifecycle", methods=[func.HttpMethod.POST], auth_level=func.AuthLevel.ANONYMOUS)
async def push_graph_lifecycle(req: func.HttpRequest) -> func.HttpResponse:
    """Lifecycle notifications."""
    return _echo(req) or await _take(req)


def _echo(req: func.HttpRequest) -> func.HttpResponse | None:
    """The validation handshake: the decoded token as plain text, within ten seconds, so nothing is loaded for it.

    Graph: Receive change notifications through webhooks, "notificationUrl validation".
    """
    token = req.params.get("validationToken")
    if token is None:
        return None
    if len(token) > TOKEN_LIMIT:
        return func.HttpResponse(status_code=400, headers=HEADERS)
    return func.HttpResponse(token, status_code=200, mimetype="text/plain", charset="utf-8", headers=HEADERS)


async def _take(req: func.HttpRequest) -> func.HttpResponse:
    """202 whether a notification was genuine or not; 503 where nothing could be noted, so that Graph sends it again."""
    try:
        taken = await app().notifications(req.get_body())
    except PostrumError as error:
        problem("notifications_not_taken", None, code=error.code)
        return func.HttpResponse(status_code=503, headers=HEADERS)
    return func.HttpResponse(status_code=202 if taken else 400, headers=HEADERS)
