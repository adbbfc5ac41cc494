"""What became of the sample mails: a table for people, and what is not as the manifest expects."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cli.table import cut, table
from local.progress import Progress, sink_events
from local.sample_mailbox import Entry
from local.surroundings import Surroundings
from shared.model.config import Folders
from shared.model.decision import Decision
from shared.model.run import ENDS, Run, Stage
from shared.pipeline.ending import awaits_placement
from shared.stores.archive import mail_path

HEAD = ("mail", "what it was", "what was done", "folder", "where it is kept", "notifications")
WIDTHS = (32, 13, 26, 15, 43, 21)
"""With the gaps 160 columns."""


@dataclass(frozen=True)
class Fate:
    """One sample mail, and everything that became of it."""

    entry: Entry
    run: Run | None
    decision: Decision | None
    archived: bool
    mail: Mapping[str, Any]
    """As it lies in the mailbox now; empty where it does not."""
    events: Sequence[str]
    """Types, in the order in which the sink got them."""

    @property
    def folder(self) -> str:
        """Path below the inbox of where the mail is; empty for the inbox itself."""
        return str(self.mail.get("folder", "")).partition("/")[2]


async def fates(place: Surroundings, progress: Progress) -> list[Fate]:
    """The sample mails in the order of their arrival."""
    services = place.product.services
    dump = await place.control("dump", mailbox=place.manifest.mailbox)
    mails = {mail["immutable_id"]: mail for mail in dump["messages"]}
    told: dict[str, list[str]] = {}
    for body in (await sink_events(place)).values():
        event = json.loads(body)
        told.setdefault(event["subject"], []).append(str(event["type"]).removeprefix("postrum."))
    found: list[Fate] = []
    for entry in place.manifest.mails:
        provider = place.loaded[entry.file]
        run = progress.runs.get(provider)
        known = await services.messages.message(run.message) if run else None
        archived = run is not None and await services.archive.stored(mail_path(run.company, run.message)) is not None
        events = told.get(run.message, []) if run else []
        found.append(Fate(entry, run, known.decision if known else None, archived, mails.get(provider, {}), events))
    return found


def as_table(found: Sequence[Fate]) -> list[str]:
    """The table."""
    return table(HEAD, [_row(fate) for fate in found], WIDTHS)


def _row(fate: Fate) -> tuple[str, ...]:
    run = fate.run
    number = fate.entry.file.partition("-")[0]
    if run is None:
        return (f"{number} {fate.entry.file}", "", "not seen", fate.folder or "inbox", "", "")
    kept = mail_path(run.company, run.message) if fate.archived else "not archived"
    counts = Counter(fate.events)
    notes = ", ".join(f"{kind} ×{count}" if count > 1 else kind for kind, count in counts.items())
    title = f"{number} {cut(run.subject or '(no subject)', WIDTHS[0] - 3)}"
    return (title, _what(run), _done(fate), fate.folder or "inbox", kept, notes)


def _what(run: Run) -> str:
    return _words(run.automatic or ("duplicate" if run.duplicate_of else run.kind) or "mail")


def _done(fate: Fate) -> str:
    run = fate.run
    if run is None or run.stage is Stage.PARKED:
        return f"parked: {_words(run.reason)}" if run else ""
    parts = [
        f"{done.result['number']} {_words(str(done.result['kind']))}"
        for done in run.results
        if done.action == "create_document"
    ]
    parts += [
        f"linked {done.result['entity']} {done.result['number']}" for done in run.results if done.action == "link"
    ]
    parts += [f"“{category}”" for category in fate.mail.get("categories", ())]
    return ", ".join(parts) or f"nothing: {_words(run.reason)}"


def _words(code: str) -> str:
    return code.replace("_", " ")


def faults(found: Sequence[Fate], folders: Folders) -> list[str]:
    """What is not as it should be, one line each."""
    problems = [f"{fate.entry.file}: {problem}" for fate in found if (problem := fault(fate, folders))]
    mails: dict[str, list[Fate]] = {}
    for fate in found:
        mails.setdefault(fate.entry.duplicate_of or fate.entry.file, []).append(fate)
    for file, copies in mails.items():
        firsts = sum(fate.run is not None and fate.run.duplicate_of is None for fate in copies)
        if firsts != 1 and all(fate.run for fate in copies):
            problems.append(
                f"{file}: the mail is there {len(copies)} times and was imported {firsts} times, expected once"
            )
    return problems


def fault(fate: Fate, folders: Folders) -> str:
    """What is wrong with one mail; empty where nothing is."""
    run = fate.run
    if run is None:
        return "Postrum has not seen it"
    if run.stage not in ENDS or awaits_placement(run):
        return f"it is not at its end but {run.stage.value}{f' ({run.reason})' if run.reason else ''}"
    if not fate.archived:
        return "its EML is not in the archive"
    if run.stage is Stage.PARKED:
        return f"it is parked: {run.reason} {run.reason_detail}".rstrip()
    # Of copies that are worked on at the same moment any may be the first; the others are never imported.
    imported = fate.entry.expected.folder == "imported" and run.duplicate_of is None
    wanted = folders.imported if imported else folders.other
    if fate.folder != wanted and not fate.folder.startswith(f"{wanted}/"):
        return f"it lies in {fate.folder or 'the inbox'!r}, expected {wanted!r}"
    if fate.mail.get("moves") != 1:
        return f"it was moved {fate.mail.get('moves')} times, expected once"
    if "message.filed" not in fate.events:
        return "nobody was told that it is filed"
    return ""
