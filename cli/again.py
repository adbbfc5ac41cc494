"""`postrum again`: run a message again that is at an end, or put a parked task back into its queue."""

from __future__ import annotations

import argparse

from cli.product import add_settings, run_with_app
from shared.app import App


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments: a message or a task."""
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("message", nargs="?", metavar="MESSAGE", help="id of a message")
    what.add_argument("--task", metavar="ID", help="id of a parked task")
    add_settings(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run it again."""

    async def work(app: App) -> int:
        if arguments.task:
            await app.again.parked_task(arguments.task)
            print(f"task {arguments.task} is in its queue again")
        else:
            moved = await app.again.message(arguments.message)
            print(f"message {moved.message} runs again, generation {moved.generation}")
        return 0

    return run_with_app(arguments, work)
