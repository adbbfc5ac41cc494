"""A server that plays one life of the product per request, each in a child process of its own that can be killed at any effect.

The modules are loaded once; a life costs a fork. Runs as `python -m tests.crash.forks`: one JSON object a line in, one a line out.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

KILLED = 137
WARM = (
    "shared.app",
    "msgraph",
    "azure.identity.aio",
    "shared.sources.graph.session",
    "shared.sources.imap.source",
    "shared.setup.use_cases",
    "shared.mail.reader",
    "aiohttp.web",
)


def main() -> None:
    """Serve until the input ends."""
    import importlib

    for name in WARM:
        importlib.import_module(name)
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        answer = _life(json.loads(line))
        for name in answer.pop("modules", ()):
            # What the first whole life had to load, the next ones find loaded.
            importlib.import_module(name)
        print(json.dumps(answer), flush=True)


def _life(life: dict[str, Any]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "answer.json"
        child = os.fork()
        if child == 0:
            status = 1
            try:
                os.environ.update(life["environment"])
                result = asyncio.run(_live(life))
                answer.write_text(json.dumps(result))
                status = 0
            except BaseException as error:  # noqa: BLE001 - the parent is told, whatever it is
                import traceback

                answer.write_text(json.dumps({"error": "".join(traceback.format_exception(error))[-6000:]}))
            finally:
                sys.stdout.flush()
                os._exit(status)
        _, code = os.waitpid(child, 0)
        told = json.loads(answer.read_text()) if answer.exists() else {}
        return {"killed": os.waitstatus_to_exitcode(code) == KILLED, **told}


async def _live(life: dict[str, Any]) -> dict[str, Any]:
    import aiohttp

    from shared.configuration.yaml_file import companies
    from shared.effect import Moment, observe
    from shared.errors import PermanentError, TransientError
    from shared.model.config import ActionStep, Company
    from shared.model.run import Stage
    from shared.settings import read
    from tests.flow.world import MAILBOX, FakeClock, World

    clock = FakeClock(datetime.fromisoformat(life["clock"]))
    effects: list[tuple[str, int, str]] = []
    counts: Counter[str] = Counter()
    kill_at = life.get("kill_at")

    def watch(name: str, moment: Moment) -> None:
        if moment is Moment.BEFORE:
            counts[name] += 1
        effects.append((name, counts[name], moment.value))
        if kill_at and kill_at["name"] == name and kill_at["moment"] == moment and kill_at["nth"] == counts[name]:
            os._exit(KILLED)

    before = set(sys.modules)
    world = World(read(os.environ), life["sink_url"], clock, host=life["host"])
    if life["first"]:
        await world.__aenter__()
    stop = observe(watch)

    async def revision() -> int:
        known = await world.app.configuration.company("nordlys")
        return known[1] if known else 0

    async def until_done(call: Callable[[], Awaitable[Any]]) -> None:
        """What a person does: when it failed, do it again; when it turns out to be done, leave it."""
        for _ in range(5):
            try:
                await call()
            except TransientError as error:
                world.failed.append(str(error))
            except PermanentError:
                return
            else:
                return

    wanted = companies(life["configuration"].replace("%SINK%", life["sink_url"]))
    if not life["broken_series"] or await revision() == 0:
        await until_done(lambda: world.app.configure.apply(wanted))
    if life["broken_series"] and await revision() == 1:
        # What the checks would refuse: a rule that names a number series which the company does not have.
        step = ActionStep(action="create_document", parameters={"series": "lost", "path": ""})
        spoilt = wanted[0].model_copy(update={"rules": (wanted[0].rules[0].model_copy(update={"actions": (step,)}),)})
        checked = Company.model_validate(spoilt.model_dump(by_alias=True))
        await until_done(lambda: world.app.configuration.save(checked, expected=1))
    world.app.services.companies.forget()
    await world.until_rest(least=life["rounds"])
    if life["broken_series"]:
        await until_done(lambda: world.app.configure.apply(wanted))
        world.app.services.companies.forget()
        runs = [run async for run in world.app.services.messages.every_run()]
        for run in runs:
            if run.stage is Stage.PARKED and run.generation == 1:
                await until_done(partial(world.app.again.message, run.message))
        await world.until_rest(least=life["rounds"])
    for later in life["later"]:
        # A person sends the same mail again, once the first has come to its end.
        async with aiohttp.ClientSession() as http:
            control = life["control_url"]
            async with http.post(f"{control}/dump", json={"mailbox": MAILBOX}) as answer:
                there = len((await answer.json())["messages"])
            if there == 1:
                await http.post(
                    f"{control}/deliver",
                    json={"mailbox": MAILBOX, "content_base64": later, "received": "2026-11-20T08:00:00Z"},
                )
        await world.until_rest(least=life["rounds"])
    stop()
    result = {"effects": effects, "clock": (clock.now + timedelta(minutes=3)).isoformat(), "failed": world.failed}
    if life.get("dump"):
        from tests.crash.state import stored_state

        result["state"] = await stored_state(world)
        result["tasks"] = [[queue, body] for queue, body in world.seen]
    await world.close()
    result["modules"] = sorted(name for name in set(sys.modules) - before if not name.startswith("__"))
    return result


if __name__ == "__main__":
    main()
