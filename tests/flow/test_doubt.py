"""After a crash: which moves may have taken place unrecorded."""

from __future__ import annotations

from datetime import timedelta

from shared.model.run import MailboxWork
from shared.pipeline.ending import Ending
from shared.pipeline.gate import Gate
from shared.pipeline.lane import LaneHold
from shared.pipeline.mailbox_work import MailboxWorker
from shared.pipeline.together import each
from tests.flow.world import World


async def test_whatever_waits_is_doubted_after_a_holder_that_did_not_come_back(world: World) -> None:
    """More than one hold looks at: what may have been moved unrecorded is looked for before it is moved, every single one."""
    services = world.app.services
    company = await services.companies.get("nordlys")
    assert company is not None
    [mailbox] = company.mailboxes
    later = world.clock() + timedelta(hours=1)
    works = [
        MailboxWork(message=f"m{number:04d}", generation=1, provider_id=f"id-{number}", folder="Imported", origin="")
        for number in range(520)
    ]
    await each(works, lambda work: services.open.look_again("nordlys", "invoices", work.message, later, work=work))
    source = services.sources.open(company, mailbox)
    lane = services.sources.lane(company, mailbox)
    taken = await LaneHold.take(services.lanes, lane, world.clock, frozenset())
    assert taken is not None
    gate = Gate(taken[0], budget=100.0, metered=False)
    worker = MailboxWorker(services, company, mailbox, source, gate, Ending(services, world.app.announcer), {})
    await worker.doubt({"id-7"})
    waiting = await services.open.of_mailbox("nordlys", "invoices")
    checked = [item.message for item in waiting if item.work and item.work.check]
    assert len(checked) == 519
    assert "m0007" not in checked
