"""Authorization codes and refresh tokens (Entra: v2-oauth2-auth-code-flow, refresh-tokens)."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace

from emulator.behaviour import Behaviour
from emulator.clock import Clock
from emulator.entra.errors import EntraError
from emulator.entra.scopes import Scopes
from emulator.users import User

CODE_SECONDS = 600.0


@dataclass(frozen=True)
class Grant:
    """What a person allowed an app to do, by signing in."""

    client_id: str
    tenant_id: str
    user: User
    scopes: Scopes
    issued_at: float
    redirect_uri: str = ""
    challenge: str = ""
    challenge_method: str = ""
    nonce: str = ""
    second_factor: bool = False


class Grants:
    """Keeps codes and refresh tokens, and says which are good."""

    def __init__(self, behaviour: Behaviour, clock: Clock) -> None:
        self._behaviour = behaviour
        self._clock = clock
        self._codes: dict[str, Grant] = {}
        self._redeemed: set[str] = set()
        self._refresh: dict[str, Grant] = {}
        self._rotated_out: set[str] = set()

    def clear(self) -> None:
        """Forget all."""
        for kept in (self._codes, self._redeemed, self._refresh, self._rotated_out):
            kept.clear()

    def code(self, grant: Grant) -> str:
        """A new authorization code."""
        code = "1." + secrets.token_urlsafe(48)
        self._codes[code] = grant
        return code

    def redeem(self, form: Mapping[str, str], client_id: str) -> Grant:
        """The grant of a code, once, within ten minutes, for the same client, redirect and verifier.

        Raises:
            EntraError: It is not.
        """
        for parameter in ("code", "redirect_uri"):
            if not form.get(parameter):
                raise EntraError(900144, parameter=parameter)
        code = form["code"]
        if code in self._redeemed:
            raise EntraError(54005)
        grant = self._codes.get(code)
        if grant is None or grant.client_id != client_id or grant.redirect_uri != form["redirect_uri"]:
            raise EntraError(70000)
        if grant.issued_at + CODE_SECONDS <= self._clock.now():
            raise EntraError(70008)
        if not _verified(grant, form.get("code_verifier", "")):
            raise EntraError(501481)
        self._redeemed.add(code)
        return grant

    def refresh_token(self, grant: Grant) -> str:
        """A new refresh token; it lives from now on."""
        token = "1.A" + secrets.token_urlsafe(64)
        self._refresh[token] = replace(grant, issued_at=self._clock.now())
        return token

    def refreshed(self, token: str, client_id: str) -> Grant:
        """The grant of a refresh token.

        Raises:
            EntraError: It is unknown, of another client, expired, revoked or rotated out.
        """
        grant = self._refresh.get(token)
        if grant is None or grant.client_id != client_id or token in self._rotated_out:
            raise EntraError(70000)
        if grant.issued_at + self._behaviour.refresh_lifetime_seconds <= self._clock.now():
            raise EntraError(700082)
        if grant.issued_at <= grant.user.sessions_from:
            raise EntraError(grant.user.sessions_code)
        return grant

    def rotated(self, token: str) -> None:
        """A successor was issued; the token stays good unless the switch says otherwise."""
        if self._behaviour.refresh_rotation == "rotated_out":
            self._rotated_out.add(token)


def _verified(grant: Grant, verifier: str) -> bool:
    """Proof key for code exchange (RFC 7636, section 4.6)."""
    if not grant.challenge:
        return True
    if grant.challenge_method == "S256":
        verifier = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    return secrets.compare_digest(grant.challenge.encode(), verifier.encode())
