"""Signing a Google account in, and tokens for it: authorisation code with PKCE, and a client secret from the secret store.

https://developers.google.com/identity/protocols/oauth2/web-server and .../openid-connect/openid-connect
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets as random
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from shared.effect import effect
from shared.errors import ConfigurationError, PermissionDenied, PostrumError, ServiceUnavailable, SignInNeeded
from shared.identity.authorisation_code import AuthorisationRequest, SignedIn
from shared.identity.delegated import redeemed
from shared.identity.refreshed import Redeemed, RefreshedCredential
from shared.identity.scopes import GMAIL
from shared.net.web import WebAnswer, WebClient
from shared.remedies import recognise
from shared.stores.secret_store import SecretStore

CLIENT_SECRET: Final = "google-client-secret"  # noqa: S105 - its name
ISSUERS: Final = frozenset({"https://accounts.google.com", "accounts.google.com"})
CLOCK_SKEW: Final = 300
_MOST_PARAMETER: Final = 8_192


class GoogleClient:
    """The OAuth client of this deployment at Google. Construction connects to nothing.

    Args:
        client_id: of the OAuth client; None where the deployment has none.
        secrets: where the client secret is, as `google-client-secret`.
        sign_in_url: Google's sign-in page.
        token_url: Google's token endpoint.
        ca_file: certificates to trust instead of the usual ones; for development.
    """

    def __init__(
        self,
        *,
        client_id: str | None,
        secrets: SecretStore,
        sign_in_url: str,
        token_url: str,
        ca_file: Path | None = None,
    ) -> None:
        self.client_id = client_id or ""
        self._secrets = secrets
        self._sign_in_url = sign_in_url
        self._token_url = token_url
        self._web = WebClient(ca_file=ca_file)

    async def begin(
        self, *, redirect_uri: str, login_hint: str | None = None, prompt: str = "select_account consent"
    ) -> AuthorisationRequest:
        """Where the browser signs in.

        `consent` stands in the prompt because Google gives a refresh token only with a consent.

        Raises:
            ConfigurationError: the deployment has no OAuth client at Google.
        """
        if not self.client_id:
            raise _unconfigured("POSTRUM_GOOGLE_CLIENT_ID is not set")
        state, nonce, verifier = (random.token_urlsafe(32) for _ in range(3))
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        query = {
            "client_id": self.client_id,
            "response_type": "code",
            "redirect_uri": redirect_uri,
            "scope": f"openid email profile {GMAIL}",
            "access_type": "offline",
            "include_granted_scopes": "false",
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            "prompt": prompt,
        }
        if login_hint:
            query["login_hint"] = login_hint
        flow = {"state": state, "nonce": nonce, "code_verifier": verifier, "redirect_uri": redirect_uri}
        return AuthorisationRequest(url=f"{self._sign_in_url}?{urlencode(query)}", state=state, flow=flow)

    async def finish(self, flow: Mapping[str, Any], answer: Mapping[str, str]) -> SignedIn:
        """Redeem the code with which the browser came back. Only once per flow; the caller drops the flow before.

        Args:
            flow: of `begin`.
            answer: parameters of the redirect, untrusted.

        Returns:
            Who signed in. The tenant is empty, `oid` is Google's subject, and `user_name` the verified address.

        Raises:
            PermissionDenied: Google refused, or the answer does not belong to this sign-in. `cause` says which.
            SignInNeeded: the code is used up or too old, or no lasting grant came; begin again.
            ConfigurationError: the OAuth client is set up in a way that cannot work.
            TransientError: Google could not be asked, or not now.
        """
        given = {name: answer.get(name, "")[:_MOST_PARAMETER] for name in ("state", "code", "error", "error_subtype")}
        if not given["state"] or not hmac.compare_digest(given["state"].encode(), str(flow["state"]).encode()):
            raise _denied("The answer does not belong to this sign-in.", "sign_in_state")
        if given["error"]:
            raise google_refused(given["error"], given["error_subtype"])
        if not given["code"]:
            raise _denied("The answer of the sign-in is not complete.", "sign_in_state")
        form = {
            "grant_type": "authorization_code",
            "code": given["code"],
            "redirect_uri": str(flow["redirect_uri"]),
            "code_verifier": str(flow["code_verifier"]),
        }
        content = await self.token("token.redeem", form)
        tokens = redeemed(content, "Google")
        claims = self._judged(str(content.get("id_token") or ""), str(flow["nonce"]))
        granted = tuple(str(content.get("scope") or "").split())
        if GMAIL not in granted:
            raise _denied("The account did not grant access to its mail.", "google_scope_missing")
        if tokens.refresh_token is None:
            raise SignInNeeded("Google gave no lasting grant.", remedy="Begin the sign-in again.").because(
                "sign_in_no_refresh_token"
            )
        return SignedIn(
            oid=str(claims["sub"]),
            tenant_id="",
            name=str(claims.get("name") or "")[:200],
            user_name=str(claims["email"])[:320],
            roles=(),
            access_token=tokens.access_token,
            expires_at=time.time() + tokens.expires_in,
            refresh_token=tokens.refresh_token,
            scopes=granted,
            claims=claims,
        )

    async def token(self, name: str, form: Mapping[str, str]) -> dict[str, Any]:
        """Ask the token endpoint once, as this client.

        Args:
            name: of the effect.
            form: without what names the client.

        Raises:
            As `finish`.
        """
        secret = await self._secrets.get(CLIENT_SECRET)
        if not self.client_id or not secret:
            raise _unconfigured(f"the secret {CLIENT_SECRET} or POSTRUM_GOOGLE_CLIENT_ID is missing")
        whole = {**form, "client_id": self.client_id, "client_secret": secret}
        async with effect(name):
            answer: WebAnswer = await self._web.post_form(self._token_url, whole)
        if answer.status == 429 or answer.status >= 500:
            raise ServiceUnavailable(f"Google could not give a token (status {answer.status}).").because(
                "google_unavailable"
            )
        content = answer.json()
        if answer.status != 200:
            raise google_refused(str(content.get("error") or ""), str(content.get("error_subtype") or ""))
        return content

    def _judged(self, id_token: str, nonce: str) -> dict[str, Any]:
        """The claims of an id token that came over TLS from the token endpoint itself (OpenID Connect Core 1.0, 3.1.3.7)."""
        parts = id_token.split(".")
        try:
            claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        except (ValueError, IndexError, RecursionError):
            claims = None
        if not isinstance(claims, dict):
            raise ServiceUnavailable("Google gave an answer without an identity.")
        good = (
            claims.get("iss") in ISSUERS
            and claims.get("aud") == self.client_id
            and isinstance(claims.get("exp"), int)
            and claims["exp"] + CLOCK_SKEW > time.time()
            and hmac.compare_digest(str(claims.get("nonce") or "").encode(), nonce.encode())
            and bool(claims.get("sub"))
            and bool(claims.get("email"))
            and claims.get("email_verified") is True
        )
        if not good:
            raise _denied("The identity that came back does not belong to this sign-in.", "sign_in_foreign")
        return claims


class GoogleCredential(RefreshedCredential):
    """Acts for a Google account at Gmail's IMAP server.

    Args:
        client: the OAuth client of this deployment.
        secrets: where the refresh token is.
        secret_name: its name there.
    """

    def __init__(self, *, client: GoogleClient, secrets: SecretStore, secret_name: str) -> None:
        super().__init__(secrets=secrets, secret_name=secret_name)
        self._client = client

    async def _redeem(self, refresh_token: str, scopes: tuple[str, ...], claims: str | None) -> Redeemed:
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        return redeemed(await self._client.token("token.refresh", form), "Google")


def google_refused(error: str, subtype: str = "") -> PostrumError:
    """The error for a refusal of Google's; nothing of its text is taken over."""
    cause = recognise.google(error[:100], subtype[:100])
    made: PostrumError
    match cause:
        case "google_invalid_grant" | "google_sign_in_again":
            made = SignInNeeded("Google ended the grant of the account.", remedy="Sign the account in again.")
        case "google_invalid_client" | "google_redirect_uri_mismatch" | "google_app_not_configured":
            made = ConfigurationError(
                "Google does not accept the OAuth client of this deployment.",
                remedy="Compare client id, client secret and redirect address with those at Google.",
            )
        case "google_unavailable":
            made = ServiceUnavailable("Google could not answer for the moment.")
        case _:
            made = PermissionDenied("Google refused the sign-in.")
    return made.because(cause)


def _unconfigured(what: str) -> ConfigurationError:
    return ConfigurationError(
        f"Google accounts cannot sign in: {what}.", remedy="docs/settings.md tells what is needed."
    ).because("google_app_not_configured")


def _denied(message: str, cause: str) -> PermissionDenied:
    return PermissionDenied(message, remedy="Begin the sign-in again.").because(cause)
