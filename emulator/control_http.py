"""The control plane over HTTP: ``POST /_emulator/{operation}`` with the arguments as JSON, and pages to look at."""

from __future__ import annotations

import base64
import inspect
import json
from typing import Any

from aiohttp import web

from emulator.control import OPERATIONS, Control
from emulator.errors import EmulatorError


class ControlPlane:
    """Maps requests to the methods of ``Control``. An argument ``x_base64`` is the argument ``x`` as bytes."""

    def __init__(self, control: Control) -> None:
        self._control = control

    def routes(self) -> list[web.RouteDef]:
        """What the plain listener serves."""
        return [
            web.get("/_emulator/", self.index),
            web.get("/_emulator/sink/{name}", self.sink),
            web.delete("/_emulator/sink/{name}", self.clear_sink),
            web.get("/_emulator/{operation}", self.call),
            web.post("/_emulator/{operation}", self.call),
        ]

    async def index(self, _request: web.Request) -> web.Response:
        """All operations with their signatures."""
        return web.json_response(
            {
                name: {"signature": str(inspect.signature(method)), "about": inspect.getdoc(method)}
                for name, method in OPERATIONS.items()
            }
        )

    async def sink(self, request: web.Request) -> web.Response:
        """What came to a name."""
        return web.json_response(self._control.sink(request.match_info["name"]))

    async def clear_sink(self, request: web.Request) -> web.Response:
        """Forget what came to a name."""
        self._control.clear_sink(request.match_info["name"])
        return web.Response(status=204)

    async def call(self, request: web.Request) -> web.Response:
        """Call one operation; GET takes its arguments from the query, as text."""
        method = OPERATIONS.get(request.match_info["operation"])
        if method is None:
            return _error(404, "no such operation; /_emulator/ lists them")
        try:
            arguments = dict(request.query) if request.method == "GET" else await _arguments(request)
            inspect.signature(method).bind(self._control, **arguments)
            result = method(self._control, **arguments)
        except (EmulatorError, TypeError, ValueError, OSError) as error:
            return _error(400, f"{type(error).__name__}: {error}")
        return web.json_response(result)


async def _arguments(request: web.Request) -> dict[str, Any]:
    raw = await request.read()
    arguments = json.loads(raw) if raw else {}
    if not isinstance(arguments, dict):
        raise EmulatorError("the arguments are a JSON object")
    for name in [name for name in arguments if name.endswith("_base64")]:
        arguments[name.removesuffix("_base64")] = base64.b64decode(arguments.pop(name))
    return arguments


def _error(status: int, text: str) -> web.Response:
    return web.json_response({"error": text}, status=status)
