"""All state of the emulator in one object, so that the wire, the control plane and the tests share it."""

from __future__ import annotations

import hashlib
import shutil
from collections import Counter
from pathlib import Path

from emulator.behaviour import Behaviour
from emulator.clock import Clock
from emulator.entra.scopes import OIDC
from emulator.entra.service import Entra
from emulator.errors import EmulatorError
from emulator.faults import FaultScript
from emulator.google.accounts import GoogleState
from emulator.ids import guid
from emulator.keys import Signer
from emulator.limits import Limiter, Limits
from emulator.state import Mailbox
from emulator.tenants import Directory, FederatedCredential
from emulator.users import FOREIGN_PEOPLE, PEOPLE

_PATHS = ("/sign-in/callback", "/consent/callback", "/connect/callback")


class World:
    """Tenants, mailboxes, limits, faults, switches. All of it belongs to the event loop's thread."""

    def __init__(self, directory: Path, seed: int) -> None:
        self.directory = directory
        self.mail_directory = directory / "mail"
        self.seed = seed
        self.clock = Clock()
        self.behaviour = Behaviour()
        self.limiter = Limiter()
        self.faults = FaultScript()
        self.tenants = Directory(seed)
        self.entra = Entra(self.tenants, Signer(directory), self.behaviour, self.clock)
        self.google = GoogleState()
        self.mailboxes: dict[str, Mailbox] = {}
        self.full_access: dict[str, set[str]] = {}
        """Exchange's FullAccess: mailbox to user names, and client ids of apps for IMAP (Add-MailboxPermission)."""
        self.introspected: dict[str, str] = {}
        """The mailbox that ``/introspect`` names for an account, where it is not its own."""
        self.latency_ms: dict[str, float] = {}
        self.round_trips: Counter[str] = Counter()
        self.tokens_refused_until: dict[str, int] = {}
        self.claims_challenge = False
        self.tenant_id = ""
        self.foreign_tenant_id = ""
        self.client_id = ""
        self.client_secret = ""
        self.msi_client_id = ""
        shutil.rmtree(self.mail_directory, ignore_errors=True)

    def start(self, authority: str) -> None:
        """The listener's address is known: create the tenant, app and managed identity that are there from the
        start."""
        self.entra.start(authority)
        self.create_defaults()

    def create_defaults(self) -> None:
        """Two tenants with their people; in the first the app (a secret, a federated managed identity, nothing
        consented but signing in)."""
        tenants = self.tenants
        tenant = tenants.add_tenant(guid(self.seed, "default tenant"), domain="postrum.example")
        tenants.add_people(tenant, PEOPLE)
        foreign = tenants.add_tenant(guid(self.seed, "foreign tenant"), domain="fabrikam.example", policy="admins")
        tenants.add_people(foreign, FOREIGN_PEOPLE)
        app = tenants.add_app(tenant.id, guid(self.seed, "default app"))
        app.redirect_uris = [f"http://{host}{path}" for host in ("localhost", "127.0.0.1") for path in _PATHS]
        app.required_roles, app.required_scopes = ["Mail.ReadWrite"], ["openid", "profile"]
        tenants.principal(app.client_id).grant(OIDC, None)
        identity = tenants.add_app(tenant.id, guid(self.seed, "default identity"), managed_identity=True)
        app.secrets.append(guid(self.seed, "default secret"))
        subject = tenants.principal(identity.client_id).object_id
        app.federated.append(FederatedCredential(self.entra.tokens.issuer(tenant.id), subject))
        self.tenant_id, self.client_id, self.client_secret = tenant.id, app.client_id, app.secrets[0]
        self.foreign_tenant_id = foreign.id
        self.msi_client_id = self.entra.managed_identity.default = identity.client_id
        self.google.reset(self.seed)

    def reset(self, *, keep_mailboxes: bool) -> None:
        """Back to the start; switches keep their object, since others hold it."""
        self.behaviour.__dict__.update(Behaviour().__dict__)
        self.clock.offset = 0.0
        self.limiter.clear()
        self.limiter.limits = Limits()
        self.faults.faults.clear()
        self.entra.faults.clear()
        self.entra.sign_in.faults.clear()
        self.google.faults.clear()
        self.latency_ms.clear()
        self.round_trips.clear()
        self.tokens_refused_until.clear()
        self.claims_challenge = False
        if keep_mailboxes:
            return
        self.entra.reset()
        self.mailboxes.clear()
        self.full_access.clear()
        self.introspected.clear()
        self.tenants.tenants.clear()
        self.tenants.apps.clear()
        shutil.rmtree(self.mail_directory, ignore_errors=True)
        self.create_defaults()

    def add_mailbox(self, address: str, tenant_id: str | None, language: str) -> Mailbox:
        """Create a mailbox; it is found by its address in any case of letters, and by its GUID."""
        if address.lower() in self.mailboxes:
            raise EmulatorError(f"the mailbox {address!r} exists")
        tenant = self.tenants.tenant(tenant_id or self.tenant_id)
        mailbox = Mailbox(
            address,
            tenant.id,
            seed=self.seed,
            language=language,
            behaviour=self.behaviour,
            clock=self.clock,
            directory=self.mail_directory / hashlib.sha256(address.lower().encode()).hexdigest()[:16],
        )
        self.mailboxes[address.lower()] = self.mailboxes[mailbox.user_id] = mailbox
        return mailbox

    def mailbox(self, address: str) -> Mailbox:
        """The mailbox, or an error that names it."""
        found = self.mailboxes.get(address.lower())
        if found is None:
            raise EmulatorError(f"no mailbox {address!r}")
        return found

    def may_open(self, account: str, address: str) -> bool:
        """Whether a user name (or an app's client id) may open a mailbox: its own, or one with full access."""
        account, address = account.lower(), address.lower()
        return account == address or account in self.full_access.get(address, ())
