"""Tenants, their people and policies, app registrations, their consent and their Exchange scopes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from emulator.delayed import Delayed
from emulator.errors import EmulatorError
from emulator.ids import guid
from emulator.users import Person, User

EXCHANGE_AUDIENCE = "api://AzureADTokenExchange"

Policy = Literal["users", "admins", "workflow", "forbidden"]
"""Who may consent (Entra: configure-user-consent): people themselves; administrators only; administrators, whom people
can ask on the spot (admin-consent-workflow-overview); nobody, by policy."""


@dataclass(frozen=True)
class FederatedCredential:
    """Whose tokens an app accepts instead of a secret (Entra:
    workload-identity-federation-config-app-trust-managed-identity)."""

    issuer: str
    subject: str
    audience: str = EXCHANGE_AUDIENCE


@dataclass
class Principal:
    """An app in one tenant (its enterprise application): what was consented there, and what Exchange grants it."""

    object_id: str
    roles: Delayed[tuple[str, ...]] = field(default_factory=lambda: Delayed(()))
    """Consented application permissions, of Graph and of Exchange."""
    delegated: dict[str, frozenset[str]] = field(default_factory=dict)
    """Consented scopes by user id; those of the empty id are for the whole organisation."""
    scopes: Delayed[dict[str, frozenset[str]]] = field(default_factory=lambda: Delayed({}))
    """Exchange RBAC for Applications: permission (``Mail.ReadWrite``) to the mailboxes of its management scope."""
    disabled: bool = False
    assignment_required: bool = False
    """Whether only people with an app role may sign in."""

    def granted(self, user: User) -> frozenset[str]:
        """The scopes that this person need not consent to."""
        return self.delegated.get("", frozenset()) | self.delegated.get(user.id, frozenset())

    def grant(self, scopes: Iterable[str], user: User | None) -> None:
        """Add scopes, for one person or for all."""
        key = user.id if user else ""
        self.delegated[key] = self.delegated.get(key, frozenset()) | frozenset(scopes)


@dataclass
class App:
    """An app registration, or a managed identity."""

    client_id: str
    tenant_id: str
    secrets: list[str] = field(default_factory=list)
    federated: list[FederatedCredential] = field(default_factory=list)
    managed_identity: bool = False
    certificates: list[str] = field(default_factory=list)
    """Certificates in PEM whose keys may sign instead of a secret."""
    name: str = "Postrum"
    redirect_uris: list[str] = field(default_factory=list)
    required_roles: list[str] = field(default_factory=list)
    """Application permissions of the manifest; ``.default`` asks an administrator for them."""
    required_scopes: list[str] = field(default_factory=list)
    """Delegated permissions of the manifest."""
    multi_tenant: bool = True
    token_version: int = 2
    """The version of the access tokens to the app's own API (``requestedAccessTokenVersion``)."""


@dataclass
class ConsentRequest:
    """What a person asked the administrators to consent to (Entra: admin-consent-workflow-overview)."""

    id: str
    tenant_id: str
    client_id: str
    user: str
    scopes: list[str]
    justification: str
    created: str
    status: Literal["pending", "approved", "denied"] = "pending"


@dataclass
class Tenant:
    """A directory."""

    id: str
    domain: str = ""
    policy: Policy = "users"
    principals: dict[str, Principal] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)
    """By user name in lower case."""
    requests: list[ConsentRequest] = field(default_factory=list)


class Directory:
    """All tenants, people and apps."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.tenants: dict[str, Tenant] = {}
        self.apps: dict[str, App] = {}

    def add_tenant(self, tenant_id: str | None = None, *, domain: str = "", policy: Policy = "users") -> Tenant:
        """Create a tenant, or give the one that exists."""
        tenant_id = tenant_id or guid(self.seed, "tenant", str(len(self.tenants)))
        return self.tenants.setdefault(tenant_id, Tenant(tenant_id, domain.lower(), policy))

    def add_people(self, tenant: Tenant, people: Sequence[Person]) -> None:
        """Create the people of a table at the tenant's domain."""
        for person in people:
            user = self.add_user(tenant, f"{person.local}@{tenant.domain}", person.name)
            user.roles = list(person.roles)
            user.directory_role, user.obstacle = person.directory_role, person.obstacle

    def add_user(self, tenant: Tenant, address: str, name: str) -> User:
        """Create a person; the object id follows from the tenant and the user name."""
        if address.lower() in tenant.users:
            raise EmulatorError(f"the user {address!r} exists")
        user = User(guid(self.seed, "user", tenant.id, address.lower()), address, name, tenant.id)
        tenant.users[address.lower()] = user
        return user

    def add_app(self, tenant_id: str, client_id: str | None = None, *, managed_identity: bool = False) -> App:
        """Register an app, and its principal in its own tenant."""
        tenant = self.tenant(tenant_id)
        client_id = client_id or guid(self.seed, "app", str(len(self.apps)))
        app = self.apps[client_id] = App(client_id, tenant_id, managed_identity=managed_identity)
        self.provision(tenant, client_id)
        return app

    def provision(self, tenant: Tenant, client_id: str) -> Principal:
        """The app's principal in the tenant, created where it is missing."""
        if client_id not in tenant.principals:
            tenant.principals[client_id] = Principal(guid(self.seed, "principal", tenant.id, client_id))
        return tenant.principals[client_id]

    def tenant(self, tenant_id: str) -> Tenant:
        """The tenant, or an error that names it."""
        if tenant_id not in self.tenants:
            raise EmulatorError(f"no tenant {tenant_id!r}")
        return self.tenants[tenant_id]

    def named(self, name: str) -> Tenant | None:
        """The tenant with this id or domain, as URLs name it."""
        if name in self.tenants:
            return self.tenants[name]
        wanted = name.lower()
        return next(
            (tenant for tenant in self.tenants.values() if wanted and wanted in (tenant.domain, tenant.id)), None
        )

    def user(self, address: str) -> User:
        """The person with this user name in any tenant, or an error that names it."""
        found = self.find_user(address)
        if found is None:
            raise EmulatorError(f"no user {address!r}")
        return found

    def find_user(self, address: str) -> User | None:
        """The person with this user name in any tenant."""
        wanted = address.lower()
        return next((tenant.users[wanted] for tenant in self.tenants.values() if wanted in tenant.users), None)

    def app(self, client_id: str) -> App:
        """The app, or an error that names it."""
        if client_id not in self.apps:
            raise EmulatorError(f"no app {client_id!r}")
        return self.apps[client_id]

    def principal(self, client_id: str, tenant_id: str | None = None) -> Principal:
        """The app's principal, created where it is missing; without a tenant, in its own."""
        return self.provision(self.tenant(tenant_id or self.app(client_id).tenant_id), client_id)
