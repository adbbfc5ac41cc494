"""An app that signs people in with plain HTTP, for tests of the emulator."""

from __future__ import annotations

import base64
import hashlib
from typing import Any
from urllib.parse import urlencode

import httpx
import jwt

from emulator.server import EmulatorThread

REDIRECT = "https://app.test/sign-in/callback"
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
MAIL = "https://graph.microsoft.com/Mail.ReadWrite"
SHARED_MAIL = "https://graph.microsoft.com/Mail.ReadWrite.Shared"
IMAP = "https://outlook.office.com/IMAP.AccessAsUser.All"


def authorize_url(emulator: EmulatorThread, tenant: str | None = None, **changes: str | None) -> str:
    query: dict[str, str | None] = {
        "client_id": emulator.client_id,
        "response_type": "code",
        "redirect_uri": REDIRECT,
        "scope": "openid profile offline_access",
        "state": "s t&te",
        "nonce": "n-1",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    wanted = {name: value for name, value in (query | changes).items() if value is not None}
    return f"{emulator.authority}/{tenant or emulator.tenant_id}/oauth2/v2.0/authorize?{urlencode(wanted)}"


def admin_consent_url(
    emulator: EmulatorThread, tenant: str | None = None, *, v1: bool = False, **changes: str | None
) -> str:
    query: dict[str, str | None] = {
        "client_id": emulator.client_id,
        "scope": "https://graph.microsoft.com/.default",
        "redirect_uri": REDIRECT,
        "state": "s-1",
    }
    wanted = {name: value for name, value in (query | changes).items() if value is not None}
    return f"{emulator.authority}/{tenant or emulator.foreign_tenant_id}/{'' if v1 else 'v2.0/'}adminconsent?{urlencode(wanted)}"


def token(
    emulator: EmulatorThread, http: httpx.Client, tenant: str | None = None, **form: str | None
) -> httpx.Response:
    """A token request with the client secret; ``None`` leaves a field out."""
    client: dict[str, str | None] = {"client_id": emulator.client_id, "client_secret": emulator.client_secret}
    wanted = {name: value for name, value in (client | form).items() if value is not None}
    return http.post(f"{emulator.authority}/{tenant or emulator.tenant_id}/oauth2/v2.0/token", data=wanted)


def redeem(emulator: EmulatorThread, http: httpx.Client, code: str, **changes: str | None) -> httpx.Response:
    form: dict[str, str | None] = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": REDIRECT,
        "code_verifier": VERIFIER,
    }
    return token(emulator, http, **(form | changes))


def refresh(emulator: EmulatorThread, http: httpx.Client, refresh_token: str, **changes: str | None) -> httpx.Response:
    form: dict[str, str | None] = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    return token(emulator, http, **(form | changes))


def code_of(answer: httpx.Response) -> int:
    """The AADSTS code of a refused token request."""
    return int(answer.json()["error_codes"][0])


def claims(token_text: str) -> dict[str, Any]:
    decoded: dict[str, Any] = jwt.decode(token_text, options={"verify_signature": False})
    return decoded
