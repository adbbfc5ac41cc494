"""Fixtures of the flow tests: one emulator for all, a world of its own for each."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from emulator.server import EmulatorThread
from local.azurite import Account
from tests.flow.world import MAILBOX, World, settings_for


@pytest.fixture(scope="session")
def running_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatorThread]:
    with EmulatorThread(tmp_path_factory.mktemp("emulator")) as emulator:
        yield emulator


@pytest.fixture
def emulator(running_emulator: EmulatorThread) -> EmulatorThread:
    running_emulator.control.reset()
    running_emulator.control.create_mailbox(MAILBOX)
    running_emulator.control.set_exchange_scope([MAILBOX])
    return running_emulator


@pytest.fixture
async def world(emulator: EmulatorThread, storage_account: Account, tmp_path: Path) -> AsyncIterator[World]:
    settings = settings_for(emulator, storage_account.connection_string, tmp_path / "secrets.json")
    async with World(settings, emulator.addresses.sink_url) as world:
        await world.configure()
        yield world
