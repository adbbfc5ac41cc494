"""Folders that a rule moves mail into, and moves that would go in circles."""

from __future__ import annotations

from collections.abc import Iterator

from shared.classify.text import listed, quoted
from shared.model.config import Company, Folders, Mailbox, Rule

IMPORTED = "imported"
OTHER = "other"


def place(wanted: str, folders: Folders) -> tuple[str, str]:
    """What a move's `folder` means in a mailbox: `imported`, `other`, or a tidy path below the inbox; or a problem."""
    parts = [part.strip() for part in wanted.split("/") if part.strip()]
    path = "/".join(parts)
    name = path.casefold()
    if not path:
        return "", "name a folder: imported, other, or a path below the inbox"
    if len(wanted) > 500 or len(parts) > 20:
        return "", "a folder path has at most 500 characters and 20 levels"
    if any(ord(char) < 32 or ord(char) == 127 for char in path):
        return "", "a folder name holds a character that cannot be written"
    if name in (IMPORTED, OTHER):
        return (
            (name, "")
            if path_of(name, folders)
            else ("", "this mailbox has no such folder: name a path below the inbox")
        )
    if name == folders.source.casefold():
        return "", "mail is read from this folder, so it would come back again and again"
    if name == folders.imported.casefold():
        return IMPORTED, ""
    if name == folders.other.casefold():
        return OTHER, ""
    return path, ""


def path_of(folder: str, folders: Folders) -> str:
    """The path below the inbox of what `place` gave."""
    return {IMPORTED: folders.imported, OTHER: folders.other}.get(folder, folder)


def holds_for(rule: Rule, mailbox: Mailbox) -> bool:
    """Whether a rule is tried for the mail of a mailbox."""
    return not rule.mailboxes or mailbox.id in rule.mailboxes


def moves(rule: Rule) -> Iterator[tuple[int, str]]:
    """The moves of a rule: the position of the action, counted from 1, and the folder as it is written."""
    for position, step in enumerate(rule.actions, 1):
        if step.action == "move":
            yield position, str(step.parameters.get("folder", ""))


def circles(company: Company) -> list[str]:
    """Problems between mailboxes of one address: two that read one folder, or that move mail to each other for ever."""
    problems: list[str] = []
    by_address: dict[tuple[str, str], list[Mailbox]] = {}
    for mailbox in company.mailboxes:
        by_address.setdefault((mailbox.tenant_id or "", mailbox.address.casefold()), []).append(mailbox)
    for (_, address), group in by_address.items():
        if len(group) > 1:
            problems += _circles_of(address, group, company)
    return problems


def _circles_of(address: str, group: list[Mailbox], company: Company) -> list[str]:
    reads: dict[str, Mailbox] = {}
    problems: list[str] = []
    for mailbox in group:
        source = mailbox.folders.source.casefold()
        if source in reads:
            what = quoted(mailbox.folders.source) if source else "the inbox"
            problems.append(f"mailboxes {reads[source].id!r} and {mailbox.id!r} both read {what} of {address}")
        reads.setdefault(source, mailbox)
    onward = {source: _targets(mailbox, company) & reads.keys() for source, mailbox in reads.items()}
    reached = {source: _reached(source, onward) for source in reads}
    told: set[str] = set()
    for source in reads:
        circle = [other for other in reads if other in reached[source] and source in reached[other]]
        if circle and not told.intersection(circle):
            told.update(circle)
            names = listed(repr(reads[other].id) for other in circle)
            problems.append(f"mailboxes {names} of {address} move mail to each other in a circle, for ever")
    return problems


def _reached(start: str, onward: dict[str, set[str]]) -> set[str]:
    """Every folder that mail of a folder can come into, over any number of moves."""
    found: set[str] = set()
    waiting = [start]
    while waiting:
        fresh = onward[waiting.pop()] - found
        found |= fresh
        waiting.extend(fresh)
    return found


def _targets(mailbox: Mailbox, company: Company) -> set[str]:
    """Every folder into which mail of a mailbox can go, folded."""
    found = {name.casefold() for name in (mailbox.folders.imported, mailbox.folders.other) if name}
    for rule in company.rules:
        if rule.active and holds_for(rule, mailbox):
            for _, wanted in moves(rule):
                folder, problem = place(wanted, mailbox.folders)
                if not problem:
                    found.add(path_of(folder, mailbox.folders).casefold())
    return found
