from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from emulator.control import Control
from emulator.errors import EmulatorError
from emulator.server import EmulatorThread
from tests.emulator.app import (
    MAIL,
    REDIRECT,
    SHARED_MAIL,
    admin_consent_url,
    authorize_url,
    claims,
    code_of,
    redeem,
    refresh,
    token,
)  # fmt: skip
from tests.emulator.client import SCOPE
from tests.emulator.visitor import Page, Visitor

ADMIN, PLAIN = "admin@fabrikam.example", "plain@fabrikam.example"


@pytest.fixture
def visitor(emulator: EmulatorThread) -> Iterator[Visitor]:
    emulator.control.set_registration(redirect_uris=[REDIRECT])
    with Visitor(emulator) as visitor:
        yield visitor


@pytest.fixture
def control(emulator: EmulatorThread) -> Control:
    return emulator.control


def mail_url(emulator: EmulatorThread, **changes: str | None) -> str:
    """A mailbox of the other organisation is to be connected."""
    wanted: dict[str, str | None] = {"scope": f"openid profile offline_access {SHARED_MAIL}"}
    return authorize_url(emulator, tenant=emulator.foreign_tenant_id, **(wanted | changes))


def roles(emulator: EmulatorThread, http: httpx.Client, tenant: str | None = None) -> Any:
    """What the app's own token may do in the tenant."""
    answer = token(emulator, http, tenant or emulator.foreign_tenant_id, grant_type="client_credentials", scope=SCOPE)
    return claims(answer.json()["access_token"]).get("roles") if answer.status_code == 200 else code_of(answer)


def went_back(page: Page) -> str:
    """A person who went back without granting: the app is told that consent was declined."""
    assert page.answer["error_description"].startswith("AADSTS65004:")
    assert page.answer["state"] == "s t&te"
    return f"{page.answer['error']} {page.answer.get('error_subcode', '')}"


# -- a person


def test_a_person_consents_where_the_policy_lets_them(
    emulator: EmulatorThread, control: Control, http: httpx.Client, visitor: Visitor
) -> None:
    control.set_consent_policy("users", emulator.foreign_tenant_id)
    asked = visitor.sign_in(mail_url(emulator), PLAIN)
    assert asked.title == "Permissions requested"
    assert SHARED_MAIL in asked.text
    assert "for_organisation" not in str(asked)
    assert went_back(visitor.send(asked, answer="cancel")) == "access_denied cancel"
    back = visitor.accept(mail_url(emulator), PLAIN).answer
    lasting = redeem(emulator, http, back["code"], tenant=emulator.foreign_tenant_id).json()
    assert claims(lasting["access_token"])["scp"].split()[0] == "Mail.ReadWrite.Shared"
    assert "code" in visitor.sign_in(mail_url(emulator), PLAIN).answer
    assert visitor.sign_in(mail_url(emulator, prompt="consent"), PLAIN).title == "Permissions requested"
    assert list(control.consents(tenant_id=emulator.foreign_tenant_id)["scopes"]) == [PLAIN]

    control.revoke_consent(tenant_id=emulator.foreign_tenant_id, user=PLAIN)
    refused = refresh(emulator, http, lasting["refresh_token"], tenant=emulator.foreign_tenant_id)
    assert (code_of(refused), refused.json()["suberror"]) == (65001, "consent_required")
    silent = visitor.sign_in(mail_url(emulator, prompt="none"), PLAIN).answer
    assert silent["error"] == "consent_required"


def test_need_admin_approval(emulator: EmulatorThread, visitor: Visitor) -> None:
    page = visitor.sign_in(mail_url(emulator), PLAIN)
    assert (page.title, page.location) == ("Need admin approval", "")
    assert "AADSTS90094" in page.text
    assert went_back(visitor.send(page, answer="return")) == "access_denied cancel"
    assert visitor.send(visitor.sign_in(mail_url(emulator), PLAIN), step="consent", answer="accept").location == ""
    emulator.control.set_behaviour(returned_without_reason=True)
    bare = visitor.send(visitor.sign_in(mail_url(emulator), PLAIN), answer="return").answer
    assert bare == {"error": "access_denied", "error_subcode": "cancel", "state": "s t&te"}


def test_an_administrator_takes_over_in_the_same_window(emulator: EmulatorThread, visitor: Visitor) -> None:
    page = visitor.send(visitor.sign_in(mail_url(emulator), PLAIN), answer="another")
    assert page.title == "Pick an account"
    asked = visitor.send(page, user=ADMIN)
    assert "code" in visitor.send(asked, answer="accept").answer


def test_a_developer_consents_for_themselves(emulator: EmulatorThread, control: Control, visitor: Visitor) -> None:
    control.set_user(PLAIN, directory_role="Application Developer")
    assert "code" in visitor.accept(mail_url(emulator), PLAIN, for_organisation="yes").answer
    assert list(control.consents(tenant_id=emulator.foreign_tenant_id)["scopes"]) == [PLAIN]


def test_approval_is_requested_and_the_app_hears_nothing(
    emulator: EmulatorThread, control: Control, http: httpx.Client, visitor: Visitor
) -> None:
    control.set_consent_policy("workflow", emulator.foreign_tenant_id)
    page = visitor.sign_in(mail_url(emulator), PLAIN)
    assert page.title == "Approval required"
    assert went_back(visitor.send(page, answer="cancel")) == "access_denied cancel"
    page = visitor.sign_in(mail_url(emulator), PLAIN)
    sent = visitor.send(page, answer="send", justification="<b>for invoices</b>")
    assert (sent.title, sent.location, sent.answer) == ("Request sent", "", {})
    visitor.send(visitor.sign_in(mail_url(emulator), PLAIN), answer="send", justification="<b>again</b>")
    [request] = control.consent_requests()
    assert (request["user"], request["justification"], request["status"]) == (PLAIN, "<b>again</b>", "pending")
    assert SHARED_MAIL in request["scopes"]

    listed = visitor.open(f"{emulator.authority}/{emulator.foreign_tenant_id}/consent-requests")
    assert "<b>again</b>" in listed.text
    done = visitor.send(listed, answer="approve")
    assert done.status == 303
    assert control.consent_requests()[0]["status"] == "approved"
    with pytest.raises(EmulatorError, match="no such consent request"):
        control.approve_request()
    back = visitor.sign_in(mail_url(emulator), PLAIN).answer
    assert redeem(emulator, http, back["code"], tenant=emulator.foreign_tenant_id).status_code == 200


def test_a_request_is_denied(emulator: EmulatorThread, control: Control, visitor: Visitor) -> None:
    control.set_consent_policy("workflow", emulator.foreign_tenant_id)
    visitor.send(visitor.sign_in(mail_url(emulator), PLAIN), answer="send", justification="please")
    control.deny_request()
    assert control.consent_requests()[0]["status"] == "denied"
    assert visitor.sign_in(mail_url(emulator), PLAIN).title == "Approval required"


@pytest.mark.parametrize("answer", ["page", "redirect"])
def test_consent_is_forbidden(emulator: EmulatorThread, control: Control, visitor: Visitor, answer: str) -> None:
    control.set_consent_policy("forbidden", emulator.foreign_tenant_id)
    control.set_behaviour(forbidden_consent=answer)
    page = visitor.sign_in(mail_url(emulator), PLAIN)
    if answer == "page":
        assert (page.status, page.location) == (400, "")
        assert "AADSTS90093:" in page.text
    else:
        assert page.answer["error"] == "access_denied"
        assert page.answer["error_description"].startswith("AADSTS90093:")


def test_an_administrator_consents_on_the_way(emulator: EmulatorThread, control: Control, visitor: Visitor) -> None:
    control.set_consent_policy("workflow", emulator.foreign_tenant_id)
    asked = visitor.sign_in(mail_url(emulator), ADMIN)
    assert "Consent on behalf of your organisation" in asked.text
    assert "code" in visitor.send(asked, answer="accept", for_organisation="yes").answer
    assert list(control.consents(tenant_id=emulator.foreign_tenant_id)["scopes"]) == [""]
    assert "code" in visitor.sign_in(mail_url(emulator, prompt="select_account"), PLAIN).answer


# -- an administrator


def test_admin_consent_of_another_organisation(
    emulator: EmulatorThread, control: Control, http: httpx.Client, visitor: Visitor
) -> None:
    assert roles(emulator, http) == 7000229
    page = visitor.sign_in(admin_consent_url(emulator), ADMIN)
    assert "Mail.ReadWrite (application permission" in page.text
    back = visitor.send(page, answer="accept").answer
    assert back.keys() == {"admin_consent", "tenant", "scope", "state"}
    assert (back["admin_consent"], back["tenant"], back["state"]) == ("True", emulator.foreign_tenant_id, "s-1")
    assert MAIL in back["scope"].split()
    assert roles(emulator, http) == ["Mail.ReadWrite"]
    control.revoke_consent(tenant_id=emulator.foreign_tenant_id)
    assert roles(emulator, http) is None
    control.remove_principal(tenant_id=emulator.foreign_tenant_id)
    assert roles(emulator, http) == 7000229


def test_admin_consent_without_mail_only_brings_the_app_in(
    emulator: EmulatorThread, http: httpx.Client, visitor: Visitor
) -> None:
    back = visitor.accept(admin_consent_url(emulator, scope="openid profile"), ADMIN).answer
    assert back["scope"] == "openid profile"
    assert roles(emulator, http) is None


def test_the_first_version_asks_for_the_manifest(
    emulator: EmulatorThread, http: httpx.Client, visitor: Visitor
) -> None:
    url = admin_consent_url(emulator, v1=True, scope=None)
    refused = visitor.accept(url, ADMIN, answer="cancel").answer
    assert refused == {
        "error": "permission_denied",
        "error_description": "The admin canceled the request",
        "admin_consent": "True",
        "state": "s-1",
    }
    back = visitor.accept(url, ADMIN).answer
    assert back == {"admin_consent": "True", "tenant": emulator.foreign_tenant_id, "state": "s-1"}
    assert roles(emulator, http) == ["Mail.ReadWrite"]


def test_admin_consent_is_on_errors_too(emulator: EmulatorThread, http: httpx.Client, visitor: Visitor) -> None:
    back = visitor.accept(admin_consent_url(emulator), ADMIN, answer="cancel").answer
    assert (back["error"], back["admin_consent"], back["state"]) == ("consent_required", "True", "s-1")
    assert back["error_description"].startswith("AADSTS65004:")
    assert back["error_uri"].endswith("error?code=65004")
    emulator.control.set_behaviour(declined_admin_consent="access_denied")
    assert visitor.accept(admin_consent_url(emulator), ADMIN, answer="cancel").answer["error"] == "access_denied"
    emulator.control.fail_sign_ins(90097, answer="redirect")
    broken = visitor.sign_in(admin_consent_url(emulator), ADMIN).answer
    assert (broken["error"], broken["admin_consent"]) == ("consent_required", "True")
    assert roles(emulator, http) == 7000229


@pytest.mark.parametrize(
    ("user", "scope", "may"),
    [
        ("admin", "https://graph.microsoft.com/.default", True),
        ("applications", "https://graph.microsoft.com/.default", False),
        ("applications", SHARED_MAIL, True),
        ("exchange", SHARED_MAIL, False),
        ("plain", "openid", False),
    ],
)
def test_which_administrator_may_consent(
    emulator: EmulatorThread, visitor: Visitor, user: str, scope: str, may: bool
) -> None:
    url = admin_consent_url(emulator, tenant=emulator.tenant_id, scope=scope)
    page = visitor.sign_in(url, f"{user}@postrum.example")
    assert page.title == ("Permissions requested" if may else "Need admin approval")
    if not may:
        back = visitor.send(page, answer="return").answer
        assert (back["error"], back["error_subcode"], back["state"]) == ("access_denied", "cancel", "s-1")


def test_each_resource_has_its_own_part_of_the_manifest(
    emulator: EmulatorThread, control: Control, visitor: Visitor
) -> None:
    home = emulator.tenant_id
    control.set_registration(required_roles=["Mail.ReadWrite", "IMAP.AccessAsApp"])
    exchange = admin_consent_url(emulator, tenant=home, scope="https://outlook.office365.com/.default")
    back = visitor.accept(exchange, "applications@postrum.example").answer
    assert back["scope"] == "https://outlook.office365.com/IMAP.AccessAsApp"
    assert control.consents()["roles"] == ["IMAP.AccessAsApp"]
    visitor.accept(admin_consent_url(emulator, tenant=home), "admin@postrum.example")
    assert set(control.consents()["roles"]) == {"IMAP.AccessAsApp", "Mail.ReadWrite"}


def test_every_consent_lets_people_sign_in(emulator: EmulatorThread, control: Control, visitor: Visitor) -> None:
    control.grant_consent(scopes=[SHARED_MAIL], tenant_id=emulator.foreign_tenant_id)
    assert "code" in visitor.sign_in(mail_url(emulator), PLAIN).answer


def test_an_administrator_of_whichever_organisation(emulator: EmulatorThread, visitor: Visitor) -> None:
    url = admin_consent_url(emulator, tenant="organizations")
    assert visitor.accept(url, ADMIN).answer["tenant"] == emulator.foreign_tenant_id
    stranger = visitor.sign_in(admin_consent_url(emulator), "admin@postrum.example").answer
    assert (stranger["error"], stranger["admin_consent"]) == ("access_denied", "True")
    assert stranger["error_description"].startswith("AADSTS50020:")
    emulator.control.set_behaviour(stranger_at_admin_consent="page")
    page = visitor.sign_in(admin_consent_url(emulator), "admin@postrum.example")
    assert (page.location, "AADSTS50020" in page.text) == ("", True)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"scope": None}, 900144),
        ({"redirect_uri": "https://evil.test/consent/callback"}, 50011),
        ({"client_id": "unknown"}, 700016),
    ],
)
def test_admin_consent_that_never_goes_back(
    emulator: EmulatorThread, visitor: Visitor, changes: dict[str, Any], code: int
) -> None:
    page = visitor.open(admin_consent_url(emulator, **changes))
    assert (page.status, page.location) == (400, "")
    assert f"AADSTS{code}:" in page.text


def test_consent_takes_a_while_to_show(
    emulator: EmulatorThread, control: Control, http: httpx.Client, visitor: Visitor
) -> None:
    control.set_behaviour(consent_propagation_tokens=2)
    visitor.accept(admin_consent_url(emulator), ADMIN)
    seen = [roles(emulator, http) for _ in range(3)]
    assert seen == [None, None, ["Mail.ReadWrite"]]
    control.set_behaviour(consent_propagation_tokens=0, consent_propagation_seconds=600)
    control.set_consent([], tenant_id=emulator.foreign_tenant_id)
    assert roles(emulator, http) == ["Mail.ReadWrite"]
    control.advance(601)
    assert roles(emulator, http) is None


def test_a_visit_that_nobody_began(emulator: EmulatorThread, visitor: Visitor) -> None:
    answer = visitor.http.post(f"{emulator.authority}/organizations/login", data={"ctx": "x", "step": "consent"})
    assert answer.status_code == 400
    assert "AADSTS90014" in answer.text
