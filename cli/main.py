"""`postrum`: the command line. Each subcommand is a module of its own, imported only when it is asked for.

A new subcommand is one line in `COMMANDS` and a module with `add_arguments(parser)` and `run(arguments) -> int`.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence
from typing import Protocol, cast

__all__ = ["COMMANDS", "main"]

COMMANDS: dict[str, tuple[str, str]] = {
    "inspect": ("cli.inspect", "show what Postrum sees in a mail or a document"),
    "config": ("cli.config", "load a configuration file, or write out what is configured"),
    "status": ("cli.status", "show mailboxes, messages, and what waits for a person"),
    "explain": ("cli.explain", "say what was decided for a message, and why"),
    "again": ("cli.again", "run a message or a parked task again"),
    "doctor": ("cli.doctor", "check a deployment from outside and from inside"),
    "replay": ("cli.replay", "send events to a subscriber again"),
    "rebuild": ("cli.rebuild", "make the lists anew from the messages themselves"),
    "storage": ("cli.storage", "create tables, queues and the container, for development"),
}
"""Name -> module and what it does."""


class Command(Protocol):
    """What a subcommand's module offers."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare options and arguments."""

    def run(self, arguments: argparse.Namespace) -> int:
        """Do it; answer the exit status."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the subcommand that the arguments name."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    name = arguments[0] if arguments else ""
    if name not in COMMANDS:
        return _overview(name)
    module, purpose = COMMANDS[name]
    command = cast(Command, importlib.import_module(module))
    parser = argparse.ArgumentParser(prog=f"postrum {name}", description=f"{purpose[0].upper()}{purpose[1:]}.")
    command.add_arguments(parser)
    return command.run(parser.parse_args(arguments[1:]))


def _overview(name: str) -> int:
    """What there is; exit status 2 where something else was asked for."""
    wanted = name in ("-h", "--help", "help")
    out = sys.stdout if wanted else sys.stderr
    if name and not wanted:
        print(f"postrum: there is no command {name!r}.", file=out)
    print("usage: postrum COMMAND …\n\ncommands:", file=out)
    for command, (_, purpose) in COMMANDS.items():
        print(f"  {command:<12} {purpose}", file=out)
    print("\n`postrum COMMAND --help` explains one.", file=out)
    return 0 if wanted else 2


if __name__ == "__main__":
    sys.exit(main())
