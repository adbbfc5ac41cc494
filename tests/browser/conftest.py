"""Fixtures of the browser tests: a deployment for each module, a window for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from emulator.server import EmulatorThread
from local.azurite import Account
from tests.flow.world import MAILBOX
from tests.support.browser import Console, chromium, new_page, running_console


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def console(
    tmp_path_factory: pytest.TempPathFactory, _fresh_accounts: Iterator[Account]
) -> AsyncIterator[Console]:
    folder = tmp_path_factory.mktemp("console")
    with EmulatorThread(folder / "emulator") as emulator:
        emulator.control.create_mailbox(MAILBOX)
        emulator.control.set_exchange_scope([MAILBOX])
        async with running_console(emulator, next(_fresh_accounts).connection_string, folder) as running:
            yield running


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser: Browser) -> AsyncIterator[Page]:
    async with new_page(browser) as window:
        yield window
