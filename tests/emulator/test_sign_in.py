from __future__ import annotations

import datetime
import ssl
from collections.abc import Iterator
from typing import Any, Literal
from urllib.parse import urlencode

import httpx
import jwt
import msal
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from emulator.entra.errors import ERRORS
from emulator.server import EmulatorThread
from tests.emulator.app import (
    IMAP,
    MAIL,
    REDIRECT,
    authorize_url,
    claims,
    code_of,
    redeem,
    refresh,
    token,
)  # fmt: skip
from tests.emulator.visitor import Visitor

OWNER = "owner@postrum.example"


@pytest.fixture
def emulator(emulator: EmulatorThread) -> EmulatorThread:
    emulator.control.set_registration(redirect_uris=[REDIRECT])
    return emulator


@pytest.fixture
def visitor(emulator: EmulatorThread) -> Iterator[Visitor]:
    with Visitor(emulator) as visitor:
        yield visitor


def identity_token(emulator: EmulatorThread, http: httpx.Client) -> str:
    query = {"api-version": "2019-08-01", "resource": "api://AzureADTokenExchange"}
    answer = http.get(emulator.msi_url, params=query, headers={"X-IDENTITY-HEADER": emulator.msi_header})
    return str(answer.json()["access_token"])


def certificate_and_key() -> tuple[str, str]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "app")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now.replace(year=2100))
    ).sign(key, hashes.SHA256())  # fmt: skip
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return made.public_bytes(serialization.Encoding.PEM).decode(), private.decode()


@pytest.fixture(autouse=True)
def own_authority(monkeypatch: pytest.MonkeyPatch) -> None:
    """requests prefers the bundle of the environment to the one that msal hands over."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


def msal_app(emulator: EmulatorThread, credential: Any) -> msal.ConfidentialClientApplication:
    return msal.ConfidentialClientApplication(
        emulator.client_id,
        client_credential=credential,
        authority=f"{emulator.authority}/{emulator.tenant_id}",
        instance_discovery=False,
        verify=emulator.ca_file,
    )


@pytest.mark.parametrize("kind", ["secret", "federated", "certificate", "certificate_sha1"])
def test_msal_signs_a_person_in(emulator: EmulatorThread, http: httpx.Client, visitor: Visitor, kind: str) -> None:
    credential: Any = emulator.client_secret
    if kind == "federated":
        credential = {"client_assertion": lambda: identity_token(emulator, http)}
    elif kind.startswith("certificate"):
        certificate, key = certificate_and_key()
        emulator.control.set_registration(certificates=[certificate])
        thumbprint = x509.load_pem_x509_certificate(certificate.encode()).fingerprint(hashes.SHA1()).hex()
        credential = {"private_key": key}
        credential |= {"thumbprint": thumbprint} if kind.endswith("sha1") else {"public_certificate": certificate}
    app = msal_app(emulator, credential)
    flow = app.initiate_auth_code_flow(
        ["https://graph.microsoft.com/User.Read"],
        redirect_uri=REDIRECT,
        prompt="select_account",
        login_hint=OWNER,
        response_mode="form_post",
    )
    page = visitor.sign_in(flow["auth_uri"], OWNER)
    assert page.title == "Permissions requested"
    back = visitor.send(page, answer="accept").answer
    result = app.acquire_token_by_auth_code_flow(flow, back)
    assert result.get("error_description") is None
    told = result["id_token_claims"]
    assert (told["preferred_username"], told["roles"]) == (OWNER, ["Owner"])
    assert claims(result["access_token"])["aud"] == "https://graph.microsoft.com"
    [account] = app.get_accounts()
    again = app.acquire_token_silent_with_error(["https://graph.microsoft.com/User.Read"], account, force_refresh=True)
    assert again is not None
    assert claims(again["access_token"])["upn"] == OWNER


def test_the_id_token_is_what_pyjwt_accepts(emulator: EmulatorThread, http: httpx.Client, visitor: Visitor) -> None:
    back = visitor.sign_in(authorize_url(emulator), OWNER).answer
    assert back["state"] == "s t&te"
    answer = redeem(emulator, http, back["code"], client_info="1").json()
    discovery = http.get(f"{emulator.authority}/{emulator.tenant_id}/v2.0/.well-known/openid-configuration").json()
    trust = ssl.create_default_context(cafile=emulator.ca_file)
    key = jwt.PyJWKClient(discovery["jwks_uri"], ssl_context=trust).get_signing_key_from_jwt(answer["id_token"])
    told = jwt.decode(
        answer["id_token"], key, algorithms=["RS256"], audience=emulator.client_id, issuer=discovery["issuer"],
        options={"require": ["exp", "iat", "nonce", "oid", "tid", "sub"]},
    )  # fmt: skip
    assert (told["nonce"], told["tid"], told["name"]) == ("n-1", emulator.tenant_id, "Olivia Owner")
    assert answer["client_info"]
    assert answer["refresh_token"]


def test_the_page_offers_everybody_of_the_tenant(emulator: EmulatorThread, visitor: Visitor) -> None:
    page = visitor.open(authorize_url(emulator, login_hint="reader@postrum.example"))
    users = [value for name, value in page.buttons if name == "user"]
    assert users[0] == "reader@postrum.example"
    assert {"owner@postrum.example", "operator@postrum.example", "author@postrum.example"} < set(users)
    assert users.index("admin@fabrikam.example") >= len(emulator.control.users())
    stranger = visitor.send(page, user="admin@fabrikam.example")
    assert (stranger.status, stranger.location) == (400, "")
    assert "AADSTS50020" in stranger.text


def test_a_name_is_text_and_never_markup(emulator: EmulatorThread, visitor: Visitor) -> None:
    emulator.control.add_user("<script>alert(1)</script>", 'x"><b>@postrum.example')
    answer = visitor.http.get(authorize_url(emulator, state='"><b>'))
    assert "<script>alert" not in answer.text
    assert "<b>" not in answer.text


def test_form_post(emulator: EmulatorThread, http: httpx.Client, visitor: Visitor) -> None:
    page = visitor.sign_in(authorize_url(emulator, response_mode="form_post"), OWNER)
    assert (page.status, page.action) == (200, REDIRECT)
    assert page.answer["state"] == "s t&te"
    assert redeem(emulator, http, page.answer["code"]).status_code == 200


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"redirect_uri": "https://app.test/sign-in/callback/"}, 50011),
        ({"redirect_uri": "https://app.test.evil.test/sign-in/callback"}, 50011),
        ({"redirect_uri": "https://APP.test/sign-in/callback"}, 50011),
        ({"redirect_uri": None}, 900144),
        ({"client_id": "unknown"}, 700016),
        ({"tenant": "nowhere.example"}, 90002),
    ],
)
def test_what_never_goes_back_to_the_app(
    emulator: EmulatorThread, visitor: Visitor, changes: dict[str, str | None], code: int
) -> None:
    page = visitor.open(authorize_url(emulator, **changes))
    assert (page.status, page.location) == (400, "")
    assert f"AADSTS{code}:" in page.text


@pytest.mark.parametrize(
    ("redirect", "good"),
    [
        ("http://localhost:7071/sign-in/callback", True),
        ("http://localhost:7071/sign-in/other", False),
        ("http://user@localhost:7071/sign-in/callback", False),
        ("https://localhost:7071/sign-in/callback", False),
        ("http://localhost.evil.test/sign-in/callback", False),
    ],
)
def test_only_the_port_of_loopback_is_free(
    emulator: EmulatorThread, visitor: Visitor, redirect: str, good: bool
) -> None:
    emulator.control.set_registration(redirect_uris=["http://localhost/sign-in/callback"])
    page = visitor.sign_in(authorize_url(emulator, redirect_uri=redirect), OWNER)
    assert bool(page.location) == good


@pytest.mark.parametrize(
    ("changes", "error", "code"),
    [
        ({"scope": "https://unknown.test/x"}, "invalid_resource", 500011),
        ({"scope": "https://graph.microsoft.com/Mail.Everything"}, "invalid_client", 650053),
        ({"scope": f"{MAIL} https://graph.microsoft.com/.default"}, "invalid_scope", 70011),
        ({"scope": None}, "invalid_request", 900144),
        ({"response_type": "token"}, "unsupported_response_type", 700051),
        ({"response_mode": "web_message"}, "invalid_request", 9002313),
        ({"prompt": "none"}, "login_required", 50058),
    ],
)
def test_what_goes_back_to_the_app(
    emulator: EmulatorThread, visitor: Visitor, changes: dict[str, str | None], error: str, code: int
) -> None:
    back = visitor.open(authorize_url(emulator, **changes)).answer
    assert (back["error"], back["state"]) == (error, "s t&te")
    assert back["error_description"].startswith(f"AADSTS{code}:")


def test_a_code_is_good_once_for_its_client_redirect_and_verifier(
    emulator: EmulatorThread, http: httpx.Client, visitor: Visitor
) -> None:
    def code() -> str:
        return visitor.sign_in(authorize_url(emulator), OWNER).answer["code"]

    first = code()
    assert code_of(redeem(emulator, http, first, code_verifier="w" * 43)) == 501481
    assert code_of(redeem(emulator, http, first, code_verifier=None)) == 501481
    assert code_of(redeem(emulator, http, first, redirect_uri="https://app.test/other")) == 70000
    other = emulator.control.create_app(secret="secret")["client_id"]
    assert code_of(redeem(emulator, http, first, client_id=other, client_secret="secret")) == 70000
    assert code_of(redeem(emulator, http, first, client_secret="wrong")) == 7000215
    assert redeem(emulator, http, first).status_code == 200
    assert code_of(redeem(emulator, http, first)) == 54005
    assert code_of(redeem(emulator, http, code(), tenant=emulator.foreign_tenant_id)) == 700005
    late = code()
    emulator.control.advance(601)
    assert code_of(redeem(emulator, http, late)) == 70008


def test_the_browser_stays_signed_in_unless_a_prompt_says_otherwise(emulator: EmulatorThread, visitor: Visitor) -> None:
    visitor.sign_in(authorize_url(emulator), OWNER)
    assert "code" in visitor.open(authorize_url(emulator)).answer
    assert "code" in visitor.open(authorize_url(emulator, prompt="none")).answer
    assert "code" in visitor.open(authorize_url(emulator, login_hint=OWNER)).answer
    for changes in ({"prompt": "select_account"}, {"prompt": "login"}, {"login_hint": "reader@postrum.example"}):
        assert visitor.open(authorize_url(emulator, **changes)).title == "Pick an account"
    target = urlencode({"post_logout_redirect_uri": REDIRECT})
    left = visitor.open(f"{emulator.authority}/{emulator.tenant_id}/oauth2/v2.0/logout?{target}")
    assert left.location == REDIRECT
    assert visitor.open(authorize_url(emulator)).title == "Pick an account"
    evil = urlencode({"post_logout_redirect_uri": "https://evil.test/"})
    assert not visitor.open(f"{emulator.authority}/{emulator.tenant_id}/oauth2/v2.0/logout?{evil}").location


def test_obstacles(emulator: EmulatorThread, http: httpx.Client, visitor: Visitor) -> None:
    control = emulator.control
    page = visitor.open(authorize_url(emulator))
    blocked = visitor.send(page, user="blocked@postrum.example")
    assert (blocked.status, blocked.location) == (400, "")
    assert "AADSTS53003" in blocked.text
    factor = visitor.send(page, user="mfa@postrum.example")
    assert factor.title == "Approve sign-in request"
    back = visitor.send(factor, answer="approve").answer
    answer = redeem(emulator, http, back["code"])
    assert answer.status_code == 200
    lasting = answer.json()["refresh_token"]
    assert refresh(emulator, http, lasting).status_code == 200
    refused = visitor.send(visitor.send(visitor.open(authorize_url(emulator, prompt="login")),
                                        user="mfa@postrum.example"), answer="cancel").answer  # fmt: skip
    assert refused["error"] == "interaction_required"
    control.set_user("mfa@postrum.example", obstacle=53003)
    assert code_of(refresh(emulator, http, lasting)) == 53003
    control.set_user("mfa@postrum.example", obstacle=0, disabled=True)
    assert code_of(refresh(emulator, http, lasting)) == 50057
    control.set_user("mfa@postrum.example", disabled=False)
    control.set_assignment_required()
    assert code_of(refresh(emulator, http, lasting)) == 50105
    plain = visitor.sign_in(authorize_url(emulator, prompt="login"), "plain@postrum.example")
    assert "AADSTS50105" in plain.text
    assert "code" in visitor.sign_in(authorize_url(emulator, prompt="login"), OWNER).answer
    control.remove_user("mfa@postrum.example")
    assert code_of(refresh(emulator, http, lasting)) == 50034


def test_a_second_factor_is_asked_for_when_it_becomes_needed(
    emulator: EmulatorThread, http: httpx.Client, visitor: Visitor
) -> None:
    lasting = redeem(emulator, http, visitor.sign_in(authorize_url(emulator), OWNER).answer["code"]).json()
    emulator.control.set_user(OWNER, obstacle=50076)
    refused = refresh(emulator, http, lasting["refresh_token"])
    assert (code_of(refused), refused.json()["error"]) == (50076, "interaction_required")
    assert {"claims", "suberror"} <= set(refused.json())


def test_refresh_tokens_rotate_expire_and_are_revoked(
    emulator: EmulatorThread, http: httpx.Client, visitor: Visitor
) -> None:
    control = emulator.control
    first = redeem(emulator, http, visitor.sign_in(authorize_url(emulator), OWNER).answer["code"]).json()
    first = first["refresh_token"]
    second = refresh(emulator, http, first).json()["refresh_token"]
    assert second != first
    assert refresh(emulator, http, first).status_code == 200
    control.set_user_roles(OWNER, ["Reader"])
    assert claims(refresh(emulator, http, second, scope="openid profile").json()["id_token"])["roles"] == ["Reader"]
    control.set_behaviour(refresh_rotation="rotated_out")
    third = refresh(emulator, http, second).json()["refresh_token"]
    assert code_of(refresh(emulator, http, second)) == 70000
    assert code_of(refresh(emulator, http, "1.unknown")) == 70000
    control.advance(91 * 86_400)
    assert code_of(refresh(emulator, http, third)) == 700082
    fourth = redeem(emulator, http, visitor.sign_in(authorize_url(emulator), OWNER).answer["code"]).json()
    for code in (50173, 700082):
        control.revoke_sessions(OWNER, code)
        assert code_of(refresh(emulator, http, fourth["refresh_token"])) == code


def test_without_offline_access_there_is_no_refresh_token(
    emulator: EmulatorThread, http: httpx.Client, visitor: Visitor
) -> None:
    back = visitor.sign_in(authorize_url(emulator, scope="openid"), OWNER).answer
    answer = redeem(emulator, http, back["code"]).json()
    assert "refresh_token" not in answer
    assert "name" not in claims(answer["id_token"])


def test_one_token_is_for_one_resource(emulator: EmulatorThread, http: httpx.Client, visitor: Visitor) -> None:
    emulator.control.grant_consent(scopes=[MAIL, IMAP])
    back = visitor.sign_in(authorize_url(emulator, scope=f"{MAIL} {IMAP} offline_access"), OWNER).answer
    assert code_of(redeem(emulator, http, back["code"], scope=f"{MAIL} {IMAP}")) == 28000
    back = visitor.sign_in(authorize_url(emulator, scope=f"{MAIL} {IMAP} offline_access"), OWNER).answer
    answer = redeem(emulator, http, back["code"], scope=MAIL).json()
    assert claims(answer["access_token"])["scp"] == "Mail.ReadWrite"
    mail = refresh(emulator, http, answer["refresh_token"], scope=IMAP).json()
    told = claims(mail["access_token"])
    assert (told["aud"], told["scp"]) == ("https://outlook.office.com", "IMAP.AccessAsUser.All")


@pytest.mark.parametrize("version", [1, 2])
def test_tokens_of_the_app_for_its_own_api(
    emulator: EmulatorThread, http: httpx.Client, visitor: Visitor, version: Literal[1, 2]
) -> None:
    emulator.control.set_registration(token_version=version)
    scope = f"api://{emulator.client_id}/access offline_access"
    back = visitor.sign_in(authorize_url(emulator, scope=scope), OWNER).answer
    told = claims(redeem(emulator, http, back["code"]).json()["access_token"])
    assert (told["roles"], told["scp"]) == (["Owner"], "access")
    issuer = f"{emulator.authority}/{emulator.tenant_id}/v2.0"
    wanted = {
        1: (f"api://{emulator.client_id}", f"https://sts.windows.net/{emulator.tenant_id}/"),
        2: (emulator.client_id, issuer),
    }
    assert (told["aud"], told["iss"]) == wanted[version]


def test_a_certificate_must_be_registered_and_meant_for_this_request(
    emulator: EmulatorThread, http: httpx.Client
) -> None:
    certificate, key = certificate_and_key()
    stranger, _ = certificate_and_key()
    url = f"{emulator.authority}/{emulator.tenant_id}/oauth2/v2.0/token"
    now = int(datetime.datetime.now(datetime.UTC).timestamp())

    def refused(registered: str, **changes: Any) -> int:
        emulator.control.set_registration(certificates=[registered])
        fingerprint = x509.load_pem_x509_certificate(registered.encode()).fingerprint(hashes.SHA256())
        header = {"x5t#S256": jwt.utils.base64url_encode(fingerprint).decode()}
        app = emulator.client_id
        content = {"iss": app, "sub": app, "aud": url, "exp": now + 300, "nbf": now} | changes
        answer = token(
            emulator, http, grant_type="client_credentials", scope="https://graph.microsoft.com/.default",
            client_secret=None, client_assertion=jwt.encode(content, key, "PS256", header),
            client_assertion_type="urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        )  # fmt: skip
        return 0 if answer.status_code == 200 else code_of(answer)

    assert refused(certificate) == 0
    assert refused(stranger) == 50012
    assert refused(certificate, sub="another") == 700021
    assert refused(certificate, aud="https://elsewhere.test/token") == 700023
    assert refused(certificate, exp=now - 10) == 700024
    emulator.control.set_registration(certificates=[])
    assert refused(certificate) == 0


def test_each_code_can_be_produced(emulator: EmulatorThread, http: httpx.Client, visitor: Visitor) -> None:
    control = emulator.control
    lasting = redeem(emulator, http, visitor.sign_in(authorize_url(emulator), OWNER).answer["code"]).json()
    control.fail_tokens(50076, grant_type="refresh_token")
    own = token(emulator, http, grant_type="client_credentials", scope="https://graph.microsoft.com/.default")
    assert own.status_code == 200
    assert code_of(refresh(emulator, http, lasting["refresh_token"])) == 50076
    assert refresh(emulator, http, lasting["refresh_token"]).status_code == 200
    control.fail_sign_ins(900941)
    assert "AADSTS900941" in visitor.sign_in(authorize_url(emulator), OWNER).text
    control.fail_sign_ins(90093, answer="redirect", error="access_denied")
    back = visitor.sign_in(authorize_url(emulator), OWNER).answer
    assert (back["error"], back["error_description"][:12]) == ("access_denied", "AADSTS90093:")
    assert "code" in visitor.sign_in(authorize_url(emulator), OWNER).answer


@pytest.mark.parametrize("code", sorted(ERRORS))
def test_each_code_says_what_it_is(emulator: EmulatorThread, http: httpx.Client, code: int) -> None:
    emulator.control.fail_tokens(code)
    answer = token(emulator, http, grant_type="client_credentials", scope="https://graph.microsoft.com/.default")
    status, error, _ = ERRORS[code]
    assert (answer.status_code, answer.json()["error"], code_of(answer)) == (status, error, code)
    assert "{" not in answer.json()["error_description"]


def test_discovery(emulator: EmulatorThread, http: httpx.Client) -> None:
    def ask(tenant: str) -> httpx.Response:
        return http.get(f"{emulator.authority}/{tenant}/v2.0/.well-known/openid-configuration")

    assert ask("postrum.example").json() == ask(emulator.tenant_id).json()
    assert "{tenantid}" in ask("organizations").json()["issuer"]
    missing = ask("nowhere.example")
    assert (missing.status_code, missing.json()["error"]) == (400, "invalid_tenant")


def test_an_organisation_that_the_address_does_not_name(
    emulator: EmulatorThread, http: httpx.Client, visitor: Visitor
) -> None:
    url = authorize_url(emulator, tenant="organizations")
    page = visitor.accept(url, "admin@fabrikam.example")
    answer = redeem(emulator, http, page.answer["code"], tenant="organizations")
    assert claims(answer.json()["id_token"])["tid"] == emulator.foreign_tenant_id
    hinted = visitor.open(authorize_url(emulator, "organizations", domain_hint="fabrikam.example", prompt="login"))
    assert hinted.buttons[0] == ("user", "admin@fabrikam.example")
    emulator.control.set_registration(multi_tenant=False)
    closed = visitor.sign_in(authorize_url(emulator, tenant="organizations", prompt="login"), "admin@fabrikam.example")
    assert "AADSTS700016" in closed.text
