from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from emulator.control import Control
from emulator.server import EmulatorThread
from tests.emulator.app import IMAP, MAIL, REDIRECT, SHARED_MAIL, authorize_url, redeem, token
from tests.emulator.client import MAILBOX, GraphClient, eventually, mail
from tests.emulator.test_subscriptions import items
from tests.emulator.test_subscriptions import request as subscription
from tests.emulator.visitor import Visitor

USER = "https://graph.microsoft.com/User.Read"
OWN = "plain@postrum.example"
CREDENTIALS = httpx.BasicAuth("introspect", "s3cret")


@pytest.fixture
def visitor(emulator: EmulatorThread, control: Control) -> Iterator[Visitor]:
    control.create_mailbox(OWN)
    control.set_registration(redirect_uris=[REDIRECT])
    control.grant_consent(scopes=[MAIL, SHARED_MAIL, IMAP, USER])
    with Visitor(emulator) as visitor:
        yield visitor


def sign_in(graph: GraphClient, visitor: Visitor, scope: str, user: str = OWN) -> None:
    """From now on the client asks Graph as this person."""
    url = authorize_url(graph.emulator, scope=f"openid {scope}", prompt="login")
    answer = redeem(graph.emulator, graph.http, visitor.sign_in(url, user).answer["code"])
    graph.token = answer.json()["access_token"]


def test_me_is_for_people_only(graph: GraphClient, control: Control, visitor: Visitor) -> None:
    made = control.deliver(OWN, mail("Mine"))
    assert graph.get("/me/messages").status_code == 400
    sign_in(graph, visitor, MAIL)
    [found] = graph.get("/me/messages").json()["value"]
    assert found["subject"] == "Mine"
    assert graph.get(f"/me/mailFolders/inbox/messages/{made['id']}").status_code == 200
    assert graph.get(f"/users/{OWN}/messages").status_code == 200


@pytest.mark.parametrize(("error", "status"), [("ErrorItemNotFound", 404), ("ErrorAccessDenied", 403)])
def test_a_shared_mailbox_takes_the_scope_and_full_access(
    graph: GraphClient, control: Control, visitor: Visitor, error: str, status: int
) -> None:
    control.set_behaviour(foreign_mailbox_error=error)
    sign_in(graph, visitor, SHARED_MAIL)
    refused = graph.get("/messages")
    assert (refused.status_code, graph.code(refused)) == (status, error)
    control.grant_mailbox_access(OWN, MAILBOX)
    assert graph.get("/messages").status_code == 200
    assert graph.get(f"/users/{OWN}/messages").status_code == 200
    sign_in(graph, visitor, MAIL)
    narrow = graph.get("/messages")
    assert (narrow.status_code, graph.code(narrow)) == (403, "ErrorAccessDenied")
    sign_in(graph, visitor, SHARED_MAIL)
    control.revoke_mailbox_access(OWN, MAILBOX)
    assert graph.get("/messages").status_code == status


def test_a_person_s_token_has_no_rights_of_the_app(graph: GraphClient, control: Control, visitor: Visitor) -> None:
    control.set_exchange_scope([MAILBOX, OWN])
    sign_in(graph, visitor, USER)
    assert graph.get(f"/users/{OWN}/messages").status_code == 403
    assert graph.get("/users/nobody@postrum.example/messages").status_code == 403


@pytest.mark.parametrize("setting", ["silent", "refused", "delivered"])
def test_a_person_s_subscription_to_a_shared_mailbox(
    graph: GraphClient, control: Control, visitor: Visitor, setting: str
) -> None:
    control.set_behaviour(delegated_shared_subscriptions=setting)
    control.grant_mailbox_access(OWN, MAILBOX)
    sign_in(graph, visitor, f"{MAIL} {SHARED_MAIL}")
    answer = graph.post("/subscriptions", subscription(graph))
    if setting == "refused":
        assert answer.status_code == 403
        return
    assert answer.status_code == 201
    own = subscription(graph, resource=f"/users/{OWN}/messages", notificationUrl=f"{graph.emulator.sink_url}/own")
    assert graph.post("/subscriptions", own).status_code == 201
    control.deliver(MAILBOX, mail())
    control.deliver(OWN, mail())
    eventually(lambda: items(control, "own"))
    if setting == "delivered":
        eventually(lambda: items(control, "notify"))
    else:
        assert items(control, "notify") == []


def test_exchange_s_scope_by_role_and_its_propagation(graph: GraphClient, control: Control) -> None:
    control.set_consent([])
    graph.fresh_token()
    control.set_scope([MAILBOX], role="Application Mail Full Access")
    assert graph.get("/messages").status_code == 200
    assert graph.post("/sendMail", {}).status_code == 202
    control.remove_scope("Application Mail.ReadWrite")
    assert graph.get("/messages").status_code == 403
    control.remove_scope()
    assert graph.post("/sendMail", {}).status_code == 403
    control.set_behaviour(scope_propagation_requests=2)
    control.set_scope([MAILBOX])
    assert [graph.get("/messages").status_code for _ in range(3)] == [403, 403, 200]
    control.set_behaviour(scope_propagation_requests=0, scope_propagation_seconds=1800)
    control.remove_scope()
    assert graph.get("/messages").status_code == 200
    control.advance(1801)
    assert (
        graph.get(
            "/messages",
        ).status_code
        == 403
    )


# -- IMAP


def ask(emulator: EmulatorThread, http: httpx.Client, text: str, mailbox: str | None = None) -> dict[str, object]:
    params = {"mailbox": mailbox} if mailbox else None
    answer = http.post(emulator.introspection_url, data={"token": text}, params=params, auth=CREDENTIALS)
    assert answer.status_code == 200
    told: dict[str, object] = answer.json()
    return told


def test_whose_mailbox_a_token_opens_over_imap(
    emulator: EmulatorThread, control: Control, http: httpx.Client, visitor: Visitor
) -> None:
    code = visitor.sign_in(authorize_url(emulator, scope=IMAP), OWN).answer["code"]
    access = redeem(emulator, http, code).json()["access_token"]
    assert ask(emulator, http, access) == {"active": True, "username": OWN, "scope": "IMAP.AccessAsUser.All"}
    assert ask(emulator, http, access, MAILBOX) == {"active": False}
    control.grant_mailbox_access(OWN, MAILBOX)
    assert ask(emulator, http, access, MAILBOX)["username"] == MAILBOX
    control.introspect_as(OWN, MAILBOX)
    assert ask(emulator, http, access)["username"] == MAILBOX
    control.introspect_as(OWN)
    assert ask(emulator, http, access)["username"] == OWN
    other = redeem(emulator, http, visitor.sign_in(authorize_url(emulator, scope=MAIL), OWN).answer["code"])
    for text in ("", "x.y.z", other.json()["access_token"]):
        assert ask(emulator, http, text) == {"active": False}
    control.advance(4000)
    assert ask(emulator, http, access) == {"active": False}


def test_an_app_over_imap(emulator: EmulatorThread, control: Control, http: httpx.Client) -> None:
    def access() -> str:
        scope = "https://outlook.office365.com/.default"
        answer = token(emulator, http, grant_type="client_credentials", scope=scope)
        return str(answer.json()["access_token"])

    control.grant_mailbox_access(emulator.client_id, MAILBOX)
    assert ask(emulator, http, access(), MAILBOX) == {"active": False}
    control.set_consent(["IMAP.AccessAsApp"])
    assert ask(emulator, http, access(), MAILBOX)["username"] == MAILBOX
    assert ask(emulator, http, access(), "other@contoso.test") == {"active": False}


def test_introspection_wants_its_password(emulator: EmulatorThread, http: httpx.Client) -> None:
    assert http.post(emulator.introspection_url, data={"token": "x"}).status_code == 401
    wrong = httpx.BasicAuth("introspect", "wrong")
    assert http.post(emulator.introspection_url, data={"token": "x"}, auth=wrong).status_code == 401
