"""Use case: a person runs a message again. It gets a new generation: a new decision, from the archived mail and the rules of today."""

from __future__ import annotations

from dataclasses import dataclass

from shared.errors import NotFound, PermanentError
from shared.model.run import ENDS, Run, Stage
from shared.model.task import TASKS, ActTask
from shared.pipeline.ending import mailbox_task
from shared.pipeline.services import GRACE, Services
from shared.telemetry import event


@dataclass(frozen=True, slots=True)
class RunAgain:
    """Runs messages and parked tasks again."""

    services: Services

    async def message(self, message: str) -> Run:
        """Run a message again that is at an end.

        Raises:
            NotFound: there is no such message.
            PermanentError: it is still on its way.
        """
        stored = await self.services.messages.run(message)
        if stored is None:
            raise NotFound(f"there is no message {message}")
        run = stored.run
        if run.stage not in ENDS:
            raise PermanentError(
                f"message {message} is still on its way ({run.stage})", remedy="Wait until it is at an end."
            )
        archived = bool(run.sha256)
        update = {
            "stage": Stage.ARCHIVED if archived else Stage.FOUND,
            "generation": run.generation + 1,
            "attempts": 0,
            "failure": "",
            "reason": "",
            "reason_detail": "",
            "outcome": None,
            "duplicate_of": None,
            "results": (),
            "placement": "",
            "updated_at": self.services.clock(),
        }
        again = run.model_copy(update=update)
        # Open first: a crash after the run moved on must not leave a message that nobody looks after.
        await self.services.open.look_again(run.company, run.mailbox, run.message, self.services.clock() + GRACE)
        await self.services.messages.move_on("again", stored, again)
        if archived:
            await self.services.queues.put(ActTask(message=message, generation=again.generation))
        else:
            company = await self.services.companies.get(run.company)
            mailbox = None if company is None else company.mailbox(run.mailbox)
            if company is not None and mailbox is not None:
                # One that is configured no longer cannot be read: the message stays open, and is shown so.
                await self.services.queues.put(mailbox_task(company, mailbox))
        event("message_again", message=message, generation=again.generation)
        return again

    async def parked_task(self, key: str) -> None:
        """Put a parked queue message again.

        Raises:
            NotFound: there is no such.
            InvalidTask: it is not a task that this program reads.
        """
        parked = await self.services.parked.get(key)
        task = TASKS[parked.queue].decode(parked.body)
        await self.services.queues.put(task)
        await self.services.parked.remove(key)
