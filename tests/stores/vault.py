"""A small Key Vault for tests: secrets over https, with the challenge that the SDK expects. No version but the newest is kept.

https://learn.microsoft.com/azure/key-vault/general/authentication-requests-and-responses
https://learn.microsoft.com/rest/api/keyvault/secrets
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web
from azure.core.credentials import AccessToken

from emulator.certificates import server_context

TOKEN = "token-for-the-vault"
TENANT = "a23c26f9-1c07-54e6-b206-19cb48d8be34"


@dataclass
class Vault:
    """What it holds and what it was asked."""

    uri: str = ""
    ca_file: str = ""
    secrets: dict[str, str] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    disabled: set[str] = field(default_factory=set)
    requests: list[tuple[str, str, bool, int]] = field(default_factory=list)
    """Method, name, whether there was a token, and the bytes of the body."""
    slow: bool = False
    """Whether a deleted secret takes its time to come back."""
    fail: tuple[int, dict[str, str]] | None = None
    scopes: list[str] = field(default_factory=list)
    """What tokens were asked for."""

    async def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        """As the managed identity would."""
        self.scopes += scopes
        return AccessToken(TOKEN, 4_000_000_000)

    async def close(self) -> None:
        """Nothing is open."""

    def credential(self) -> Any:
        return self

    async def handle(self, request: web.Request) -> web.Response:
        """GET, PUT and DELETE /secrets/{name}."""
        name = request.match_info["name"].lower()  # names know no upper case
        body = await request.read()
        authorised = request.headers.get("Authorization") == f"Bearer {TOKEN}"
        self.requests.append((request.method, request.match_info["name"], authorised, len(body)))
        if not re.fullmatch(r"[0-9a-zA-Z-]{1,127}", request.match_info["name"]) or "api-version" not in request.query:
            return _error(400, "BadParameter")
        if not authorised:
            # The resource is the part of the host's name that all vaults share: *.vault.azure.net; here 127.*
            resource = f"https://0.0.1:{request.url.port}"
            challenge = f'Bearer authorization="https://login.example/{TENANT}", resource="{resource}"'
            return _error(401, "Unauthorized", {"WWW-Authenticate": challenge})
        if self.fail:
            return _error(self.fail[0], "Failed", self.fail[1])
        if request.path.startswith("/deletedsecrets/"):
            if name not in self.deleted:
                return _error(404, "SecretNotFound")
            if not self.slow:
                self.deleted.discard(name)
                self.secrets[name] = "the deleted one"
            return web.json_response({"id": f"{self.uri}/secrets/{name}"})
        if request.method == "PUT":
            if name in self.deleted:
                return _error(409, "Conflict")
            self.secrets[name] = str(json.loads(body)["value"])
        if name in self.disabled:
            return _error(403, "Forbidden")
        if name not in self.secrets:
            return _error(404, "SecretNotFound")
        if request.method == "DELETE":
            del self.secrets[name]
            self.deleted.add(name)
            return web.json_response(
                {
                    "recoveryId": f"{self.uri}/deletedsecrets/{name}",
                    "deletedDate": 1_700_000_000,
                    "scheduledPurgeDate": 1_707_776_000,
                    "id": f"{self.uri}/secrets/{name}/0123456789abcdef0123456789abcdef",
                    "attributes": {"enabled": True, "created": 1_700_000_000, "updated": 1_700_000_000},
                }
            )
        secret = {
            "value": self.secrets[name],
            "id": f"{self.uri}/secrets/{name}/0123456789abcdef0123456789abcdef",
            "attributes": {"enabled": True, "created": 1_700_000_000, "updated": 1_700_000_000},
        }
        return web.json_response(secret)


def _error(status: int, code: str, headers: dict[str, str] | None = None) -> web.Response:
    return web.json_response(
        {"error": {"code": code, "message": "secret text of the vault"}}, status=status, headers=headers
    )


@asynccontextmanager
async def running_vault(directory: Path) -> AsyncIterator[Vault]:
    """The vault on a free port of this machine."""
    vault = Vault()
    directory.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240 - a test
    context, ca_file = server_context(directory)
    app = web.Application()
    app.router.add_route("*", "/secrets/{name}", vault.handle)
    app.router.add_route("*", "/secrets/{name}/", vault.handle)
    app.router.add_route("POST", "/deletedsecrets/{name}/recover", vault.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    vault.uri, vault.ca_file = f"https://127.0.0.1:{runner.addresses[0][1]}", str(ca_file)
    try:
        yield vault
    finally:
        await runner.cleanup()
