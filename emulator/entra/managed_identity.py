"""The managed identity endpoint of App Service (App Service: overview-managed-identity, REST endpoint)."""

from __future__ import annotations

import uuid

from aiohttp import web

from emulator.behaviour import Behaviour
from emulator.clock import Clock
from emulator.entra.scopes import RESOURCES
from emulator.entra.tokens import Tokens
from emulator.ids import guid
from emulator.tenants import Directory


class ManagedIdentity:
    """Issues tokens to the process that was given the header."""

    def __init__(self, directory: Directory, tokens: Tokens, behaviour: Behaviour, clock: Clock) -> None:
        self._directory = directory
        self._tokens = tokens
        self._behaviour = behaviour
        self._clock = clock
        self.header = guid(directory.seed, "msi header")
        self.default = ""

    async def handle(self, request: web.Request) -> web.Response:
        """GET /msi/token, as in App Service and Functions: only with the header that this process was given."""
        query = request.query
        if request.headers.get("X-IDENTITY-HEADER") != self.header:
            return _error(403, "The X-IDENTITY-HEADER is missing or wrong.")
        if "api-version" not in query or "resource" not in query:
            return _error(400, "api-version and resource are required.")
        client_id = query.get("client_id") or self.default
        app = self._directory.apps.get(client_id)
        if app is None or not app.managed_identity:
            return _error(400, "No managed identity was found for the given parameters.")
        tenant = self._directory.tenant(app.tenant_id)
        resource = query["resource"].rstrip("/")
        token = self._tokens.app_only(tenant, app, tenant.principals[client_id], RESOURCES.get(resource, resource))
        return web.json_response(
            {
                "access_token": token,
                "expires_on": str(int(self._clock.now()) + self._behaviour.token_lifetime_seconds),
                "resource": query["resource"],
                "token_type": "Bearer",
                "client_id": client_id,
            }
        )


def _error(status: int, message: str) -> web.Response:
    return web.json_response(
        {"statusCode": status, "message": message, "correlationId": str(uuid.uuid4())}, status=status
    )
