"""Mails that no person wrote: out of office, bounce, newsletter, calendar invitation."""

from __future__ import annotations

from collections.abc import Iterator

from local.sample_mailbox.envelope import US, at, from_party, from_person, sample
from local.sample_mailbox.letters import BOUNCE, NEWSLETTER, OUT_OF_OFFICE
from local.sample_mailbox.mime import Part, multipart, text
from local.sample_mailbox.model import Automatic, SampleMail
from local.sample_mailbox.parties import KRANICH, MAILBOX, QUILL, WABE

_DELIVERY_STATUS = """Reporting-MTA: dns; mx.nowhere.example
X-Queue-ID: 4EXAMPLE01
Arrival-Date: Thu, 12 Nov 2026 11:00:00 +0000

Final-Recipient: rfc822; nobody@nowhere.example
Original-Recipient: rfc822;nobody@nowhere.example
Action: failed
Status: 5.1.1
Remote-MTA: dns; mx.nowhere.example
Diagnostic-Code: smtp; 550 5.1.1 <nobody@nowhere.example>: Recipient
    address rejected: User unknown
"""

_ORIGINAL = f"""From: "Postrum Demo Company" <{MAILBOX}>
To: nobody@nowhere.example
Subject: Your question
Date: Thu, 12 Nov 2026 11:00:00 +0000
Message-ID: <answer-7@postrum.example>
"""

_INVITATION = f"""BEGIN:VCALENDAR
PRODID:-//Kranich Musterbau//Kalender//DE
VERSION:2.0
METHOD:REQUEST
BEGIN:VEVENT
UID:abnahme-118@kranich-musterbau.example
DTSTAMP:20261116T080000Z
DTSTART:20261124T090000Z
DTEND:20261124T100000Z
SUMMARY:Abnahme der Trennwände
LOCATION:Musterstadt
ORGANIZER;CN=Jürgen Mustermann:mailto:rechnung@kranich-musterbau.example
ATTENDEE;ROLE=REQ-PARTICIPANT;RSVP=TRUE:mailto:{MAILBOX}
SEQUENCE:0
END:VEVENT
END:VCALENDAR
"""


def machine_mails() -> Iterator[SampleMail]:
    """One of each."""
    yield _out_of_office()
    yield _bounce()
    yield _newsletter()
    yield _invitation()


def _crlf(content: str) -> bytes:
    return content.replace("\n", "\r\n").encode()


def _out_of_office() -> SampleMail:
    name, received = "de-out-of-office", at(12, 6, 1)
    subject = "Automatische Antwort: Ihre Anfrage"
    extra = (
        ("In-Reply-To", "<answer-5@postrum.example>"),
        ("Auto-Submitted", "auto-replied"),
        ("X-Auto-Response-Suppress", "All"),
        ("Precedence", "bulk"),
    )
    mail = from_party(name, WABE, subject, received, text(OUT_OF_OFFICE), extra=extra)
    return sample(name, "de", received, "Out of office", mail, automatic=Automatic(kind="auto_reply"))


def _bounce() -> SampleMail:
    name, received = "en-bounce", at(12, 11, 2)
    content = multipart(
        "report", f"=_{name}",
        text(BOUNCE, charset="us-ascii", encoding="7bit"),
        Part((("Content-Type", "message/delivery-status"),), _crlf(_DELIVERY_STATUS)),
        Part((("Content-Type", "text/rfc822-headers"),), _crlf(_ORIGINAL)),
        parameters="; report-type=delivery-status",
    )  # fmt: skip
    extra = (("Auto-Submitted", "auto-replied"), ("Return-Path", "<>"))
    mail = from_person(
        name, "Mail Delivery System", "MAILER-DAEMON@nowhere.example", "Undelivered Mail Returned to Sender", received,
        content, to=US, extra=extra,
    )  # fmt: skip
    return sample(
        name,
        "en",
        received,
        "Bounce (RFC 3464): user unknown",
        mail,
        automatic=Automatic(kind="bounce", reason="userunknown"),
    )


def _newsletter() -> SampleMail:
    name, received = "en-newsletter", at(14, 5, 0)
    html = f"<html><body><h1>The Kettle Letter</h1><p>{NEWSLETTER.splitlines()[2]}</p></body></html>\n"
    content = multipart("alternative", f"=_{name}", text(NEWSLETTER), text(html, "html"))
    extra = (
        ("List-Id", "The Kettle Letter <letter.quill-kettle.example>"),
        ("List-Unsubscribe", "<https://news.quill-kettle.example/leave>, <mailto:leave@quill-kettle.example>"),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        ("Precedence", "bulk"),
    )
    mail = from_party(name, QUILL, "The Kettle Letter, November", received, content, extra=extra)
    return sample(name, "en", received, "Newsletter", mail, automatic=Automatic(kind="list"))


def _invitation() -> SampleMail:
    name, received = "de-invitation", at(16, 8, 0)
    subject = "Einladung: Abnahme der Trennwände"
    calendar = Part(
        (("Content-Type", "text/calendar; charset=utf-8; method=REQUEST"), ("Content-Transfer-Encoding", "8bit")),
        _crlf(_INVITATION),
    )
    body = "Guten Tag,\n\nhiermit lade ich zur Abnahme am 24. November um 10 Uhr ein.\n\nJürgen Mustermann\n"
    content = multipart("alternative", f"=_{name}", text(body), calendar)
    mail = from_party(name, KRANICH, subject, received, content)
    return sample(name, "de", received, "Calendar invitation", mail, automatic=Automatic(kind="calendar"))
