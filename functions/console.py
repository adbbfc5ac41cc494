"""HTTP: the console's pages and its API, as one ASGI application."""

from __future__ import annotations

import azure.functions as func

from functions.runtime import app

blueprint = func.Blueprint()
_middleware: func.AsgiMiddleware | None = None


@blueprint.route(
    route="{*path}",
    methods=[func.HttpMethod.GET, func.HttpMethod.POST],
    auth_level=func.AuthLevel.FUNCTION,
)
async def console(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Hand the request to the console. Loaded with the first request: no other function pays for it."""
    global _middleware
    if _middleware is None:
        from shared.console.web import web

        _middleware = func.AsgiMiddleware(web(app()))
    return await _middleware.handle_async(req, context)
