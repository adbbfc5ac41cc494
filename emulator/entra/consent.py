"""What is consented, who may consent, and the requests to those who may (Entra: user-admin-consent-overview,
admin-consent-workflow-overview)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from emulator.behaviour import Behaviour
from emulator.clock import Clock, iso
from emulator.entra.flow import Flow
from emulator.entra.scopes import OIDC, own_api
from emulator.errors import EmulatorError
from emulator.ids import guid
from emulator.tenants import App, ConsentRequest, Directory, Principal, Tenant
from emulator.users import CONSENT_FOR_THEMSELVES, User


class Consent:
    """Decides about consent and keeps it in the tenant's principal of the app."""

    def __init__(self, directory: Directory, behaviour: Behaviour, clock: Clock) -> None:
        self._directory = directory
        self._behaviour = behaviour
        self._clock = clock

    def needed(self, flow: Flow, user: User, tenant: Tenant) -> bool:
        """Whether a page must ask; an administrator who comes to consent is always asked."""
        if flow.purpose != "authorize" or flow.prompt == "consent":
            return True
        return bool(self.missing(flow.app, flow.scopes.names, user, tenant))

    def missing(self, app: App, scopes: Iterable[str], user: User, tenant: Tenant) -> frozenset[str]:
        """The scopes that nobody has consented to for this person. Every consent holds the OpenID scopes too, and an app
        needs none for its own API."""
        principal = tenant.principals.get(app.client_id)
        granted = principal.granted(user) if principal else frozenset()
        if granted:
            granted |= OIDC
        return frozenset(name for name in scopes if name not in granted and not own_api(app, name.rpartition("/")[0]))

    def barrier(self, flow: Flow, user: User, tenant: Tenant) -> int:
        """Why this person may not consent, as AADSTS code; 0 where they may."""
        if user.may_consent(graph_permissions=flow.graph_permissions):
            return 0
        if flow.purpose != "authorize":
            return 90094
        if tenant.policy == "users" or (tenant.policy != "forbidden" and user.directory_role in CONSENT_FOR_THEMSELVES):
            return 0
        return {"workflow": 90095, "forbidden": 90093}.get(tenant.policy, 90094)

    def accept(self, flow: Flow, user: User, *, for_organisation: bool) -> None:
        """Keep what the person consented to; only administrators can for the organisation."""
        principal = self._directory.provision(self._directory.tenant(user.tenant_id), flow.app.client_id)
        whole = for_organisation and user.may_consent()
        principal.grant(flow.scopes.names, None if whole else user)
        if flow.application_permissions:
            self.set_roles(principal, {*principal.roles.value, *flow.application_permissions})

    def set_roles(self, principal: Principal, roles: Iterable[str]) -> None:
        """The application permissions from now on; new tokens show them after the propagation that is switched on."""
        seconds = self._behaviour.consent_propagation_seconds
        principal.roles.set(
            tuple(dict.fromkeys(roles)),
            looks=self._behaviour.consent_propagation_tokens,
            until=self._clock.now() + seconds if seconds else 0.0,
        )

    # -- requests

    def request(self, flow: Flow, user: User, justification: str) -> ConsentRequest:
        """A person asks; a request that waits already takes the new words."""
        tenant = self._directory.tenant(user.tenant_id)
        scopes = sorted(flow.scopes.names)
        for waiting in tenant.requests:
            if (waiting.user, waiting.client_id, waiting.status) == (user.user_name, flow.app.client_id, "pending"):
                waiting.scopes, waiting.justification = scopes, justification
                return waiting
        identifier = guid(self._directory.seed, "consent request", tenant.id, str(len(tenant.requests)))
        made = ConsentRequest(
            identifier, tenant.id, flow.app.client_id, user.user_name, scopes, justification, iso(self._clock.utc())
        )
        tenant.requests.append(made)
        return made

    def review(self, identifier: str | None, answer: Literal["approved", "denied"]) -> ConsentRequest:
        """An administrator decides; without an id about the newest that waits. The app hears nothing of it.

        Raises:
            EmulatorError: No such request waits.
        """
        waiting = [
            one
            for tenant in self._directory.tenants.values()
            for one in tenant.requests
            if one.status == "pending" and identifier in (None, one.id)
        ]
        if not waiting:
            raise EmulatorError("no such consent request waits")
        found = waiting[-1]
        found.status = answer
        if answer == "approved":
            self._directory.principal(found.client_id, found.tenant_id).grant(found.scopes, None)
        return found
