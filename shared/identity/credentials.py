"""How the application proves itself to Entra ID, and the tokens that it gets: without a secret.

A user-assigned managed identity signs for the app registration: it gets a token for the exchange audience, and Entra takes
that token as the client assertion of the app registration, whose federated credential names the identity.
https://learn.microsoft.com/entra/workload-id/workload-identity-federation-config-app-trust-managed-identity

Where no identity can be federated, `shared.identity.certificate` makes the assertion with a certificate instead. Everything
after the assertion is the same for both, and stands here.
"""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from shared.errors import ConfigurationError, NetworkFailure, PostrumError, TransientError
from shared.identity.entra_errors import refusal

if TYPE_CHECKING:
    from azure.core.credentials import AccessToken
    from azure.core.exceptions import AzureError

PUBLIC_CLOUD = "https://login.microsoftonline.com"
EXCHANGE_SCOPE = "api://AzureADTokenExchange/.default"
"""Audience of the assertion in the public cloud; the national clouds have one of their own."""
FRESH_SECONDS = 300
"""A token that lives longer than this is used as it is."""
USABLE_SECONDS = 30
"""A token that lives longer than this is still used where no new one can be had at the moment."""
DEADLINE_SECONDS = 30

_Key = tuple[str, str, str, str, tuple[str, ...]]
_tokens: dict[_Key, AccessToken] = {}
"""Tokens of this process, by authority, tenant, application, signer and scopes."""


class AppCredential(Protocol):
    """Who the application is in one tenant: an asynchronous `TokenCredential` of the Azure SDKs, and what signing people in needs."""

    tenant_id: str
    client_id: str

    async def get_token(
        self, *scopes: str, claims: str | None = None, tenant_id: str | None = None, enable_cae: bool = True, **_: Any
    ) -> AccessToken:
        """A token of the application's own."""

    def forget(self) -> None:
        """Drop tokens kept in memory."""

    async def assertion(self) -> str:
        """A signed JWT by which the application proves itself (RFC 7523 section 2.2), good for some minutes."""

    async def close(self) -> None:
        """End what is open."""


class AssertedCredential(ABC):
    """Tokens for an app registration that proves itself by an assertion. Construction connects to nothing.

    Tokens are kept per process; connections are not, for a token is asked for about once an hour.

    Args:
        tenant_id: tenant in which the application acts; may be another one than its home.
        client_id: id of the app registration.
        signer: what signs, for telling tokens in memory apart.
        authority: where Entra ID is; always https.
        ca_file: certificates to trust instead of the usual ones; for development.
        problems: what is wrong with the other arguments.

    Raises:
        ConfigurationError: the authority is not an https address, or an id is missing.
    """

    def __init__(
        self,
        *,
        tenant_id: str,
        client_id: str,
        signer: str,
        authority: str = PUBLIC_CLOUD,
        ca_file: Path | None = None,
        problems: tuple[str, ...] = (),
    ) -> None:
        needed = {"tenant id": tenant_id, "application id": client_id}
        found = [f"the {name} is missing" for name, value in needed.items() if not value] + list(problems)
        parts = urlsplit(authority)
        if parts.scheme != "https" or not parts.hostname:
            found.append(f"the address of Entra ID must start with https://, not {authority!r}")
        if found:
            raise ConfigurationError(found)
        self.tenant_id = tenant_id
        self.client_id = client_id
        self._signer = signer
        self._authority = authority.rstrip("/")
        self._transport: dict[str, Any] = {"connection_verify": str(ca_file)} if ca_file else {}
        self._locks: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(tenant_id={self.tenant_id!r}, client_id={self.client_id!r})"

    @abstractmethod
    async def assertion(self) -> str:
        """A signed JWT by which the application proves itself (RFC 7523 section 2.2), good for some minutes.

        Raises:
            ConfigurationError: there is nothing that could sign.
            TransientError: what signs does not answer, or not now.
        """

    async def get_token(
        self, *scopes: str, claims: str | None = None, tenant_id: str | None = None, enable_cae: bool = True, **_: Any
    ) -> AccessToken:
        """A token for these scopes, from memory where it lives long enough.

        Args:
            scopes: what it is for, such as `https://graph.microsoft.com/.default`.
            claims: the claims that the service asked for when it refused the last token; these go past the memory.
            tenant_id: not used; the tenant is that of the credential.
            enable_cae: not used; tokens are always asked for with continuous access evaluation.
            _: what other SDKs pass along.

        Raises:
            ConfigurationError, PermissionDenied: Entra refused; the text has the code and what to do.
            TransientError: Entra could not be asked, or not now.
        """
        key = self._key(scopes)
        known = _tokens.get(key)
        if known is not None and claims is None and known.expires_on - time.time() > FRESH_SECONDS:
            return known
        async with self._locks.setdefault(asyncio.get_running_loop(), asyncio.Lock()):
            latest = _tokens.get(key)
            if latest is not None and latest is not known and claims is None:
                return latest
            try:
                token = await self._ask(scopes, claims)
            except TransientError:
                if known is None or claims is not None or known.expires_on - time.time() < USABLE_SECONDS:
                    raise
                return known
            _tokens[key] = token
            return token

    def forget(self) -> None:
        """Drop the tokens of this credential, because a service refused one or consent was given a moment ago."""
        mine = self._key(())[:4]
        for key in [key for key in _tokens if key[:4] == mine]:
            del _tokens[key]

    async def close(self) -> None:  # noqa: B027 - no credential of ours keeps a connection
        """Nothing is open between two calls; the Azure SDKs ask for this method."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    def _key(self, scopes: tuple[str, ...]) -> _Key:
        return (self._authority, self.tenant_id, self.client_id, self._signer, scopes)

    async def _ask(self, scopes: tuple[str, ...], claims: str | None) -> AccessToken:
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                assertion = await self.assertion()
                return await self._exchange(assertion, scopes, claims)
        except TimeoutError:
            raise NetworkFailure(f"No token for {self._who()} within {DEADLINE_SECONDS} seconds.") from None

    async def _exchange(self, assertion: str, scopes: tuple[str, ...], claims: str | None) -> AccessToken:
        """https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow, third case."""
        from azure.core.exceptions import AzureError
        from azure.identity.aio import ClientAssertionCredential

        try:
            async with ClientAssertionCredential(
                self.tenant_id,
                self.client_id,
                lambda: assertion,
                authority=self._authority,
                retry_total=0,
                **self._transport,
            ) as application:
                return await application.get_token(*scopes, claims=claims, enable_cae=True)
        except AzureError as error:
            raise _exchange_failure(error, self._who()) from None

    def _who(self) -> str:
        return f"application {self.client_id} in tenant {self.tenant_id}"


class FederatedCredential(AssertedCredential):
    """The application, signed for by a managed identity: the normal way.

    Args:
        tenant_id: tenant in which the application acts; may be another one than its home.
        client_id: id of the app registration.
        identity_client_id: client id of the user-assigned managed identity.
        authority: where Entra ID is; always https.
        ca_file: certificates to trust instead of the usual ones; for development.
        exchange_scope: scope of the assertion; national clouds have one of their own.

    Raises:
        ConfigurationError: the authority is not an https address, or an id is missing.
    """

    def __init__(
        self,
        *,
        tenant_id: str,
        client_id: str,
        identity_client_id: str,
        authority: str = PUBLIC_CLOUD,
        ca_file: Path | None = None,
        exchange_scope: str = EXCHANGE_SCOPE,
    ) -> None:
        super().__init__(
            tenant_id=tenant_id,
            client_id=client_id,
            signer=identity_client_id,
            authority=authority,
            ca_file=ca_file,
            problems=() if identity_client_id else ("the client id of the managed identity is missing",),
        )
        self._identity_client_id = identity_client_id
        self._exchange_scope = exchange_scope

    async def assertion(self) -> str:
        """The identity's token for the exchange audience; fetched ahead, as the library's call back would block."""
        from azure.core.exceptions import AzureError
        from azure.identity.aio import ManagedIdentityCredential

        try:
            async with ManagedIdentityCredential(
                client_id=self._identity_client_id, retry_total=1, **self._transport
            ) as identity:
                token: AccessToken = await identity.get_token(self._exchange_scope)
                return token.token
        except AzureError as error:
            raise _identity_failure(error, self._identity_client_id) from None


def _identity_failure(error: AzureError, identity: str) -> PostrumError:
    """What it means that the managed identity gave no assertion; its endpoint is a local one."""
    from azure.core.exceptions import ClientAuthenticationError, HttpResponseError

    status = error.status_code if isinstance(error, HttpResponseError) else None
    message = f"The managed identity {identity} gave no assertion"
    if isinstance(error, ClientAuthenticationError) and (status is None or (status < 500 and status != 429)):
        return ConfigurationError(
            f"{message}.", remedy="Assign the identity to the function app and check its client id."
        ).because("identity_no_assertion")
    if isinstance(error, HttpResponseError):
        return TransientError(
            f"{message}: its endpoint answered {status or 'what cannot be read'}.", retry_after=_wait(error)
        )
    return NetworkFailure(f"{message}: its endpoint could not be reached.")


def _exchange_failure(error: AzureError, who: str) -> PostrumError:
    from azure.core.exceptions import HttpResponseError

    if not isinstance(error, HttpResponseError):
        return NetworkFailure(
            f"Entra ID could not be reached for {who}.", remedy="Check the network and name resolution."
        )
    if error.status_code is None or error.status_code < 400:
        return TransientError(f"Entra ID gave {who} an answer that cannot be read.")
    return refusal(error.message, who=who, status=error.status_code, retry_after=_wait(error))


def _wait(error: AzureError) -> float | None:
    """Seconds of a `Retry-After` header, where there is one in that form."""
    value = getattr(getattr(error, "response", None), "headers", {}).get("Retry-After", "")
    return float(value) if value.isdigit() else None
