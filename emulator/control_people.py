"""The control plane of people, consent and Google accounts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Literal, get_args

from emulator.control_apps import AppsControl
from emulator.control_base import Json, operation
from emulator.errors import EmulatorError
from emulator.google.accounts import GoogleFault
from emulator.google.accounts import Policy as GooglePolicy
from emulator.tenants import Policy, Tenant


class PeopleControl(AppsControl):
    """Who can sign in, and what they and their administrators consented to."""

    def _tenant(self, tenant_id: str | None) -> Tenant:
        return self._world.tenants.tenant(tenant_id or self._world.tenant_id)

    # -- people

    @operation
    def users(self, tenant_id: str | None = None) -> list[Json]:
        """The people of a tenant."""
        return [asdict(user) for user in self._tenant(tenant_id).users.values()]

    @operation
    def add_user(
        self,
        name: str,
        address: str,
        roles: Sequence[str] = (),
        directory_role: str = "",
        tenant_id: str | None = None,
        obstacle: int = 0,
    ) -> Json:
        """A person with app roles, a directory role (``Global Administrator``), and an AADSTS code that ends each
        sign-in (50076 and 50079 ask for a second factor)."""
        user = self._world.tenants.add_user(self._tenant(tenant_id), address, name)
        user.roles, user.directory_role, user.obstacle = list(roles), directory_role, obstacle
        return asdict(user)

    @operation
    def set_user_roles(self, user: str, roles: Sequence[str]) -> None:
        """The app roles from the next token on."""
        self._world.tenants.user(user).roles = list(roles)

    @operation
    def set_user(
        self, user: str, directory_role: str | None = None, obstacle: int | None = None, disabled: bool | None = None
    ) -> None:
        """Change what is given; an obstacle of 0 takes it away."""
        found = self._world.tenants.user(user)
        if directory_role is not None:
            found.directory_role = directory_role
        if obstacle is not None:
            found.obstacle = obstacle
        if disabled is not None:
            found.disabled = disabled

    @operation
    def remove_user(self, user: str) -> None:
        """Delete a person (AADSTS50034)."""
        found = self._world.tenants.user(user)
        del self._world.tenants.tenant(found.tenant_id).users[found.user_name.lower()]

    @operation
    def revoke_sessions(self, user: str, code: int = 50173) -> None:
        """All refresh tokens that a person has given so far are refused with this code: 50173 after a new password,
        700082 as if they had not been used."""
        found = self._world.tenants.user(user)
        found.sessions_from, found.sessions_code = self._world.clock.now(), code

    @operation
    def sign_out_everywhere(self) -> None:
        """No browser is signed in any more."""
        self._world.entra.sign_in.sessions.clear()

    # -- consent

    @operation
    def set_consent_policy(self, policy: Policy, tenant_id: str | None = None) -> None:
        """Who may consent: ``users``, ``admins`` (AADSTS90094), ``workflow`` (people can ask), ``forbidden`` (90093)."""
        if policy not in get_args(Policy):
            raise EmulatorError(f"a policy is one of {', '.join(get_args(Policy))}")
        self._tenant(tenant_id).policy = policy

    @operation
    def set_consent(self, roles: Sequence[str], client_id: str | None = None, tenant_id: str | None = None) -> None:
        """The application permissions consented in the tenant, as in new tokens' ``roles``; an empty list withdraws
        all. A multi-tenant app gets its principal in another tenant this way."""
        self._world.entra.consent.set_roles(self._principal(client_id, tenant_id), roles)

    @operation
    def grant_consent(
        self,
        roles: Sequence[str] = (),
        scopes: Sequence[str] = (),
        user: str | None = None,
        client_id: str | None = None,
        tenant_id: str | None = None,
    ) -> None:
        """Add to what is consented: application permissions, and scopes of one person or of all
        (``https://graph.microsoft.com/Mail.ReadWrite.Shared``)."""
        principal = self._principal(client_id, tenant_id)
        if roles:
            self._world.entra.consent.set_roles(principal, [*principal.roles.value, *roles])
        principal.grant(scopes, self._world.tenants.user(user) if user else None)

    @operation
    def revoke_consent(
        self, client_id: str | None = None, tenant_id: str | None = None, user: str | None = None
    ) -> None:
        """Withdraw what a person consented to, or all of the tenant's consent."""
        principal = self._principal(client_id, tenant_id)
        if user:
            principal.delegated.pop(self._world.tenants.user(user).id, None)
        else:
            principal.delegated.clear()
            self._world.entra.consent.set_roles(principal, ())

    @operation
    def consents(self, client_id: str | None = None, tenant_id: str | None = None) -> Json:
        """What is consented: ``roles``, and ``scopes`` by user name, those of all under an empty one."""
        names = {user.id: user.user_name for user in self._tenant(tenant_id).users.values()}
        principal = self._principal(client_id, tenant_id)
        return {
            "roles": list(principal.roles.value),
            "scopes": {names.get(key, ""): sorted(scopes) for key, scopes in principal.delegated.items()},
        }

    @operation
    def consent_requests(self) -> list[Json]:
        """What people asked administrators for, in all tenants."""
        return [asdict(one) for tenant in self._world.tenants.tenants.values() for one in tenant.requests]

    @operation
    def approve_request(self, request: str | None = None) -> Json:
        """An administrator approves a request, or the newest that waits."""
        return asdict(self._world.entra.consent.review(request, "approved"))

    @operation
    def deny_request(self, request: str | None = None) -> Json:
        """An administrator denies it."""
        return asdict(self._world.entra.consent.review(request, "denied"))

    # -- Google

    @operation
    def add_google_account(self, email: str, name: str = "", policy: GooglePolicy = "") -> None:
        """An account, with the error that an administrator's policy gives it."""
        if policy not in get_args(GooglePolicy):
            raise EmulatorError(f"a policy is one of {', '.join(filter(None, get_args(GooglePolicy)))}, or empty")
        self._world.google.add(email, name or email, policy)

    @operation
    def set_google_redirects(self, redirect_uris: Sequence[str]) -> None:
        """The redirects of the OAuth client, to be met exactly."""
        self._world.google.redirect_uris = list(redirect_uris)

    @operation
    def revoke_google(self, email: str) -> None:
        """A person takes the app's access away (``invalid_grant``)."""
        self._world.google.revoke(self._world.google.account(email))

    @operation
    def fail_google(
        self,
        error: str,
        times: int = 1,
        at: Literal["authorize", "token"] = "authorize",
        answer: Literal["page", "redirect"] = "redirect",
    ) -> None:
        """The next requests fail with this error; ``times`` -1 is for ever, 0 ends it."""
        if times == 0:
            self._world.google.faults.clear()
        else:
            self._world.google.faults.append(GoogleFault(error, times, at, answer))
