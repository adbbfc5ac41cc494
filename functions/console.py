"""HTTP: the console's pages and its API, as one ASGI application."""

from __future__ import annotations

import azure.functions as func

from functions.runtime import app
from shared.errors import ConfigurationError

blueprint = func.Blueprint()
_middleware: func.AsgiMiddleware | None = None


@blueprint.route(
    route="{*path}",
    methods=[func.HttpMethod.GET, func.HttpMethod.POST, func.HttpMethod.PUT],
    auth_level=func.AuthLevel.FUNCTION,
)
async def console(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Hand the request to the console. Loaded with the first request: no other function pays for it."""
    global _middleware
    if _middleware is None:
        from shared.console.web import web

        try:
            _middleware = func.AsgiMiddleware(web(app()))
        except ConfigurationError as error:
            # The caller holds a key of this app, and has to know which setting to mend.
            text = "Postrum is not configured:\n" + "".join(f"- {problem}\n" for problem in error.problems)
            return func.HttpResponse(
                text, status_code=503, mimetype="text/plain", headers={"Cache-Control": "no-store"}
            )
    return await _middleware.handle_async(req, context)
