"""Use case of the queues `classify` and `act`: bring one message as far as it can come now.

Stage by stage, each one transaction: archived → decided → acted. A stage that finds its work done only says its hand-off again, so any
task may arrive any number of times, at once or late.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from shared.actions.base import ActionContext
from shared.actions.registry import STORE_ACTIONS
from shared.errors import ConcurrentWrite, ConfigurationError, PermanentError, PostrumError, TransientError
from shared.model.config import Company, Mailbox
from shared.model.decision import Decision
from shared.model.evidence import Evidence
from shared.model.run import ENDS, ActionResult, Run, Stage
from shared.model.task import ActTask, ClassifyTask
from shared.pipeline.announce import Announcer
from shared.pipeline.ending import Ending, awaits_placement
from shared.pipeline.parking import park
from shared.pipeline.services import Services
from shared.stores.messages import StoredRun
from shared.telemetry import event, problem

TRIES = 5
PATIENCE = 50
"""Tries where a service is out of reach or busy."""
BACKOFF = (1, 2, 5, 15, 30)
"""Minutes until the next try; the last one from then on."""


@dataclass(frozen=True, slots=True)
class Advance:
    """Moves messages on."""

    services: Services
    announcer: Announcer

    async def __call__(self, task: ClassifyTask | ActTask) -> None:
        """Move the message on; a task of an earlier generation, or of an unknown message, is answered by doing nothing."""
        known = await self.services.messages.message(task.message)
        if known is None or known.stored.run.generation != task.generation:
            event("task_outdated", message=task.message, generation=task.generation)
            return
        stored = known.stored
        try:
            company, mailbox = await self._configured(stored.run)
            evidence = None if known.evidence is None else Evidence.model_validate_json(known.evidence)
            async with asyncio.timeout(self.services.use_case_seconds):
                await self._advance(stored, evidence, known.decision, company, mailbox)
        except TimeoutError:
            await self._failed(stored, "too_slow", f"Not done within {self.services.use_case_seconds:.0f} seconds")
        except ConcurrentWrite:
            event("message_moved_on_elsewhere", message=task.message)
        except ConfigurationError as error:
            await self._park(stored, "configuration", str(error))
        except TransientError as error:
            # The message is not to blame: it is tried for a day before a person has to look.
            await self._failed(stored, error.code, str(error), tries=PATIENCE)
        except PermanentError as error:
            await self._park(stored, error.code, str(error))
        except PostrumError as error:
            await self._failed(stored, error.code, str(error))
        except Exception as error:  # noqa: BLE001 - whatever one message does, it is counted, shown, and never stops the next
            problem("message_failed", error, message=task.message)
            await self._failed(stored, "unexpected_error", f"A defect of Postrum: {type(error).__name__}")

    async def _advance(
        self,
        stored: StoredRun,
        evidence: Evidence | None,
        decision: Decision | None,
        company: Company,
        mailbox: Mailbox,
    ) -> None:
        ending = Ending(self.services, self.announcer)
        run = stored.run
        if run.stage is Stage.FOUND:
            await ending.wake(company, mailbox, listing=True)
            return
        if run.stage is Stage.ARCHIVED:
            # Loaded with the first mail: the timer and the lane's holder load this module too, and never read one.
            from shared.classify.decide import decide
            from shared.pipeline.gather import Gather

            evidence = await Gather(self.services)(run, company, mailbox)
            decision = decide(evidence, company)
            run = self._decided(run, evidence, decision)
            stored = await self.services.messages.decide(stored, run, evidence, decision)
            event("message_decided", message=run.message, outcome=decision.outcome.value, reason=decision.reason)
        if run.stage is Stage.DECIDED and evidence is not None and decision is not None:
            results = await self._act(run, evidence, decision, company, mailbox)
            acted = run.model_copy(
                update={
                    "stage": Stage.ACTED,
                    "results": results,
                    "attempts": 0,
                    "failure": "",
                    "updated_at": self.services.clock(),
                }
            )
            await self.services.messages.move_on("acted", stored, acted)
            run = acted
        await self._hand_off(run, evidence, decision, company, mailbox, ending)

    async def _hand_off(
        self,
        run: Run,
        evidence: Evidence | None,
        decision: Decision | None,
        company: Company,
        mailbox: Mailbox,
        ending: Ending,
    ) -> None:
        if run.stage is Stage.ACTED and decision is not None:
            if evidence is not None and evidence.mail.message_id:
                await self.services.lookup.note(run.company, "message_id", evidence.mail.message_id, run.message)
            await self.announcer.acted(run, decision)
        if awaits_placement(run):
            await ending.to_lane(run, decision, mailbox)
            await ending.wake(company, mailbox, listing=False)
        elif run.stage in ENDS:
            await ending.of(run)

    def _decided(self, run: Run, evidence: Evidence, decision: Decision) -> Run:
        mail = evidence.mail
        work = any(planned.action in STORE_ACTIONS for planned in decision.actions)
        return run.model_copy(
            update={
                # Where nothing has to be done on our own storage, deciding and acting are one transaction.
                "stage": Stage.DECIDED if work else Stage.ACTED,
                "updated_at": self.services.clock(),
                "subject": (mail.subject or run.subject)[:300],
                "sender": (mail.from_[0].address if mail.from_ else run.sender)[:320],
                "read_receipt_requested": run.read_receipt_requested or mail.receipt_requested,
                "kind": decision.kind,
                "automatic": mail.automatic.kind if mail.automatic else None,
                "outcome": decision.outcome,
                "reason": decision.reason,
                "reason_detail": decision.reason_detail[:500],
                "duplicate_of": decision.duplicate_of,
                "results": (),
            }
        )

    async def _act(
        self, run: Run, evidence: Evidence, decision: Decision, company: Company, mailbox: Mailbox
    ) -> tuple[ActionResult, ...]:
        context = ActionContext(
            run,
            evidence,
            decision,
            company,
            mailbox,
            self.services.documents,
            self.services.lookup,
            self.services.clock(),
        )
        results: list[ActionResult] = []
        for planned in decision.actions:
            action = STORE_ACTIONS.get(planned.action)
            if action is not None:
                done = await action.run(context, action.parameters.model_validate(planned.parameters))
                results.append(ActionResult(position=planned.position, action=planned.action, result=done))
        return tuple(results)

    async def _configured(self, run: Run) -> tuple[Company, Mailbox]:
        company = await self.services.companies.get(run.company)
        mailbox = None if company is None else company.mailbox(run.mailbox)
        if mailbox is None:
            company = await self.services.companies.fresh(run.company)  # it may have been added a moment ago
            mailbox = None if company is None else company.mailbox(run.mailbox)
        if company is None or mailbox is None:
            raise ConfigurationError(f"mailbox {run.mailbox} of company {run.company} is no longer configured")
        return company, mailbox

    async def _failed(self, stored: StoredRun, code: str, detail: str, *, tries: int = TRIES) -> None:
        """Count a failed try of the run as it is stored now, and look again later, or park it."""
        fresh = await self.services.messages.run(stored.run.message)
        if fresh is None or fresh.run.generation != stored.run.generation or fresh.run.stage in ENDS:
            return
        run = fresh.run
        attempts = run.attempts + 1
        if attempts >= tries:
            await self._park(fresh, code, f"Failed {attempts} times: {detail}")
            return
        update = {"attempts": attempts, "failure": f"{code}: {detail}"[:500]}
        try:
            await self.services.messages.move_on("failed", fresh, run.model_copy(update=update))
        except ConcurrentWrite:
            return
        later = self.services.clock() + timedelta(minutes=BACKOFF[min(attempts - 1, len(BACKOFF) - 1)])
        await self.services.open.look_again(run.company, run.mailbox, run.message, later, tries=attempts)

    async def _park(self, stored: StoredRun, code: str, detail: str) -> None:
        """Park the run as it is stored now: a person sees the reason and can run it again."""
        await park(self.services, self.announcer, stored.run.message, stored.run.generation, code, detail)
