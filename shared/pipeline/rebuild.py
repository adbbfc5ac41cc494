"""Use case: make the projections again from the truth, the message partitions."""

from __future__ import annotations

from dataclasses import dataclass

from shared.actions.registry import STORE_ACTIONS
from shared.model.base import Model
from shared.model.run import ENDS, Run, Stage
from shared.pipeline.announce import Announcer
from shared.pipeline.ending import awaits_placement
from shared.pipeline.services import Services


class Rebuilt(Model):
    """What was made again."""

    messages: int
    opened: int
    lines: int
    keys: int


@dataclass(frozen=True, slots=True)
class Rebuild:
    """Writes `open`, `timeline` and `lookup` anew. Rows that are right stay as they are; nothing is sent and nothing is decided."""

    services: Services
    announcer: Announcer

    async def __call__(self) -> Rebuilt:
        """Go over every message once."""
        messages = opened = lines = keys = 0
        async for run in self.services.messages.every_run():
            messages += 1
            if run.stage in ENDS and not awaits_placement(run):
                await self.services.timeline.note(run)
                await self.services.open.done(run.company, run.mailbox, run.message)
                lines += 1
            else:
                # Due at once: the next tick sees what it needs, and wakes whoever has to go on.
                await self.services.open.look_again(run.company, run.mailbox, run.message, self.services.clock())
                opened += 1
            keys += await self._keys(run)
        return Rebuilt(messages=messages, opened=opened, lines=lines, keys=keys)

    async def _keys(self, run: Run) -> int:
        if run.stage in (Stage.FOUND, Stage.ARCHIVED, Stage.DECIDED):
            return 0
        known = await self.services.messages.message(run.message)
        if known is None or known.evidence is None:
            return 0
        evidence = await self.services.messages.evidence(run.message, run.generation)
        written = 0
        if evidence.mail.message_id:
            await self.services.lookup.note(run.company, "message_id", evidence.mail.message_id, run.message)
            written += 1
        for done in run.results:
            action = STORE_ACTIONS.get(done.action)
            for entry in action.lookup_keys(done.result) if action is not None else ():
                await self.services.lookup.note(run.company, entry.kind, entry.key, run.message, **entry.values)
                written += 1
        return written
