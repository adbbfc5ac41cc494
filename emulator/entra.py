"""Entra: the token endpoint, discovery, signing keys, and the managed identity endpoint of App Service.

Entra: v2-oauth2-client-creds-grant-flow, reference-error-codes; App Service: overview-managed-identity (REST endpoint).
"""

from __future__ import annotations

import base64
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote_plus

from aiohttp import web

from emulator.behaviour import Behaviour
from emulator.clock import Clock
from emulator.ids import guid
from emulator.keys import Claims, Signer
from emulator.tenants import App, Directory, Principal, Tenant

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
GRAPH = "https://graph.microsoft.com"
RESOURCES = {
    GRAPH: GRAPH,
    "00000003-0000-0000-c000-000000000000": GRAPH,
    "https://outlook.office365.com": "https://outlook.office365.com",
    "https://outlook.office.com": "https://outlook.office.com",
    "api://AzureADTokenExchange": "api://AzureADTokenExchange",
    "https://storage.azure.com": "https://storage.azure.com",
    "https://vault.azure.net": "https://vault.azure.net",
}

# code: (HTTP status, error, text); Entra: reference-error-codes
ERRORS: dict[int, tuple[int, str, str]] = {
    50001: (400, "invalid_resource", "The resource principal is disabled or was not found."),
    53003: (400, "invalid_grant", "Access has been blocked by Conditional Access policies."),
    65001: (400, "invalid_grant", "The user or administrator has not consented to use the application."),
    70011: (400, "invalid_scope", "The provided value for the input parameter 'scope' is not valid."),
    70021: (401, "invalid_client", "No matching federated identity record found for presented assertion."),
    90002: (400, "invalid_request", "Tenant '{tenant}' not found."),
    90033: (503, "temporarily_unavailable", "A transient error has occurred. Please try again."),
    500011: (400, "invalid_resource", "The resource principal named {resource} was not found in the tenant."),
    700016: (400, "unauthorized_client", "Application with identifier '{client}' was not found in the directory."),
    700024: (401, "invalid_client", "Client assertion is not within its valid time range."),
    700027: (
        401,
        "invalid_client",
        "The certificate with identifier used to sign the client assertion is not registered.",
    ),
    700211: (
        401,
        "invalid_client",
        "No matching federated identity record found for presented assertion issuer '{issuer}'.",
    ),
    700212: (
        401,
        "invalid_client",
        "No matching federated identity record found for presented assertion audience '{audience}'.",
    ),
    700213: (
        401,
        "invalid_client",
        "No matching federated identity record found for presented assertion subject '{subject}'.",
    ),
    7002138: (
        401,
        "invalid_client",
        "The presented assertion subject '{subject}' matches a record in another case only.",
    ),
    900144: (400, "invalid_request", "The request body must contain the following parameter: '{parameter}'."),
    1002012: (400, "invalid_scope", "The provided value for scope {scope} is not valid. It must end in /.default."),
    7000112: (400, "unauthorized_client", "Application '{client}' is disabled."),
    7000215: (401, "invalid_client", "Invalid client secret provided."),
    7000218: (401, "invalid_client", "The request body must contain 'client_assertion' or 'client_secret'."),
    7000222: (401, "invalid_client", "The provided client secret keys are expired."),
    7000229: (400, "unauthorized_client", "The client application is missing a service principal in the tenant."),
    9001023: (400, "invalid_request", "The grant type is not supported over the /common or /consumers endpoints."),
    70003: (400, "unsupported_grant_type", "The app requested an unsupported grant type '{grant}'."),
}
_FEDERATION = {70021, 700211, 700212, 700213, 7002138}


class TokenError(Exception):
    """A token request is refused with this AADSTS code."""

    def __init__(self, code: int, *, status: int | None = None, **values: str) -> None:
        super().__init__(code)
        self.code = code
        self.status = status
        self.values = values


@dataclass
class TokenFault:
    """The next token requests fail."""

    code: int
    times: int
    status: int | None
    client_id: str | None


class Entra:
    """Issues tokens."""

    def __init__(self, directory: Directory, signer: Signer, behaviour: Behaviour, clock: Clock) -> None:
        self.directory = directory
        self.signer = signer
        self.behaviour = behaviour
        self.clock = clock
        self.authority = ""
        self.msi_header = guid(directory.seed, "msi header")
        self.default_identity = ""
        self.faults: list[TokenFault] = []
        self.issued = 0
        self.requests = 0

    def issuer(self, tenant_id: str) -> str:
        """The issuer of the tenant's version 2 tokens."""
        return f"{self.authority}/{tenant_id}/v2.0"

    def routes(self) -> list[web.RouteDef]:
        """What the TLS listener serves."""
        return [
            web.post("/{tenant}/oauth2/v2.0/token", self.token),
            web.get("/{tenant}/v2.0/.well-known/openid-configuration", self.openid_configuration),
            web.get("/{tenant}/discovery/v2.0/keys", self.keys),
            web.get("/common/discovery/instance", self.instance),
        ]

    # -- discovery

    async def openid_configuration(self, request: web.Request) -> web.Response:
        """The tenant's endpoints."""
        tenant = request.match_info["tenant"]
        base = f"{self.authority}/{tenant}"
        return web.json_response(
            {
                "issuer": self.issuer(tenant),
                "token_endpoint": f"{base}/oauth2/v2.0/token",
                "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                "end_session_endpoint": f"{base}/oauth2/v2.0/logout",
                "jwks_uri": f"{base}/discovery/v2.0/keys",
                "response_types_supported": ["code", "id_token"],
                "subject_types_supported": ["pairwise"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "token_endpoint_auth_methods_supported": [
                    "client_secret_post",
                    "private_key_jwt",
                    "client_secret_basic",
                ],
            }
        )

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
            return web.json_response(self.client_credentials(request.match_info["tenant"], form))
        except TokenError as error:
            return self.refusal(error)

    def client_credentials(self, tenant_id: str, form: Mapping[str, str]) -> dict[str, Any]:
        """Check the client and issue a token for it."""
        for parameter in ("grant_type", "client_id", "scope"):
            if parameter not in form:
                raise TokenError(900144, parameter=parameter)
        client_id = form["client_id"]
        self._fail_on_purpose(client_id)
        if form["grant_type"] != "client_credentials":
            raise TokenError(70003, grant=form["grant_type"])
        if tenant_id in ("common", "consumers", "organizations"):
            raise TokenError(9001023)
        tenant = self.directory.tenants.get(tenant_id)
        if tenant is None:
            raise TokenError(90002, tenant=tenant_id)
        app = self.directory.apps.get(client_id)
        if app is None or app.managed_identity:
            raise TokenError(700016, client=client_id)
        principal = tenant.principals.get(client_id)
        if principal is None:
            raise TokenError(7000229, client=client_id)
        if principal.disabled:
            raise TokenError(7000112, client=client_id)
        resource = self._resource(form["scope"])
        self._authenticate(app, form)
        return {
            "token_type": "Bearer",
            "expires_in": self.behaviour.token_lifetime_seconds,
            "ext_expires_in": self.behaviour.token_lifetime_seconds,
            "access_token": self.issue(tenant, app, principal, resource),
        }

    def issue(self, tenant: Tenant, app: App, principal: Principal, resource: str) -> str:
        """An app-only token; without consent it has no ``roles`` claim, and that is no error."""
        now = int(self.clock.now())
        self.issued += 1
        exchange = resource == "api://AzureADTokenExchange"
        claims: dict[str, Any] = {
            "aud": resource,
            "iss": self.issuer(tenant.id) if exchange else f"https://sts.windows.net/{tenant.id}/",
            "iat": now,
            "nbf": now,
            "exp": now + self.behaviour.token_lifetime_seconds,
            "idtyp": "app",
            "oid": principal.object_id,
            "sub": principal.object_id,
            "tid": tenant.id,
            "serial": self.issued,
            "ver": "2.0" if exchange else "1.0",
            ("azp" if exchange else "appid"): app.client_id,
        }
        if principal.roles and resource == GRAPH:
            claims["roles"] = list(principal.roles)
        return self.signer.sign(claims)

    def _resource(self, scope: str) -> str:
        names = [name for name in scope.split() if name not in ("openid", "profile", "offline_access")]
        if len(names) != 1 or not names[0].endswith("/.default"):
            raise TokenError(1002012, scope=scope)
        name = names[0].removesuffix("/.default").rstrip("/")
        if name not in RESOURCES:
            raise TokenError(500011, resource=name)
        return RESOURCES[name]

    def _authenticate(self, app: App, form: Mapping[str, str]) -> None:
        if form.get("client_assertion"):
            if form.get("client_assertion_type") != ASSERTION_TYPE:
                raise TokenError(900144, parameter="client_assertion_type")
            self._check_assertion(app, self.signer.verify(form["client_assertion"]))
        elif form.get("client_secret"):
            if form["client_secret"] not in app.secrets:
                raise TokenError(7000215)
        else:
            raise TokenError(7000218)

    def _check_assertion(self, app: App, claims: Claims | None) -> None:
        """Issuer, audience and subject must be those of one federated credential, in this case of letters."""
        if claims is None:
            raise TokenError(700027)
        if claims.expires_at <= self.clock.now():
            raise TokenError(700024)
        if not app.federated:
            raise TokenError(70021)
        fitting = [credential for credential in app.federated if credential.issuer == claims.issuer]
        if not fitting:
            raise TokenError(700211, issuer=claims.issuer)
        fitting = [credential for credential in fitting if credential.audience == claims.audience]
        if not fitting:
            raise TokenError(700212, audience=claims.audience)
        if not any(credential.subject == claims.subject for credential in fitting):
            same = any(credential.subject.lower() == claims.subject.lower() for credential in fitting)
            raise TokenError(7002138 if same else 700213, subject=claims.subject)

    def _fail_on_purpose(self, client_id: str) -> None:
        for fault in self.faults:
            if fault.times and fault.client_id in (None, client_id):
                fault.times -= 1
                raise TokenError(fault.code, status=fault.status, client=client_id)

    def refusal(self, error: TokenError) -> web.Response:
        """The answer to a refused token request."""
        status, name, text = ERRORS.get(error.code, (400, "invalid_request", "The request was refused."))
        if error.code in _FEDERATION and self.behaviour.federation_mismatch_status == 400:
            status, name = 400, "invalid_request"
        for key, value in error.values.items():
            text = text.replace(f"{{{key}}}", value)
        trace, correlation = str(uuid.uuid4()), str(uuid.uuid4())
        stamp = datetime.fromtimestamp(self.clock.now(), UTC).strftime("%Y-%m-%d %H:%M:%SZ")
        description = f"AADSTS{error.code}: {text} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {stamp}"
        return web.json_response(
            {
                "error": name,
                "error_description": description,
                "error_codes": [error.code],
                "timestamp": stamp,
                "trace_id": trace,
                "correlation_id": correlation,
                "error_uri": f"{self.authority}/error?code={error.code}",
            },
            status=error.status or status,
        )

    # -- managed identity

    async def managed_identity(self, request: web.Request) -> web.Response:
        """GET /msi/token, as in App Service and Functions: only with the header that this process was given."""
        query = request.query
        if request.headers.get("X-IDENTITY-HEADER") != self.msi_header:
            return _msi_error(403, "The X-IDENTITY-HEADER is missing or wrong.")
        if "api-version" not in query or "resource" not in query:
            return _msi_error(400, "api-version and resource are required.")
        client_id = query.get("client_id") or self.default_identity
        app = self.directory.apps.get(client_id)
        if app is None or not app.managed_identity:
            return _msi_error(400, "No managed identity was found for the given parameters.")
        tenant = self.directory.tenant(app.tenant_id)
        resource = query["resource"].rstrip("/")
        token = self.issue(tenant, app, tenant.principals[client_id], RESOURCES.get(resource, resource))
        return web.json_response(
            {
                "access_token": token,
                "expires_on": str(int(self.clock.now()) + self.behaviour.token_lifetime_seconds),
                "resource": query["resource"],
                "token_type": "Bearer",
                "client_id": client_id,
            }
        )


def _msi_error(status: int, message: str) -> web.Response:
    return web.json_response(
        {"statusCode": status, "message": message, "correlationId": str(uuid.uuid4())}, status=status
    )
