"""Entra: discovery, signing keys and the token endpoint; the sign-in pages are in ``sign_in``.

Entra: v2-oauth2-client-creds-grant-flow, v2-oauth2-auth-code-flow, reference-error-codes.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from aiohttp import web

from emulator.behaviour import Behaviour
from emulator.clock import Clock
from emulator.entra.clients import Clients, client_info
from emulator.entra.consent import Consent
from emulator.entra.errors import EntraError, tell
from emulator.entra.grants import Grant, Grants
from emulator.entra.managed_identity import ManagedIdentity
from emulator.entra.scopes import Scopes, one_resource, read
from emulator.entra.sign_in import EVERYWHERE, SignIn
from emulator.entra.tokens import Tokens
from emulator.keys import Signer
from emulator.tenants import App, Directory, Tenant
from emulator.users import SECOND_FACTOR

_GRANTS = ("client_credentials", "authorization_code", "refresh_token")


@dataclass
class TokenFault:
    """The next token requests fail."""

    code: int
    times: int
    status: int | None
    client_id: str | None
    grant_type: str | None


class Entra:
    """Issues tokens, and puts the parts together."""

    def __init__(self, directory: Directory, signer: Signer, behaviour: Behaviour, clock: Clock) -> None:
        self.directory = directory
        self.signer = signer
        self.tokens = Tokens(signer, behaviour, clock, directory.seed)
        self.grants = Grants(behaviour, clock)
        self.consent = Consent(directory, behaviour, clock)
        self.sign_in = SignIn(directory, self.consent, self.grants, behaviour, clock)
        self.managed_identity = ManagedIdentity(directory, self.tokens, behaviour, clock)
        self.faults: list[TokenFault] = []
        self.requests = 0
        self._behaviour = behaviour
        self._clock = clock
        self._clients = Clients(signer, clock)

    @property
    def authority(self) -> str:
        """The base URL."""
        return self.tokens.authority

    @property
    def issued(self) -> int:
        """How many access tokens there were."""
        return self.tokens.issued

    def start(self, authority: str) -> None:
        """The listener's address is known."""
        self.tokens.authority = self.sign_in.ends.authority = authority

    def reset(self) -> None:
        """Forget faults, visits, sessions and grants."""
        self.faults.clear()
        self.sign_in.clear()
        self.grants.clear()

    def routes(self) -> list[web.RouteDef]:
        """What the TLS listener serves."""
        return [
            web.post("/{tenant}/oauth2/v2.0/token", self.token),
            web.get("/{tenant}/v2.0/.well-known/openid-configuration", self.openid_configuration),
            web.get("/{tenant}/discovery/v2.0/keys", self.keys),
            web.get("/common/discovery/instance", self.instance),
            *self.sign_in.routes(),
        ]

    # -- discovery

    async def openid_configuration(self, request: web.Request) -> web.Response:
        """The tenant's endpoints; those of ``common`` and ``organizations`` have an issuer to be filled in."""
        name = request.match_info["tenant"]
        tenant = self.directory.named(name)
        if tenant is None and name not in EVERYWHERE:
            told = tell(EntraError(90002, tenant=name), self._clock, self.authority)
            return web.json_response(told.body | {"error": "invalid_tenant"}, status=400)
        base = f"{self.authority}/{tenant.id if tenant else name}"
        return web.json_response(
            {
                "issuer": self.tokens.issuer(tenant.id if tenant else "{tenantid}"),
                "token_endpoint": f"{base}/oauth2/v2.0/token",
                "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                "end_session_endpoint": f"{base}/oauth2/v2.0/logout",
                "jwks_uri": f"{base}/discovery/v2.0/keys",
                "response_types_supported": ["code", "id_token"],
                "response_modes_supported": ["query", "fragment", "form_post"],
                "scopes_supported": ["openid", "profile", "email", "offline_access"],
                "subject_types_supported": ["pairwise"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "token_endpoint_auth_methods_supported": [
                    "client_secret_post",
                    "private_key_jwt",
                    "client_secret_basic",
                ],
                "claims_supported": [
                    "sub", "iss", "aud", "exp", "iat", "nonce", "preferred_username", "name", "tid", "ver", "email",
                ],
            }
        )  # fmt: skip

    async def keys(self, _request: web.Request) -> web.Response:
        """The public signing keys."""
        return web.json_response(self.signer.jwks())

    async def instance(self, request: web.Request) -> web.Response:
        """Instance discovery: this authority is its own cloud."""
        host = self.authority.removeprefix("https://")
        endpoint = f"{self.authority}/organizations/v2.0/.well-known/openid-configuration"
        return web.json_response(
            {
                "tenant_discovery_endpoint": endpoint,
                "api-version": request.query.get("api-version", "1.1"),
                "metadata": [{"preferred_network": host, "preferred_cache": host, "aliases": [host]}],
            }
        )

    # -- tokens

    async def token(self, request: web.Request) -> web.Response:
        """POST /{tenant}/oauth2/v2.0/token."""
        self.requests += 1
        form = {key: str(value) for key, value in (await request.post()).items()}
        authorization = request.headers.get("Authorization", "")
        if authorization.startswith("Basic "):
            name, _, secret = base64.b64decode(authorization[6:]).decode().partition(":")
            form |= {"client_id": unquote_plus(name), "client_secret": unquote_plus(secret)}
        try:
            answer = self._token(request.match_info["tenant"], form)
        except EntraError as error:
            status = self._behaviour.federation_mismatch_status
            told = tell(error, self._clock, self.authority, federation_status=status)
            return web.json_response(told.body, status=told.status)
        return web.json_response(answer, headers={"Cache-Control": "no-store"})

    def _token(self, tenant_name: str, form: Mapping[str, str]) -> dict[str, Any]:
        for parameter in ("grant_type", "client_id"):
            if parameter not in form:
                raise EntraError(900144, parameter=parameter)
        client_id, grant_type = form["client_id"], form["grant_type"]
        self._fail_on_purpose(client_id, grant_type)
        if grant_type not in _GRANTS:
            raise EntraError(70003, grant=grant_type)
        if grant_type == "client_credentials":
            if "scope" not in form:
                raise EntraError(900144, parameter="scope")
            if tenant_name in (*EVERYWHERE, "consumers"):
                raise EntraError(9001023)
        tenant = self.directory.named(tenant_name)
        if tenant is None and tenant_name not in EVERYWHERE:
            raise EntraError(90002, tenant=tenant_name)
        app = self.directory.apps.get(client_id)
        if app is None or app.managed_identity:
            raise EntraError(700016, client=client_id)
        if grant_type == "client_credentials" and tenant is not None:
            return self._client_credentials(tenant, app, form)
        self._authenticate(tenant, tenant_name, app, form)
        if grant_type == "authorization_code":
            grant = self.grants.redeem(form, client_id)
        else:
            if not form.get("refresh_token"):
                raise EntraError(900144, parameter="refresh_token")
            grant = self.grants.refreshed(form["refresh_token"], client_id)
        if tenant is not None and tenant.id != grant.tenant_id:
            raise EntraError(700005)
        answer = self._delegated(self.directory.tenant(grant.tenant_id), app, grant, form)
        if grant_type == "refresh_token":
            self.grants.rotated(form["refresh_token"])
        return answer

    def _authenticate(self, tenant: Tenant | None, name: str, app: App, form: Mapping[str, str]) -> None:
        base = f"{self.authority}/{tenant.id if tenant else name}"
        self._clients.authenticate(app, form, {f"{base}/oauth2/v2.0/token", f"{base}/v2.0"})

    def _client_credentials(self, tenant: Tenant, app: App, form: Mapping[str, str]) -> dict[str, Any]:
        """A token of the app's own."""
        principal = tenant.principals.get(app.client_id)
        if principal is None:
            raise EntraError(7000229, client=app.client_id)
        if principal.disabled:
            raise EntraError(7000112, client=app.client_id)
        resource = one_resource(form["scope"], self.directory.apps)
        self._authenticate(tenant, "", app, form)
        return self._lifetimes() | {"access_token": self.tokens.app_only(tenant, app, principal, resource)}

    def _delegated(self, tenant: Tenant, app: App, grant: Grant, form: Mapping[str, str]) -> dict[str, Any]:
        """A person's tokens: for one resource, as far as the person has consented and is still let in."""
        user = grant.user
        principal = tenant.principals.get(app.client_id)
        if principal is None:
            raise EntraError(7000229, client=app.client_id)
        if principal.disabled:
            raise EntraError(7000112, client=app.client_id)
        if tenant.users.get(user.user_name.lower()) is not user:
            raise EntraError(50034)
        if user.disabled:
            raise EntraError(50057)
        if user.obstacle and not (user.obstacle in SECOND_FACTOR and grant.second_factor):
            raise EntraError(user.obstacle, user=user.user_name, client=app.client_id, resource=app.name)
        if principal.assignment_required and not user.roles:
            raise EntraError(50105, user=user.user_name, client=app.client_id)
        scopes = read(app, form["scope"]) if form.get("scope") else grant.scopes
        asked = set(scopes.resources()) if form.get("scope") else {scopes.resources()[0]}
        if len(asked) > 1:
            raise EntraError(28000)
        resource = asked.pop()
        scopes = Scopes(scopes.of(resource))
        if self.consent.missing(app, scopes.names, user, tenant):
            raise EntraError(65001, client=app.client_id)
        answer = self._lifetimes() | {
            "scope": " ".join(sorted(scopes.names - {"offline_access"})),
            "access_token": self.tokens.delegated(tenant, app, user, resource, scopes),
        }
        if "offline_access" in grant.scopes.names:
            answer["refresh_token"] = self.grants.refresh_token(grant)
        if "openid" in scopes.names | grant.scopes.names:
            everything = Scopes(grant.scopes.names | scopes.names)
            nonce = grant.nonce if form["grant_type"] == "authorization_code" else ""
            answer["id_token"] = self.tokens.identity(tenant, app, user, nonce, everything)
        if form.get("client_info") == "1":
            answer["client_info"] = client_info(user.id, tenant.id)
        return answer

    def _lifetimes(self) -> dict[str, Any]:
        seconds = self._behaviour.token_lifetime_seconds
        return {"token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds}

    def _fail_on_purpose(self, client_id: str, grant_type: str) -> None:
        for fault in self.faults:
            if fault.times and fault.client_id in (None, client_id) and fault.grant_type in (None, grant_type):
                fault.times -= 1
                raise EntraError(fault.code, status=fault.status, client=client_id)
