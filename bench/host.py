"""`python -m bench.host`: the development host, which notes when each invocation ran, and on request counts storage requests.

The host is that of `local.host`, unchanged. Counting wraps the transport of the Azure SDKs, through which both the product and
the host go, so that reads are counted as well as effects.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import json
import logging
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from local.host.errors import HostError
from local.host.host import Host, Options
from local.host.worker import Invocation


def main() -> int:
    """Run until a signal; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench.host")
    parser.add_argument("--app", type=Path, required=True)
    parser.add_argument("--settings", type=Path, required=True)
    parser.add_argument("--ready-file", type=Path, required=True)
    parser.add_argument("--invocations", type=Path, required=True)
    parser.add_argument("--count", type=Path, help="file for the numbers of storage requests, written at the end")
    parser.add_argument("--modules", type=Path, help="file for the names of the packages' modules, written at the end")
    parser.add_argument("--profile", type=Path, help="file for cProfile's figures, written at the end")
    arguments = parser.parse_args()
    logging.basicConfig(level="WARNING", format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    counts = _count() if arguments.count else None
    sink = arguments.invocations.open("a", encoding="utf-8", buffering=1)

    def note(invocation: Invocation) -> None:
        ended = time.time()
        line = {
            "function": invocation.function,
            "outcome": invocation.outcome,
            "started": ended - invocation.seconds,
            "ended": ended,
        }
        sink.write(json.dumps(line) + "\n")

    options = Options(app=arguments.app, settings=arguments.settings, port=0, ready_file=arguments.ready_file)

    async def run() -> int:
        return await Host(options, note).run()

    profile = cProfile.Profile() if arguments.profile else None
    try:
        return profile.runcall(asyncio.run, run()) if profile else asyncio.run(run())
    except HostError as error:
        print(f"host: {error}", file=sys.stderr)
        return error.status
    finally:
        if profile:
            profile.dump_stats(arguments.profile)
        if arguments.modules:
            arguments.modules.write_text(json.dumps(_of_packages()))
        if counts is not None:
            arguments.count.write_text(json.dumps(counts, indent=1, sort_keys=True))


def _count() -> Counter[str]:
    """Count every request that goes through the transport of the Azure SDKs."""
    from azure.core.pipeline.transport import AioHttpTransport

    from shared.effect import current_effect
    from shared.stores.connection import NamedEffectsTransport

    counts: Counter[str] = Counter()
    send = AioHttpTransport.send

    async def counted(self: Any, request: Any, **config: Any) -> Any:
        who = "product" if isinstance(self, NamedEffectsTransport) else "host"
        effect = current_effect() if who == "product" and request.method not in ("GET", "HEAD") else None
        counts[f"{who} {effect or _name(request)}"] += 1
        return await send(self, request, **config)

    AioHttpTransport.send = counted
    return counts


def _of_packages() -> list[str]:
    """Modules of installed packages that are loaded, in the order in which they were."""
    loaded = [(name, getattr(module, "__file__", None) or "") for name, module in list(sys.modules.items())]
    return [name for name, file in loaded if "site-packages" in file]


def _name(request: Any) -> str:
    """Method and table, queue or container."""
    parts = urlsplit(request.url).path.split("/")[2:]  # the first one is the account
    place = parts[0].partition("(")[0] if parts else ""
    kind = "query " if "()" in "".join(parts) else ""
    return f"{request.method} {kind}{place}{'/…' if len(parts) > 1 else ''}"


if __name__ == "__main__":
    sys.exit(main())
