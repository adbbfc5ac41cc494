"""Storage that fails, or does what it was told and then says nothing: the end is the same, and nothing happens twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from emulator.server import EmulatorThread
from local.azurite import Account
from shared.effect import Moment, observe
from tests.crash.player import difference
from tests.crash.state import outside_state, stored_state
from tests.flow.mails import PDF, mail
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
STEP = 1
"""Only every so manyth request here; `make crash` plays them all."""


@pytest.mark.pain("C1")
@pytest.mark.fault("A07")
async def test_a07_wherever_storage_fails_the_end_is_the_same(
    emulator: EmulatorThread, _fresh_accounts: Iterator[Account], tmp_path: Path
) -> None:
    # one story after the other: storage fails once, at another of its changing requests and in another way each time
    expected, requests = await _story(emulator, next(_fresh_accounts), tmp_path)
    assert requests > 25
    for nth in range(1, requests + 1, STEP):
        mode = MODES[(nth // STEP) % len(MODES)]
        end, _ = await _story(emulator, next(_fresh_accounts), tmp_path, nth=nth, mode=mode)
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
