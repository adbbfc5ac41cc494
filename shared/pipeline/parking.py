"""Parking a message: the end that a person has to look at, with its reason."""

from __future__ import annotations

from shared.errors import ConcurrentWrite
from shared.model.run import ENDS, Stage
from shared.pipeline.announce import Announcer
from shared.pipeline.ending import Ending, awaits_placement
from shared.pipeline.services import Services
from shared.telemetry import event


async def park(services: Services, announcer: Announcer, message: str, generation: int, code: str, detail: str) -> None:
    """Bring a message to the end `parked`, unless it is at an end already."""
    fresh = await services.messages.run(message)
    if fresh is None or fresh.run.generation != generation or fresh.run.stage in ENDS:
        return
    update = {
        "stage": Stage.PARKED,
        "reason": code,
        "reason_detail": detail[:500],
        "attempts": 0,
        "failure": "",
        "updated_at": services.clock(),
    }
    run = fresh.run.model_copy(update=update)
    try:
        await services.messages.move_on("parked", fresh, run)
    except ConcurrentWrite:
        return
    event("message_parked", message=message, reason=code)
    company = await services.companies.get(run.company)
    mailbox = None if company is None else company.mailbox(run.mailbox)
    ending = Ending(services, announcer)
    if company is not None and mailbox is not None and awaits_placement(run):
        await ending.to_lane(run, None, mailbox)
        await ending.wake(company, mailbox, listing=False)
    else:
        await ending.of(run)
