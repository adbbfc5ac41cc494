"""Sending events again: after a subscriber was away for too long, or for one message."""

from __future__ import annotations

import pytest

from cli.main import COMMANDS
from emulator.server import EmulatorThread
from shared.effect import Moment, observe
from shared.errors import NotFound
from tests.flow.mails import PDF, mail
from tests.flow.world import MAILBOX, World


def ids(emulator: EmulatorThread) -> list[str]:
    """Ids of what the subscriber got, in the order of arrival."""
    records = emulator.control.sink("ledger")
    return [next(value for name, value in record["headers"] if name == "webhook-id") for record in records]


@pytest.mark.pain("C38")
async def test_what_a_disabled_subscriber_missed_is_sent_again_with_the_same_ids(
    world: World, emulator: EmulatorThread
) -> None:
    emulator.control.program_sink("ledger", statuses=[410])
    emulator.control.deliver(MAILBOX, mail("Invoice", pdf=PDF), received="2026-11-20T08:00:00Z")
    await world.until_rest()
    refused = ids(emulator)
    assert len(refused) == 1  # 410 ends it: nothing more was tried
    emulator.control.clear_sink("ledger")

    put = await world.app.replay("nordlys", "ledger")
    await world.until_rest()

    assert put == 2
    assert len(set(ids(emulator))) == 2
    assert refused[0] in ids(emulator)
    assert await world.app.replay("nordlys", "ledger") == 0


async def test_all_events_of_one_message_are_sent_again(world: World, emulator: EmulatorThread) -> None:
    emulator.control.deliver(MAILBOX, mail("Invoice", pdf=PDF), received="2026-11-20T08:00:00Z")
    emulator.control.deliver(MAILBOX, mail("Other", number=2), received="2026-11-20T08:01:00Z")
    await world.until_rest()
    first = ids(emulator)
    [message] = [line.message for line in (await world.app.status()).messages if line.subject == "Invoice"]
    emulator.control.clear_sink("ledger")

    assert await world.app.replay("nordlys", "ledger", message=message) == 2
    await world.until_rest()

    assert len(ids(emulator)) == 2
    assert set(ids(emulator)) < set(first)


@pytest.mark.pain("C38")
async def test_a_replay_that_is_cut_off_before_its_task_is_put_goes_on_by_itself(
    world: World, emulator: EmulatorThread
) -> None:
    emulator.control.deliver(MAILBOX, mail("Invoice", pdf=PDF), received="2026-11-20T08:00:00Z")
    await world.until_rest()
    [line] = (await world.app.status()).messages
    emulator.control.clear_sink("ledger")

    def cut(name: str, moment: Moment) -> None:
        if name == "queue.deliver":
            raise RuntimeError("cut off")

    stop = observe(cut)
    with pytest.raises(RuntimeError, match="cut off"):
        await world.app.replay("nordlys", "ledger", message=line.message)
    stop()
    assert ids(emulator) == []
    await world.until_rest()

    assert len(set(ids(emulator))) == 2


async def test_an_unknown_subscriber_is_said(world: World) -> None:
    with pytest.raises(NotFound, match="nobody"):
        await world.app.replay("nordlys", "nobody")
    assert "replay" in COMMANDS
