"""Signing in at a mail server: with a password, or with a token of an account that signed in elsewhere.

Tokens: XOAUTH2 (https://developers.google.com/gmail/imap/xoauth2-protocol, which Exchange Online speaks too) and OAUTHBEARER
(RFC 7628), whichever the server offers. Passwords: AUTHENTICATE PLAIN (RFC 4616) where offered, LOGIN otherwise.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from shared.errors import PermissionDenied
from shared.sources.imap.errors import sign_in_refused
from shared.sources.imap.wire import Wire


class TokenGiver(Protocol):
    """Gives access tokens for an account."""

    async def get_token(self) -> str:
        """A token that is valid now.

        Raises:
            SignInNeeded: the account has to sign in again.
            TransientError: there is none now, but later there may be.
        """


@dataclass(frozen=True, slots=True)
class PasswordSignIn:
    """A user name and a password."""

    user: str
    password: str | Callable[[], Awaitable[str]] = field(repr=False)
    """The password, or what reads it when a connection is made."""

    async def secret(self) -> str:
        """The password."""
        return self.password if isinstance(self.password, str) else await self.password()

    def __call__(self, wire: Wire, secret: str) -> None:
        """Sign in.

        Raises:
            PostrumError: refused; `cause` says why.
        """
        if wire.can("AUTH=PLAIN"):
            reply, _ = wire.authenticate("PLAIN", f"\0{self.user}\0{secret}".encode())
        elif wire.can("LOGINDISABLED"):
            raise _no_mechanism()
        else:
            reply = wire.login(self.user, secret)
        if reply.status != "OK":
            raise sign_in_refused(reply, wire.host, secret=secret)


@dataclass(frozen=True, slots=True)
class TokenSignIn:
    """A mailbox, and tokens of an account that may open it. They need not be the same: shared mailboxes have no account."""

    user: str
    tokens: TokenGiver

    async def secret(self) -> str:
        """A token."""
        return await self.tokens.get_token()

    def __call__(self, wire: Wire, secret: str) -> None:
        """Sign in.

        Raises:
            PostrumError: refused; `cause` says why.
        """
        if wire.can("AUTH=XOAUTH2"):
            reply, challenge = wire.authenticate("XOAUTH2", f"user={self.user}\1auth=Bearer {secret}\1\1".encode())
        elif wire.can("AUTH=OAUTHBEARER"):
            # RFC 5801 section 4: two characters of the name are escaped
            name = self.user.replace("=", "=3D").replace(",", "=2C")
            reply, challenge = wire.authenticate("OAUTHBEARER", f"n,a={name},\1auth=Bearer {secret}\1\1".encode())
        else:
            raise _no_mechanism()
        if reply.status != "OK":
            raise sign_in_refused(reply, wire.host, secret=secret, token=True, challenged=bool(challenge))


SignIn = PasswordSignIn | TokenSignIn


def _no_mechanism() -> PermissionDenied:
    error = PermissionDenied("The mail server offers no way of signing in that this connection can use.")
    error.cause = "imap_no_mechanism"
    return error
