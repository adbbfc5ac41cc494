"""Who may do what: headers that anybody can send, tokens, roles, and companies."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from emulator.server import EmulatorThread
from shared.console.guard import AsgiApp
from shared.errors import PermissionDenied, ServiceUnavailable
from shared.identity.api_tokens import ApiTokens
from shared.identity.roles import RIGHTS, Right, may
from shared.model.person import Role, known_roles
from shared.net.web import WebAnswer
from tests.console.conftest import URL, Arrive, Visitors, person
from tests.flow.mails import mail
from tests.flow.world import CONFIGURATION, World
from tests.support.api_token import api_token

TENANT = "11111111-1111-1111-1111-111111111111"
CLIENT = "22222222-2222-2222-2222-222222222222"
AUTHORITY = "https://login.example"
TWO = CONFIGURATION + CONFIGURATION.replace("companies:\n", "").replace("id: nordlys", "id: vestlys").replace(
    "invoice@nordlys.example", "invoice@vestlys.example"
).replace("Nordlys Handel", "Vestlys")


# -- headers of a proxy that is not there

PRINCIPAL = base64.b64encode(
    json.dumps({"auth_typ": "aad", "claims": [{"typ": "roles", "val": "Owner"}], "role_typ": "roles"}).encode()
).decode()


@pytest.mark.fault("G01")
@pytest.mark.parametrize("path", ["/", "/people", "/companies/nordlys", "/api/v1/me", "/api/v1/configuration"])
async def test_headers_of_a_proxy_are_not_believed(path: str, visitor: Visitors) -> None:
    headers = {
        "X-MS-CLIENT-PRINCIPAL": PRINCIPAL,
        "X-MS-CLIENT-PRINCIPAL-ID": "11111111-1111-1111-1111-111111111111",
        "X-MS-CLIENT-PRINCIPAL-NAME": "owner@postrum.example",
        "X-MS-CLIENT-PRINCIPAL-IDP": "aad",
        "X-MS-TOKEN-AAD-ID-TOKEN": "eyJhbGciOiJub25lIn0.e30.",
        "X-MS-TOKEN-AAD-ACCESS-TOKEN": "eyJhbGciOiJub25lIn0.e30.",
        "X-Forwarded-Host": "postrum.example",
    }
    answer = await (await visitor(None)).get(path, headers=headers)

    assert answer.status_code == (401 if path.startswith("/api/") else 303)
    as_reader = await (await visitor(Role.READER, "nordlys")).get("/people", headers=headers)
    assert as_reader.status_code == 403, "nor do they add a role to somebody who is signed in"


# -- tokens


async def call(application: AsgiApp, path: str, token: str, **keywords: Any) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url=URL, headers=headers) as http:
        return await http.request(keywords.pop("method", "GET"), path, **keywords)


@pytest.mark.parametrize("version", [1, 2])
async def test_a_token_of_the_tenant_opens_the_api(
    version: int, world: World, application: AsgiApp, emulator: EmulatorThread
) -> None:
    emulator.control.set_registration(token_version=version)
    token = await api_token(world.app, emulator, "operator@postrum.example")

    answer = await call(application, "/api/v1/me", token)

    assert answer.status_code == 200
    assert answer.json()["roles"] == ["Operator"]
    assert "configure" in answer.json()["rights"]
    assert (await call(application, "/api/v1/people", token)).status_code == 403
    assert (await call(application, "/people", token)).status_code == 303, "pages are opened by a session only"


@pytest.mark.fault("G01")
async def test_a_token_for_something_else_does_not(
    world: World, application: AsgiApp, emulator: EmulatorThread
) -> None:
    emulator.control.grant_consent(scopes=["https://graph.microsoft.com/User.Read"])
    graph = await api_token(world.app, emulator, "owner@postrum.example", scope="https://graph.microsoft.com/User.Read")
    assert (await call(application, "/api/v1/me", graph)).status_code == 401
    without_role = await api_token(world.app, emulator, "plain@postrum.example")
    assert (await call(application, "/api/v1/me", without_role)).status_code == 401


@pytest.mark.fault("G01")
@pytest.mark.parametrize(
    "token", ["", "x", "a.b.c", "eyJhbGciOiJub25lIn0.eyJyb2xlcyI6WyJPd25lciJdfQ.", "é", "x" * 20_000]
)
async def test_what_is_no_token(token: str, visitor: Visitors) -> None:
    browser = await visitor(None)

    answer = await browser.get("/api/v1/me", headers={"Authorization": f"Bearer {token}".encode()})

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.headers["content-type"] == "application/problem+json"


class Keys:
    """What the tenant publishes, by address; counts how often it was asked."""

    def __init__(self, *keys: tuple[str, rsa.RSAPrivateKey]) -> None:
        self.keys = list(keys)
        self.asked = 0
        self.fail = False
        self.jwks = f"{AUTHORITY}/{TENANT}/discovery/v2.0/keys"

    async def get(self, url: str) -> WebAnswer:
        self.asked += 1
        if self.fail:
            return WebAnswer(503, "busy")
        if url.endswith("openid-configuration"):
            return WebAnswer(200, json.dumps({"issuer": f"{AUTHORITY}/{TENANT}/v2.0", "jwks_uri": self.jwks}))
        found = [
            {**json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key())), "kid": name, "use": "sig"}
            for name, key in self.keys
        ]
        return WebAnswer(200, json.dumps({"keys": found}))


KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER = rsa.generate_private_key(public_exponent=65537, key_size=2048)
GOOD: dict[str, Any] = {
    "aud": CLIENT,
    "iss": f"{AUTHORITY}/{TENANT}/v2.0",
    "tid": TENANT,
    "oid": "33333333-3333-3333-3333-333333333333",
    "azp": "04b07795-8ddb-461a-bbee-02f9e1bf7b46",
    "scp": "access",
    "roles": ["Owner", "Mayor"],
    "name": "Olivia Owner",
}


def checker(keys: Keys, now: float | None = None) -> ApiTokens:
    return ApiTokens(
        tenant_id=TENANT,
        client_id=CLIENT,
        authority=AUTHORITY,
        web=keys,
        now=time.time if now is None else lambda: now,
    )


def signed(key: Any = KEY, algorithm: str = "RS256", kid: str = "one", **claims: Any) -> str:
    """A token; `nbf` and `exp` as numbers are seconds from now."""
    content = {"nbf": -10, "exp": 600, **GOOD, **claims}
    now = time.time()
    content |= {name: now + content[name] for name in ("nbf", "exp") if isinstance(content[name], int)}
    content = {name: value for name, value in content.items() if value is not None}
    return jwt.encode(content, key, algorithm=algorithm, headers={"kid": kid})


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"aud": f"api://{CLIENT}"},
        {"iss": f"https://sts.windows.net/{TENANT}/", "azp": None, "appid": "x"},
        {"exp": -30},
        {"nbf": 30},
    ],
)
async def test_claims_that_are_good(claims: dict[str, Any]) -> None:
    found = await checker(Keys(("one", KEY))).person(signed(**claims))
    assert (found.name, found.roles, found.tenant_id) == ("Olivia Owner", (Role.OWNER,), TENANT)


@pytest.mark.fault("G01")
@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "https://graph.microsoft.com"},
        {"aud": None},
        {"iss": f"{AUTHORITY}/44444444-4444-4444-4444-444444444444/v2.0"},
        {"iss": "https://sts.windows.net/44444444-4444-4444-4444-444444444444/"},
        {"tid": "44444444-4444-4444-4444-444444444444"},
        {"tid": None},
        {"oid": None},
        {"exp": -3600},
        {"exp": None},
        {"exp": "soon"},
        {"nbf": 3600},
        {"nbf": None},
        {"roles": None},
        {"roles": "Owner"},
        {"roles": ["owner"]},
        {"azp": None, "nonce": "of an identity token"},
        {"kid": "two"},
    ],
)
async def test_claims_that_are_not(claims: dict[str, Any]) -> None:
    with pytest.raises(PermissionDenied):
        await checker(Keys(("one", KEY))).person(signed(**claims))


def encoded(content: dict[str, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


@pytest.mark.fault("G01")
async def test_signatures_that_are_not() -> None:
    tokens = checker(Keys(("one", KEY)))
    public = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    none, confused = (encoded({"alg": name, "kid": "one"}) for name in ("none", "HS256"))
    content = signed().split(".")[1]
    mac = hmac.new(public, f"{confused}.{content}".encode(), hashlib.sha256).digest()
    for forged in (
        signed(OTHER),
        signed(KEY, "RS512"),
        f"{confused}.{content}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}",
        f"{none}.{content}.",
        signed()[:-6] + "AAAAAA",
    ):
        with pytest.raises(PermissionDenied):
            await tokens.person(forged)


async def test_keys_are_kept_and_a_new_one_is_found() -> None:
    keys, now = Keys(("one", KEY)), time.time()
    tokens = checker(keys, now)
    for _ in range(3):
        await tokens.person(signed())
    assert keys.asked == 2, "the tenant's description and its keys, once"

    keys.keys.append(("two", OTHER))
    for _ in range(5):
        with pytest.raises(PermissionDenied):
            await tokens.person(signed(OTHER, kid="two"))
    assert keys.asked == 2, "an unknown key is asked for once a minute at most"
    tokens._now = lambda: now + 61
    await tokens.person(signed(OTHER, kid="two"))
    assert keys.asked == 4


async def test_a_tenant_whose_keys_cannot_be_read() -> None:
    keys = Keys(("one", KEY))
    keys.fail = True
    with pytest.raises(ServiceUnavailable):
        await checker(keys).person(signed())
    keys.fail, keys.jwks = False, "https://evil.example/keys"
    with pytest.raises(ServiceUnavailable):
        await checker(keys).person(signed())


# -- roles and companies


def test_every_role_views_and_only_owners_govern() -> None:
    assert all(Right.VIEW in rights for rights in RIGHTS.values())
    assert set(RIGHTS) == set(Role)
    assert RIGHTS[Role.OWNER] == set(Right)
    assert [role for role in Role if may(person(role), Right.GOVERN)] == [Role.OWNER]
    assert not may(person(None), Right.VIEW)


def test_a_claim_gives_no_role_that_is_not_one() -> None:
    assert known_roles(["Owner", "Owner", "root", 7, None]) == (Role.OWNER,)
    assert known_roles("Owner") == ()
    assert known_roles(None) == ()


@pytest.mark.capability("S1.22")
async def test_who_may_not_govern_gets_403(visitor: Visitors) -> None:
    for role in Role:
        browser = await visitor(role, "nordlys")
        assert (await browser.get("/people")).status_code == (200 if role is Role.OWNER else 403)
        assert (await browser.get("/api/v1/configuration")).status_code == (200 if role is Role.OWNER else 403)


async def test_who_may_not_operate_runs_nothing_again(visitor: Visitors, arrive: Arrive) -> None:
    [message] = await arrive(mail("Hello"))
    path = f"/companies/nordlys/messages/{message}"
    for role in (Role.READER, Role.AUDITOR, Role.RULE_AUTHOR, Role.CONTENT_READER):
        browser = await visitor(role, "nordlys")
        token = (await browser.get(path)).text.partition('data-csrf="')[2].partition('"')[0]
        assert (await browser.http.post(f"{path}/again", data={"csrf": token})).status_code == 403
        assert "Run again" not in (await browser.get(path)).text
    operator = await visitor(Role.OPERATOR, "nordlys")
    assert "Run again" in (await operator.get(path)).text


async def test_content_is_a_right_of_its_own(visitor: Visitors, arrive: Arrive) -> None:
    [message] = await arrive(mail("Hello", pdf=b"%PDF-1.4 none"))
    path = f"/companies/nordlys/messages/{message}"
    for role in Role:
        page = (await (await visitor(role, "nordlys")).get(path)).text
        assert ("<h2>Attachments</h2>" in page) == (role in (Role.OWNER, Role.CONTENT_READER)), role
        # a decision names what it was made from, so it is for those who look after decisions
        assert ("invoice-1.pdf" in page) == (role not in (Role.READER, Role.AUDITOR)), role


async def test_a_company_of_others_is_not_there(visitor: Visitors, world: World, arrive: Arrive) -> None:
    await world.configure(TWO)
    [message] = await arrive(mail("Secret plan"))
    reader = await visitor(Role.READER, "vestlys")
    nobody = await visitor(Role.OPERATOR)

    for path in ("/companies/nordlys", "/companies/nordlys/messages", f"/companies/nordlys/messages/{message}"):
        for browser in (reader, nobody):
            answer = await browser.get(path)
            assert answer.status_code == 404
            assert answer.text.count("Nordlys") == 0
    # a company of one's own does not open a message of another one
    assert (await reader.get(f"/companies/vestlys/messages/{message}")).status_code == 404
    token = (await nobody.get("/")).text.partition('data-csrf="')[2].partition('"')[0]
    again = await nobody.http.post(f"/companies/nordlys/messages/{message}/again", data={"csrf": token})
    assert again.status_code == 404, "not 403: nobody learns that it is there"
    unknown = await reader.get("/companies/nothere")
    assert unknown.status_code == 404
    mine = await reader.get("/", follow_redirects=True)
    assert "invoice@vestlys.example" in mine.text
    assert "Nordlys" not in mine.text
    assert [one["id"] for one in (await reader.get("/api/v1/companies")).json()["companies"]] == ["vestlys"]
    assert len((await (await visitor(Role.OWNER)).get("/api/v1/companies")).json()["companies"]) == 2
