"""All use cases of connecting a mailbox, each made when it is first asked for. A function that only moves mail needs none of them."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from shared.identity.link_key import LinkKey
from shared.setup.account_sign_in import AccountSignIn
from shared.setup.accounts import Accounts
from shared.setup.activation import Activation
from shared.setup.checking import CheckConnection
from shared.setup.consent import ConsentLinks
from shared.setup.folders import MailboxFolders
from shared.setup.mailboxes import Mailboxes
from shared.setup.proof import ProveMailbox
from shared.setup.scoping import ExchangeScript, ScopeProbe
from shared.setup.visiting import Visits

if TYPE_CHECKING:
    from shared.configuration.service import Configure
    from shared.identity.authorisation_code import EntraAuthorisation
    from shared.identity.connection_keeper import ConnectionKeeper
    from shared.identity.credentials import AppCredential
    from shared.identity.google import GoogleClient
    from shared.pipeline.announce import Announcer
    from shared.pipeline.services import Services
    from shared.settings import Settings
    from shared.sources.base import MailSource
    from shared.stores.connections import Connections
    from shared.stores.grants import Grants
    from shared.stores.secret_store import SecretStore
    from shared.stores.sign_in_states import SignInStates


class Reach(Protocol):
    """What reaches mailboxes."""

    def credential(self, tenant: str) -> AppCredential:
        """The application in a tenant."""

    def closed(self, tenant: str, address: str) -> MailSource:
        """A mailbox that nobody configured, as the application."""


class Parts(Protocol):
    """What the use cases are made of."""

    @property
    def settings(self) -> Settings:
        """What the deployment decides."""

    @property
    def services(self) -> Services:
        """The stores."""

    @property
    def announcer(self) -> Announcer:
        """Tells subscribers."""

    @property
    def configure(self) -> Configure:
        """Changes the configuration."""

    @property
    def secrets(self) -> SecretStore:
        """Where secrets are."""

    @property
    def connections(self) -> Connections:
        """How each mailbox is connected."""

    @property
    def connection_keeper(self) -> ConnectionKeeper:
        """Writes that down."""

    @property
    def grants(self) -> Grants:
        """Accounts that signed in."""

    @property
    def google(self) -> GoogleClient:
        """The OAuth client at Google."""

    @property
    def sources(self) -> Reach:
        """What reaches mailboxes."""

    @property
    def sign_in_states(self) -> SignInStates:
        """People who are away on a sign-in page."""

    def entra_authorisation(self, tenant: str) -> EntraAuthorisation:
        """Signs accounts of a tenant in."""


class Setup:
    """The use cases.

    Args:
        app: what they are made of.
    """

    def __init__(self, app: Parts) -> None:
        self._app = app

    @cached_property
    def visits(self) -> Visits:
        """Calls to a mailbox that a person waits for."""
        return Visits(self._app.services)

    @cached_property
    def mailboxes(self) -> Mailboxes:
        """Making, changing and removing mailboxes."""
        return Mailboxes(self._app.configure, self._app.secrets, self._app.connection_keeper)

    @cached_property
    def folders(self) -> MailboxFolders:
        """Choosing folders."""
        return MailboxFolders(self.mailboxes, self.visits, self._app.connections)

    @cached_property
    def activation(self) -> Activation:
        """Switching mailboxes on and off."""
        return Activation(self.mailboxes, self.visits, self._app.connections, self._app.announcer)

    @cached_property
    def checking(self) -> CheckConnection:
        """Testing a connection."""
        app = self._app
        return CheckConnection(
            visits=self.visits,
            keeper=app.connection_keeper,
            grants=app.grants,
            application=app.sources.credential,
            home_tenant=app.settings.tenant_id,
        )

    @cached_property
    def consent(self) -> ConsentLinks:
        """The consent link, from making it to the proof."""
        app = self._app
        return ConsentLinks(
            check=self.checking,
            keeper=app.connection_keeper,
            states=app.sign_in_states,
            key=LinkKey(lambda: app.secrets),
            application=app.sources.credential,
            home_tenant=app.settings.tenant_id,
            client_id=app.settings.app_client_id,
            authority=app.settings.authority,
            public_url=app.settings.public_url,
            clock=app.services.clock,
            tenant_wide_declared=app.settings.tenant_wide,
            sign_in_declared=app.settings.mailbox_sign_in,
        )

    @cached_property
    def accounts(self) -> Accounts:
        """Accounts that signed in."""
        app = self._app
        return Accounts(check=self.checking, keeper=app.connection_keeper, grants=app.grants, configure=app.configure)

    @cached_property
    def account_sign_in(self) -> AccountSignIn:
        """An account signs in for a mailbox."""
        app = self._app
        return AccountSignIn(
            accounts=self.accounts,
            states=app.sign_in_states,
            entra=app.entra_authorisation,
            google=lambda: app.google,
            home_tenant=app.settings.tenant_id,
            public_url=app.settings.public_url,
            clock=app.services.clock,
        )

    @cached_property
    def exchange_script(self) -> ExchangeScript:
        """The script that scopes the application in Exchange."""
        app = self._app
        return ExchangeScript(
            visits=self.visits,
            application=app.sources.credential,
            client_id=app.settings.app_client_id,
            home_tenant=app.settings.tenant_id,
            probe_mailbox=app.settings.probe_mailbox,
        )

    @cached_property
    def scope_probe(self) -> ScopeProbe:
        """Tries a mailbox that has to be closed."""
        app = self._app
        return ScopeProbe(
            open=app.sources.closed, home_tenant=app.settings.tenant_id, probe_mailbox=app.settings.probe_mailbox
        )

    @cached_property
    def proof(self) -> ProveMailbox:
        """The test mail."""
        return ProveMailbox(self.visits, self.activation)
