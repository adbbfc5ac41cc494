"""Composition of what reaches mailboxes: credentials, Graph clients, mail servers, and the source of each mailbox."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from shared.errors import SignInNeeded
from shared.identity.credentials import AppCredential, FederatedCredential
from shared.model.config import IMAP_KINDS, Company, ConnectionKind, ImapServer, Mailbox
from shared.model.run import lane_id
from shared.settings import Network, Settings
from shared.sources.base import MailSource
from shared.sources.graph import GraphClient, GraphSource
from shared.sources.registry import SOURCES
from shared.stores.secret_store import SecretStore

if TYPE_CHECKING:
    from shared.identity.grant_credentials import GrantCredential, GrantCredentials
    from shared.sources.graph.subscriptions import GraphSubscriptions
    from shared.sources.imap.sign_in import SignIn


class Sources:
    """Opens the source of a mailbox, and names its lane. Implements `registry.Parts`; connects to nothing by itself.

    Args:
        settings: what the deployment decides.
        secrets: gives the secret store; called late.
        grants: gives the credentials of accounts that signed in; called late.
    """

    def __init__(
        self, settings: Settings, secrets: Callable[[], SecretStore], grants: Callable[[], GrantCredentials]
    ) -> None:
        self._settings = settings
        self._secrets = secrets
        self._grants = grants
        self._applications: dict[str, GraphClient] = {}
        self._accounts: dict[tuple[str, str], GraphClient] = {}

    def open(self, company: Company, mailbox: Mailbox) -> MailSource:
        """The mailbox as a source, for one hold of its lane or one visit."""
        return SOURCES[mailbox.connection](company, mailbox, self)

    def lane(self, company: Company, mailbox: Mailbox) -> str:
        """The lane of the provider's mailbox: companies that read the same one share it."""
        if mailbox.connection in IMAP_KINDS:
            server = self.mail_server(mailbox)
            return lane_id("imap", f"{server.host.lower()}:{server.port}", server.user_name or mailbox.address)
        return lane_id(self.tenant(mailbox), self._settings.app_client_id, mailbox.address)

    def tenant(self, mailbox: Mailbox) -> str:
        """The Entra tenant of a mailbox."""
        return mailbox.tenant_id or self._settings.tenant_id

    @property
    def networks(self) -> tuple[Network, ...]:
        """See `registry.Parts`."""
        return self._settings.allowed_networks

    @property
    def ca_file(self) -> Path | None:
        """See `registry.Parts`."""
        return Path(self._settings.ca_file) if self._settings.ca_file else None

    def application(self, mailbox: Mailbox) -> GraphClient:
        """See `registry.Parts`."""
        return self.client(self.tenant(mailbox))

    def client(self, tenant: str) -> GraphClient:
        """Graph in a tenant, as the application; one client for all its mailboxes."""
        client = self._applications.get(tenant)
        if client is None:
            client = self._applications[tenant] = GraphClient(
                self.credential(tenant), base_url=self._settings.graph_url, ca_file=self.ca_file
            )
        return client

    def account(self, company: Company, mailbox: Mailbox) -> GraphClient:
        """See `registry.Parts`. One client for each account, whichever mailboxes it opens."""
        from shared.identity.scopes import GRAPH_MAIL

        key = (company.id, mailbox.grant or "")
        client = self._accounts.get(key)
        if client is None:
            client = self._accounts[key] = GraphClient(
                self.grant(company, mailbox),
                base_url=self._settings.graph_url,
                ca_file=self.ca_file,
                scopes=(GRAPH_MAIL,),
            )
        return client

    def closed(self, tenant: str, address: str) -> MailSource:
        """A mailbox that nobody configured, as the application: to prove that it is closed."""
        return GraphSource(self.client(tenant), address)

    def subscriptions(self, company: Company, mailbox: Mailbox, account: str) -> GraphSubscriptions:
        """Calls to Graph for the change notifications of a mailbox; `account` signed in for it, empty for the application."""
        from shared.sources.graph.subscriptions import GraphSubscriptions

        if mailbox.connection is ConnectionKind.GRAPH_DELEGATED:
            return GraphSubscriptions(self.account(company, mailbox), account=account)
        return GraphSubscriptions(self.application(mailbox))

    def mail_server(self, mailbox: Mailbox) -> ImapServer:
        """See `registry.Parts`."""
        from shared.sources.imap.servers import server_of

        return server_of(mailbox, gmail=self._settings.gmail_imap, outlook=self._settings.outlook_imap)

    def sign_in(self, company: Company, mailbox: Mailbox) -> SignIn:
        """See `registry.Parts`. Passwords and tokens are read when a connection is made."""
        from shared.identity.scopes import GMAIL, OUTLOOK_IMAP
        from shared.sources.imap.sign_in import PasswordSignIn, TokenSignIn

        if mailbox.connection is ConnectionKind.IMAP_PASSWORD:
            user = self.mail_server(mailbox).user_name or mailbox.address
            return PasswordSignIn(user, lambda: self._password(company, mailbox))
        scope = GMAIL if mailbox.connection is ConnectionKind.GOOGLE else OUTLOOK_IMAP
        return TokenSignIn(mailbox.address, _Tokens(self.grant(company, mailbox), scope))

    def grant(self, company: Company, mailbox: Mailbox) -> GrantCredential:
        """The credential of the account that a mailbox is read with."""
        return self._grants().named(company.id, mailbox.grant)

    def credential(self, tenant: str) -> AppCredential:
        """The application in a tenant: signed for by the managed identity, or by a certificate where there is none."""
        if self._settings.app_certificate:
            from shared.identity.certificate import CertificateCredential

            name = self._settings.app_certificate
            return CertificateCredential(
                tenant_id=tenant,
                client_id=self._settings.app_client_id,
                read=lambda: self._secrets().get(name),
                authority=self._settings.authority,
                ca_file=self.ca_file,
            )
        return FederatedCredential(
            tenant_id=tenant,
            client_id=self._settings.app_client_id,
            identity_client_id=self._settings.identity_client_id or "",
            authority=self._settings.authority,
            ca_file=self.ca_file,
        )

    async def aclose(self) -> None:
        """End all connections to Graph."""
        for client in (*self._applications.values(), *self._accounts.values()):
            await client.aclose()

    async def _password(self, company: Company, mailbox: Mailbox) -> str:
        from shared.configuration.passwords import password_name

        password = await self._secrets().get(password_name(company.id, mailbox.id))
        if not password:
            error = SignInNeeded(
                f"No password is kept for mailbox {mailbox.id} of company {company.id}.",
                remedy="Enter it in the mailbox's set-up.",
            )
            error.cause = "imap_password_missing"
            raise error
        return password


class _Tokens:
    """Tokens of an account for one purpose; the `TokenGiver` of the IMAP source."""

    def __init__(self, credential: GrantCredential, scope: str) -> None:
        self._credential = credential
        self._scope = scope

    async def get_token(self) -> str:
        return (await self._credential.get_token(self._scope)).token
