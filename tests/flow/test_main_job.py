"""The main job: a mail arrives, and everything that should happen happens once."""

from __future__ import annotations

from emulator.server import EmulatorThread
from tests.flow.mails import PDF, mail
from tests.flow.world import MAILBOX, World


async def test_invoice_is_archived_filed_and_announced(world: World, emulator: EmulatorThread) -> None:
    emulator.control.deliver(MAILBOX, mail("Invoice 4711", pdf=PDF), received="2026-11-20T08:00:00Z")

    await world.until_rest()

    status = await world.app.status()
    assert [(line.subject, line.stage, line.outcome, line.folder) for line in status.messages] == [
        ("Invoice 4711", "announced", "imported", "Imported")
    ]
