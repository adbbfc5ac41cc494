"""Access tokens for the API: `Authorization: Bearer` with a token that Entra issued for this application.

Checked as https://learn.microsoft.com/entra/identity-platform/access-tokens#validate-tokens asks: signature (RS256 only, with the
tenant's published keys), audience, issuer of this one tenant, times, and the roles that Entra put in.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

import jwt

from shared.errors import PermissionDenied, ServiceUnavailable
from shared.model.person import Person, known_roles
from shared.net.web import WebAnswer

LEEWAY: Final = 60
"""Seconds that two clocks may differ."""
KEYS_SECONDS: Final = 24 * 3600
"""How long published keys are used; a new key is found sooner, by its unknown id."""
ASK_AGAIN_SECONDS: Final = 60
"""Keys are not asked for more often, however many tokens name an unknown one."""
TOKEN_LENGTH: Final = 16_384
"""Characters; a token with many groups has about 4,000."""


class Web(Protocol):
    """What is needed of `shared.net.web.WebClient`."""

    async def get(self, url: str) -> WebAnswer:
        """What is at an address."""


class ApiTokens:
    """Says whose token it is. Construction connects to nothing; keys are kept in memory.

    Args:
        tenant_id: the one tenant whose tokens are good.
        client_id: of the app registration; the audience is it, or `api://` with it.
        authority: where Entra ID is.
        web: reads the published keys.
        now: seconds since 1970; only tests give another.
    """

    def __init__(
        self, *, tenant_id: str, client_id: str, authority: str, web: Web, now: Callable[[], float] = time.time
    ) -> None:
        self._tenant_id = tenant_id
        self._audiences = [client_id, f"api://{client_id}"]
        self._discovery = f"{authority}/{tenant_id}/v2.0/.well-known/openid-configuration"
        self._issuers = [f"{authority}/{tenant_id}/v2.0", f"https://sts.windows.net/{tenant_id}/"]
        self._web = web
        self._now = now
        self._keys: dict[str, jwt.PyJWK] = {}
        self._asked_at = float("-inf")
        self._lock = asyncio.Lock()

    async def person(self, token: str) -> Person:
        """Who shows this token.

        Raises:
            PermissionDenied: it is not good; the reason is not told to whoever sent it.
            TransientError: the keys could not be read.
        """
        if len(token) > TOKEN_LENGTH:
            raise PermissionDenied("The token is too long.")
        try:
            key = await self._key(str(jwt.get_unverified_header(token).get("kid", "")))
            claims = jwt.decode(
                token,
                key,
                algorithms=["RS256"],
                audience=self._audiences,
                issuer=self._issuers,
                options={
                    "require": ["exp", "nbf", "iss", "aud", "tid", "oid"],
                    "verify_exp": False,
                    "verify_nbf": False,
                },
            )
        except (jwt.PyJWTError, ValueError, UnicodeError):
            raise PermissionDenied("The token is not one for this application.") from None
        return self._judged(claims)

    def _judged(self, claims: dict[str, Any]) -> Person:
        now = self._now()
        try:
            timely = float(claims["nbf"]) - LEEWAY <= now < float(claims["exp"]) + LEEWAY
        except (TypeError, ValueError):
            timely = False
        if not timely:
            raise PermissionDenied("The token is not within its time.")
        if claims["tid"] != self._tenant_id:
            raise PermissionDenied("The token is one of another tenant.")
        if not (claims.get("azp") or claims.get("appid")):
            # An identity token has the same issuer and audience; it says who signed in, and opens nothing.
            raise PermissionDenied("The token is not an access token.")
        roles = known_roles(claims.get("roles"))
        if not roles:
            raise PermissionDenied("The token has no role in Postrum.")
        name = str(claims.get("name") or claims.get("app_displayname") or claims.get("azp") or claims.get("appid"))
        user_name = str(claims.get("preferred_username") or claims.get("upn") or claims.get("unique_name") or "")
        return Person(
            tenant_id=self._tenant_id, object_id=str(claims["oid"]), name=name, user_name=user_name, roles=roles
        )

    async def _key(self, key_id: str) -> jwt.PyJWK:
        found = self._keys.get(key_id)
        age = self._now() - self._asked_at
        if found is None or age > KEYS_SECONDS:
            async with self._lock:
                if self._now() - self._asked_at > ASK_AGAIN_SECONDS:
                    await self._ask()
            found = self._keys.get(key_id)
        if found is None:
            raise PermissionDenied("The token is signed with a key that the tenant does not publish.")
        return found

    async def _ask(self) -> None:
        """Read the tenant's keys. An answer that fails counts as asked too: an outage is not made worse."""
        self._asked_at = self._now()
        document = await self._web.get(self._discovery)
        address = str(document.json().get("jwks_uri", ""))
        if document.status != 200 or urlsplit(address).netloc != urlsplit(self._discovery).netloc:
            raise ServiceUnavailable("The tenant's description cannot be read.")
        answer = await self._web.get(address)
        if answer.status != 200:
            raise ServiceUnavailable("The tenant's keys cannot be read.")
        try:
            keys = jwt.PyJWKSet.from_dict(answer.json()).keys
        except jwt.PyJWTError:
            raise ServiceUnavailable("The tenant's keys cannot be read.") from None
        self._keys = {key.key_id: key for key in keys if key.key_id and key.key_type == "RSA"}
