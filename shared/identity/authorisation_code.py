"""Signing a person in with Entra ID: authorisation code with PKCE, and no client secret.

It serves the console's own sign-in and the accounts that mailboxes are read with. The library msal makes the request,
with a state, a code challenge and a nonce of its own, and redeems the code; it runs in a thread and reaches the network
through our own client only. It does not judge the id token (msal issue 911), so that is done here: the token came over TLS
from the token endpoint itself, so its claims are judged and its signature is not (OpenID Connect Core 1.0, section 3.1.3.7).

https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import time
import warnings
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from shared.effect import effect
from shared.errors import ConfigurationError, NetworkFailure, PermissionDenied, ServiceUnavailable
from shared.identity.entra_refusal import refused
from shared.identity.msal_http import MsalHttp
from shared.net.web import WebClient

DEADLINE: Final = 60.0
"""Seconds for a whole step, discovery included."""
CLOCK_SKEW: Final = 300
"""Seconds that the directory's clock and ours may differ."""
MOST_PARAMETER: Final = 8_192
"""Characters of one parameter of an answer; a code has about 1,500."""


@dataclass(frozen=True, slots=True)
class AuthorisationRequest:
    """Where to send the browser, and what to keep until it comes back.

    Attributes:
        url: of the sign-in page.
        state: comes back with the answer; bind it to the browser and accept it once.
        flow: goes into `finish`, as JSON from a store of the server's. It holds the code verifier, so it is not shown.
    """

    url: str
    state: str
    flow: dict[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who signed in, and what was granted. The tokens are not shown.

    Attributes:
        oid: object id of the account in its tenant; with the tenant id it is the account's identity, names change.
        tenant_id: tenant that the account signed in to.
        name: as people read it; may be empty.
        user_name: usually the address it signs in with; never used as identity.
        roles: app roles that the account has, from the id token.
        access_token: for the scopes.
        expires_at: of the access token, in seconds since 1970.
        refresh_token: None where none was asked for.
        scopes: what was granted, which may be less than what was asked.
        claims: of the id token, judged.
    """

    oid: str
    tenant_id: str
    name: str
    user_name: str
    roles: tuple[str, ...]
    access_token: str = field(repr=False)
    expires_at: float
    refresh_token: str | None = field(repr=False)
    scopes: tuple[str, ...]
    claims: dict[str, Any] = field(repr=False)


class EntraAuthorisation:
    """Signs people of one tenant in. Construction connects to nothing.

    Args:
        tenant_id: the tenant whose accounts may sign in; never `common`.
        client_id: id of the app registration.
        assertion: gives the JWT by which the application proves itself; see `AppCredential.assertion`.
        authority: where Entra ID is; always https.
        ca_file: certificates to trust instead of the usual ones; for development.
    """

    def __init__(
        self,
        tenant_id: str,
        client_id: str,
        assertion: Callable[[], Awaitable[str]],
        authority: str,
        ca_file: Path | None = None,
    ) -> None:
        self.tenant_id = tenant_id
        self.client_id = client_id
        self._assertion = assertion
        self._authority = authority.rstrip("/")
        self._web = WebClient(ca_file=ca_file)

    def __repr__(self) -> str:
        return f"EntraAuthorisation(tenant_id={self.tenant_id!r}, client_id={self.client_id!r})"

    async def begin(
        self,
        *,
        scopes: Sequence[str] = (),
        redirect_uri: str,
        login_hint: str | None = None,
        prompt: str | None = "select_account",
    ) -> AuthorisationRequest:
        """Where the browser signs in.

        Args:
            scopes: of one resource, in full (`https://graph.microsoft.com/Mail.ReadWrite.Shared`). With none, the person is
                signed in and no refresh token is asked for.
            redirect_uri: one that is registered, to the letter.
            login_hint: account to suggest.
            prompt: `select_account` keeps the browser from signing in whoever was signed in last.

        Raises:
            ConfigurationError: the directory does not know the tenant.
            TransientError: the directory could not be asked, or not now.
        """
        http = self._http()

        def work() -> dict[str, Any]:
            # The library recommends an answer by form: that one would come from another site, and so without the SameSite
            # cookie that binds it to the browser. The code in the address is of no use without the verifier that we keep.
            warnings.filterwarnings("ignore", message="response_mode='form_post' is recommended")
            flow: dict[str, Any] = self._application(http, "", scopes).initiate_auth_code_flow(
                list(scopes), redirect_uri=redirect_uri, login_hint=login_hint, prompt=prompt
            )
            return flow

        flow = await self._in_thread(work)
        return AuthorisationRequest(url=flow["auth_uri"], state=flow["state"], flow=flow)

    async def finish(self, flow: Mapping[str, Any], answer: Mapping[str, str]) -> SignedIn:
        """Redeem the code with which the browser came back. Only once per flow; the caller drops the flow before.

        Args:
            flow: of `begin`.
            answer: parameters of the redirect, untrusted.

        Raises:
            PermissionDenied: the directory refused, or the answer does not belong to this sign-in. `cause` says which.
            SignInNeeded: the code is used up or too old; begin again.
            ConfigurationError: the app registration is set up in a way that cannot work.
            TransientError: the directory could not be asked, or not now.
        """
        given = {
            name: answer.get(name, "")[:MOST_PARAMETER] for name in ("state", "code", "error", "error_description")
        }
        if (
            not hmac.compare_digest(given["state"].encode(), str(flow.get("state") or "").encode())
            or not given["state"]
        ):
            raise _denied("The answer does not belong to this sign-in.", "sign_in_state")
        if given["error"]:
            raise refused({**given, "error_subcode": answer.get("error_subcode", "")[:100]}, who=self._who())
        if not given["code"]:
            raise _denied("The answer of the sign-in is not complete.", "sign_in_state")
        http = self._http()
        assertion = await self._assertion()
        scopes = tuple(str(scope) for scope in flow.get("scope") or ())

        def work() -> dict[str, Any]:
            redeemed: dict[str, Any] = self._application(http, assertion, scopes).acquire_token_by_auth_code_flow(
                dict(flow), {"state": given["state"], "code": given["code"]}
            )
            return redeemed

        async with effect("token.redeem"):
            result = await self._in_thread(work)
        if "error" in result:
            raise refused(result, who=self._who(), status=http.status)
        return self._judged(result, http)

    def _judged(self, result: Mapping[str, Any], http: MsalHttp) -> SignedIn:
        claims = result.get("id_token_claims")
        access_token = result.get("access_token")
        if not isinstance(claims, dict) or not isinstance(access_token, str):
            raise ServiceUnavailable(f"Entra ID gave {self._who()} an answer that is not complete.")
        issued_to = claims.get("aud")
        tenant = str(claims.get("tid") or "")
        good = (
            issued_to == self.client_id
            and claims.get("iss") == http.issuer
            and bool(tenant)
            and tenant.casefold() == http.tenant.casefold()
            and isinstance(claims.get("exp"), int)
            and claims["exp"] + CLOCK_SKEW > time.time()
            and bool(claims.get("oid"))
        )
        if not good:
            raise _denied("The identity that came back is not one of this tenant and application.", "sign_in_foreign")
        roles = claims.get("roles")
        return SignedIn(
            oid=str(claims["oid"]),
            tenant_id=tenant,
            name=str(claims.get("name") or "")[:200],
            user_name=str(claims.get("preferred_username") or claims.get("upn") or "")[:320],
            roles=tuple(str(role) for role in roles) if isinstance(roles, list) else (),
            access_token=access_token,
            expires_at=time.time() + int(result.get("expires_in") or 0),
            refresh_token=str(result["refresh_token"]) if result.get("refresh_token") else None,
            scopes=tuple(str(result.get("scope") or "").split()),
            claims=claims,
        )

    def _application(self, http: MsalHttp, assertion: str, scopes: Sequence[str]) -> Any:
        import msal

        logging.getLogger("msal").setLevel(logging.WARNING)  # below that it writes down verifiers and whole answers
        return msal.ConfidentialClientApplication(
            self.client_id,
            authority=f"{self._authority}/{self.tenant_id}",
            client_credential={"client_assertion": lambda: assertion},
            instance_discovery=False,
            http_client=http,
            exclude_scopes=None if any(scope not in _IDENTITY_SCOPES for scope in scopes) else ["offline_access"],
        )

    async def _in_thread(self, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        from msal.exceptions import MsalServiceError

        try:
            async with asyncio.timeout(DEADLINE):
                return await asyncio.to_thread(work)
        except TimeoutError:
            raise NetworkFailure(f"Entra ID gave {self._who()} no answer within {DEADLINE:g} seconds.") from None
        except MsalServiceError:
            unavailable = ServiceUnavailable(f"Entra ID could not serve {self._who()} for the moment.")
            raise unavailable.because("entra_90033") from None
        except RuntimeError:
            raise _denied("The identity that came back does not belong to this sign-in.", "sign_in_foreign") from None
        except ValueError:
            unknown = ConfigurationError(
                f"Entra ID does not know the tenant {self.tenant_id}.", remedy="Check the tenant id."
            )
            raise unknown.because("entra_90002") from None

    def _http(self) -> MsalHttp:
        return MsalHttp(self._web, asyncio.get_running_loop(), urlsplit(self._authority).netloc)

    def _who(self) -> str:
        return f"application {self.client_id} in tenant {self.tenant_id}"


_IDENTITY_SCOPES: Final = frozenset({"openid", "profile", "email", "offline_access"})


def _denied(message: str, cause: str) -> PermissionDenied:
    return PermissionDenied(message, remedy="Begin the sign-in again.").because(cause)
