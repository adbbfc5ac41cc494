"""From the start of the process to the first finished invocation, against an empty app that imports the same SDKs."""

from __future__ import annotations

import compileall
import json
import statistics
import time
from pathlib import Path

from bench.figures import Results
from bench.stand import Invocation, Stand, end, launch, press
from local.setup import ROOT
from shared.app import App
from shared.model.task import MailboxTask

KEYS = ("cold_start_ratio", "cold_start_ratio_queue", "cold_start_seconds")
HOW = """
A process with the development host and Microsoft's worker library is started, and the time until the first invocation has ended is
taken: of the timer, which is fired as soon as the host is ready, and of the queue `mailbox`, in which a task lies already (the product
gets a token, looks at the folder and lists it). The empty app (`bench/empty_app`) imports every module of an installed package that the
product has loaded by then, and has functions that do nothing. Product and empty app take turns; medians. All .pyc files are there.
"""
RUNS = 7
EMPTY = Path(__file__).parent / "empty_app"


def run(runs: int = RUNS) -> Results:
    """Product and empty app in turns."""
    for name in ("bench", "functions", "local", "shared"):
        compileall.compile_dir(ROOT / name, quiet=2)
    compileall.compile_file(ROOT / "function_app.py", quiet=2)
    taken: dict[tuple[str, str], list[float]] = {}
    with Stand() as stand:
        for number in range(runs + 1):
            for function in ("tick", "mailbox"):
                for app in ("product", "empty"):
                    seconds = _start(stand, function, app)
                    if number:  # the first round only fills the caches of the machine
                        taken.setdefault((function, app), []).append(seconds)
    middle = {key: statistics.median(values) for key, values in taken.items()}
    return {
        "cold_start_ratio": middle["tick", "product"] / middle["tick", "empty"],
        "cold_start_ratio_queue": middle["mailbox", "product"] / middle["mailbox", "empty"],
        "cold_start_seconds": middle["tick", "product"],
    }


def _start(stand: Stand, function: str, app: str) -> float:
    """Start the app once; seconds until its first invocation has ended."""
    if function == "mailbox":
        stand.with_product(_put)
    ready, notes = stand.folder / "cold.json", stand.folder / "cold"
    notes.unlink(missing_ok=True)
    settings = stand.folder / f"cold-{app}-{function}.json"
    modules = stand.folder / f"modules-{function}.json"
    values = stand.values | {"BENCH_MODULES": str(modules)}
    settings.write_text(json.dumps({"IsEncrypted": False, "Values": values}))
    folder = ROOT if app == "product" else EMPTY
    options = ["--app", str(folder), "--settings", str(settings), "--ready-file", str(ready)]
    if app == "product":
        options += ["--modules", str(modules)]
    began = time.time()
    process = launch("bench.host", [*options, "--invocations", str(notes)], stand.folder / "cold.log")
    try:
        while not ready.exists():
            if process.poll() is not None or time.time() - began > 60:
                raise RuntimeError((stand.folder / "cold.log").read_text()[-500:])
            time.sleep(0.005)
        if function == "tick":
            press(json.loads(ready.read_text()), "tick")
        while not (ended := _ended(notes, function)):
            if time.time() - began > 60:
                raise TimeoutError(f"{function} of the {app} app did not end")
            time.sleep(0.02)
    finally:
        end(process)
        ready.unlink(missing_ok=True)
    return ended - began


def _ended(notes: Path, function: str) -> float:
    for line in notes.read_text().splitlines() if notes.exists() else ():
        one = Invocation(**json.loads(line))
        if one.function == function:
            if one.outcome != "succeeded":
                raise RuntimeError(f"{function} {one.outcome}")
            return one.ended
    return 0.0


async def _put(app: App) -> None:
    await app.services.queues.put(MailboxTask(company="nordlys", mailbox="letters"))
