"""Fixtures for all tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.azurite import Account, Azurite

pytest_plugins = ["tests.plugins.complete"]

ACCOUNTS = 2000  # one per test that wants storage; an account that is not used costs a line


@pytest.fixture(scope="session")
def azurite() -> Iterator[Azurite]:
    """One Azurite for the whole run, started when the first test wants it. Data in memory."""
    with Azurite(accounts=ACCOUNTS) as running:
        yield running


@pytest.fixture(scope="session")
def _fresh_accounts(azurite: Azurite) -> Iterator[Account]:
    return iter(azurite.accounts)


@pytest.fixture
def storage_account(_fresh_accounts: Iterator[Account]) -> Account:
    """A storage account that no other test has used; `.connection_string` is for the SDKs and for settings."""
    return next(_fresh_accounts)
