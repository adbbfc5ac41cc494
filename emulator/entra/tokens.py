"""What is in the tokens: app-only, delegated, and of identity (Entra: access-token-claims-reference,
id-token-claims-reference)."""

from __future__ import annotations

from typing import Any

from emulator.behaviour import Behaviour
from emulator.clock import Clock
from emulator.entra.scopes import EXCHANGE, EXCHANGE_ROLES, GRAPH, Scopes, own_api
from emulator.ids import guid
from emulator.keys import Signer
from emulator.tenants import EXCHANGE_AUDIENCE, App, Principal, Tenant
from emulator.users import User


class Tokens:
    """Makes and signs tokens; counts the access tokens."""

    def __init__(self, signer: Signer, behaviour: Behaviour, clock: Clock, seed: int) -> None:
        self._signer = signer
        self._behaviour = behaviour
        self._clock = clock
        self._seed = seed
        self.authority = ""
        self.issued = 0

    def issuer(self, tenant_id: str) -> str:
        """The issuer of the tenant's version 2 tokens."""
        return f"{self.authority}/{tenant_id}/v2.0"

    def app_only(self, tenant: Tenant, app: App, principal: Principal, resource: str) -> str:
        """An app-only token; without consent it has no ``roles`` claim, and that is no error."""
        version = 2 if resource == EXCHANGE_AUDIENCE else self._version(app, resource)
        claims = self._common(tenant, app, resource, version)
        claims |= {"idtyp": "app", "oid": principal.object_id, "sub": principal.object_id}
        if resource == GRAPH:
            roles = [role for role in principal.roles.seen(self._clock.now()) if role not in EXCHANGE_ROLES]
        elif resource in EXCHANGE:
            roles = [role for role in principal.roles.seen(self._clock.now()) if role in EXCHANGE_ROLES]
        else:
            roles = []
        if roles:
            claims["roles"] = roles
        return self._signer.sign(claims)

    def delegated(self, tenant: Tenant, app: App, user: User, resource: str, scopes: Scopes) -> str:
        """A person's access token for one resource."""
        version = self._version(app, resource)
        claims = self._common(tenant, app, resource, version)
        claims |= {
            "idtyp": "user",
            "oid": user.id,
            "sub": self._subject(user, resource),
            "name": user.name,
            "upn": user.user_name,
            "scp": " ".join(name for name in scopes.short(resource) if name != ".default"),
        }
        claims["preferred_username" if version == 2 else "unique_name"] = user.user_name
        if own_api(app, resource) and user.roles:
            claims["roles"] = list(user.roles)
        return self._signer.sign(claims)

    def identity(self, tenant: Tenant, app: App, user: User, nonce: str, scopes: Scopes) -> str:
        """The ID token of a sign-in."""
        now = int(self._clock.now())
        claims: dict[str, Any] = {
            "aud": app.client_id,
            "iss": self.issuer(tenant.id),
            "iat": now,
            "nbf": now,
            "exp": now + self._behaviour.token_lifetime_seconds,
            "oid": user.id,
            "sub": self._subject(user, app.client_id),
            "tid": tenant.id,
            "ver": "2.0",
        }
        if "profile" in scopes.names:
            claims |= {"name": user.name, "preferred_username": user.user_name}
        if "email" in scopes.names:
            claims["email"] = user.user_name
        if nonce:
            claims["nonce"] = nonce
        if user.roles:
            claims["roles"] = list(user.roles)
        return self._signer.sign(claims)

    def _version(self, app: App, resource: str) -> int:
        return app.token_version if own_api(app, resource) else 1

    def _subject(self, user: User, resource: str) -> str:
        """Pairwise: another one for each resource."""
        return guid(self._seed, "subject", user.id, resource)

    def _common(self, tenant: Tenant, app: App, resource: str, version: int) -> dict[str, Any]:
        now = int(self._clock.now())
        self.issued += 1
        audience = app.client_id if version == 2 and own_api(app, resource) else resource
        return {
            "aud": audience,
            "iss": self.issuer(tenant.id) if version == 2 else f"https://sts.windows.net/{tenant.id}/",
            "iat": now,
            "nbf": now,
            "exp": now + self._behaviour.token_lifetime_seconds,
            "tid": tenant.id,
            "serial": self.issued,
            "ver": f"{version}.0",
            ("azp" if version == 2 else "appid"): app.client_id,
        }
