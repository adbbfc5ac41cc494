"""The archive is written once; the rows of open messages are changed only as they were read."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from shared.errors import NetworkFailure, NotFound, PermanentError, ServiceUnavailable
from shared.model.run import MailboxWork
from shared.stores.archive import BLOCK, Archive, StoredBlob, mail_path
from shared.stores.connection import StorageConnection
from shared.stores.layout import TableName
from shared.stores.open_messages import OpenMessages
from shared.stores.tables import Table
from tests.support.storage_proxy import StorageProxy

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
MESSAGE = "a" * 26


@pytest.fixture
async def archive(connection: StorageConnection) -> AsyncIterator[Archive]:
    made = Archive(connection, lambda: None)  # type: ignore[arg-type, return-value]
    yield made
    await made.aclose()


@pytest.fixture
async def opened(connection: StorageConnection) -> AsyncIterator[OpenMessages]:
    table = Table(connection, lambda: None, TableName.OPEN)  # type: ignore[arg-type, return-value]
    yield OpenMessages(table)
    await table.aclose()


async def _write(archive: Archive, content: bytes, *, limit: int | None = None) -> StoredBlob:
    writer = archive.mail_writer("nordlys", MESSAGE, limit=limit)
    for start in range(0, len(content), 700_000):
        await writer.write(content[start : start + 700_000])
    return await writer.commit()


async def _read(archive: Archive) -> bytes:
    return b"".join([chunk async for chunk in archive.read(mail_path("nordlys", MESSAGE))])


LARGE = bytes(range(256)) * (BLOCK * 2 // 256) + b"and a rest"
BODIES = pytest.mark.filterwarnings("ignore:Sending a large body")  # blocks of 4 MiB, given to aiohttp by the SDK


@BODIES
@pytest.mark.parametrize("content", [b"small", LARGE, LARGE[: BLOCK * 2]], ids=["small", "large", "whole blocks"])
async def test_what_was_written_is_read_with_its_hash(content: bytes, archive: Archive) -> None:
    stored = await _write(archive, content)
    assert (stored.size, stored.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert await archive.stored(stored.path) == stored
    assert await _read(archive) == content


@BODIES
@pytest.mark.parametrize("size", ["small", "large"])
async def test_the_first_writer_wins_and_the_second_uses_its_blob(size: str, archive: Archive) -> None:
    more = b"" if size == "small" else LARGE
    first, second = await asyncio.gather(_write(archive, b"one" + more), _write(archive, b"other" + more))
    assert first == second
    assert hashlib.sha256(await _read(archive)).hexdigest() == first.sha256


@BODIES
@pytest.mark.fault("A06")
@pytest.mark.parametrize("mode", ["cut_upload", "lost_503", "lost_cut", "refuse_503"])
@pytest.mark.parametrize("request_", ["comp=block&", "comp=blocklist"])
async def test_a06_a_blob_is_there_whole_or_not_at_all(
    mode: str, request_: str, archive: Archive, proxy: StorageProxy
) -> None:
    # aiohttp repeats a PUT once by itself on a connection that was cut, so twice in a row
    proxy.script(1, mode, times=2 if "cut" in mode else 1, match=request_)  # type: ignore[arg-type]
    try:
        stored = await _write(archive, LARGE)
    except (NetworkFailure, ServiceUnavailable):
        there = await archive.stored(mail_path("nordlys", MESSAGE))
        assert there is None or await _read(archive) == LARGE
        stored = await _write(archive, LARGE)
    assert stored.sha256 == hashlib.sha256(LARGE).hexdigest()
    assert await _read(archive) == LARGE
    assert [path async for path in archive.paths()] == [stored.path]


async def test_what_is_larger_than_the_limit_is_not_committed(archive: Archive) -> None:
    with pytest.raises(PermanentError, match="larger than the limit of 1 MiB"):
        await _write(archive, b"x" * 1_048_577, limit=1_048_576)
    assert [path async for path in archive.paths()] == []
    with pytest.raises(NotFound):
        await _read(archive)


async def test_a_row_is_postponed_only_as_it_was_read(opened: OpenMessages) -> None:
    work = MailboxWork(message=MESSAGE, generation=1, provider_id="AAMk", folder="Done", origin="")
    await opened.look_again("nordlys", "invoices", MESSAGE, NOW, work=work)
    [item] = await opened.overdue(NOW + timedelta(seconds=1))
    doubted = work.model_copy(update={"check": True})
    await opened.look_again("nordlys", "invoices", MESSAGE, NOW, work=doubted)  # the lane's holder wrote meanwhile

    assert await opened.postpone(item, NOW + timedelta(minutes=2), tries=1) is False
    [item] = await opened.work("nordlys", "invoices")
    assert item.work == doubted
    assert await opened.postpone(item, NOW + timedelta(minutes=2), tries=1) is True
    assert await opened.overdue(NOW + timedelta(minutes=1)) == []
    [item] = await opened.work("nordlys", "invoices")
    assert (item.work, item.tries) == (doubted, 1)

    await opened.done("nordlys", "invoices", MESSAGE)  # it came to its end meanwhile: no row comes back
    assert await opened.postpone(item, NOW, tries=2) is False
    assert await opened.count() == 0


async def test_what_the_listing_said_is_kept_until_the_mail_is_fetched(opened: OpenMessages) -> None:
    many = {f"{number:026d}": f'{{"n": {number}}}' for number in range(101)}  # more than one transaction holds
    await opened.found("nordlys", "invoices", many, NOW)
    items = await opened.overdue(NOW + timedelta(seconds=1))
    assert {item.message: item.listed for item in items} == many
    assert await opened.postpone(items[0], NOW + timedelta(minutes=2), tries=1)
    assert {item.message: item.listed for item in await opened.of_mailbox("nordlys", "invoices")} == many
    assert await opened.work("nordlys", "invoices") == []
    assert await opened.of_mailbox("nordlys", "other") == []
