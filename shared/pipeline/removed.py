"""Messages of a mailbox that was taken out of the configuration: each comes to an end that people see, and none waits for ever."""

from __future__ import annotations

from shared.errors import ConcurrentWrite
from shared.model.run import ENDS, Stage
from shared.model.task import ActTask
from shared.pipeline.ending import Ending
from shared.pipeline.services import Services
from shared.stores.messages import StoredRun
from shared.stores.open_messages import OpenMessage
from shared.telemetry import event

DETAIL = "The mailbox was removed before the mail was fetched."


async def end_removed(services: Services, ending: Ending, item: OpenMessage, stored: StoredRun | None) -> None:
    """Bring an open message whose mailbox is configured no longer to its end.

    A mail that was only listed is forgotten: it lies in the mailbox as it came, and is taken in where the mailbox is set up again.

    Args:
        services: the stores.
        ending: says the hand-offs.
        item: the open message.
        stored: its run; None where it was never fetched.
    """
    event("message_without_mailbox", message=item.message, stage=stored.run.stage.value if stored else "unknown")
    if stored is None:
        await services.open.done(item.company, item.mailbox, item.message)
    elif stored.run.stage is Stage.FOUND:
        update = {
            "stage": Stage.GONE,
            "reason": "gone_before_fetch",
            "reason_detail": DETAIL,
            "updated_at": services.clock(),
        }
        gone = stored.run.model_copy(update=update)
        try:
            await services.messages.move_on("gone", stored, gone)
        except ConcurrentWrite:
            return
        await ending.of(gone)
    elif stored.run.stage in ENDS:
        await ending.of(stored.run)  # it only waited for its place in the mailbox
    else:
        await services.queues.put(ActTask(message=item.message, generation=stored.run.generation))  # which parks it
