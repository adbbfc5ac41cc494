"""A mailbox is taken out of the configuration while mail is on its way: every message comes to an end that people see."""

from __future__ import annotations

import pytest

from emulator.server import EmulatorThread
from shared.identity.connection_state import Event, Happened
from shared.model.run import Stage
from shared.model.task import Queue
from tests.flow.mails import PDF, mail
from tests.flow.seeing import documents, places, runs
from tests.flow.world import CONFIGURATION, MAILBOX, World

BOX = """      - id: invoices
        address: invoice@nordlys.example
        folders: {imported: Imported, other: Follow up}
        schedule: "* * * * *"
"""
WITHOUT = CONFIGURATION.replace(f"    mailboxes:\n{BOX}", "    mailboxes: []\n")


async def test_every_message_of_a_removed_mailbox_comes_to_an_end(world: World, emulator: EmulatorThread) -> None:
    emulator.control.add_faults([{"match": {"kind": "move"}, "status": 503, "times": 99}])
    emulator.control.deliver(MAILBOX, mail("Waits for its move", number=1, pdf=PDF + b"%1"))
    await world.settle()
    emulator.control.deliver(MAILBOX, mail("Archived only", number=2, pdf=PDF + b"%2"))
    await world.app.tick()
    await world.drain([Queue.MAILBOX])
    emulator.control.add_faults([{"match": {"kind": "value"}, "status": 503, "times": 99}])
    emulator.control.deliver(MAILBOX, mail("Not fetched", number=3, pdf=PDF + b"%3"))
    world.clock.advance(minutes=1)
    await world.app.tick()
    await world.drain([Queue.MAILBOX])
    before = {subject: run.stage for subject, run in (await runs(world)).items()}
    assert before == {
        "Waits for its move": Stage.ACTED, "Archived only": Stage.ARCHIVED, "Not fetched": Stage.FOUND,
    }  # fmt: skip

    await world.configure(WITHOUT)
    await world.settle(ticks=40)
    ends = {subject: (run.stage, run.reason) for subject, run in (await runs(world)).items()}
    assert ends == {
        "Waits for its move": (Stage.PARKED, "configuration"),
        "Archived only": (Stage.PARKED, "configuration"),
        "Not fetched": (Stage.GONE, "gone_before_fetch"),
    }
    assert await world.app.services.open.count() == 0
    lines = await world.app.services.timeline.newest("nordlys", world.clock())
    assert len(lines) == 3, "people see all of them"

    emulator.control.clear_faults()
    await world.configure()
    await world.until_rest()
    assert places(emulator)["Not fetched"] == "Imported", "set up again, the mailbox gives what it did not give before"
    again = (await runs(world))["Archived only"].message
    await world.app.again.message(again)
    await world.until_rest()
    assert places(emulator)["Archived only"] == "Imported"
    assert len(await documents(world)) == 3


@pytest.mark.capability("S1.32")
async def test_s1_32_a_connection_that_was_to_be_looked_at_again_goes_with_its_mailbox(world: World) -> None:
    company = await world.app.services.companies.fresh("nordlys")
    assert company is not None
    [mailbox] = company.mailboxes
    waiting = Event(Happened.CONSENTED, code="scope_pending")
    noted = await world.app.connection_keeper.note("nordlys", mailbox, waiting)
    assert noted.next_check_at is not None
    await world.configure(WITHOUT)
    await world.settle(ticks=40, minutes=5)
    assert await world.app.connections.get("nordlys", "invoices") is None
