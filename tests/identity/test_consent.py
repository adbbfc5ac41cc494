"""The consent link: what stands in it, and that nobody else can make or change one."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import PermissionDenied
from shared.identity.consent import (
    LIFETIME,
    Consent,
    asked_scope,
    consent_url,
    directory_roles,
    expiry,
    opened,
    permissions,
    proper_tenant,
    signed,
)
from shared.model.config import ConnectionKind

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
KEY = b"k" * 32
TENANT = "a23c26f9-1c07-54e6-b206-19cb48d8be34"


def consent(**changed: Any) -> Consent:
    values = {
        "company": "nordlys",
        "mailbox": "invoices",
        "tenant": TENANT,
        "kind": ConnectionKind.GRAPH_APP,
        "expires_at": expiry(NOW),
        **changed,
    }
    return Consent.model_validate(values)


@pytest.mark.parametrize(
    "kind", [ConnectionKind.GRAPH_APP, ConnectionKind.GRAPH_DELEGATED, ConnectionKind.IMAP_MICROSOFT]
)
@pytest.mark.parametrize("tenant_wide", [True, False])
def test_a_link_says_what_was_signed(kind: ConnectionKind, tenant_wide: bool) -> None:
    made = consent(kind=kind, tenant_wide=tenant_wide, by="ø@company.com")
    token = signed(made, KEY)
    assert opened(token, KEY, NOW + LIFETIME - timedelta(seconds=1)) == made
    assert "/" not in token
    assert token.isascii()


@pytest.mark.fault("G02")
def test_a_link_ends_after_seven_days() -> None:
    assert timedelta(days=7) == LIFETIME
    with pytest.raises(PermissionDenied) as refused:
        opened(signed(consent(), KEY), KEY, NOW + LIFETIME)
    assert refused.value.cause == "consent_link_expired"


@pytest.mark.fault("G02")
def test_a_link_for_another_tenant_cannot_be_made_from_ours() -> None:
    content, _, signature = signed(consent(), KEY).partition(".")
    changed = json.loads(base64.urlsafe_b64decode(content + "=="))
    changed["tenant"] = "evil.example"
    forged = base64.urlsafe_b64encode(json.dumps(changed).encode()).decode().rstrip("=")
    for token in (f"{forged}.{signature}", signed(consent(tenant="evil.example"), b"x" * 32)):
        with pytest.raises(PermissionDenied):
            opened(token, KEY, NOW)


@pytest.mark.fault("G02")
@given(st.one_of(st.text(max_size=300), st.binary(max_size=100).map(lambda b: base64.urlsafe_b64encode(b).decode())))
def test_anything_else_is_refused_and_nothing_breaks(token: str) -> None:
    for hostile in (token, f"{token}.", f".{token}", f"{token}.{token}", token * 50):
        with pytest.raises(PermissionDenied):
            opened(hostile, KEY, NOW)


def test_by_default_no_permission_for_mail_is_asked_for() -> None:
    scoped = consent()
    assert asked_scope(scoped) == "openid profile"
    assert all("Mail" not in permission.value for permission in permissions(scoped))


def test_the_tenant_wide_choice_says_that_it_opens_everything() -> None:
    wide = consent(tenant_wide=True)
    assert asked_scope(wide) == "https://graph.microsoft.com/.default"
    [mail] = [permission for permission in permissions(wide) if permission.application]
    assert mail.value == "Mail.ReadWrite"
    assert mail.opens.startswith("Every mailbox of your tenant")
    # `.default` asks for all that the registration declares, so all of it is named
    named = {permission.value for permission in permissions(wide)}
    assert named >= {"Mail.ReadWrite.Shared", "IMAP.AccessAsUser.All", "offline_access"}
    fewer = {permission.value for permission in permissions(wide, sign_in_declared=False)}
    assert fewer == {"Mail.ReadWrite", "openid, profile"}
    assert "Application Administrator" not in directory_roles(wide)  # it may not consent to app roles of Graph


@pytest.mark.capability("S1.4", "S1.25")
@pytest.mark.parametrize(
    "kind", [ConnectionKind.GRAPH_APP, ConnectionKind.GRAPH_DELEGATED, ConnectionKind.IMAP_MICROSOFT]
)
def test_every_permission_has_a_reason_and_a_role(kind: ConnectionKind) -> None:
    asked = consent(kind=kind)
    named = " ".join(permission.value.replace(",", "") for permission in permissions(asked)).split()
    shown = {scope.rpartition("/")[2] for scope in asked_scope(asked).split()}
    assert shown - {"openid", "profile"} <= set(named)
    assert all(permission.reason and permission.opens for permission in permissions(asked))
    assert directory_roles(asked)[0] == "Application Administrator"


@pytest.mark.capability("S1.26")
def test_the_page_of_the_directory() -> None:
    url = urlsplit(
        consent_url("https://login.example/", consent(), client_id="c", redirect_uri="https://a/b?c", state="s&t")
    )
    assert (url.netloc, url.path) == ("login.example", f"/{TENANT}/v2.0/adminconsent")
    assert {name: values[0] for name, values in parse_qs(url.query).items()} == {
        "client_id": "c",
        "scope": "openid profile",
        "redirect_uri": "https://a/b?c",
        "state": "s&t",
    }


@pytest.mark.parametrize(
    ("tenant", "proper"),
    [
        (TENANT, True),
        (TENANT.upper(), True),
        ("company.com", True),
        ("company.onmicrosoft.com", True),
        ("common", False),
        ("organizations", False),
        ("consumers", False),
        ("company", False),
        ("company.com/x", False),
        ("company.com?x", False),
        ("", False),
        ("..", False),
        ("../company.com", False),
        ("-.com", False),
        ("a\nb.com", False),
    ],
)
def test_a_link_is_for_one_tenant(tenant: str, proper: bool) -> None:
    assert proper_tenant(tenant) is proper
