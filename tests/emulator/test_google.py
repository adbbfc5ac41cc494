from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode

import httpx
import jwt
import pytest

from emulator.server import EmulatorThread
from tests.emulator.app import CHALLENGE, VERIFIER
from tests.emulator.visitor import Page, Visitor

REDIRECT = "https://app.test/connect/callback"
ACCOUNT = "invoice@gmail.example"


@pytest.fixture
def visitor(emulator: EmulatorThread) -> Iterator[Visitor]:
    emulator.control.set_google_redirects([REDIRECT])
    with Visitor(emulator) as visitor:
        yield visitor


def url(emulator: EmulatorThread, **changes: str | None) -> str:
    query: dict[str, str | None] = {
        "client_id": emulator.google_client_id,
        "response_type": "code",
        "redirect_uri": REDIRECT,
        "scope": "https://mail.google.com/ openid email",
        "state": "s-1",
        "nonce": "n-1",
        "access_type": "offline",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    wanted = {name: value for name, value in (query | changes).items() if value is not None}
    return f"{emulator.google_url}/o/oauth2/v2/auth?{urlencode(wanted)}"


def ask(emulator: EmulatorThread, http: httpx.Client, **form: str) -> httpx.Response:
    client = {"client_id": emulator.google_client_id, "client_secret": emulator.google_client_secret}
    return http.post(f"{emulator.google_url}/token", data=client | form)


def redeem(emulator: EmulatorThread, http: httpx.Client, page: Page, **changes: str) -> httpx.Response:
    form = {"grant_type": "authorization_code", "code": page.answer["code"], "redirect_uri": REDIRECT}
    return ask(emulator, http, **(form | {"code_verifier": VERIFIER} | changes))


def error(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, str(answer.json()["error"])


def test_sign_in(emulator: EmulatorThread, http: httpx.Client, visitor: Visitor) -> None:
    page = visitor.accept(url(emulator, login_hint="private@gmail.example"), ACCOUNT, answer="allow")
    assert page.answer["state"] == "s-1"
    answer = redeem(emulator, http, page).json()
    told = jwt.decode(answer["id_token"], options={"verify_signature": False})
    assert (told["iss"], told["aud"]) == ("https://accounts.google.com", emulator.google_client_id)
    assert (told["email"], told["email_verified"], told["nonce"]) == (ACCOUNT, True, "n-1")
    assert error(redeem(emulator, http, page)) == (400, "invalid_grant")

    again = ask(emulator, http, grant_type="refresh_token", refresh_token=answer["refresh_token"]).json()
    assert again["access_token"] != answer["access_token"]
    assert "refresh_token" not in again
    told = http.post(
        emulator.introspection_url, data={"token": again["access_token"]}, auth=("introspect", "s3cret")
    ).json()
    assert (told["active"], told["username"]) == (True, ACCOUNT)


def test_a_refresh_token_comes_with_the_first_consent_only(
    emulator: EmulatorThread, http: httpx.Client, visitor: Visitor
) -> None:
    online = visitor.accept(url(emulator, access_type=None), "private@gmail.example", answer="allow")
    assert "refresh_token" not in redeem(emulator, http, online).json()
    assert "refresh_token" in redeem(emulator, http, visitor.accept(url(emulator), ACCOUNT, answer="allow")).json()
    assert "refresh_token" not in redeem(emulator, http, visitor.sign_in(url(emulator), ACCOUNT)).json()
    asked = visitor.accept(url(emulator, prompt="select_account consent"), ACCOUNT, answer="allow")
    assert "refresh_token" in redeem(emulator, http, asked).json()


def test_a_person_declines(emulator: EmulatorThread, visitor: Visitor) -> None:
    page = visitor.accept(url(emulator), ACCOUNT, answer="cancel")
    assert page.answer == {"error": "access_denied", "state": "s-1"}


@pytest.mark.parametrize("answer", ["page", "redirect"])
def test_an_administrator_restricts_the_app(emulator: EmulatorThread, visitor: Visitor, answer: str) -> None:
    emulator.control.set_behaviour(google_policy_answer=answer)
    page = visitor.sign_in(url(emulator), "restricted@workspace.example")
    if answer == "redirect":
        assert page.answer["error"] == "admin_policy_enforced"
    else:
        assert (page.status, page.location) == (400, "")
        assert "admin_policy_enforced" in page.text


def test_access_is_revoked(emulator: EmulatorThread, http: httpx.Client, visitor: Visitor) -> None:
    def connect() -> str:
        page = visitor.accept(url(emulator), ACCOUNT, answer="allow")
        return str(redeem(emulator, http, page).json()["refresh_token"])

    first = connect()
    emulator.control.revoke_google(ACCOUNT)
    assert error(ask(emulator, http, grant_type="refresh_token", refresh_token=first)) == (400, "invalid_grant")
    second = connect()
    assert http.post(f"{emulator.google_url}/revoke", data={"token": second}).status_code == 200
    assert error(ask(emulator, http, grant_type="refresh_token", refresh_token=second)) == (400, "invalid_grant")


def test_refusals(emulator: EmulatorThread, http: httpx.Client, visitor: Visitor) -> None:
    for changes, status, code in (
        ({"redirect_uri": "https://app.test/other"}, 400, "redirect_uri_mismatch"),
        ({"client_id": "unknown"}, 401, "invalid_client"),
        ({"scope": "https://mail.google.com/everything"}, 400, "invalid_scope"),
    ):
        page = visitor.open(url(emulator, **changes))
        assert (page.status, page.location) == (status, "")
        assert code in page.text
    page = visitor.accept(url(emulator), ACCOUNT, answer="allow")
    assert error(redeem(emulator, http, page, client_secret="wrong")) == (401, "invalid_client")
    assert error(redeem(emulator, http, page, code_verifier="w" * 43)) == (400, "invalid_grant")
    late = visitor.sign_in(url(emulator), ACCOUNT)
    emulator.control.advance(601)
    assert error(redeem(emulator, http, late)) == (400, "invalid_grant")
    assert error(ask(emulator, http, grant_type="password")) == (400, "unsupported_grant_type")


def test_faults(emulator: EmulatorThread, http: httpx.Client, visitor: Visitor) -> None:
    control = emulator.control
    control.fail_google("org_internal", answer="page")
    assert "org_internal" in visitor.sign_in(url(emulator), ACCOUNT).text
    control.fail_google("admin_policy_enforced")
    assert visitor.sign_in(url(emulator), ACCOUNT).answer["error"] == "admin_policy_enforced"
    page = visitor.accept(url(emulator), ACCOUNT, answer="allow")
    control.fail_google("invalid_grant", at="token")
    assert error(redeem(emulator, http, page)) == (400, "invalid_grant")
    assert redeem(emulator, http, page).status_code == 200
