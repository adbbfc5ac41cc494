from __future__ import annotations

from typing import Any

import httpx
import jwt
import pytest

from emulator.control import Control
from emulator.server import EmulatorThread
from tests.emulator.client import MAILBOX, SCOPE, GraphClient, mail

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def ask(
    emulator: EmulatorThread, http: httpx.Client, tenant: str | None = None, **changes: str | None
) -> httpx.Response:
    form: dict[str, str | None] = {
        "grant_type": "client_credentials",
        "client_id": emulator.client_id,
        "client_secret": emulator.client_secret,
        "scope": SCOPE,
    }
    wanted = {name: value for name, value in (form | changes).items() if value is not None}
    return http.post(f"{emulator.authority}/{tenant or emulator.tenant_id}/oauth2/v2.0/token", data=wanted)


def identity_token(emulator: EmulatorThread, http: httpx.Client, resource: str = "api://AzureADTokenExchange") -> str:
    query = {"api-version": "2019-08-01", "resource": resource, "client_id": emulator.msi_client_id}
    answer = http.get(emulator.msi_url, params=query, headers={"X-IDENTITY-HEADER": emulator.msi_header})
    assert answer.json()["expires_on"].isdecimal()
    return str(answer.json()["access_token"])


def claims(token: str) -> dict[str, Any]:
    decoded: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return decoded


def test_tokens_are_signed_with_a_published_key(emulator: EmulatorThread, http: httpx.Client) -> None:
    emulator.control.set_consent(["Mail.ReadWrite"])
    token = ask(emulator, http).json()["access_token"]
    discovery = http.get(f"{emulator.authority}/{emulator.tenant_id}/v2.0/.well-known/openid-configuration").json()
    assert discovery["issuer"] == f"{emulator.authority}/{emulator.tenant_id}/v2.0"
    key = jwt.PyJWKSet.from_dict(http.get(discovery["jwks_uri"]).json()).keys[0]
    verified = jwt.decode(token, key, algorithms=["RS256"], audience="https://graph.microsoft.com")
    assert (verified["roles"], verified["appid"], verified["tid"]) == (
        ["Mail.ReadWrite"], emulator.client_id, emulator.tenant_id,
    )  # fmt: skip


def test_without_consent_a_token_without_roles(emulator: EmulatorThread, http: httpx.Client) -> None:
    answer = ask(emulator, http)
    assert answer.status_code == 200
    assert "roles" not in claims(answer.json()["access_token"])


@pytest.mark.parametrize(
    ("changes", "status", "error", "code"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client", 7000215),
        ({"client_secret": None}, 401, "invalid_client", 7000218),
        ({"client_id": "unknown"}, 400, "unauthorized_client", 700016),
        ({"tenant": "nowhere"}, 400, "invalid_request", 90002),
        ({"tenant": "common"}, 400, "invalid_request", 9001023),
        ({"scope": "https://graph.microsoft.com/Mail.Read"}, 400, "invalid_scope", 1002012),
        ({"scope": "https://unknown.test/.default"}, 400, "invalid_resource", 500011),
        ({"grant_type": None}, 400, "invalid_request", 900144),
        ({"grant_type": "password"}, 400, "unsupported_grant_type", 70003),
        ({"client_assertion": "x.y.z", "client_assertion_type": ASSERTION}, 401, "invalid_client", 700027),
    ],
)
def test_refusals(
    emulator: EmulatorThread, http: httpx.Client, changes: dict[str, str | None], status: int, error: str, code: int
) -> None:
    answer = ask(emulator, http, **changes)
    body = answer.json()
    assert (answer.status_code, body["error"], body["error_codes"]) == (status, error, [code])
    assert body["error_description"].startswith(f"AADSTS{code}: ")
    assert {"timestamp", "trace_id", "correlation_id", "error_uri"} <= set(body)


def exchange(emulator: EmulatorThread, http: httpx.Client, token: str) -> httpx.Response:
    return ask(emulator, http, client_secret=None, client_assertion=token, client_assertion_type=ASSERTION)


def test_a_managed_identity_instead_of_a_secret(emulator: EmulatorThread, http: httpx.Client) -> None:
    answer = exchange(emulator, http, identity_token(emulator, http))
    assert answer.status_code == 200
    assert claims(answer.json()["access_token"])["appid"] == emulator.client_id


@pytest.mark.parametrize(("status", "error"), [(401, "invalid_client"), (400, "invalid_request")])
def test_the_assertion_must_fit_a_federated_credential(
    emulator: EmulatorThread, http: httpx.Client, status: int, error: str
) -> None:
    control = emulator.control
    control.set_behaviour(federation_mismatch_status=status)
    token = identity_token(emulator, http)
    subject = claims(token)["sub"]
    app = emulator.client_id

    def codes() -> list[int]:
        answer = exchange(emulator, http, token)
        assert (answer.status_code, answer.json()["error"]) == (status, error)
        return list(answer.json()["error_codes"])

    control.remove_federated_credentials(app)
    assert codes() == [70021]
    control.create_federated_credential(app, subject, issuer="https://elsewhere.test")
    assert codes() == [700211]
    control.create_federated_credential(app, subject, audience="api://Other")
    assert codes() == [700212]
    control.create_federated_credential(app, "another")
    assert codes() == [700213]
    control.create_federated_credential(app, subject.upper())
    assert codes() == [7002138]
    control.create_federated_credential(app, subject)
    assert exchange(emulator, http, token).status_code == 200
    control.advance(4000)
    assert exchange(emulator, http, token).json()["error_codes"] == [700024]


def test_the_identity_endpoint_wants_its_header(emulator: EmulatorThread, http: httpx.Client) -> None:
    query = {"api-version": "2019-08-01", "resource": "https://storage.azure.com/"}
    assert http.get(emulator.msi_url, params=query).status_code == 403
    assert (
        http.get(emulator.msi_url, params=query, headers={"X-IDENTITY-HEADER": emulator.msi_header}).status_code == 200
    )
    query["client_id"] = "unknown"
    assert (
        http.get(emulator.msi_url, params=query, headers={"X-IDENTITY-HEADER": emulator.msi_header}).status_code == 400
    )


def test_disabled_missing_and_scripted(emulator: EmulatorThread, http: httpx.Client) -> None:
    control = emulator.control
    control.fail_tokens(90033)
    assert ask(emulator, http).status_code == 503
    assert ask(emulator, http).status_code == 200
    control.disable_app(emulator.client_id)
    assert ask(emulator, http).json()["error_codes"] == [7000112]
    other = control.create_tenant()["tenant_id"]
    assert ask(emulator, http, tenant=other).json()["error_codes"] == [7000229]
    control.set_consent(["Mail.Read"], tenant_id=other)
    assert claims(ask(emulator, http, tenant=other).json()["access_token"])["tid"] == other


def test_graph_wants_a_good_token(graph: GraphClient, control: Control, http: httpx.Client) -> None:
    url = f"{graph.emulator.graph_url}/users/{MAILBOX}/messages"
    other = identity_token(graph.emulator, http)
    for header in ({}, {"Authorization": "Bearer x.y.z"}, {"Authorization": f"Bearer {other}"}):
        answer = http.get(url, headers=header)
        assert (answer.status_code, graph.code(answer)) == (401, "InvalidAuthenticationToken")
    assert graph.get("/messages").status_code == 200
    control.refuse_tokens(claims_challenge=True)
    refused = graph.get("/messages")
    assert refused.status_code == 401
    assert 'claims="' in refused.headers["WWW-Authenticate"]
    graph.fresh_token()
    assert graph.get("/messages").status_code == 200
    control.advance(4000)
    assert graph.get("/messages").status_code == 401


def test_access_by_roles_and_by_exchange_scope(graph: GraphClient, control: Control) -> None:
    control.create_mailbox("other@contoso.test")
    made = control.deliver(MAILBOX, mail())
    control.set_consent([])
    graph.fresh_token()
    refused = graph.get("/messages")
    assert (refused.status_code, graph.code(refused)) == (403, "ErrorAccessDenied")
    control.set_exchange_scope([MAILBOX], roles=["Mail.ReadBasic"])
    assert graph.get("/messages").status_code == 200
    assert graph.get(f"/messages/{made['id']}/$value").status_code == 403
    assert graph.patch(f"/messages/{made['id']}", {"isRead": True}).status_code == 403
    control.set_exchange_scope([MAILBOX])
    assert graph.patch(f"/messages/{made['id']}", {"isRead": True}).status_code == 200
    assert graph.post("/sendMail", {}).status_code == 403
    assert graph.get("/users/other@contoso.test/messages").status_code == 403
    assert graph.get("/users/nobody@contoso.test/messages").status_code == 403


def test_a_mailbox_of_another_tenant_is_not_found(graph: GraphClient, control: Control) -> None:
    other = control.create_tenant()["tenant_id"]
    control.create_mailbox("far@fabrikam.test", tenant_id=other)
    assert graph.get("/users/far@fabrikam.test/messages").status_code == 404
