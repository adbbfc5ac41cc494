"""Google's sign-in and token endpoints (Google: oauth2/web-server, openid-connect)."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

from aiohttp import web

from emulator.behaviour import Behaviour
from emulator.clock import Clock
from emulator.google.accounts import SCOPES, Account, GoogleState, Permit, token
from emulator.keys import Signer
from emulator.pages import button, form, page, paragraph, text

ISSUER = "https://accounts.google.com"
_CODE_SECONDS = 600.0
_MOST = 2000
_HEADINGS = {
    "admin_policy_enforced": "Your administrator has restricted access to this app.",
    "org_internal": "This app is only available to users within its organisation.",
    "redirect_uri_mismatch": "The redirect URI does not match those registered for the OAuth client.",
    "invalid_client": "The OAuth client was not found.",
    "invalid_scope": "Some requested scopes were invalid.",
    "access_denied": "The app has not been approved for this account.",
}


@dataclass
class Visit:
    """What the app asked for, and who came."""

    redirect_uri: str
    state: str
    scopes: frozenset[str]
    prompt: frozenset[str]
    login_hint: str
    nonce: str
    challenge: str
    challenge_method: str
    offline: bool
    account: Account | None = None
    id: str = field(default_factory=lambda: secrets.token_urlsafe(24))

    def back(self, **parameters: str) -> web.Response:
        """Back to the app."""
        if self.state:
            parameters["state"] = self.state
        mark = "&" if "?" in self.redirect_uri else "?"
        return web.Response(status=302, headers={"Location": f"{self.redirect_uri}{mark}{urlencode(parameters)}"})


class Google:
    """Serves what is below ``/google``."""

    def __init__(self, state: GoogleState, signer: Signer, behaviour: Behaviour, clock: Clock) -> None:
        self.state = state
        self._signer = signer
        self._behaviour = behaviour
        self._clock = clock
        self._visits: dict[str, Visit] = {}

    def routes(self) -> list[web.RouteDef]:
        """What the TLS listener serves."""
        return [
            web.get("/google/o/oauth2/v2/auth", self.authorize),
            web.post("/google/login", self.login),
            web.post("/google/token", self.token),
            web.post("/google/revoke", self.revoke),
        ]

    # -- pages

    async def authorize(self, request: web.Request) -> web.Response:
        """GET /google/o/oauth2/v2/auth."""
        query = request.query
        if query.get("client_id") != self.state.client_id:
            return _error("invalid_client", 401)
        if query.get("redirect_uri") not in self.state.redirect_uris:
            return _error("redirect_uri_mismatch", 400)
        scopes = frozenset(query.get("scope", "").split())
        if not scopes or not scopes <= SCOPES:
            return _error("invalid_scope", 400)
        visit = Visit(
            redirect_uri=query["redirect_uri"],
            state=query.get("state", ""),
            scopes=scopes,
            prompt=frozenset(query.get("prompt", "").split()),
            login_hint=query.get("login_hint", "").lower(),
            nonce=query.get("nonce", ""),
            challenge=query.get("code_challenge", ""),
            challenge_method=query.get("code_challenge_method", "plain"),
            offline=query.get("access_type") == "offline",
        )
        if query.get("response_type") != "code":
            return visit.back(error="unsupported_response_type")
        if "none" in visit.prompt:
            return visit.back(error="interaction_required")
        if len(self._visits) >= _MOST:
            del self._visits[next(iter(self._visits))]
        self._visits[visit.id] = visit
        return self._accounts(visit)

    def _accounts(self, visit: Visit) -> web.Response:
        hinted = sorted(self.state.accounts.values(), key=lambda one: one.email.lower() != visit.login_hint)
        people = [button("user", one.email, one.name, small=one.email, kind="account") for one in hinted]
        return page(
            "Choose an account",
            paragraph("to continue to Postrum"),
            form("/google/login", {"ctx": visit.id, "step": "account"}, *people),
        )

    async def login(self, request: web.Request) -> web.Response:
        """POST of a page."""
        sent = {key: str(value) for key, value in (await request.post()).items()}
        visit = self._visits.get(sent.get("ctx", ""))
        if visit is None:
            return _error("invalid_request", 400)
        if sent.get("step") == "account":
            visit.account = self.state.accounts.get(sent.get("user", "").lower())
        account = visit.account
        if account is None:
            return self._accounts(visit)
        if (refused := self._refused(visit, account)) is not None:
            return refused
        if sent.get("step") == "consent":
            if sent.get("answer") != "allow":
                return self._end(visit, error="access_denied")
            account.allowed |= visit.scopes
            return self._finish(visit, account, consented=True)
        if "consent" in visit.prompt or not visit.scopes <= account.allowed:
            return _consent(visit, account)
        return self._finish(visit, account, consented=False)

    def _refused(self, visit: Visit, account: Account) -> web.Response | None:
        """What an administrator forbids, and faults that are set."""
        fault = next((one for one in self.state.faults if one.at == "authorize" and one.times), None)
        if fault:
            fault.times -= 1
        error = fault.error if fault else account.policy
        if not error:
            return None
        answer = fault.answer if fault else self._behaviour.google_policy_answer
        if answer == "redirect" or error == "access_denied":
            return self._end(visit, error=error)
        return _error(error, 400 if error == "admin_policy_enforced" else 403)

    def _end(self, visit: Visit, **parameters: str) -> web.Response:
        self._visits.pop(visit.id, None)
        return visit.back(**parameters)

    def _finish(self, visit: Visit, account: Account, *, consented: bool) -> web.Response:
        """A code; a refresh token comes with it only after a consent screen."""
        code = token("4/0A")
        self.state.codes[code] = Permit(
            account, visit.scopes, self._clock.now() + _CODE_SECONDS, visit.redirect_uri,
            visit.challenge, visit.challenge_method, visit.nonce, visit.offline and consented,
        )  # fmt: skip
        return self._end(visit, code=code, scope=" ".join(sorted(visit.scopes)))

    # -- tokens

    async def token(self, request: web.Request) -> web.Response:
        """POST /google/token."""
        sent = {key: str(value) for key, value in (await request.post()).items()}
        for fault in self.state.faults:
            if fault.at == "token" and fault.times:
                fault.times -= 1
                return _refused(fault.error)
        if sent.get("client_id") != self.state.client_id or sent.get("client_secret") != self.state.client_secret:
            return _refused("invalid_client", "The provided client secret is invalid.", 401)
        match sent.get("grant_type"):
            case "authorization_code":
                return self._redeem(sent)
            case "refresh_token":
                permit = self.state.refresh_tokens.get(sent.get("refresh_token", ""))
                if permit is None:
                    return _refused("invalid_grant", "Token has been expired or revoked.")
                return self._tokens(permit)
        return _refused("unsupported_grant_type", f"Invalid grant_type: {sent.get('grant_type', '')}")

    def _redeem(self, sent: Mapping[str, str]) -> web.Response:
        permit = self.state.codes.pop(sent.get("code", ""), None)
        if permit is None or permit.expires <= self._clock.now():
            return _refused("invalid_grant", "Malformed auth code.")
        if permit.redirect_uri != sent.get("redirect_uri"):
            return _refused("redirect_uri_mismatch", "Bad Request")
        if not _verified(permit, sent.get("code_verifier", "")):
            return _refused("invalid_grant", "Invalid code verifier.")
        return self._tokens(permit, refresh=permit.offline)

    def _tokens(self, permit: Permit, *, refresh: bool = False) -> web.Response:
        now, seconds = int(self._clock.now()), self._behaviour.token_lifetime_seconds
        account = permit.account
        access = token("ya29.a0")
        self.state.access_tokens[access] = Permit(account, permit.scopes, now + seconds)
        answer: dict[str, str | int] = {
            "access_token": access,
            "expires_in": seconds,
            "scope": " ".join(sorted(permit.scopes)),
            "token_type": "Bearer",
        }
        if refresh:
            lasting = token("1//0")
            self.state.refresh_tokens[lasting] = Permit(account, permit.scopes)
            answer["refresh_token"] = lasting
        if "openid" in permit.scopes:
            claims: dict[str, str | int | bool] = {
                "iss": ISSUER,
                "azp": self.state.client_id,
                "aud": self.state.client_id,
                "sub": account.subject,
                "iat": now,
                "exp": now + seconds,
            }
            if "email" in permit.scopes:
                claims |= {"email": account.email, "email_verified": True}
            if "profile" in permit.scopes:
                claims["name"] = account.name
            if permit.nonce:
                claims["nonce"] = permit.nonce
            answer["id_token"] = self._signer.sign(claims)
        return web.json_response(answer, headers={"Cache-Control": "no-store"})

    async def revoke(self, request: web.Request) -> web.Response:
        """POST /google/revoke with ``token``: the app gives its access back."""
        sent = {key: str(value) for key, value in (await request.post()).items()}
        value = sent.get("token") or request.query.get("token", "")
        permit = self.state.refresh_tokens.get(value) or self.state.access_tokens.get(value)
        if permit is None:
            return _refused("invalid_token", "Token expired or revoked")
        self.state.revoke(permit.account)
        return web.json_response({})


def _consent(visit: Visit, account: Account) -> web.Response:
    wishes = "".join(f"<li>{text(scope)}</li>" for scope in sorted(visit.scopes))
    return page(
        "Postrum wants to access your Google Account",
        paragraph(account.email),
        f"<ul>{wishes}</ul>",
        form(
            "/google/login",
            {"ctx": visit.id, "step": "consent"},
            button("answer", "allow", "Continue", kind="main"),
            button("answer", "cancel", "Cancel"),
        ),
    )


def _error(error: str, status: int) -> web.Response:
    """Google's own page; the app hears nothing."""
    about = _HEADINGS.get(error, "The request was refused.")
    return page("Access blocked", paragraph(about), f'<p id="code">Error {status}: {text(error)}</p>', status=status)


def _refused(error: str, description: str = "Bad Request", status: int = 400) -> web.Response:
    return web.json_response({"error": error, "error_description": description}, status=status)


def _verified(permit: Permit, verifier: str) -> bool:
    """Proof key for code exchange (RFC 7636, section 4.6)."""
    if not permit.challenge:
        return True
    if permit.challenge_method == "S256":
        verifier = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    return secrets.compare_digest(permit.challenge.encode(), verifier.encode())
