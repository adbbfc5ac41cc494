"""`python -m local.demo`: one pass over the sample mailbox, and a table of what was done. `make demo` calls it."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from local.ports import FREE
from local.progress import Progress, follow, look
from local.report import as_table, fates, fault, faults
from local.surroundings import CACHE, Surroundings
from local.terminal import Terminal

_DEADLINE = 300


def main(given: Sequence[str] | None = None) -> int:
    """Run one pass; 0 where every mail became what it should."""
    parser = argparse.ArgumentParser(prog="python -m local.demo", description="One pass over the sample mailbox.")
    parser.add_argument(
        "--deadline", type=int, default=_DEADLINE, metavar="SECONDS", help=f"give up after (default: {_DEADLINE})"
    )
    arguments = parser.parse_args(given)
    terminal = Terminal("demo")
    CACHE.mkdir(exist_ok=True)

    async def work() -> int:
        with tempfile.TemporaryDirectory(prefix="demo-", dir=CACHE) as folder:
            place = Surroundings(Path(folder), FREE, terminal.say)
            terminal.hurry = place.hurry
            async with place:
                return await place.while_running(_pass(place, arguments.deadline))

    return terminal.run(work, status_when_stopped=130)


async def _pass(place: Surroundings, deadline: int) -> int:
    count = len(place.manifest.mails)
    late = False
    try:
        async with asyncio.timeout(deadline):
            progress = await follow(place, lambda now: now.at_rest and len(now.runs) >= count)
    except TimeoutError:
        late, progress = True, await look(place)
    found = await fates(place, progress)
    print("", *as_table(found), "", sep="\n", flush=True)
    mailbox = place.companies[0].mailboxes[0]
    problems = faults(found, mailbox.folders)
    if late:
        problems.insert(0, f"not done within {deadline} s: {progress.line()}")
    problems += _missing(progress)
    for problem in problems:
        print(f"demo: {problem}", file=sys.stderr, flush=True)
    if late:
        print("\n".join(f"demo: the app's log: {line}" for line in place.app_log()), file=sys.stderr, flush=True)
    as_expected = sum(not fault(fate, mailbox.folders) for fate in found)
    place.say(f"{as_expected} of {len(found)} mails are where they should be, {progress.delivered} notifications sent")
    return 1 if problems else 0


def _missing(progress: Progress) -> list[str]:
    """What of the deliveries is missing."""
    return [f"{progress.waiting} notifications wait to be sent"] if progress.waiting else []


if __name__ == "__main__":
    sys.exit(main())
