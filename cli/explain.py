"""`postrum explain`: what was decided for a message, and why."""

from __future__ import annotations

import argparse

from cli.product import add_settings, run_with_app
from shared.app import App
from shared.classify.explain import explain
from shared.classify.text import shown
from shared.errors import NotFound


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("message", metavar="MESSAGE", help="id of a message")
    add_settings(parser)


def run(arguments: argparse.Namespace) -> int:
    """Explain it."""

    async def work(app: App) -> int:
        known = await app.status.message(arguments.message)
        if known is None:
            raise NotFound(f"there is no message {arguments.message!r}", remedy="`postrum status` lists messages.")
        run, decision, _ = known
        print(f"{shown(run.subject, 200) or '(no subject)'}, from {shown(run.sender) or 'an unknown sender'}")
        print(f"Stage: {run.stage.value}{f' ({run.reason})' if run.reason else ''}, generation {run.generation}")
        if run.reason_detail and decision is None:
            print(f"  {shown(run.reason_detail, 300)}")
        print("\n".join(explain(decision)) if decision else "Not decided yet.")
        return 0

    return run_with_app(arguments, work)
