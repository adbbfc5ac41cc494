"""``python -m emulator``: run the emulator until SIGINT or SIGTERM."""

from __future__ import annotations

import argparse
import asyncio
import errno
import json
import signal
import sys
from dataclasses import asdict
from pathlib import Path

from emulator.server import Emulator


def main(arguments: list[str] | None = None) -> int:
    """Read the arguments and run; the status is 2 when a port is in use."""
    parser = argparse.ArgumentParser(
        prog="emulator",
        description="A stand-in for Entra, Microsoft Graph mail, Google's sign-in and a webhook receiver.",
    )
    parser.add_argument("--directory", type=Path, required=True, help="where the CA, the keys and the mails are kept")
    parser.add_argument("--port", type=int, default=0, help="of Graph and Entra (https); 0 chooses one")
    parser.add_argument(
        "--sink-port", type=int, default=0, help="of the sink, the identity endpoint and the control plane"
    )
    parser.add_argument("--shown-port", type=int, default=0, help="of a proxy in front of --port: links lead there")
    parser.add_argument("--seed", type=int, default=1, help="all ids follow from it")
    options = parser.parse_args(arguments)
    try:
        asyncio.run(_run(options))
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        sys.stderr.write(f"emulator: a port is in use: {error.strerror or error}\n")
        return 2
    return 0


async def _run(options: argparse.Namespace) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    emulator = Emulator(
        options.directory,
        port=options.port,
        sink_port=options.sink_port,
        seed=options.seed,
        shown_port=options.shown_port,
    )
    addresses = await emulator.start()
    sys.stdout.write(json.dumps(asdict(addresses)) + "\n")
    sys.stdout.flush()
    await ended.wait()
    await emulator.stop()


if __name__ == "__main__":
    sys.exit(main())
