"""Tokens without a secret, against the emulator's Entra and managed identity."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any

import pytest
from azure.core.credentials import AccessToken

from emulator.server import EmulatorThread
from shared.errors import ConfigurationError, NetworkFailure, PermissionDenied, PostrumError, TransientError
from shared.identity import credentials
from shared.identity.credentials import FederatedCredential

GRAPH = "https://graph.microsoft.com/.default"


def tokens_asked(emulator: EmulatorThread) -> int:
    return int(emulator.control.counters()["tokens"]["requests"])


def made(emulator: EmulatorThread, **changed: Any) -> FederatedCredential:
    arguments: dict[str, Any] = {
        "tenant_id": emulator.tenant_id,
        "client_id": emulator.client_id,
        "identity_client_id": emulator.msi_client_id,
        "authority": emulator.authority,
        "ca_file": Path(emulator.ca_file),
        **changed,
    }
    result = FederatedCredential(**arguments)
    result.forget()
    return result


def age(token: AccessToken, seconds_left: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let time pass until the token has only so many seconds left."""
    moment = token.expires_on - seconds_left
    monkeypatch.setattr("time.time", lambda: moment)


async def test_a_managed_identity_gets_a_token_for_the_application(credential: FederatedCredential) -> None:
    token = await credential.get_token(GRAPH)
    assert isinstance(token, AccessToken)
    assert token.token.count(".") == 2


async def test_the_token_is_asked_for_once_for_all_who_want_it(
    credential: FederatedCredential, emulator: EmulatorThread
) -> None:
    before = tokens_asked(emulator)
    first, *others = await asyncio.gather(*(credential.get_token(GRAPH, enable_cae=True) for _ in range(10)))
    assert all(token == first for token in others)
    assert await made_again(emulator).get_token(GRAPH) == first
    assert tokens_asked(emulator) == before + 1


def made_again(emulator: EmulatorThread) -> FederatedCredential:
    return FederatedCredential(
        tenant_id=emulator.tenant_id,
        client_id=emulator.client_id,
        identity_client_id=emulator.msi_client_id,
        authority=emulator.authority,
        ca_file=Path(emulator.ca_file),
    )


def test_the_token_outlives_the_event_loop(credential: FederatedCredential, emulator: EmulatorThread) -> None:
    before = tokens_asked(emulator)
    first = asyncio.run(get(credential))
    assert asyncio.run(get(credential)) == first
    assert tokens_asked(emulator) == before + 1


async def get(credential: FederatedCredential) -> AccessToken:
    return await credential.get_token(GRAPH)


async def test_tokens_of_two_applications_are_kept_apart(emulator: EmulatorThread) -> None:
    control = emulator.control
    identity = control.create_managed_identity()
    other = control.create_app(roles=["Mail.Read"])
    control.create_federated_credential(other["client_id"], identity["object_id"])
    first = await made(emulator).get_token(GRAPH)
    second = await made(emulator, client_id=other["client_id"], identity_client_id=identity["client_id"]).get_token(
        GRAPH
    )
    assert first.token != second.token


async def test_a_token_near_its_end_is_renewed(
    credential: FederatedCredential, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await credential.get_token(GRAPH)
    age(first, 301, monkeypatch)
    assert await credential.get_token(GRAPH) == first
    age(first, 299, monkeypatch)
    assert (await credential.get_token(GRAPH)).token != first.token


async def test_a_token_near_its_end_is_still_used_while_the_directory_is_away(
    credential: FederatedCredential, emulator: EmulatorThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await credential.get_token(GRAPH)
    emulator.control.fail_tokens(90033, times=-1)
    age(first, 200, monkeypatch)
    assert await credential.get_token(GRAPH) == first
    age(first, 10, monkeypatch)
    with pytest.raises(TransientError, match="AADSTS90033"):
        await credential.get_token(GRAPH)


@pytest.mark.fault("B05")
async def test_claims_and_forgetting_go_past_the_memory(
    credential: FederatedCredential, emulator: EmulatorThread
) -> None:
    first = await credential.get_token(GRAPH)
    second = await credential.get_token(GRAPH, claims='{"access_token":{"nbf":{"essential":true,"value":"0"}}}')
    assert second.token != first.token
    assert await credential.get_token(GRAPH) == second
    credential.forget()
    assert (await credential.get_token(GRAPH)).token != second.token


@pytest.mark.fault("B05")
@pytest.mark.parametrize(
    ("code", "error", "words"),
    [
        (700016, ConfigurationError, "consent link"),
        (7000112, PermissionDenied, "Properties of the enterprise application"),
        (700213, ConfigurationError, "subject"),
        (53003, PermissionDenied, "Conditional Access"),
        (90033, TransientError, "tries again"),
        (90002, ConfigurationError, "tenant id"),
        (99999, PermissionDenied, "Look the code up"),
    ],
)
async def test_a_refusal_has_its_code_and_what_to_do(
    credential: FederatedCredential,
    emulator: EmulatorThread,
    code: int,
    error: type[PostrumError],
    words: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    emulator.control.fail_tokens(code)
    before = tokens_asked(emulator)
    with caplog.at_level(logging.DEBUG), pytest.raises(error) as caught:
        await credential.get_token(GRAPH)
    text = str(caught.value)
    assert f"AADSTS{code}" in text
    assert words in text
    assert "(trace " in text
    assert emulator.client_id in text
    assert tokens_asked(emulator) == before + 1
    assert "eyJ" not in text + caplog.text


async def test_no_token_is_in_the_log(credential: FederatedCredential, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        token = await credential.get_token(GRAPH)
    assert caplog.records
    assert token.token[:20] not in caplog.text
    assert "eyJ" not in caplog.text
    assert token.token not in repr(credential)


async def test_a_federated_credential_that_does_not_fit(
    credential: FederatedCredential, emulator: EmulatorThread
) -> None:
    emulator.control.remove_federated_credentials(emulator.client_id)
    with pytest.raises(ConfigurationError, match="AADSTS70021: No federated credential"):
        await credential.get_token(GRAPH)
    emulator.control.create_federated_credential(emulator.client_id, "another subject")
    with pytest.raises(ConfigurationError, match="AADSTS700213"):
        await credential.get_token(GRAPH)


async def test_a_tenant_that_does_not_know_the_application(emulator: EmulatorThread) -> None:
    foreign = emulator.control.create_tenant()["tenant_id"]
    with pytest.raises(ConfigurationError, match="AADSTS7000229") as caught:
        await made(emulator, tenant_id=foreign).get_token(GRAPH)
    assert foreign in str(caught.value)
    emulator.control.set_consent(["Mail.ReadWrite"], tenant_id=foreign)
    assert await made(emulator, tenant_id=foreign).get_token(GRAPH)


async def test_throttling_by_the_directory_is_transient_whatever_the_code(
    credential: FederatedCredential, emulator: EmulatorThread
) -> None:
    emulator.control.fail_tokens(700016, status=429)
    with pytest.raises(TransientError):
        await credential.get_token(GRAPH)


async def test_an_identity_that_is_not_there(emulator: EmulatorThread) -> None:
    with pytest.raises(ConfigurationError, match=r"managed identity nobody gave no assertion.*Assign the identity"):
        await made(emulator, identity_client_id="nobody").get_token(GRAPH)


async def test_a_process_without_an_identity(credential: FederatedCredential, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IDENTITY_HEADER", "wrong")
    with pytest.raises(ConfigurationError, match="gave no assertion"):
        await credential.get_token(GRAPH)


async def test_an_identity_endpoint_that_is_down(
    credential: FederatedCredential, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IDENTITY_ENDPOINT", "http://127.0.0.1:9/msi/token")
    with pytest.raises((NetworkFailure, ConfigurationError), match="gave no assertion"):
        await credential.get_token(GRAPH)


async def test_a_directory_that_is_down_or_not_trusted(emulator: EmulatorThread) -> None:
    with pytest.raises(NetworkFailure, match="could not be reached"):
        await made(emulator, authority="https://127.0.0.1:9").get_token(GRAPH)
    with pytest.raises(NetworkFailure, match="could not be reached"):
        await made(emulator, ca_file=None).get_token(GRAPH)


async def test_a_directory_that_does_not_answer_ends_at_the_deadline(
    emulator: EmulatorThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    monkeypatch.setattr(credentials, "DEADLINE_SECONDS", 0.5)
    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(NetworkFailure, match=r"within 0\.5 seconds"):
            await made(emulator, authority=f"https://127.0.0.1:{port}").get_token(GRAPH)


def test_what_is_missing_is_said_at_once() -> None:
    with pytest.raises(ConfigurationError) as caught:
        FederatedCredential(tenant_id="", client_id="", identity_client_id="", authority="http://login.example")
    assert len(caught.value.problems) == 4
