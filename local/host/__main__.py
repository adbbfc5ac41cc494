"""`python -m local.host`: run the function app of a folder."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from local.host.errors import HostError
from local.host.host import DEFAULT_INVISIBILITY, DEFAULT_PORT, Host, Options
from local.host.worker import Invocation

_MAX_INVISIBILITY = 7 * 86400


def _invisibility(text: str) -> int:
    seconds = int(text)
    if not 1 <= seconds <= _MAX_INVISIBILITY:
        raise argparse.ArgumentTypeError(f"must be between 1 and {_MAX_INVISIBILITY} seconds")
    return seconds


def _arguments(given: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m local.host", description="The development host for Azure Functions."
    )
    parser.add_argument(
        "--app", type=Path, default=Path(), metavar="FOLDER", help="where function_app.py is (default: here)"
    )
    parser.add_argument("--port", type=int, help=f"HTTP port; 0 takes a free one (default: {DEFAULT_PORT})")
    parser.add_argument("--settings", type=Path, metavar="FILE", help="local.settings.json (default: the app's)")
    parser.add_argument("--host-json", type=Path, metavar="FILE", help="host.json (default: the app's)")
    parser.add_argument(
        "--invisibility",
        type=_invisibility,
        default=DEFAULT_INVISIBILITY,
        metavar="SECONDS",
        help=f"how long a received message stays away after a crash (default: {DEFAULT_INVISIBILITY}, as in Azure)",
    )
    parser.add_argument("--ready-file", type=Path, metavar="FILE", help="written when the host is ready: address, keys")
    parser.add_argument(
        "--ca-file", type=Path, metavar="FILE", help="certificate authority of the host's storage (default: the public)"
    )
    parser.add_argument("--invocations", type=Path, metavar="FILE", help="one JSON line for each finished invocation")
    parser.add_argument("--log-level", default="warning", choices=["debug", "info", "warning", "error"])
    return parser.parse_args(given)


def _recorder(path: Path) -> Callable[[Invocation], None]:
    """Append each invocation at once, so that the line is there even when the process is killed next."""
    sink = path.open("a", encoding="utf-8", buffering=1)

    def record(invocation: Invocation) -> None:
        sink.write(json.dumps(asdict(invocation)) + "\n")

    return record


def main(given: list[str] | None = None) -> int:
    """Run until a signal; returns the exit status."""
    arguments = _arguments(sys.argv[1:] if given is None else given)
    logging.basicConfig(
        level=arguments.log_level.upper(), format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr
    )
    options = Options(
        app=arguments.app,
        host_json=arguments.host_json,
        settings=arguments.settings,
        port=arguments.port,
        invisibility=arguments.invisibility,
        ready_file=arguments.ready_file,
        ca_file=arguments.ca_file,
    )
    observer = _recorder(arguments.invocations) if arguments.invocations else None

    async def run() -> int:
        return await Host(options, observer).run()

    try:
        return asyncio.run(run())
    except HostError as error:
        print(f"host: {error}", file=sys.stderr)
        return error.status
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
