"""The control plane of Entra's apps, tokens and Exchange's grants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Literal, get_args

from emulator.control_base import ControlBase, Json, operation
from emulator.entra.service import TokenFault
from emulator.entra.sign_in import SignInFault
from emulator.errors import EmulatorError
from emulator.tenants import EXCHANGE_AUDIENCE, FederatedCredential, Policy, Principal

_BUNDLES = {
    "Mail Full Access": ("Mail.ReadWrite", "Mail.Send"),
    "Exchange Full Access": ("Mail.ReadWrite", "Mail.Send"),
}
"""Exchange's application roles that hold several permissions of mail (Exchange: application-rbac)."""


class AppsControl(ControlBase):
    """Tenants, apps, what they may do, and what goes wrong with their tokens."""

    def _principal(self, client_id: str | None, tenant_id: str | None) -> Principal:
        return self._world.tenants.principal(client_id or self._world.client_id, tenant_id)

    @operation
    def create_tenant(self, tenant_id: str | None = None) -> Json:
        """Another tenant beside those that are there from the start, without people."""
        return {"tenant_id": self._world.tenants.add_tenant(tenant_id).id}

    @operation
    def add_tenant(self, domain: str, policy: Policy = "admins", tenant_id: str | None = None) -> Json:
        """Another tenant with a domain, to be filled with ``add_user``."""
        _check_policy(policy)
        tenant = self._world.tenants.add_tenant(tenant_id, domain=domain, policy=policy)
        return {"tenant_id": tenant.id, "domain": tenant.domain}

    @operation
    def create_app(
        self,
        client_id: str | None = None,
        tenant_id: str | None = None,
        secret: str | None = None,
        roles: Sequence[str] = (),
    ) -> Json:
        """Register an app; ``roles`` are consented at once."""
        app = self._world.tenants.add_app(tenant_id or self._world.tenant_id, client_id)
        if secret:
            app.secrets.append(secret)
        principal = self._world.tenants.principal(app.client_id)
        principal.roles.set(tuple(roles))
        return {"client_id": app.client_id, "tenant_id": app.tenant_id, "object_id": principal.object_id}

    @operation
    def create_managed_identity(self, client_id: str | None = None, tenant_id: str | None = None) -> Json:
        """A user-assigned managed identity that ``/msi/token`` issues tokens for."""
        app = self._world.tenants.add_app(tenant_id or self._world.tenant_id, client_id, managed_identity=True)
        principal = self._world.tenants.principal(app.client_id)
        return {"client_id": app.client_id, "tenant_id": app.tenant_id, "object_id": principal.object_id}

    @operation
    def create_federated_credential(
        self, client_id: str, subject: str, issuer: str | None = None, audience: str = EXCHANGE_AUDIENCE
    ) -> Json:
        """Let an app accept the tokens of this subject; without an issuer, of the app's tenant. Replaces none."""
        app = self._world.tenants.app(client_id)
        credential = FederatedCredential(issuer or self._world.entra.tokens.issuer(app.tenant_id), subject, audience)
        app.federated.append(credential)
        return asdict(credential)

    @operation
    def remove_federated_credentials(self, client_id: str) -> None:
        """Take all federated credentials of an app away."""
        self._world.tenants.app(client_id).federated.clear()

    @operation
    def set_secrets(self, client_id: str, secrets: Sequence[str]) -> None:
        """The secrets that an app accepts."""
        self._world.tenants.app(client_id).secrets[:] = secrets

    @operation
    def set_registration(
        self,
        client_id: str | None = None,
        redirect_uris: Sequence[str] | None = None,
        required_roles: Sequence[str] | None = None,
        required_scopes: Sequence[str] | None = None,
        multi_tenant: bool | None = None,
        certificates: Sequence[str] | None = None,
        token_version: Literal[1, 2] | None = None,
        name: str | None = None,
    ) -> Json:
        """Change what is given of an app registration: the redirects, the manifest's permissions, the audience, the
        certificates (PEM) and the version of access tokens to its own API."""
        app = self._world.tenants.app(client_id or self._world.client_id)
        for field, values in (
            ("redirect_uris", redirect_uris),
            ("required_roles", required_roles),
            ("required_scopes", required_scopes),
            ("certificates", certificates),
        ):
            if values is not None:
                setattr(app, field, list(values))
        if multi_tenant is not None:
            app.multi_tenant = multi_tenant
        if token_version is not None:
            app.token_version = token_version
        if name is not None:
            app.name = name
        return asdict(app) | {"secrets": len(app.secrets)}

    @operation
    def remove_principal(self, client_id: str | None = None, tenant_id: str | None = None) -> None:
        """Delete the enterprise application of a tenant, with all that was consented (AADSTS7000229)."""
        tenant = self._world.tenants.tenant(tenant_id or self._world.tenant_id)
        tenant.principals.pop(client_id or self._world.client_id, None)

    @operation
    def disable_app(self, client_id: str, disabled: bool = True, tenant_id: str | None = None) -> None:
        """Disable an app's principal (AADSTS7000112)."""
        self._principal(client_id, tenant_id).disabled = disabled

    @operation
    def set_assignment_required(
        self, required: bool = True, client_id: str | None = None, tenant_id: str | None = None
    ) -> None:
        """Whether only people with an app role may sign in (AADSTS50105)."""
        self._principal(client_id, tenant_id).assignment_required = required

    # -- Exchange

    @operation
    def set_exchange_scope(
        self,
        mailboxes: Sequence[str],
        roles: Sequence[str] = ("Mail.ReadWrite",),
        client_id: str | None = None,
        tenant_id: str | None = None,
    ) -> None:
        """Exchange RBAC for Applications: exactly these mailboxes for these permissions; no mailboxes takes the grant
        away."""
        addresses = frozenset(address.lower() for address in mailboxes)
        self._set_scopes(self._principal(client_id, tenant_id), dict.fromkeys(roles, addresses))

    @operation
    def set_scope(
        self,
        mailboxes: Sequence[str],
        role: str = "Application Mail.ReadWrite",
        client_id: str | None = None,
        tenant_id: str | None = None,
    ) -> None:
        """The same by the name of Exchange's role, as New-ManagementRoleAssignment has it."""
        self.set_exchange_scope(mailboxes, _permissions(role), client_id, tenant_id)

    @operation
    def remove_scope(self, role: str | None = None, client_id: str | None = None, tenant_id: str | None = None) -> None:
        """Remove the assignment of a role, or all."""
        principal = self._principal(client_id, tenant_id)
        gone = _permissions(role) if role else list(principal.scopes.value)
        self._set_scopes(principal, dict.fromkeys(gone, frozenset()))

    def _set_scopes(self, principal: Principal, changes: dict[str, frozenset[str]]) -> None:
        behaviour = self._world.behaviour
        seconds = behaviour.scope_propagation_seconds
        principal.scopes.set(
            {role: addresses for role, addresses in {**principal.scopes.value, **changes}.items() if addresses},
            looks=behaviour.scope_propagation_requests,
            until=self._world.clock.now() + seconds if seconds else 0.0,
        )

    @operation
    def grant_mailbox_access(self, user: str, mailbox: str) -> None:
        """FullAccess to a mailbox for a user name, or for an app's client id (IMAP.AccessAsApp)."""
        self._world.full_access.setdefault(mailbox.lower(), set()).add(user.lower())

    @operation
    def revoke_mailbox_access(self, user: str, mailbox: str) -> None:
        """Take it away."""
        self._world.full_access.get(mailbox.lower(), set()).discard(user.lower())

    @operation
    def introspect_as(self, user: str, mailbox: str | None = None) -> None:
        """Which mailbox ``/introspect`` names for the tokens of a user name (or client id); without one, its own."""
        if mailbox is None:
            self._world.introspected.pop(user.lower(), None)
        else:
            self._world.introspected[user.lower()] = mailbox

    # -- faults

    @operation
    def fail_tokens(
        self,
        code: int,
        times: int = 1,
        status: int | None = None,
        client_id: str | None = None,
        grant_type: str | None = None,
    ) -> None:
        """The next token requests (of a grant type) fail with this AADSTS code; ``times`` -1 is for ever, 0 ends it."""
        if times == 0:
            self._world.entra.faults.clear()
        else:
            self._world.entra.faults.append(TokenFault(code, times, status, client_id, grant_type))

    @operation
    def fail_sign_ins(
        self, code: int, times: int = 1, answer: Literal["page", "redirect"] = "page", error: str | None = None
    ) -> None:
        """The next sign-ins end with this AADSTS code after the account was picked: on a page, or back at the app with
        ``error``; ``times`` as above."""
        if times == 0:
            self._world.entra.sign_in.faults.clear()
        else:
            self._world.entra.sign_in.faults.append(SignInFault(code, times, answer, error))

    @operation
    def refuse_tokens(self, client_id: str | None = None, claims_challenge: bool = False) -> None:
        """Graph answers 401 to all tokens issued so far (of one app); new ones are good."""
        self._world.tokens_refused_until[client_id or ""] = self._world.entra.issued
        self._world.claims_challenge = claims_challenge


def _permissions(role: str) -> tuple[str, ...]:
    name = role.removeprefix("Application ")
    return _BUNDLES.get(name, (name,))


def _check_policy(policy: str) -> None:
    if policy not in get_args(Policy):
        raise EmulatorError(f"a policy is one of {', '.join(get_args(Policy))}")
