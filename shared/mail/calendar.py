"""Invitations: method, uid, time and summary of a calendar part (RFC 5545, RFC 5546).

A reader of our own: it takes nine lines out of a text and bounds each of them. A library would build the whole calendar,
with its time zones and repetitions, from a stranger's text, and bring two more packages, for facts that nobody asks for.
Nothing is computed: a time with a zone of the sender's own stays a local time beside the name of that zone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from shared.model.mail import Calendar, Person

__all__ = ["find_calendar"]

MOST = 1 << 20
MOST_LINES = 20_000
LONGEST = 2000
_FOLD = re.compile(r"\r?\n[ \t]")
_LINE = re.compile(r"([A-Za-z0-9-]{1,40})((?:;[^:;\"]*(?:\"[^\"]*\"[^:;\"]*)*)*):(.*)", re.S)
_PARAMETER = re.compile(r';\s*([A-Za-z-]+)\s*=\s*("[^"]*"|[^;]*)')
_ESCAPED = re.compile(r"\\([\\;,nN])")
_TIME = re.compile(r"(\d{4})(\d{2})(\d{2})(?:T(\d{2})(\d{2})(\d{2})?(Z)?)?$")
_COMPONENTS = frozenset({"VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY"})


def find_calendar(text: str) -> Calendar | None:
    """What the first event of a calendar says; None where the text is no calendar."""
    facts: dict[str, str] = {}
    organizer: Person | None = None
    inside: list[str] = []
    for name, parameters, value in _lines(text):
        if name == "BEGIN":
            inside.append(value.strip().upper())
        elif name == "END":
            closed = inside.pop() if inside else ""
            if closed in _COMPONENTS:
                break
        elif inside == ["VCALENDAR"] and name == "METHOD":
            facts.setdefault("method", value.strip().lower()[:40])
        elif len(inside) == 2 and inside[1] in _COMPONENTS:
            if name in ("UID", "SUMMARY", "LOCATION"):
                facts.setdefault(name.lower(), _text(value))
            elif name in ("DTSTART", "DTEND") and (moment := _moment(value.strip())):
                facts.setdefault(name[2:].lower(), moment)
                if name == "DTSTART" and (zone := parameters.get("tzid")):
                    facts.setdefault("timezone", zone[:200])
            elif name == "ORGANIZER" and organizer is None:
                address = re.sub(r"^mailto:", "", value.strip(), flags=re.I)[:LONGEST]
                organizer = Person(name=parameters.get("cn", "")[:LONGEST], address=address)
    if not inside and not facts:
        return None
    return Calendar(organizer=organizer, **facts)


def _lines(text: str) -> Iterator[tuple[str, dict[str, str], str]]:
    """Unfolded content lines: name, parameters, value."""
    for line in _FOLD.sub("", text[:MOST]).replace("\r", "\n").split("\n", MOST_LINES)[:MOST_LINES]:
        if found := _LINE.match(line[: 10 * LONGEST]):
            parameters = {p[1].lower(): p[2].strip('" ') for p in _PARAMETER.finditer(found[2])} if found[2] else {}
            yield found[1].upper(), parameters, found[3]


def _text(value: str) -> str:
    """A TEXT value (RFC 5545 section 3.3.11) in one line."""
    plain = _ESCAPED.sub(lambda found: " " if found[1] in "nN" else found[1], value)
    return re.sub(r"\s+", " ", plain).strip()[:LONGEST]


def _moment(value: str) -> str | None:
    """`20261124T090000Z` as `2026-11-24T09:00:00Z`; a local time has no `Z`, a day no time."""
    found = _TIME.match(value)
    if not found:
        return None
    day = f"{found[1]}-{found[2]}-{found[3]}"
    return f"{day}T{found[4]}:{found[5]}:{found[6] or '00'}{found[7] or ''}" if found[4] else day
