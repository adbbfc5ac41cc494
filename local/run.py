"""`python -m local.run`: the product with a sample mailbox on this machine, until Ctrl-C. `make run` calls it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from azure.storage.blob import ContainerSasPermissions, generate_container_sas

from local.mail_server import GMAIL, MailServer
from local.ports import add_arguments, ports_of
from local.progress import Progress, follow
from local.surroundings import CACHE, Surroundings
from local.terminal import Terminal
from shared.stores.archive import CONTAINER


def main(given: Sequence[str] | None = None) -> int:
    """Run until a signal; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m local.run", description="Run the product on this machine.")
    add_arguments(parser)
    parser.add_argument(
        "--folder", type=Path, default=CACHE / "run", help="for settings and logs (default: .cache/run)"
    )
    parser.add_argument(
        "--no-app", action="store_true", help="start everything but the app, for example for `func start`"
    )
    arguments = parser.parse_args(given)
    terminal = Terminal("run")

    async def work() -> int:
        place = Surroundings(
            arguments.folder, ports_of(arguments), terminal.say, with_app=not arguments.no_app, with_mail_server=True
        )
        terminal.hurry = place.hurry
        async with place:
            print("\n".join(_where(place, await place.control("users"))), flush=True)
            await place.while_running(_follow(place))
        return 0

    return terminal.run(work, status_when_stopped=0)


async def _follow(place: Surroundings) -> None:
    resting = False

    def tell(progress: Progress) -> bool:
        nonlocal resting
        if progress.at_rest and not resting:
            place.say("everything is at its end; new mail is seen within a minute. Ctrl-C stops")
        resting = progress.at_rest
        return False

    await follow(place, tell)


def _where(place: Surroundings, people: list[dict[str, Any]]) -> list[str]:
    """Where to look, as lines; `people` are those of the emulator's sign-in page."""
    roles = [f"{person['name']} ({', '.join(person['roles'])})" for person in people if person["roles"]]
    rows = [
        ("console", f"{place.app_url}/" if place.app_url else "as soon as you start the app"),
        *zip(("sign in as", *("",) * len(roles)), roles, strict=False),
        ("webhook sink", place.sink),
        ("archive", _archive(place)),
        ("command line", f"postrum status --settings {_relative(place.settings_file)}"),
        ("emulator", f"{place.emulator['control_url']}/"),
    ]
    if place.mail_server is not None:
        rows += _by_imap(place, place.mail_server)
    if place.app_url:
        rows.append(("logs", f"{_relative(place.folder)}/app.log, emulator.log"))
    else:
        rows.append(("start the app", f"cp {_relative(place.settings_file)} . && func start"))
    return ["", *(f"  {name:<14} {value}" for name, value in rows), ""]


def _by_imap(place: Surroundings, server: MailServer) -> list[tuple[str, str]]:
    """Where the mail server is, for a mail program; and whom to connect as Gmail."""
    secret = next(iter(server.secrets()))
    return [
        ("IMAP mailbox", f"{server.address} at {server.place}, TLS"),
        ("its password", f"{secret} in {_relative(place.folder)}/secrets.json"),
        ("Gmail mailbox", f"{GMAIL}: connect it in the console, sign in as Ingrid Invoice"),
    ]


def _archive(place: Surroundings) -> str:
    """Address that lists the archive's container in a browser, good for a week."""
    account = place.account
    token = generate_container_sas(
        account.name,
        CONTAINER,
        account_key=account.key,
        permission=ContainerSasPermissions(read=True, list=True),
        expiry=datetime.now(UTC) + timedelta(days=7),
    )
    return f"{account.blob_url}/{CONTAINER}?restype=container&comp=list&{token}"


def _relative(path: Path) -> str:
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


if __name__ == "__main__":
    sys.exit(main())
