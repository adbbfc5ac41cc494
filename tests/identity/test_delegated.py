"""Tokens for accounts that signed in: Microsoft and Google, with the refresh token in a secret store."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest
from azure.core.credentials import AccessToken

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
from shared.identity import refreshed
from shared.identity.authorisation_code import EntraAuthorisation
from shared.identity.credentials import FederatedCredential
from shared.identity.delegated import DelegatedCredential
from shared.identity.google import CLIENT_SECRET, GoogleClient, GoogleCredential
from shared.identity.scopes import GMAIL, GRAPH_MAIL, OUTLOOK_IMAP
from shared.stores.secret_store import FileSecretStore, SecretStore
from tests.emulator.visitor import Visitor

CALLBACK = "http://127.0.0.1:7071/connect/callback"
PLAIN, GMAIL_ACCOUNT = "plain@postrum.example", "invoice@gmail.example"
SECRET = "grant-test"


@pytest.fixture
def visitor(emulator: EmulatorThread) -> Iterator[Visitor]:
    emulator.control.set_registration(redirect_uris=[CALLBACK])
    emulator.control.set_google_redirects([CALLBACK])
    with Visitor(emulator) as visitor:
        yield visitor


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[FileSecretStore]:
    yield FileSecretStore(tmp_path / "secrets.json")
    refreshed.forget_tokens(SECRET)


@pytest.fixture
async def delegated(
    emulator: EmulatorThread, credential: FederatedCredential, visitor: Visitor, vault: FileSecretStore
) -> DelegatedCredential:
    """An account has signed in."""
    entra = EntraAuthorisation(
        emulator.tenant_id, emulator.client_id, credential.assertion, emulator.authority, Path(emulator.ca_file)
    )
    request = await entra.begin(scopes=(GRAPH_MAIL,), redirect_uri=CALLBACK)
    account = await entra.finish(request.flow, visitor.accept(request.url, PLAIN).answer)
    await vault.put(SECRET, account.refresh_token or "")
    return acting(emulator, credential, vault)


def acting(
    emulator: EmulatorThread, credential: FederatedCredential, vault: SecretStore, **changed: Any
) -> DelegatedCredential:
    values = {
        "tenant_id": emulator.tenant_id,
        "client_id": emulator.client_id,
        "authority": emulator.authority,
        **changed,
    }
    return DelegatedCredential(
        assertion=credential.assertion,
        secrets=vault,
        secret_name=SECRET,
        ca_file=Path(emulator.ca_file),
        **values,
    )


def google_client(emulator: EmulatorThread, vault: SecretStore, **changed: Any) -> GoogleClient:
    values = {
        "client_id": emulator.google_client_id,
        "sign_in_url": f"{emulator.google_url}/o/oauth2/v2/auth",
        "token_url": f"{emulator.google_url}/token",
        **changed,
    }
    return GoogleClient(secrets=vault, ca_file=Path(emulator.ca_file), **values)


@pytest.fixture
async def client(emulator: EmulatorThread, vault: FileSecretStore) -> GoogleClient:
    await vault.put(CLIENT_SECRET, emulator.google_client_secret)
    return google_client(emulator, vault)


@pytest.fixture
async def gmail(client: GoogleClient, visitor: Visitor, vault: FileSecretStore) -> GoogleCredential:
    request = await client.begin(redirect_uri=CALLBACK)
    account = await client.finish(request.flow, visitor.accept(request.url, GMAIL_ACCOUNT, answer="allow").answer)
    await vault.put(SECRET, account.refresh_token or "")
    return GoogleCredential(client=client, secrets=vault, secret_name=SECRET)


def asked(emulator: EmulatorThread) -> int:
    return int(emulator.control.counters()["tokens"]["requests"])


def content(token: AccessToken) -> dict[str, Any]:
    found: dict[str, Any] = jwt.decode(token.token, options={"verify_signature": False})
    return found


class TestMicrosoft:
    async def test_a_token_acts_for_the_account(self, delegated: DelegatedCredential) -> None:
        token = await delegated.get_token(GRAPH_MAIL)
        assert isinstance(token, AccessToken)
        assert "Mail.ReadWrite.Shared" in content(token)["scp"]

    async def test_it_is_asked_for_once_for_all_who_want_it(
        self,
        delegated: DelegatedCredential,
        emulator: EmulatorThread,
        credential: FederatedCredential,
        vault: FileSecretStore,
    ) -> None:
        before = asked(emulator)
        tokens = await asyncio.gather(*(delegated.get_token(GRAPH_MAIL) for _ in range(8)))
        tokens.append(await acting(emulator, credential, vault).get_token(GRAPH_MAIL))
        assert len({token.token for token in tokens}) == 1
        assert asked(emulator) == before + 1

    async def test_a_challenge_goes_past_the_memory_and_says_what_was_asked(
        self, delegated: DelegatedCredential, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first = await delegated.get_token(GRAPH_MAIL)
        sent: list[dict[str, str]] = []
        real = delegated._web.post_form

        async def watched(url: str, form: Any, headers: Any = None) -> Any:
            sent.append(dict(form))
            return await real(url, form, headers)

        monkeypatch.setattr(delegated._web, "post_form", watched)
        second = await delegated.get_token(GRAPH_MAIL, claims='{"access_token":{"nbf":{"essential":true,"value":"1"}}}')
        assert second.token != first.token
        assert '"nbf"' in sent[0]["claims"]
        assert "CP1" in sent[0]["claims"]
        await delegated.get_token(GRAPH_MAIL, claims="no json")
        assert "CP1" in sent[1]["claims"]

    @pytest.mark.pain("C5")
    async def test_a_rotated_refresh_token_is_stored_before_its_token_is_used(
        self, delegated: DelegatedCredential, vault: FileSecretStore
    ) -> None:
        old = await vault.get(SECRET)
        seen: list[str] = []
        end = observe(lambda name, moment: seen.append(name) if moment is Moment.AFTER else None)
        try:
            await delegated.get_token(GRAPH_MAIL)
        finally:
            end()
        assert seen == ["token.refresh", "secret.put"]
        assert await vault.get(SECRET) not in (None, old)

    @pytest.mark.pain("C5")
    async def test_a_token_that_could_not_be_stored_is_not_used(
        self, delegated: DelegatedCredential, vault: FileSecretStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def broken(name: str, value: str) -> None:
            raise NetworkFailure("no answer from the key vault")

        with monkeypatch.context() as patch:
            patch.setattr(vault, "put", broken)
            with pytest.raises(NetworkFailure):
                await delegated.get_token(GRAPH_MAIL)
        assert await delegated.get_token(GRAPH_MAIL)

    @pytest.mark.pain("C5")
    async def test_a_token_that_another_process_rotated_out_is_read_again(
        self,
        delegated: DelegatedCredential,
        emulator: EmulatorThread,
        credential: FederatedCredential,
        vault: FileSecretStore,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        emulator.control.set_behaviour(refresh_rotation="rotated_out")
        await delegated.get_token(GRAPH_MAIL)
        old = await vault.get(SECRET)
        delegated.forget()
        await delegated.get_token(GRAPH_MAIL)  # rotates: `old` is of no use any more
        delegated.forget()
        real, answers = vault.get, [old]

        async def stale_once(name: str) -> str | None:
            return answers.pop() if answers and name == SECRET else await real(name)

        monkeypatch.setattr(vault, "get", stale_once)
        assert await acting(emulator, credential, vault).get_token(GRAPH_MAIL)

    @pytest.mark.fault("B05")
    @pytest.mark.parametrize("code", [50173, 700082])
    async def test_a_grant_that_ended_asks_for_a_sign_in(
        self, delegated: DelegatedCredential, emulator: EmulatorThread, code: int
    ) -> None:
        emulator.control.revoke_sessions(PLAIN, code=code)
        with pytest.raises(SignInNeeded) as needed:
            await delegated.get_token(GRAPH_MAIL)
        assert needed.value.cause == f"entra_{code}"

    @pytest.mark.capability("S1.5")
    @pytest.mark.parametrize(
        ("code", "expected"),
        [(50076, SignInNeeded), (50079, SignInNeeded), (53003, PermissionDenied), (65001, PermissionDenied)],
    )
    async def test_what_the_directory_asks_of_the_account_is_told(
        self, delegated: DelegatedCredential, emulator: EmulatorThread, code: int, expected: type[PostrumError]
    ) -> None:
        emulator.control.fail_tokens(code, grant_type="refresh_token")
        with pytest.raises(expected) as failed:
            await delegated.get_token(GRAPH_MAIL)
        assert type(failed.value) is expected
        assert failed.value.cause == f"entra_{code}"

    async def test_an_old_token_is_used_while_no_new_one_can_be_had(
        self, delegated: DelegatedCredential, emulator: EmulatorThread, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        known = await delegated.get_token(GRAPH_MAIL)
        moment = known.expires_on - 200
        monkeypatch.setattr("time.time", lambda: moment)
        emulator.control.fail_tokens(90033, times=2, grant_type="refresh_token")
        assert await delegated.get_token(GRAPH_MAIL) == known
        delegated.forget()
        with pytest.raises(TransientError):
            await delegated.get_token(GRAPH_MAIL)

    async def test_without_a_secret_the_account_is_not_connected(
        self, delegated: DelegatedCredential, vault: FileSecretStore
    ) -> None:
        await vault.delete(SECRET)
        with pytest.raises(SignInNeeded) as needed:
            await delegated.get_token(GRAPH_MAIL)
        assert needed.value.cause == "grant_missing"

    async def test_no_answer_is_a_failure_of_the_network(
        self,
        delegated: DelegatedCredential,
        emulator: EmulatorThread,
        credential: FederatedCredential,
        vault: FileSecretStore,
    ) -> None:
        with pytest.raises(NetworkFailure) as failed:
            await acting(emulator, credential, vault, authority="https://127.0.0.1:1").get_token(GRAPH_MAIL)
        assert failed.value.cause == "network_refused"

    async def test_one_grant_serves_graph_and_imap_where_both_were_consented(
        self, delegated: DelegatedCredential, emulator: EmulatorThread
    ) -> None:
        with pytest.raises(PermissionDenied) as refused:
            await delegated.get_token(OUTLOOK_IMAP)
        assert refused.value.cause == "entra_65001"
        emulator.control.grant_consent(scopes=[OUTLOOK_IMAP])
        assert "IMAP.AccessAsUser.All" in content(await delegated.get_token(OUTLOOK_IMAP))["scp"]

    async def test_nothing_secret_is_shown_or_logged(
        self, delegated: DelegatedCredential, vault: FileSecretStore, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        token = await delegated.get_token(GRAPH_MAIL)
        refresh_token = await vault.get(SECRET) or "?"
        shown = repr(delegated) + " ".join(record.getMessage() for record in caplog.records)
        assert token.token not in shown
        assert refresh_token not in shown


class TestGoogle:
    @pytest.mark.capability("S3.7")
    async def test_an_account_signs_in_and_its_mail_can_be_read(
        self, gmail: GoogleCredential, emulator: EmulatorThread, vault: FileSecretStore
    ) -> None:
        before = await vault.get(SECRET)
        assert (await gmail.get_token(GMAIL)).token
        assert await vault.get(SECRET) == before  # Google does not rotate

    @pytest.mark.capability("S3.7", "S3.15")
    async def test_what_the_page_is_asked_for(self, client: GoogleClient) -> None:
        request = await client.begin(redirect_uri=CALLBACK, login_hint=GMAIL_ACCOUNT)
        for part in (
            "access_type=offline",
            "prompt=select_account+consent",
            "code_challenge_method=S256",
            "login_hint=",
        ):
            assert part in request.url
        assert request.flow["code_verifier"] not in request.url + repr(request)

    async def test_who_signed_in_is_a_verified_address(self, client: GoogleClient, visitor: Visitor) -> None:
        request = await client.begin(redirect_uri=CALLBACK)
        answer = visitor.accept(request.url, GMAIL_ACCOUNT, answer="allow").answer
        account = await client.finish(request.flow, answer)
        assert (account.user_name, account.tenant_id) == (GMAIL_ACCOUNT, "")
        assert account.oid
        assert account.access_token not in repr(account)

    @pytest.mark.fault("G02")
    @pytest.mark.parametrize("change", [{"state": "x"}, {"nonce": "another"}, {"code_verifier": "a" * 43}])
    async def test_an_answer_for_another_sign_in_is_refused(
        self, client: GoogleClient, visitor: Visitor, change: dict[str, str]
    ) -> None:
        request = await client.begin(redirect_uri=CALLBACK)
        answer = visitor.accept(request.url, GMAIL_ACCOUNT, answer="allow").answer
        with pytest.raises(PermissionDenied):
            await client.finish({**request.flow, **change}, answer)

    @pytest.mark.capability("S3.8")
    @pytest.mark.parametrize("error", ["admin_policy_enforced", "org_internal", "access_denied"])
    async def test_refusals_of_the_page_are_told_apart(self, client: GoogleClient, error: str) -> None:
        request = await client.begin(redirect_uri=CALLBACK)
        with pytest.raises(PermissionDenied) as refused:
            await client.finish(request.flow, {"state": request.state, "error": error})
        assert refused.value.cause == f"google_{error}"

    @pytest.mark.capability("S3.8")
    async def test_a_policy_of_the_workspace_comes_back_as_such(
        self, client: GoogleClient, visitor: Visitor, emulator: EmulatorThread
    ) -> None:
        emulator.control.set_behaviour(google_policy_answer="redirect")
        request = await client.begin(redirect_uri=CALLBACK)
        answer = visitor.sign_in(request.url, "restricted@workspace.example").answer
        with pytest.raises(PermissionDenied) as refused:
            await client.finish(request.flow, answer)
        assert refused.value.cause == "google_admin_policy_enforced"

    @pytest.mark.fault("B05")
    async def test_a_grant_that_was_revoked_asks_for_a_sign_in(
        self, gmail: GoogleCredential, emulator: EmulatorThread
    ) -> None:
        emulator.control.revoke_google(GMAIL_ACCOUNT)
        with pytest.raises(SignInNeeded) as needed:
            await gmail.get_token(GMAIL)
        assert needed.value.cause == "google_invalid_grant"

    async def test_a_deployment_without_a_client_says_so(
        self, emulator: EmulatorThread, vault: FileSecretStore
    ) -> None:
        with pytest.raises(ConfigurationError) as told:
            await google_client(emulator, vault, client_id=None).begin(redirect_uri=CALLBACK)
        assert told.value.cause == "google_app_not_configured"
        with pytest.raises(ConfigurationError):  # and one without its secret
            await google_client(emulator, vault).token("token.refresh", {})

    async def test_a_wrong_client_secret_is_the_deployments_matter(
        self, gmail: GoogleCredential, vault: FileSecretStore
    ) -> None:
        await vault.put(CLIENT_SECRET, "wrong")
        with pytest.raises(ConfigurationError) as told:
            await gmail.get_token(GMAIL)
        assert told.value.cause == "google_invalid_client"
        assert "wrong" not in str(told.value)

    async def test_google_being_away_passes(self, gmail: GoogleCredential, emulator: EmulatorThread) -> None:
        emulator.control.fail_google("server_error", at="token")
        with pytest.raises(TransientError):
            await gmail.get_token(GMAIL)
        assert await gmail.get_token(GMAIL)
