"""`postrum rebuild`: make the lists anew from the messages themselves."""

from __future__ import annotations

import argparse

from cli.product import add_settings, run_with_app
from shared.app import App


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_settings(parser)


def run(arguments: argparse.Namespace) -> int:
    """Rebuild, and say how much there was."""

    async def work(app: App) -> int:
        made = await app.rebuild()
        print(f"{made.messages} messages: {made.lines} lines of lists, {made.opened} on their way, {made.keys} keys")
        return 0

    return run_with_app(arguments, work)
