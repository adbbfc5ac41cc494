from __future__ import annotations

import ssl
from collections.abc import Iterator

import httpx
import pytest

from emulator.control import Control
from emulator.server import EmulatorThread
from tests.emulator.client import MAILBOX, GraphClient


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatorThread]:
    with EmulatorThread(tmp_path_factory.mktemp("emulator")) as emulator:
        yield emulator


@pytest.fixture(scope="session")
def http(running: EmulatorThread) -> Iterator[httpx.Client]:
    with httpx.Client(verify=ssl.create_default_context(cafile=running.ca_file)) as client:
        yield client


@pytest.fixture
def emulator(running: EmulatorThread) -> EmulatorThread:
    running.control.reset()
    return running


@pytest.fixture
def control(emulator: EmulatorThread) -> Control:
    """A mailbox with a folder, and consent to all of mail."""
    control = emulator.control
    control.create_mailbox(MAILBOX, folders=["inbox/Done"])
    control.set_consent(["Mail.ReadWrite", "Mail.Send"])
    return control


@pytest.fixture
def graph(emulator: EmulatorThread, control: Control, http: httpx.Client) -> GraphClient:
    return GraphClient(emulator, http)
