"""Which ports `make run` listens on, checked before anything starts."""

from __future__ import annotations

import argparse
import errno
import socket
from dataclasses import astuple, dataclass, fields

from local.children import RunError


@dataclass(frozen=True)
class Ports:
    """The ports; 0 takes a free one. The sink's and the mail server's are also in local/sample_mailbox."""

    app: int = 7071
    graph: int = 8443
    sink: int = 8444
    blob: int = 10000
    queue: int = 10001
    table: int = 10002
    imap: int = 8993


FREE = Ports(0, 0, 0, 0, 0, 0, 0)
_OPTIONS = {
    "app": ("--port", "the app"),
    "graph": ("--graph-port", "the emulator's Entra and Graph"),
    "sink": ("--sink-port", "the emulator's webhook sink"),
    "blob": ("--blob-port", "Azurite's blob service"),
    "queue": ("--queue-port", "Azurite's queue service"),
    "table": ("--table-port", "Azurite's table service"),
    "imap": ("--imap-port", "the mail server"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare an option for each port."""
    for field in fields(Ports):
        option, what = _OPTIONS[field.name]
        text = f"port of {what}; 0 takes a free one (default: {field.default})"
        parser.add_argument(option, dest=f"{field.name}_port", type=_number, default=field.default, help=text)


def ports_of(arguments: argparse.Namespace) -> Ports:
    """What the options say."""
    return Ports(**{field.name: getattr(arguments, f"{field.name}_port") for field in fields(Ports)})


def check(ports: Ports) -> None:
    """Make sure that every port can be had.

    Raises:
        RunError: one is in use, or two are the same.
    """
    wanted = [port for port in astuple(ports) if port]
    for field in fields(Ports):
        port = getattr(ports, field.name)
        option, what = _OPTIONS[field.name]
        if port and wanted.count(port) > 1:
            raise RunError(f"port {port} is given twice; choose another with {option}")
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError as error:
            why = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be used ({error.strerror})"
            raise RunError(f"port {port} {why}: {what} cannot listen there; choose another with {option}") from None


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _number(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 65535:
        raise argparse.ArgumentTypeError(f"{number} is not a port number")
    return number
