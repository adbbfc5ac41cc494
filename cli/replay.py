"""`postrum replay`: send events to a subscriber again, with the same ids."""

from __future__ import annotations

import argparse

from cli.product import add_settings, run_with_app
from shared.app import App


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("company", metavar="COMPANY", help="id of the company")
    parser.add_argument("subscriber", metavar="SUBSCRIBER", help="id of the subscriber")
    parser.add_argument(
        "--message", default="", metavar="MESSAGE", help="all events of this message (default: all that were given up)"
    )
    add_settings(parser)


def run(arguments: argparse.Namespace) -> int:
    """Put them in line."""

    async def work(app: App) -> int:
        put = await app.replay(arguments.company, arguments.subscriber, message=arguments.message)
        print(f"{put} event{'' if put == 1 else 's'} to {arguments.subscriber} are in line again")
        return 0

    return run_with_app(arguments, work)
