"""Numbers that many take at once: each once, without gaps, and within a worker without trying in vain."""

from __future__ import annotations

import asyncio

from local.azurite import Account
from shared.desk.series import NumberSeries
from shared.effect import Moment, observe
from shared.model.config import Series
from shared.stores.connection import StorageConnection
from shared.stores.layout import TableName, create_all
from shared.stores.tables import Table

SERIES = Series(id="documents", prefix="D-", width=5, default=True)


async def test_two_workers_with_twenty_documents_each_get_forty_numbers(storage_account: Account) -> None:
    connection = StorageConnection(connection_string=storage_account.connection_string)
    await create_all(connection, connection)
    tables = [Table(connection, None, TableName.SERIES) for _ in range(2)]
    workers = [NumberSeries(table) for table in tables]
    try:
        taken = await asyncio.gather(
            *(one.take("nordlys", SERIES, f"{at}-{key}") for key in range(20) for at, one in enumerate(workers))
        )
        again = await workers[0].take("nordlys", SERIES, "1-7")
    finally:
        for table in tables:
            await table.aclose()
    assert sorted(taken) == [f"D-{number:05d}" for number in range(1, 41)]
    assert again == taken[15]


async def test_documents_of_one_worker_wait_for_each_other_and_need_one_try_each(storage_account: Account) -> None:
    connection = StorageConnection(connection_string=storage_account.connection_string)
    await create_all(connection, connection)
    table = Table(connection, None, TableName.SERIES)
    worker = NumberSeries(table)
    tries: list[str] = []
    end = observe(lambda name, moment: tries.append(name) if moment is Moment.BEFORE else None)
    try:
        await asyncio.gather(*(worker.take("nordlys", SERIES, str(key)) for key in range(20)))
    finally:
        end()
        await table.aclose()
    assert tries.count("table.series.take") == 20
