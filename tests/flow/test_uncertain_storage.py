"""Storage that fails, or does what it was told and then says nothing: the end is the same, and nothing happens twice."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from emulator.server import EmulatorThread
from local.azurite import Account
from shared.effect import Moment, observe
from shared.model.task import Queue
from shared.stores.archive import mail_path
from tests.crash.player import difference
from tests.crash.state import outside_state, stored_state
from tests.flow.mails import PDF, mail
from tests.flow.seeing import moves, places
from tests.flow.world import MAILBOX, World, settings_for
from tests.support.storage_proxy import Mode, StorageProxy

RECEIVED = "2026-11-20T08:00:00Z"


async def _end(world: World, emulator: EmulatorThread) -> dict[str, Any]:
    return {**await stored_state(world), **outside_state(emulator)}


async def test_every_changing_request_is_one_named_effect(
    proxied: World, proxy: StorageProxy, emulator: EmulatorThread
) -> None:
    # the crash test kills before and after each effect: an effect with two requests in it would hide a point in between
    emulator.control.deliver(MAILBOX, mail("Invoice for relatienr 000123", pdf=PDF), received=RECEIVED)
    names: list[str] = []
    stop = observe(lambda name, moment: names.append(name) if moment is Moment.BEFORE else None)
    try:
        await proxied.until_rest()
    finally:
        stop()
    storage = [name for name in names if name.partition(".")[0] in ("blob", "table", "queue")]
    assert len(storage) == proxy.changing_requests
    assert {name.partition(".")[0] for name in names} == {"blob", "table", "queue", "graph", "webhook"}


MODES: tuple[Mode, ...] = ("lost_503", "lost_cut", "refuse_503", "twice", "refuse_cut")
STEP = 8
"""Only every so manyth request here; `make crash` plays them all."""


@pytest.mark.pain("C1")
@pytest.mark.fault("A07")
async def test_a07_wherever_storage_fails_the_end_is_the_same(
    emulator: EmulatorThread, accounts: Iterator[Account], tmp_path: Path
) -> None:
    # one story after the other: storage fails once, at another of its changing requests and in another way each time
    expected, requests = await _story(emulator, next(accounts), tmp_path)
    assert requests > 25
    for nth in range(1, requests + 1, STEP):
        mode = MODES[(nth // STEP) % len(MODES)]
        end, _ = await _story(emulator, next(accounts), tmp_path, nth=nth, mode=mode)
        assert difference(expected, end) == [], f"{mode} at changing request {nth} of {requests}"


async def _story(
    emulator: EmulatorThread, account: Account, folder: Path, *, nth: int = 0, mode: Mode = "lost_503"
) -> tuple[dict[str, Any], int]:
    """A mail comes in; returns how it ended, and how many changing requests the app made."""
    emulator.control.reset()
    emulator.control.create_mailbox(MAILBOX)
    emulator.control.set_exchange_scope([MAILBOX])
    emulator.control.deliver(MAILBOX, mail("Invoice for relatienr 000123", pdf=PDF), received=RECEIVED)
    with StorageProxy(account) as proxy:
        settings = settings_for(emulator, proxy.connection_string, folder / f"{account.name}.json")
        async with World(settings, emulator.addresses.sink_url, host=account.connection_string) as world:
            await world.configure()
            proxy.reset()
            if nth:
                proxy.script(nth, mode)
            await world.until_rest()
            assert proxy.fired == (1 if nth else 0)
            requests = proxy.changing_requests
            return await _end(world, emulator), requests


@pytest.mark.filterwarnings("ignore:Sending a large body")  # blocks of 4 MiB, given to aiohttp by the SDK
@pytest.mark.fault("A06")
async def test_a06_a_mail_that_is_written_half_is_not_recorded_and_is_written_again(
    proxied: World, proxy: StorageProxy, emulator: EmulatorThread
) -> None:
    content = mail("Invoice with plans", pdf=PDF + b"%" + b"plan " * 1_200_000)
    emulator.control.deliver(MAILBOX, content, received=RECEIVED)
    # the second block breaks off, and again when aiohttp repeats the PUT by itself
    proxy.script(2, "cut_upload", times=2, match="mail.eml", after_bytes=100_000)
    await proxied.app.tick()
    await proxied.drain([Queue.MAILBOX])

    services = proxied.app.services
    assert proxy.fired >= 1
    proxy.reset()
    assert [path async for path in services.archive.paths()] == []
    assert [run.sha256 async for run in services.messages.every_run()] == [""]

    await proxied.until_rest()
    assert places(emulator) == {"Invoice with plans": "Imported"}
    assert moves(emulator) == {"Invoice with plans": 1}
    [run] = [run async for run in services.messages.every_run()]
    eml = b"".join([chunk async for chunk in services.archive.read(mail_path("nordlys", run.message))])
    assert eml == content
    assert (run.size, run.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert sorted([path async for path in services.archive.paths()]) == [
        f"m/nordlys/{run.message}/a/00",
        f"m/nordlys/{run.message}/mail.eml",
    ]


@pytest.mark.fault("A07")
async def test_a07_a_storage_that_asks_for_patience_gets_it_and_the_cursor_stays(
    proxied: World, proxy: StorageProxy, emulator: EmulatorThread
) -> None:
    emulator.control.deliver(MAILBOX, mail("Invoice 1", pdf=PDF), received=RECEIVED)
    proxy.script(1, "refuse_503", match="/open(", retry_after=120)  # the mails of the listing cannot be noted
    await proxied.app.tick()
    await proxied.drain()
    [lane] = await proxied.app.services.lanes.every()
    assert lane.state.blocked(proxied.clock() + timedelta(seconds=119))
    assert not lane.state.blocked(proxied.clock() + timedelta(seconds=121))
    assert "listed/nordlys/invoices" not in lane.state.cursors
    assert places(emulator) == {"Invoice 1": ""}

    proxied.clock.advance(minutes=1)
    await proxied.settle()
    assert [run async for run in proxied.app.services.messages.every_run()] == []

    await proxied.until_rest()
    assert places(emulator) == {"Invoice 1": "Imported"}


@pytest.mark.pain("C2")
@pytest.mark.fault("A07")
async def test_nothing_is_touched_in_the_mailbox_while_the_archive_cannot_be_written(
    proxied: World, proxy: StorageProxy, emulator: EmulatorThread
) -> None:
    for number in range(3):
        emulator.control.deliver(MAILBOX, mail(f"Invoice {number}", number=number, pdf=PDF), received=RECEIVED)
    proxy.script(1, "refuse_503", times=-1, match="/archive/")
    await proxied.settle(ticks=4)
    assert proxy.fired > 3
    assert set(places(emulator).values()) == {""}
    assert set(moves(emulator).values()) == {0}

    proxy.reset()
    await proxied.until_rest()
    assert set(places(emulator).values()) == {"Imported"}
    assert set(moves(emulator).values()) == {1}
