"""HTTP: the console's pages and its API, as one ASGI application."""

from __future__ import annotations

import azure.functions as func

from functions.runtime import app
from shared.errors import ConfigurationError
from shared.telemetry import problem

blueprint = func.Blueprint()
_middleware: func.AsgiMiddleware | None = None


@blueprint.route(
    route="{*path}",
    methods=[
        func.HttpMethod.GET,
        func.HttpMethod.POST,
        func.HttpMethod.PUT,
        func.HttpMethod.PATCH,
        func.HttpMethod.DELETE,
    ],
    auth_level=func.AuthLevel.ANONYMOUS,
)
async def console(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Hand the request to the console, which signs people in by itself. Loaded with the first request: no other function pays for it."""
    global _middleware
    if _middleware is None:
        try:
            product = app()
        except ConfigurationError as error:
            for text in error.problems:
                problem("not_configured", None, problem=text)
            # Anybody may be asking: the names of the settings are in the log, which the deployer can read.
            text = "Postrum is not configured. Its log names every setting that is missing or wrong.\n"
            return func.HttpResponse(
                text, status_code=503, mimetype="text/plain", headers={"Cache-Control": "no-store"}
            )
        from shared.console.web import web

        _middleware = func.AsgiMiddleware(web(product))
    return await _middleware.handle_async(req, context)
