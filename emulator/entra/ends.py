"""How a visit to the sign-in pages ends: back at the app with a code, with the news of consent or with an error, or on a
page that the app never hears of (Entra: v2-oauth2-auth-code-flow, v2-admin-consent)."""

from __future__ import annotations

import secrets

from aiohttp import web

from emulator.behaviour import Behaviour
from emulator.clock import Clock
from emulator.entra import views
from emulator.entra.errors import EntraError, Told, tell
from emulator.entra.flow import Flow, Flows
from emulator.entra.grants import Grant, Grants
from emulator.entra.scopes import role_resource
from emulator.tenants import Directory
from emulator.users import User

_BACK = {
    50020: "access_denied",
    50058: "login_required",
    50076: "interaction_required",
    65001: "consent_required",
    90094: "consent_required",
}
"""What ``error`` says in a redirect, where it is not what the token endpoint says."""


class Ends:
    """Makes the last answer of a visit."""

    def __init__(self, directory: Directory, flows: Flows, grants: Grants, behaviour: Behaviour, clock: Clock) -> None:
        self._directory = directory
        self._flows = flows
        self._grants = grants
        self._behaviour = behaviour
        self._clock = clock
        self.authority = ""

    def finish(self, flow: Flow, user: User) -> web.Response:
        """Back to the app, with a code or with the news of consent."""
        self._flows.end(flow)
        tenant = flow.tenant or self._directory.tenant(user.tenant_id)
        self._directory.provision(tenant, flow.app.client_id)
        if flow.purpose == "admin_consent":
            roles = (f"{role_resource(role)}/{role}" for role in flow.application_permissions)
            granted = sorted({*flow.scopes.names, *roles})
            return flow.back(admin_consent="True", tenant=tenant.id, scope=" ".join(granted))
        if flow.purpose == "admin_consent_v1":
            return flow.back(admin_consent="True", tenant=tenant.id)
        code = self._grants.code(
            Grant(
                flow.app.client_id, tenant.id, user, flow.scopes, self._clock.now(), flow.redirect_uri,
                flow.challenge, flow.challenge_method, flow.nonce, flow.second_factor,
            )
        )  # fmt: skip
        return flow.back(code=code, session_state=secrets.token_hex(16))

    def declined(self, flow: Flow) -> web.Response:
        """The person pressed Cancel where they could have accepted."""
        if flow.purpose == "authorize":
            return self.returned(flow)
        if flow.purpose == "admin_consent":
            return self.error_back(flow, EntraError(65004), name=self._behaviour.declined_admin_consent)
        self._flows.end(flow)
        text = "The admin canceled the request"
        return flow.back(error="permission_denied", error_description=text, admin_consent="True")

    def returned(self, flow: Flow) -> web.Response:
        """The person went back without granting."""
        self._flows.end(flow)
        reason = {} if self._behaviour.returned_without_reason else self._reason(EntraError(65004))
        return flow.back(error="access_denied", error_subcode="cancel", **reason)

    def _reason(self, error: EntraError) -> dict[str, str]:
        told = self.told(error)
        return {"error_description": told.description, "error_uri": told.body["error_uri"]}

    def told(self, error: EntraError) -> Told:
        """The words of an error."""
        return tell(error, self._clock, self.authority)

    def error_page(self, error: EntraError) -> web.Response:
        """The error stays with the person; the app hears nothing."""
        return views.error(error.code, self.told(error))

    def error_back(self, flow: Flow, error: EntraError, name: str | None = None) -> web.Response:
        """The error goes back to the app."""
        self._flows.end(flow)
        more = {"admin_consent": "True"} if flow.purpose != "authorize" else {}
        return flow.back(error=name or _BACK.get(error.code, self.told(error).error), **self._reason(error), **more)
