"""Token introspection for an IMAP server that stands for Exchange Online or Gmail (RFC 7662)."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from emulator.entra.scopes import EXCHANGE
from emulator.google.accounts import GMAIL
from emulator.world import World

_CREDENTIALS = "introspect:s3cret"
_INACTIVE: dict[str, Any] = {"active": False}


class Introspection:
    """Says whose mailbox a token opens. The server compares it with the user name of the SASL exchange, so for a
    shared mailbox the question must name it: by ``?mailbox=``, or beforehand on the control plane."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[web.RouteDef]:
        """What the plain listener serves."""
        return [web.post("/introspect", self.handle)]

    async def handle(self, request: web.Request) -> web.Response:
        """POST /introspect with ``token``, as introspect:s3cret."""
        wanted = "Basic " + base64.b64encode(_CREDENTIALS.encode()).decode()
        if not hmac.compare_digest(request.headers.get("Authorization", "").encode(), wanted.encode()):
            return web.json_response({"error": "invalid_client"}, status=401, headers={"WWW-Authenticate": "Basic"})
        form: Mapping[str, Any] = await request.post()
        token = str(form.get("token", ""))
        return web.json_response(self._google(token) or self._exchange(token, request.query.get("mailbox", "")))

    def _google(self, token: str) -> dict[str, Any] | None:
        permit = self._world.google.access_tokens.get(token)
        if permit is None:
            return None
        if permit.expires <= self._world.clock.now() or GMAIL not in permit.scopes:
            return _INACTIVE
        return {"active": True, "username": permit.account.email, "scope": GMAIL}

    def _exchange(self, token: str, mailbox: str) -> dict[str, Any]:
        world = self._world
        claims = world.entra.signer.verify(token)
        if claims is None or claims.audience not in EXCHANGE or claims.expires_at <= world.clock.now():
            return _INACTIVE
        if claims.user_name:
            account, permission = claims.user_name, "IMAP.AccessAsUser.All"
            allowed = permission in claims.scopes
        else:
            account, permission = claims.app_id, "IMAP.AccessAsApp"
            allowed = permission in claims.roles
        wanted = mailbox or world.introspected.get(account.lower(), account)
        if not allowed or not world.may_open(account, wanted):
            return _INACTIVE
        return {"active": True, "username": wanted, "scope": permission}
