"""Stores over a real Azurite, straight or through a proxy that fails."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from local.azurite import Account
from shared.stores.connection import StorageConnection
from shared.stores.layout import TableName, create_all
from shared.stores.tables import Table
from tests.support.storage_proxy import StorageProxy

MakeTable = Callable[[str], Table]


@pytest.fixture
def proxy(storage_account: Account) -> Iterator[StorageProxy]:
    with StorageProxy(storage_account) as running:
        yield running


@pytest.fixture
async def connection(storage_account: Account, proxy: StorageProxy) -> StorageConnection:
    straight = StorageConnection(connection_string=storage_account.connection_string)
    await create_all(straight, straight)
    return StorageConnection(connection_string=proxy.connection_string)


@pytest.fixture
async def table(connection: StorageConnection) -> AsyncIterator[Table]:
    made = Table(connection, _no_credential, TableName.PARKED)
    yield made
    await made.aclose()


def _no_credential() -> None:  # type: ignore[return]
    raise AssertionError("a connection string needs no credential")
