"""Fixtures for what talks to the emulator: Entra with a managed identity, and Graph."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from emulator.server import EmulatorThread
from shared.identity.credentials import FederatedCredential


@pytest.fixture(scope="session")
def emulator_thread(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatorThread]:
    with EmulatorThread(tmp_path_factory.mktemp("emulator")) as running:
        yield running


@pytest.fixture
def emulator(emulator_thread: EmulatorThread, monkeypatch: pytest.MonkeyPatch) -> EmulatorThread:
    """The emulator in its first state, with consent given; this process is a function app with the identity."""
    emulator_thread.control.reset()
    emulator_thread.control.set_consent(["Mail.ReadWrite"])
    monkeypatch.setenv("IDENTITY_ENDPOINT", emulator_thread.msi_url)
    monkeypatch.setenv("IDENTITY_HEADER", emulator_thread.msi_header)
    for name in ("IDENTITY_SERVER_THUMBPRINT", "AZURE_FEDERATED_TOKEN_FILE", "MSI_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    return emulator_thread


@pytest.fixture
def credential(emulator: EmulatorThread) -> FederatedCredential:
    made = FederatedCredential(
        tenant_id=emulator.tenant_id,
        client_id=emulator.client_id,
        identity_client_id=emulator.msi_client_id,
        authority=emulator.authority,
        ca_file=Path(emulator.ca_file),
    )
    made.forget()
    return made
