"""Google accounts, the OAuth client, and what people allowed it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Literal

from emulator.errors import EmulatorError
from emulator.ids import guid

GMAIL = "https://mail.google.com/"
SCOPES = frozenset({"openid", "email", "profile", GMAIL})
Policy = Literal["", "admin_policy_enforced", "org_internal", "access_denied"]


@dataclass
class Account:
    """A person's account."""

    email: str
    name: str
    subject: str
    policy: Policy = ""
    """What Google says instead of asking for consent; nothing where the person may decide."""
    allowed: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Permit:
    """An authorization code, a refresh token or an access token, by what it stands for."""

    account: Account
    scopes: frozenset[str]
    expires: float = float("inf")
    redirect_uri: str = ""
    challenge: str = ""
    challenge_method: str = ""
    nonce: str = ""
    offline: bool = False


@dataclass
class GoogleFault:
    """The next requests at an endpoint fail."""

    error: str
    times: int
    at: Literal["authorize", "token"]
    answer: Literal["page", "redirect"]


@dataclass
class GoogleState:
    """All accounts, the client and the tokens."""

    client_id: str = ""
    client_secret: str = ""
    redirect_uris: list[str] = field(default_factory=list)
    accounts: dict[str, Account] = field(default_factory=dict)
    codes: dict[str, Permit] = field(default_factory=dict)
    refresh_tokens: dict[str, Permit] = field(default_factory=dict)
    access_tokens: dict[str, Permit] = field(default_factory=dict)
    faults: list[GoogleFault] = field(default_factory=list)

    def add(self, email: str, name: str, policy: Policy = "") -> Account:
        """Create an account; its subject follows from the address."""
        subject = str(int(guid(0, "google", email.lower()).replace("-", ""), 16))[:21]
        account = self.accounts[email.lower()] = Account(email, name, subject, policy)
        return account

    def account(self, email: str) -> Account:
        """The account, or an error that names it."""
        if email.lower() not in self.accounts:
            raise EmulatorError(f"no Google account {email!r}")
        return self.accounts[email.lower()]

    def revoke(self, account: Account) -> None:
        """The person takes the app's access away: all its tokens are dead, and consent is asked for again."""
        account.allowed = frozenset()
        for kept in (self.codes, self.refresh_tokens, self.access_tokens):
            for token in [token for token, permit in kept.items() if permit.account is account]:
                del kept[token]

    def reset(self, seed: int) -> None:
        """The accounts that are there from the start."""
        self.client_id = "postrum-development.apps.googleusercontent.com"
        self.client_secret = guid(seed, "google secret")
        for kept in (self.accounts, self.codes, self.refresh_tokens, self.access_tokens):
            kept.clear()
        self.redirect_uris.clear()
        self.faults.clear()
        self.add("invoice@gmail.example", "Ingrid Invoice")
        self.add("private@gmail.example", "Piet Private")
        self.add("restricted@workspace.example", "Rosa Restricted", "admin_policy_enforced")


def token(prefix: str) -> str:
    """An opaque token in Google's forms."""
    return prefix + secrets.token_urlsafe(48)
