"""From a mailbox to the credential of the account that it is read with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared.errors import SignInNeeded
from shared.identity.credentials import AppCredential
from shared.identity.delegated import DelegatedCredential
from shared.identity.google import GoogleClient, GoogleCredential
from shared.identity.refreshed import RefreshedCredential
from shared.stores.grants import Grant, Grants, Provider
from shared.stores.secret_store import SecretStore

if TYPE_CHECKING:
    from azure.core.credentials import AccessToken


class GrantCredentials:
    """Makes credentials for grants. Construction connects to nothing.

    Args:
        grants: who signed in.
        secrets: gives the store of the refresh tokens; called late.
        application: the application in a tenant.
        google: the OAuth client at Google; called late.
        authority: where Entra ID is.
        ca_file: certificates to trust instead of the usual ones; for development.
    """

    def __init__(
        self,
        *,
        grants: Grants,
        secrets: Callable[[], SecretStore],
        application: Callable[[str], AppCredential],
        google: Callable[[], GoogleClient],
        authority: str,
        ca_file: Path | None = None,
    ) -> None:
        self.grants = grants
        self._secrets = secrets
        self._application = application
        self._google = google
        self._authority = authority
        self._ca_file = ca_file

    def of(self, grant: Grant) -> RefreshedCredential:
        """The credential of a grant."""
        if grant.provider is Provider.GOOGLE:
            return GoogleCredential(client=self._google(), secrets=self._secrets(), secret_name=grant.secret_name)
        application = self._application(grant.tenant)
        return DelegatedCredential(
            tenant_id=grant.tenant,
            client_id=application.client_id,
            assertion=application.assertion,
            secrets=self._secrets(),
            secret_name=grant.secret_name,
            authority=self._authority,
            ca_file=self._ca_file,
        )

    def named(self, company: str, grant: str | None) -> GrantCredential:
        """The credential of the grant that a mailbox names; the grant is looked up when the first token is wanted."""
        return GrantCredential(self, company, grant)


class GrantCredential:
    """An asynchronous `TokenCredential` for the grant that a mailbox names.

    It may be kept as long as the process lives: where an account was disconnected and has signed in again, its grant has
    another secret, and the grant is looked up again.
    """

    def __init__(self, credentials: GrantCredentials, company: str, grant: str | None) -> None:
        self._credentials = credentials
        self._company = company
        self._grant = grant
        self._known: RefreshedCredential | None = None
        self._secret_name = ""

    async def get_token(self, *scopes: str, claims: str | None = None, **_: Any) -> AccessToken:
        """A token for these scopes; as `RefreshedCredential.get_token`.

        Raises:
            SignInNeeded: the mailbox names no grant (`sign_in_needed`), or one that is gone (`grant_missing`) or ended.
        """
        known = self._known or await self._look_up()
        try:
            return await known.get_token(*scopes, claims=claims)
        except SignInNeeded:
            used = self._secret_name
            known = await self._look_up()
            if self._secret_name == used:
                raise
            return await known.get_token(*scopes, claims=claims)

    def forget(self) -> None:
        """Drop tokens kept in memory."""
        if self._known is not None:
            self._known.forget()

    async def close(self) -> None:
        """Nothing is open between two calls; the Azure SDKs ask for this method."""

    async def _look_up(self) -> RefreshedCredential:
        if self._grant is None:
            raise _needed("No account has signed in for this mailbox yet.", "sign_in_needed")
        grant = await self._credentials.grants.get(self._company, self._grant)
        if grant is None:
            raise _needed("The account that this mailbox is read with is not connected any more.", "grant_missing")
        self._known, self._secret_name = self._credentials.of(grant), grant.secret_name
        return self._known


def _needed(message: str, cause: str) -> SignInNeeded:
    return SignInNeeded(message, remedy="Sign an account in for the mailbox.").because(cause)
