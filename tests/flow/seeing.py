"""What tests look at: the mailbox as people see it, the runs, and what subscribers got."""

from __future__ import annotations

import json
from typing import Any

from emulator.server import EmulatorThread
from shared.model.desk import Document
from shared.model.run import Run
from tests.flow.world import MAILBOX, World


def mails(emulator: EmulatorThread, mailbox: str = MAILBOX) -> dict[str, dict[str, Any]]:
    """Mails by subject."""
    found: list[dict[str, Any]] = emulator.control.dump(mailbox)["messages"]
    return {mail["subject"]: mail for mail in found}


def places(emulator: EmulatorThread, mailbox: str = MAILBOX) -> dict[str, str]:
    """Subject → folder, as a path below the inbox; mails elsewhere with the whole path."""
    return {subject: _below(mail["folder"]) for subject, mail in mails(emulator, mailbox).items()}


def moves(emulator: EmulatorThread, mailbox: str = MAILBOX) -> dict[str, int]:
    """Subject → how often Postrum moved the mail."""
    return {subject: mail["moves"] for subject, mail in mails(emulator, mailbox).items()}


async def runs(world: World) -> dict[str, Run]:
    """Runs by subject."""
    return {run.subject: run async for run in world.app.services.messages.every_run()}


async def documents(world: World, company: str = "nordlys") -> list[Document]:
    """Documents in the order of their numbers."""
    found = await world.app.services.documents.every(company)
    return sorted(found, key=lambda document: document.number)


def events(emulator: EmulatorThread, subscriber: str = "ledger") -> list[dict[str, Any]]:
    """Events as they came in, each id once."""
    found: dict[str, dict[str, Any]] = {}
    for record in emulator.control.sink(subscriber):
        event = json.loads(record["text"])
        found.setdefault(event["id"], event)
    return list(found.values())


def charged(emulator: EmulatorThread, mailbox: str = MAILBOX) -> dict[str, int]:
    """Requests to a mailbox by kind."""
    lanes = emulator.control.counters()["lanes"]
    return next((dict(lane["charged"]) for lane in lanes if lane["mailbox"] == mailbox), {})


def early(emulator: EmulatorThread) -> list[dict[str, Any]]:
    """Requests that came although patience had been asked for."""
    return [found for lane in emulator.control.counters()["lanes"] for found in lane["early_retries"]]


def _below(path: str) -> str:
    first, _, rest = path.partition("/")
    return rest if first.casefold() in ("inbox", "indbakke") else path
