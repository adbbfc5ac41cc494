from __future__ import annotations

import pytest

from shared.mail.calendar import find_calendar
from shared.mail.flowed import unflow
from shared.model.mail import Person
from tests.mail.build import HEAD, codes, lines, multipart, read, text

INVITATION = (
    "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Nordlys//EN", "METHOD:REQUEST",
    "BEGIN:VTIMEZONE", "TZID:Romance Standard Time", "BEGIN:STANDARD", "DTSTART:16010101T030000", "END:STANDARD", "END:VTIMEZONE",
    "BEGIN:VEVENT", "UID:7f3a@nordlys.example", 'ORGANIZER;CN="Berg, Jonas":mailto:jonas@fjordkraft.example',
    "SUMMARY;LANGUAGE=da:Gennemgang\\, uge 48\\n- med en meget", "  lang titel", "LOCATION:Rum 4",
    "DTSTART;TZID=Romance Standard Time:20261124T090000", "DTEND;TZID=Romance Standard Time:20261124T100000",
    "BEGIN:VALARM", "SUMMARY:not this", "END:VALARM", "END:VEVENT", "BEGIN:VEVENT", "UID:second", "END:VEVENT", "END:VCALENDAR",
)  # fmt: skip


def test_an_invitation() -> None:
    part = lines("Content-Type: text/calendar; method=REQUEST; charset=utf-8", "", *INVITATION)
    mail, _ = read(multipart(text("x"), part, kind="alternative"))
    found = mail.calendar
    assert found
    assert (found.method, found.uid, found.location) == ("request", "7f3a@nordlys.example", "Rum 4")
    assert found.summary == "Gennemgang, uge 48 - med en meget lang titel"
    assert (found.start, found.end, found.timezone) == (
        "2026-11-24T09:00:00",
        "2026-11-24T10:00:00",
        "Romance Standard Time",
    )
    assert found.organizer == Person(name="Berg, Jonas", address="jonas@fjordkraft.example")
    assert mail.automatic
    assert mail.automatic.kind == "calendar"


@pytest.mark.parametrize(
    ("value", "start"),
    [
        ("DTSTART:20261124T080000Z", "2026-11-24T08:00:00Z"),
        ("DTSTART;VALUE=DATE:20261124", "2026-11-24"),
        ("DTSTART:soon", None),
    ],
)
def test_times(value: str, start: str | None) -> None:
    found = find_calendar(f"BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\n{value}\nEND:VEVENT\nEND:VCALENDAR")
    assert found
    assert found.start == start


@pytest.mark.parametrize("content", ["", "no calendar at all", "SUMMARY:x", "\0" * 100])
def test_no_calendar(content: str) -> None:
    assert find_calendar(content) is None


@pytest.mark.parametrize(
    "content", ["BEGIN:VEVENT\n" * 50_000, "X;" * 300_000, 'X;a="' * 200_000, " \n" * 300_000, "A:\\" * 300_000]
)
def test_a_hostile_calendar_ends_soon(content: str) -> None:
    find_calendar("BEGIN:VCALENDAR\n" + content)


def test_a_piece_of_a_mail_is_said_to_be_one() -> None:
    head = b'Content-Type: message/partial; id="a@b.example"; number=2; total=3\r\n\r\nthe middle'
    mail, leaves = read(HEAD + head)
    assert codes(mail) == {"partial_mail"}
    assert "piece 2 of 3" in mail.warnings[0].detail
    assert leaves == {"1": b"the middle"}


@pytest.mark.parametrize(
    ("flowed", "plain"),
    [
        ("one \ntwo\nthree", "one two\nthree"),
        ("> quoted \n> on\n>> deeper \nreply", "> quoted on\n>> deeper \nreply"),
        (" From here \non", "From here on"),
        ("text \n-- \nAda", "text \n-- \nAda"),
        ("", ""),
        ("end \n", "end "),
    ],
)
def test_flowed_lines_are_joined(flowed: str, plain: str) -> None:
    assert unflow(flowed) == plain


def test_flowed_text_of_a_mail() -> None:
    mail, _ = read(HEAD + b"Content-Type: text/plain; format=flowed; delsp=yes\r\n\r\nLie \r\nferung \r\nen\r\n")
    assert mail.text == "Lieferungen\n"
