"""Tenants, app registrations, their consent and their Exchange scopes."""

from __future__ import annotations

from dataclasses import dataclass, field

from emulator.errors import EmulatorError
from emulator.ids import guid

EXCHANGE_AUDIENCE = "api://AzureADTokenExchange"


@dataclass(frozen=True)
class FederatedCredential:
    """Whose tokens an app accepts instead of a secret (Entra:
    workload-identity-federation-config-app-trust-managed-identity)."""

    issuer: str
    subject: str
    audience: str = EXCHANGE_AUDIENCE


@dataclass
class Principal:
    """An app in one tenant: what was consented there, and what Exchange grants it."""

    object_id: str
    roles: list[str] = field(default_factory=list)
    scopes: dict[str, set[str]] = field(default_factory=dict)
    """Exchange RBAC for Applications: role (``Mail.ReadWrite``) to the mailboxes of its management scope."""
    disabled: bool = False


@dataclass
class App:
    """An app registration, or a managed identity."""

    client_id: str
    tenant_id: str
    secrets: list[str] = field(default_factory=list)
    federated: list[FederatedCredential] = field(default_factory=list)
    managed_identity: bool = False


@dataclass
class Tenant:
    """A directory."""

    id: str
    principals: dict[str, Principal] = field(default_factory=dict)


class Directory:
    """All tenants and apps."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.tenants: dict[str, Tenant] = {}
        self.apps: dict[str, App] = {}

    def add_tenant(self, tenant_id: str | None = None) -> Tenant:
        """Create a tenant."""
        tenant_id = tenant_id or guid(self.seed, "tenant", str(len(self.tenants)))
        return self.tenants.setdefault(tenant_id, Tenant(tenant_id))

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

    def app(self, client_id: str) -> App:
        """The app, or an error that names it."""
        if client_id not in self.apps:
            raise EmulatorError(f"no app {client_id!r}")
        return self.apps[client_id]

    def principal(self, client_id: str, tenant_id: str | None = None) -> Principal:
        """The app's principal, created where it is missing; without a tenant, in its own."""
        return self.provision(self.tenant(tenant_id or self.app(client_id).tenant_id), client_id)
