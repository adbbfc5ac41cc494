"""Signing people in with Entra ID, against the emulator's pages."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from emulator.server import EmulatorThread
from shared.effect import Moment, observe
from shared.errors import (
    ConfigurationError,
    NetworkFailure,
    PermissionDenied,
    PostrumError,
    SignInNeeded,
    TransientError,
)
from shared.identity.authorisation_code import AuthorisationRequest, EntraAuthorisation, SignedIn
from shared.identity.credentials import FederatedCredential
from shared.identity.scopes import GRAPH_MAIL, OUTLOOK_IMAP
from tests.emulator.visitor import Visitor

CALLBACK = "http://127.0.0.1:7071/connect/callback"
OWNER, PLAIN = "owner@postrum.example", "plain@postrum.example"


@pytest.fixture
def visitor(emulator: EmulatorThread) -> Iterator[Visitor]:
    emulator.control.set_registration(redirect_uris=[CALLBACK])
    with Visitor(emulator) as visitor:
        yield visitor


@pytest.fixture
def entra(emulator: EmulatorThread, credential: FederatedCredential) -> EntraAuthorisation:
    return authorisation(emulator, credential)


def authorisation(emulator: EmulatorThread, credential: FederatedCredential, **changed: Any) -> EntraAuthorisation:
    values = {
        "tenant_id": emulator.tenant_id,
        "client_id": emulator.client_id,
        "authority": emulator.authority,
        **changed,
    }
    return EntraAuthorisation(assertion=credential.assertion, ca_file=Path(emulator.ca_file), **values)


async def finished(
    entra: EntraAuthorisation, visitor: Visitor, user: str = OWNER, scopes: tuple[str, ...] = ()
) -> SignedIn:
    request = await entra.begin(scopes=scopes, redirect_uri=CALLBACK)
    page = visitor.accept(request.url, user) if scopes else visitor.sign_in(request.url, user)
    return await entra.finish(request.flow, page.answer)


def query(request: AuthorisationRequest) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(request.url).query).items()}


async def test_a_person_signs_in_and_has_roles(
    entra: EntraAuthorisation, visitor: Visitor, emulator: EmulatorThread
) -> None:
    person = await finished(entra, visitor)
    assert (person.user_name, person.name, person.roles) == (OWNER, "Olivia Owner", ("Owner",))
    assert person.tenant_id == emulator.tenant_id
    assert person.oid
    assert person.refresh_token is None  # nothing lasting is asked for to come into the console


@pytest.mark.parametrize("scope", [GRAPH_MAIL, OUTLOOK_IMAP])
async def test_an_account_leaves_a_lasting_grant(entra: EntraAuthorisation, visitor: Visitor, scope: str) -> None:
    account = await finished(entra, visitor, PLAIN, (scope,))
    assert account.refresh_token
    assert scope in account.scopes or scope.rpartition("/")[2] in " ".join(account.scopes)


@pytest.mark.capability("S1.21", "S3.15")
async def test_the_page_asks_which_account_and_suggests_the_mailbox(
    entra: EntraAuthorisation, visitor: Visitor
) -> None:
    request = await entra.begin(scopes=(GRAPH_MAIL,), redirect_uri=CALLBACK, login_hint="invoice@postrum.example")
    sent = query(request)
    assert (sent["prompt"], sent["login_hint"]) == ("select_account", "invoice@postrum.example")
    assert sent["code_challenge_method"] == "S256"
    assert sent["state"] == request.state
    assert "offline_access" in sent["scope"].split()


async def test_neither_repr_nor_log_shows_a_token(
    entra: EntraAuthorisation, visitor: Visitor, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    request = await entra.begin(scopes=(GRAPH_MAIL,), redirect_uri=CALLBACK)
    person = await entra.finish(request.flow, visitor.accept(request.url, PLAIN).answer)
    shown = f"{request!r} {person!r} {entra!r}"
    ours = [record for record in caplog.records if not record.name.startswith(("aiohttp.access", "httpx", "httpcore"))]
    logged = " ".join(record.getMessage() for record in ours)
    for secret in (person.access_token, person.refresh_token, request.flow["code_verifier"]):
        assert secret
        assert secret not in shown
        assert secret not in logged


@pytest.mark.fault("G02")
@pytest.mark.parametrize("state", ["", "another", "é"])
async def test_an_answer_for_another_sign_in_is_refused(
    entra: EntraAuthorisation, visitor: Visitor, emulator: EmulatorThread, state: str
) -> None:
    request = await entra.begin(redirect_uri=CALLBACK)
    answer = visitor.sign_in(request.url, OWNER).answer
    asked = int(emulator.control.counters()["tokens"]["requests"])
    with pytest.raises(PermissionDenied) as refused:
        await entra.finish(request.flow, {**answer, "state": state})
    assert refused.value.cause == "sign_in_state"
    assert int(emulator.control.counters()["tokens"]["requests"]) == asked  # the code was not even tried


@pytest.mark.fault("G02")
async def test_a_code_of_another_sign_in_is_refused(entra: EntraAuthorisation, visitor: Visitor) -> None:
    first, second = [await entra.begin(redirect_uri=CALLBACK) for _ in range(2)]
    stolen = visitor.sign_in(first.url, OWNER).answer
    with pytest.raises(PostrumError):
        await entra.finish(second.flow, {"state": second.state, "code": stolen["code"]})


@pytest.mark.fault("G02")
async def test_a_token_with_another_nonce_is_refused(entra: EntraAuthorisation, visitor: Visitor) -> None:
    request = await entra.begin(redirect_uri=CALLBACK)
    answer = visitor.sign_in(request.url, OWNER).answer
    with pytest.raises(PermissionDenied) as refused:
        await entra.finish({**request.flow, "nonce": "another"}, answer)
    assert refused.value.cause == "sign_in_foreign"


async def test_a_code_is_good_once(entra: EntraAuthorisation, visitor: Visitor) -> None:
    request = await entra.begin(redirect_uri=CALLBACK)
    answer = visitor.sign_in(request.url, OWNER).answer
    await entra.finish(request.flow, answer)
    with pytest.raises(SignInNeeded):
        await entra.finish(request.flow, answer)


async def test_an_error_counts_before_a_code(entra: EntraAuthorisation, visitor: Visitor) -> None:
    request = await entra.begin(redirect_uri=CALLBACK)
    answer = visitor.sign_in(request.url, OWNER).answer
    script = "<script>alert(1)</script>"
    with pytest.raises(PermissionDenied) as refused:
        await entra.finish(
            request.flow, {**answer, "error": "access_denied", "error_description": f"AADSTS65004: {script}"}
        )
    assert refused.value.cause == "entra_65004"
    assert script not in str(refused.value)


@pytest.mark.parametrize("missing", [{}, {"code": ""}])
async def test_an_answer_without_a_code_is_refused(
    entra: EntraAuthorisation, visitor: Visitor, missing: dict[str, str]
) -> None:
    request = await entra.begin(redirect_uri=CALLBACK)
    with pytest.raises(PermissionDenied):
        await entra.finish(request.flow, {"state": request.state, **missing})


async def test_redeeming_a_code_is_one_effect(entra: EntraAuthorisation, visitor: Visitor) -> None:
    seen: list[str] = []
    end = observe(lambda name, moment: seen.append(name) if moment is Moment.BEFORE else None)
    try:
        await finished(entra, visitor)
    finally:
        end()
    assert seen == ["token.redeem"]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"tenant_id": "00000000-0000-4000-8000-000000000000"}, ConfigurationError),
        ({"authority": "https://127.0.0.1:1"}, NetworkFailure),
    ],
)
async def test_what_cannot_work_is_said_before_anybody_is_sent_away(
    emulator: EmulatorThread, credential: FederatedCredential, changed: dict[str, str], expected: type[PostrumError]
) -> None:
    with pytest.raises(expected) as failed:
        await authorisation(emulator, credential, **changed).begin(redirect_uri=CALLBACK)
    assert failed.value.cause


@pytest.mark.parametrize(
    ("code", "expected"),
    [(90033, TransientError), (7000215, ConfigurationError), (65001, PermissionDenied), (700082, SignInNeeded)],
)
async def test_refusals_at_the_token_endpoint(
    entra: EntraAuthorisation, visitor: Visitor, emulator: EmulatorThread, code: int, expected: type[PostrumError]
) -> None:
    request = await entra.begin(redirect_uri=CALLBACK)
    answer = visitor.sign_in(request.url, OWNER).answer
    emulator.control.fail_tokens(code, grant_type="authorization_code")
    with pytest.raises(expected) as failed:
        await entra.finish(request.flow, answer)
    assert failed.value.cause == f"entra_{code}"


async def test_a_discovery_document_cannot_lead_elsewhere(
    entra: EntraAuthorisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = await entra.begin(redirect_uri=CALLBACK)
    answer = {"state": request.state, "code": "x"}
    real = entra._web.get

    async def elsewhere(url: str, headers: Any = None) -> Any:
        found = await real(url, headers)
        return type(found)(found.status, found.text.replace("/oauth2/v2.0/token", "@evil.example/token"), found.headers)

    monkeypatch.setattr(entra._web, "get", elsewhere)
    with pytest.raises(TransientError):
        await entra.finish(request.flow, answer)


@pytest.mark.fault("G01")
async def test_a_page_at_which_whoever_comes_chooses_the_tenant_lets_nobody_in(
    emulator: EmulatorThread, credential: FederatedCredential, visitor: Visitor
) -> None:
    anybody = authorisation(emulator, credential, tenant_id="organizations")
    request = await anybody.begin(redirect_uri=CALLBACK)
    answer = visitor.sign_in(request.url, OWNER).answer
    with pytest.raises(PermissionDenied) as refused:
        await anybody.finish(request.flow, answer)
    assert refused.value.cause == "sign_in_foreign"
