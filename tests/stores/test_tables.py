"""Conditional writes whose answer came late or never: our own row is known by its mark, another's never taken for ours."""

from __future__ import annotations

import asyncio
import random

import pytest

from shared.errors import ConcurrentWrite, NetworkFailure, PermanentError, ServiceUnavailable, Throttled
from shared.stores.packing import PROPERTIES, PROPERTY, pack, unpack
from shared.stores.tables import Row, Table, Write
from tests.support.storage_proxy import StorageProxy


async def test_of_two_inserts_one_wins(table: Table) -> None:
    won = await asyncio.gather(*(table.insert("test", "p", "k", {"value": number}) for number in range(6)))
    assert sorted(won) == [False] * 5 + [True]
    row = await table.get("p", "k")
    assert row is not None
    assert row.number("value") == won.index(True)


@pytest.mark.fault("A07")
async def test_an_insert_that_was_stored_and_sent_again_counts_as_ours(table: Table, proxy: StorageProxy) -> None:
    proxy.script(1, "twice", match="POST")  # stored; the answer was 503 and somebody repeated it: 409
    assert await table.insert("test", "p", "k", {"value": 1}) is True
    assert proxy.fired == 1
    assert await table.insert("test", "p", "k", {"value": 2}) is False


@pytest.mark.fault("A07")
async def test_a_replacement_that_was_stored_and_sent_again_counts_as_ours(table: Table, proxy: StorageProxy) -> None:
    await table.insert("test", "p", "k", {"value": 1})
    row = await table.get("p", "k")
    assert row is not None
    proxy.script(1, "twice", match="PUT")  # the second time: 412
    stored = await table.replace("test", row, {"value": 2})
    assert proxy.fired == 1
    assert (await table.replace("test", stored, {"value": 3})).values["value"] == 3  # its ETag is the one of our write
    with pytest.raises(ConcurrentWrite):
        await table.replace("test", row, {"value": 4})


@pytest.mark.fault("A07")
async def test_a_transaction_that_was_stored_and_sent_again_counts_as_ours(table: Table, proxy: StorageProxy) -> None:
    writes = [Write("insert", Row("p", "a", {"value": 1})), Write("insert", Row("p", "b", {"value": 2}))]
    proxy.script(1, "twice", match="$batch")
    assert await table.transact("test", writes) == ["", ""]
    assert proxy.fired == 1
    assert len(await table.query("PartitionKey eq @p", {"p": "p"})) == 2
    with pytest.raises(ConcurrentWrite):
        await table.transact("test", writes)


async def test_a_transaction_is_all_or_nothing(table: Table) -> None:
    await table.insert("test", "p", "b", {"value": 1})
    with pytest.raises(ConcurrentWrite):
        await table.transact("test", [Write("insert", Row("p", "a", {})), Write("insert", Row("p", "b", {}))])
    assert await table.get("p", "a") is None
    assert await table.transact("test", []) == []


@pytest.mark.fault("A07")
@pytest.mark.parametrize("mode", ["lost_503", "lost_cut", "refuse_503", "refuse_cut"])
async def test_an_answer_that_never_came_is_an_error_and_another_try_finds_what_is_there(
    mode: str, table: Table, proxy: StorageProxy
) -> None:
    proxy.script(1, mode, match="POST")  # type: ignore[arg-type]
    with pytest.raises((ServiceUnavailable, NetworkFailure)):
        await table.insert("test", "p", "k", {"value": 1})
    stored = mode.startswith("lost")
    assert (await table.get("p", "k") is not None) is stored
    # another try is another write: only with the natural key of its row does it know what it finds
    assert await table.insert("test", "p", "k", {"value": 1}) is not stored


@pytest.mark.fault("A07")
async def test_a_row_that_another_wrote_is_never_taken_for_ours(table: Table, proxy: StorageProxy) -> None:
    await table.insert("test", "p", "k", {"value": 1})
    mine, theirs = await table.get("p", "k"), await table.get("p", "k")
    assert mine is not None
    assert theirs is not None
    await table.replace("test", theirs, {"value": 2})
    proxy.script(1, "twice", match="PUT")
    with pytest.raises(ConcurrentWrite):
        await table.replace("test", mine, {"value": 3})
    row = await table.get("p", "k")
    assert row is not None
    assert row.number("value") == 2


@pytest.mark.fault("A07")
async def test_a_busy_account_says_how_long_to_wait(table: Table, proxy: StorageProxy) -> None:
    proxy.script(1, "refuse_503", retry_after=7)
    with pytest.raises(Throttled) as refused:
        await table.put("test", "p", "k", {})
    assert refused.value.retry_after == 7


async def test_a_deleted_row_cannot_be_replaced_and_deleting_twice_is_fine(table: Table) -> None:
    await table.insert("test", "p", "k", {})
    row = await table.get("p", "k")
    assert row is not None
    for _ in range(2):
        await table.delete("test", "p", "k")
    with pytest.raises(ConcurrentWrite):
        await table.replace("test", row, {"value": 1})
    assert await table.get("p", "k") is None


async def test_values_with_quotes_are_values_and_not_conditions(table: Table) -> None:
    for key in ("o'brien", "x' or PartitionKey ne '", "a b"):
        await table.insert("test", key, "k", {"value": 1})
        assert [row.partition for row in await table.query("PartitionKey eq @p", {"p": key})] == [key]


async def test_a_query_goes_over_all_pages_and_ends_where_it_is_told(table: Table) -> None:
    for start in range(0, 250, 100):
        rows = [Write("put", Row("p", f"{number:04d}", {})) for number in range(start, min(start + 100, 250))]
        await table.transact("test", rows)
    assert len([row async for row in table.stream("PartitionKey eq @p", {"p": "p"}, page=40)]) == 250
    assert [row.key for row in await table.query("PartitionKey eq @p", {"p": "p"}, limit=3)] == ["0000", "0001", "0002"]


@pytest.mark.parametrize("text", ["", "x", "é" * 70_000, "".join(chr(0x4E00 + n % 20_000) for n in range(150_000))])
def test_what_is_packed_comes_out_again(text: str) -> None:
    packed = pack(text)
    assert all(len(part) <= PROPERTY for part in packed.values())
    assert unpack(packed) == text


def test_what_does_not_fit_is_refused() -> None:
    noise = random.Random(1).randbytes(PROPERTY * PROPERTIES).hex()
    with pytest.raises(PermanentError, match="do not fit into one row"):
        pack(noise + noise)
