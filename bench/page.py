"""docs/performance.md: the last table, where and when it was made, and how each figure is measured."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from types import ModuleType

from bench.figures import FIGURES, Results

HEAD = """# Speed, memory and cost

`make bench` measures these figures anew, prints them and writes `bench/results.json`; `.venv/bin/python -m bench --write-docs` writes this
page. Ratios say more than times: product, storage emulator and Graph emulator share one machine here.

Measured on {date}: {machine}.

| figure | value | aim | meaning |
|---|---:|---|---|
"""
NOTES = """## What the figures say

- Of the four requests that Graph serves at a time for one application and mailbox, the lane takes three; the fourth is left for people.
  `mailbox_limit_share` compares with three, `mailbox_limit_share_of_four` with all four.
- Storage: what a mail costs the product is, in the order of its way: is it known (read), EML (blob), run (insert), task (queue); message
  (read), EML (read), claim of its cluster (insert), decision with evidence and run (one transaction), lookup by Message-ID, what waits for
  the lane, and the wish in the lane's row (a read, and a write where nobody wished before); at last the run (read and replace), two lines
  of the timeline, and the end of its row in `open`. `python -m bench.storage_requests` counts them by kind.
- CPU goes to the SDKs of storage and to TLS: about a millisecond for each request. Reading a letter of 3 KB is a small part of it. The
  clients of the storage SDKs share one transport, and with it connections, in each event loop; the environment is not searched for
  proxies and netrc files with each request.
- The timer and the lane's holder never load what reads a mail, and models are built when they are first used: both are start-up time.
- Against scripts (`imap_ratio`, `o365_ratio`): a script waits for each answer before it asks the next thing, Postrum has three connections
  to a mailbox and uses all of them, and IMAP's MOVE takes one command. Its time for a mail is the CPU of its own bookkeeping, about
  30 ms a mail in one process; in Azure the functions share that out over instances. `imap_ratio_at_once` is near 1 for that reason: the
  script that moves everything at its end needs as long for a mail, waiting for the network, and keeps no books.
- A busy machine slows Postrum down and a script hardly at all, because a script mostly waits: these two ratios are worth something only
  where nothing else runs.
"""


def machine() -> str:
    """Processors, memory and versions, in words."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine()
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} processors ({model}), {memory:.0f} GiB, Linux, Python {platform.python_version()}"


def write_page(results: Results, modules: list[ModuleType], where: str, date: str) -> str:
    """The whole page."""
    rows = [
        f"| `{figure.key}` | {results[figure.key]:.{figure.digits}f} | {figure.aim} | {figure.meaning} |"
        for figure in FIGURES
        if figure.key in results
    ]
    parts = ["", NOTES, "## How they are measured", ""]
    for module in modules:
        keys = ", ".join(f"`{key}`" for key in module.KEYS)
        parts += [
            f"### {(module.__doc__ or '').strip().splitlines()[0]}",
            "",
            f"{keys} (`{_file(module)}`)",
            "",
            module.HOW.strip(),
            "",
        ]
    return HEAD.format(date=date, machine=where) + "\n".join([*rows, *parts])


def _file(module: ModuleType) -> str:
    return module.__name__.replace(".", "/") + ".py"
