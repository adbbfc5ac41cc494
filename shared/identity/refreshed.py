"""Tokens for an account that signed in, made from the refresh token that it left.

The refresh token is in the secret store and is read afresh each time, for another process may have put a newer one there.
Where the provider gives a new one, it is stored before the access token beside it is used: a process that ends in between
leaves a grant that still works.
"""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

from shared.errors import SignInNeeded, TransientError
from shared.stores.secret_store import SecretStore

if TYPE_CHECKING:
    from azure.core.credentials import AccessToken

FRESH_SECONDS: Final = 300
"""A token that lives longer than this is used as it is."""
USABLE_SECONDS: Final = 30
"""A token that lives longer than this is still used where no new one can be had at the moment."""
MOST_TOKENS: Final = 10_000
"""Tokens that a process keeps; beyond that the memory begins anew."""

_Key = tuple[str, tuple[str, ...]]
_tokens: dict[_Key, AccessToken] = {}
"""Tokens of this process, by the name of the grant's secret and the scopes."""
_locks: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, asyncio.Lock]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Redeemed:
    """What a provider gave for a refresh token. `refresh_token` is None where the old one stays the only one."""

    access_token: str = field(repr=False)
    expires_in: int
    refresh_token: str | None = field(repr=False, default=None)


class RefreshedCredential(ABC):
    """An asynchronous `TokenCredential` of the Azure SDKs that acts for an account. Construction connects to nothing.

    Several may be made for one grant; they share tokens, and only one at a time asks for a new one.

    Args:
        secrets: where the refresh token is.
        secret_name: its name there.
    """

    def __init__(self, *, secrets: SecretStore, secret_name: str) -> None:
        self._secrets = secrets
        self._secret_name = secret_name

    def __repr__(self) -> str:
        return f"{type(self).__name__}(secret_name={self._secret_name!r})"

    async def get_token(self, *scopes: str, claims: str | None = None, **_: Any) -> AccessToken:
        """A token for these scopes, from memory where it lives long enough.

        Args:
            scopes: what it is for; those of one resource.
            claims: the claims that the service asked for when it refused the last token; these go past the memory.
            _: what the SDKs pass along.

        Raises:
            SignInNeeded: the account has to sign in again; `cause` says why.
            PermissionDenied, ConfigurationError: the provider refused for another reason.
            TransientError: the provider or the secret store could not be asked, or not now.
        """
        key = (self._secret_name, scopes)
        known = _tokens.get(key)
        if known is not None and claims is None and known.expires_on - time.time() > FRESH_SECONDS:
            return known
        locks = _locks.setdefault(asyncio.get_running_loop(), {})
        async with locks.setdefault(self._secret_name, asyncio.Lock()):
            latest = _tokens.get(key)
            if latest is not None and latest is not known and claims is None:
                return latest
            try:
                token = await self._refreshed(scopes, claims)
            except TransientError:
                if known is None or claims is not None or known.expires_on - time.time() < USABLE_SECONDS:
                    raise
                return known
            if len(_tokens) >= MOST_TOKENS:
                _tokens.clear()
            _tokens[key] = token
            return token

    def forget(self) -> None:
        """Drop the tokens of this grant, because a service refused one or the account signed in a moment ago."""
        forget_tokens(self._secret_name)

    async def close(self) -> None:  # noqa: B027 - no credential of ours keeps a connection
        """Nothing is open between two calls; the Azure SDKs ask for this method."""

    @abstractmethod
    async def _redeem(self, refresh_token: str, scopes: tuple[str, ...], claims: str | None) -> Redeemed:
        """Ask the provider once. Raises SignInNeeded where it does not take the refresh token."""

    async def _refreshed(self, scopes: tuple[str, ...], claims: str | None) -> AccessToken:
        from azure.core.credentials import AccessToken

        used = await self._secrets.get(self._secret_name)
        if used is None:
            gone = SignInNeeded("The account that this mailbox is read with is not connected any more.")
            raise gone.because("grant_missing")
        try:
            redeemed = await self._redeem(used, scopes, claims)
        except SignInNeeded:
            newer = await self._secrets.get(self._secret_name)
            if newer is None or newer == used:
                raise
            used = newer
            redeemed = await self._redeem(used, scopes, claims)
        if redeemed.refresh_token is not None and redeemed.refresh_token != used:
            await self._secrets.put(self._secret_name, redeemed.refresh_token)
        return AccessToken(redeemed.access_token, int(time.time()) + redeemed.expires_in)


def forget_tokens(secret_name: str) -> None:
    """Drop the tokens of a grant from the memory of this process."""
    for key in [key for key in _tokens if key[0] == secret_name]:
        del _tokens[key]
