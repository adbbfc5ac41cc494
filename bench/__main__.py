"""`python -m bench [KEY...]`: measure, print the table, write bench/results.json; `--write-docs` writes docs/performance.md."""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

from bench.figures import FIGURES, KNOWN, Results
from bench.page import machine, write_page
from local.setup import ROOT

MODULES = (
    "graph_requests", "storage_requests", "mailbox_limit", "memory", "cold_start", "cost", "parsing", "tick", "sources",
)  # fmt: skip
RESULTS = ROOT / "bench" / "results.json"
PAGE = ROOT / "docs" / "performance.md"


def main() -> int:
    """Run. A missed aim is marked in the table, and is no failure of the command."""
    parser = argparse.ArgumentParser(prog="make bench", description="Measure speed and memory.")
    parser.add_argument("keys", nargs="*", metavar="KEY", help="only what gives these figures")
    parser.add_argument("--write-docs", action="store_true", help=f"write the table into {PAGE.relative_to(ROOT)}")
    arguments = parser.parse_args()
    if unknown := set(arguments.keys) - set(KNOWN):
        parser.error(f"no figure {', '.join(sorted(unknown))}; there are: {', '.join(KNOWN)}")
    modules = [importlib.import_module(f"bench.{name}") for name in MODULES]
    results = _run([one for one in modules if not arguments.keys or set(one.KEYS) & set(arguments.keys)])
    known = _read(RESULTS) if arguments.keys else {}
    RESULTS.write_text(json.dumps(known | results, indent=2) + "\n")
    if arguments.write_docs:
        now = datetime.now(UTC).strftime("%Y-%m-%d")
        PAGE.write_text(write_page(known | results, modules, machine(), now))
    _print(results)
    return 0


def _run(modules: list[ModuleType]) -> Results:
    results: Results = {}
    for module in modules:
        name = module.__name__.rpartition(".")[2]
        print(f"bench: {name} …", end=" ", flush=True)
        began = time.monotonic()
        found = module.run()
        assert set(found) == set(module.KEYS), f"{name} gave other figures than it says"
        results |= found
        print(f"{time.monotonic() - began:.0f} s", flush=True)
    return results


def _print(results: Results) -> None:
    """Print the table."""
    missed = 0
    print(f"\n  {'figure':<40} {'value':>9}  {'aim':<8} meaning")
    for figure in FIGURES:
        if figure.key not in results:
            continue
        reached = figure.reached(results[figure.key])
        missed += reached is False
        mark = "  MISSED" if reached is False else ""
        value = f"{results[figure.key]:.{figure.digits}f}"
        print(f"  {figure.key:<40} {value:>9}  {figure.aim:<8} {figure.meaning}{mark}")
    print(f"\n{len(results)} figures, aims missed: {missed}; {RESULTS.relative_to(ROOT)}")


def _read(path: Path) -> Results:
    return dict(json.loads(path.read_text())) if path.exists() else {}


if __name__ == "__main__":
    sys.exit(main())
