"""Tokens for a Microsoft account that signed in.

https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow#refresh-the-access-token
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

from shared.effect import effect
from shared.errors import ServiceUnavailable
from shared.identity.entra_refusal import refused
from shared.identity.refreshed import Redeemed, RefreshedCredential
from shared.net.web import WebClient
from shared.stores.secret_store import SecretStore

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
"""RFC 7523 section 2.2."""
_CONTINUOUS: Final = {"xms_cc": {"values": ["CP1"]}}
"""Says that claims challenges are understood. https://learn.microsoft.com/entra/identity-platform/claims-challenge"""


class DelegatedCredential(RefreshedCredential):
    """Acts for an account of one tenant, at Graph or at Exchange's IMAP server.

    Args:
        tenant_id: tenant that the account signed in to.
        client_id: id of the app registration.
        assertion: gives the JWT by which the application proves itself in that tenant.
        secrets: where the refresh token is.
        secret_name: its name there.
        authority: where Entra ID is; always https.
        ca_file: certificates to trust instead of the usual ones; for development.
    """

    def __init__(
        self,
        *,
        tenant_id: str,
        client_id: str,
        assertion: Callable[[], Awaitable[str]],
        secrets: SecretStore,
        secret_name: str,
        authority: str,
        ca_file: Path | None = None,
    ) -> None:
        super().__init__(secrets=secrets, secret_name=secret_name)
        self._tenant_id = tenant_id
        self._client_id = client_id
        self._assertion = assertion
        self._authority = authority.rstrip("/")
        self._web = WebClient(ca_file=ca_file)

    async def _redeem(self, refresh_token: str, scopes: tuple[str, ...], claims: str | None) -> Redeemed:
        form = {
            "client_id": self._client_id,
            "grant_type": "refresh_token",
            "refresh_token": refresh_token,
            "scope": " ".join((*scopes, "offline_access")),
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": await self._assertion(),
            "claims": _claims(claims),
        }
        async with effect("token.refresh"):
            answer = await self._web.post_form(f"{self._authority}/{self._tenant_id}/oauth2/v2.0/token", form)
        content = answer.json()
        if answer.status != 200:
            wait = answer.headers.get("Retry-After", "")
            raise refused(
                content,
                who=f"an account of tenant {self._tenant_id}",
                status=answer.status,
                retry_after=float(wait) if wait.isdigit() else None,
            )
        return redeemed(content, "Entra ID")


def redeemed(content: dict[str, Any], provider: str) -> Redeemed:
    """What a token endpoint gave (RFC 6749 section 5.1).

    Raises:
        ServiceUnavailable: it is not complete.
    """
    access_token, expires_in, fresh = (content.get(name) for name in ("access_token", "expires_in", "refresh_token"))
    seconds = int(expires_in) if isinstance(expires_in, int | float | str) and str(expires_in).isdigit() else 0
    if not isinstance(access_token, str) or not access_token or not seconds:
        raise ServiceUnavailable(f"{provider} gave an answer without a token.")
    return Redeemed(access_token, min(seconds, 86_400 * 2), fresh if isinstance(fresh, str) and fresh else None)


def _claims(challenge: str | None) -> str:
    """The claims of a challenge, and that we understand such challenges; what is not JSON is passed over."""
    try:
        asked = json.loads(challenge) if challenge else {}
    except (ValueError, RecursionError):
        asked = {}
    wanted = asked.get("access_token") if isinstance(asked, dict) else None
    return json.dumps({"access_token": {**(wanted if isinstance(wanted, dict) else {}), **_CONTINUOUS}})
