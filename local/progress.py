"""How far a run is: counted once a second from the product's own storage and the sink, and told when it changed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from local.surroundings import Surroundings
from shared.errors import PostrumError
from shared.model.run import ENDS, Run, Stage
from shared.pipeline.ending import awaits_placement

_LOOK_SECONDS = 1
_LOOK_SECONDS_AT_REST = 3


@dataclass(frozen=True)
class Progress:
    """What there is at one moment."""

    runs: dict[str, Run]
    """By the mail's id in the mailbox."""
    open: int
    waiting: int
    delivered: int
    """Different events that the sink has received."""

    @property
    def at_rest(self) -> bool:
        """Every message is at its end, and nothing waits to be sent."""
        ended = all(run.stage in ENDS and not awaits_placement(run) for run in self.runs.values())
        return bool(self.runs) and ended and not self.open and not self.waiting

    def line(self) -> str:
        """For the person at the terminal."""
        runs = self.runs.values()
        decided = sum(run.outcome is not None for run in runs)
        filed = sum(run.stage is Stage.ANNOUNCED for run in runs)
        parts = [f"archived {sum(bool(run.sha256) for run in runs)}", f"decided {decided}", f"filed {filed}"]
        ends = {stage.value: sum(run.stage is stage for run in runs) for stage in (Stage.PARKED, Stage.GONE)}
        parts += [f"{stage} {count}" for stage, count in ends.items() if count]
        parts.append(f"events delivered {self.delivered}")
        return " · ".join(parts + ([f"waiting {self.waiting}"] if self.waiting else []))


async def look(place: Surroundings) -> Progress:
    """Count."""
    services = place.product.services
    runs = {run.provider_id: run async for run in services.messages.every_run()}
    open_messages = await services.open.count()
    waiting = len(await services.deliveries.waiting())
    return Progress(runs, open_messages, waiting, len(await sink_events(place)))


async def sink_events(place: Surroundings) -> dict[str, str]:
    """Body of every event that the sink took, by its id: what comes twice has the same one."""
    found: dict[str, str] = {}
    names = {subscriber.url.rpartition("/")[2] for company in place.companies for subscriber in company.subscribers}
    for name in sorted(names):
        for record in await place.received(name):
            headers = {key.lower(): value for key, value in record["headers"]}
            if record["status"] < 300 and "webhook-id" in headers:
                found[headers["webhook-id"]] = record["text"]
    return found


async def follow(place: Surroundings, until: Callable[[Progress], bool]) -> Progress:
    """Tell how far it is, until it is as far as wanted."""
    told = ""
    while True:
        progress: Progress | None = None
        try:
            progress = await look(place)
            line = progress.line()
        except PostrumError as error:
            # Said once; whether something that was started has ended is seen elsewhere.
            line = f"cannot look: {error}"
        if line != told:
            place.say(line)
            told = line
        if progress is not None and until(progress):
            return progress
        at_rest = progress is not None and progress.at_rest
        await asyncio.sleep(_LOOK_SECONDS_AT_REST if at_rest else _LOOK_SECONDS)
