"""Fixtures of the flow tests: one emulator for all, a world of its own for each."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from emulator.server import EmulatorThread
from local.azurite import Account
from tests.flow.world import MAILBOX, World, settings_for
from tests.support.storage_proxy import StorageProxy


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


@pytest.fixture
async def second(world: World) -> AsyncIterator[World]:
    """Another instance of the app on the same storage, with the same clock: a second worker."""
    other = World(world.settings, world.sink_url, world.clock)
    yield other
    await other.close()


@pytest.fixture
def proxy(storage_account: Account) -> Iterator[StorageProxy]:
    with StorageProxy(storage_account) as running:
        yield running


@pytest.fixture
async def proxied(
    emulator: EmulatorThread, storage_account: Account, proxy: StorageProxy, tmp_path: Path
) -> AsyncIterator[World]:
    """A world whose app reaches its storage through the proxy; what the host does with the queues goes past it."""
    settings = settings_for(emulator, proxy.connection_string, tmp_path / "secrets.json")
    async with World(settings, emulator.addresses.sink_url, host=storage_account.connection_string) as world:
        await world.configure()
        proxy.reset()
        yield world


@pytest.fixture
def accounts(_fresh_accounts: Iterator[Account]) -> Iterator[Account]:
    """Storage accounts that nobody has used, for tests that play several stories."""
    return _fresh_accounts
