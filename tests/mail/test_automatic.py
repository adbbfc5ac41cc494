from __future__ import annotations

import pytest

from shared.mail.bounce_reasons import reason_of
from tests.mail.build import lines, multipart, read, text


def kind_of(*head: str, body: str = "Hello") -> tuple[str | None, str | None]:
    mail, _ = read(lines(*head, "", body))
    return (mail.automatic.kind, mail.automatic.reason) if mail.automatic else (None, None)


@pytest.mark.pain("C3")
@pytest.mark.parametrize(
    "head",
    [
        ["From: ada@example.org", "Subject: Re: x", "Auto-Submitted: auto-replied"],
        ["From: ada@example.org", "Subject: Re: x", "Auto-Submitted: auto-replied (vacation)"],
        ["From: ada@example.org", "Subject: x", "X-Autoreply: yes"],
        ["From: ada@example.org", "Subject: x", "Precedence: auto_reply"],
        ["From: ada@example.org", "Subject: Automatic reply: your order"],
        ["From: ada@example.org", "Subject: Out of Office: back on Monday"],
        ["From: ada@example.org", "Subject: Abwesend: Ihre Anfrage"],
        ["From: ada@example.org", "Subject: Autosvar: hej"],
        ["From: ada@example.org", "Subject: Afwezig: tot maandag"],
    ],
)
def test_auto_replies(head: list[str]) -> None:
    assert kind_of(*head)[0] == "auto_reply"


@pytest.mark.pain("C3")
@pytest.mark.parametrize(
    "head",
    [
        ["From: ada@example.org", "Subject: Offer", "X-Auto-Response-Suppress: All"],
        ["From: ada@example.org", "Subject: Offer", "Auto-Submitted: no"],
        ["From: ada@example.org", "Subject: Re: out of office furniture"],
        ["From: ada@example.org", "Subject: Delivery failed to arrive in time, where is my parcel?"],
        ["From: ada@example.org", "Subject: Invoice rejected"],
    ],
)
def test_mail_of_people_is_not_automatic(head: list[str]) -> None:
    assert kind_of(*head) == (None, None)


def test_lists_and_other_machines() -> None:
    assert kind_of("From: a@example.org", "List-Id: News <news.example.org>") == ("list", "news.example.org")
    assert kind_of("From: a@example.org", "Precedence: bulk")[0] == "list"
    assert kind_of("From: cron@example.org", "Auto-Submitted: auto-generated") == ("auto_reply", "auto-generated")


DSN_HEAD = b"From: MAILER-DAEMON@mx.example.net\r\nSubject: Undelivered Mail Returned to Sender\r\nReturn-Path: <>\r\n"
STATUS = lines(
    "Content-Type: message/delivery-status",
    "",
    "Reporting-MTA: dns; mx.example.net",
    "",
    "Final-Recipient: rfc822; nobody@example.com",
    "Action: failed",
    "Status: 5.1.1",
    "Diagnostic-Code: smtp; 550 5.1.1 <nobody@example.com>: Recipient address",
    "  rejected: User unknown",
    "",
    "Final-Recipient: rfc822; full@example.com",
    "Action: failed",
    "Status: 5.2.2",
)
ORIGINAL = lines("Content-Type: text/rfc822-headers", "", "Message-ID: <orig@example.org>", "To: nobody@example.com")


@pytest.mark.parametrize("end", [b"\r\n", b"\n", b"\r"])
def test_a_delivery_status_is_read_field_by_field(end: bytes) -> None:
    data = multipart(
        text("Your message could not be delivered."), STATUS, ORIGINAL, kind="report", head=DSN_HEAD, extra="; report-type=delivery-status"
    )  # fmt: skip
    mail, _ = read(data.replace(b"\r\n", end))
    assert mail.automatic
    assert (mail.automatic.kind, mail.automatic.reason) == ("bounce", "userunknown")
    assert mail.bounce
    assert mail.bounce.original_message_id == "<orig@example.org>"
    assert [(r.address, r.action, r.status) for r in mail.bounce.recipients] == [
        ("nobody@example.com", "failed", "5.1.1"),
        ("full@example.com", "failed", "5.2.2"),
    ]
    assert (
        mail.bounce.recipients[0].diagnostic
        == "550 5.1.1 <nobody@example.com>: Recipient address rejected: User unknown"
    )


def test_a_bounce_in_free_form() -> None:
    body = (
        "Hi. This is the mail program at mx.example.net.\r\nI'm afraid I wasn't able to deliver your message.\r\n\r\n"
        "<nobody@example.com>:\r\n192.0.2.1 said: 552 5.2.2 Mailbox is full\r\n\r\n--- Below this line is a copy of the message.\r\n\r\n"
        "Message-ID: <orig@example.org>\r\nSubject: hi\r\n"
    )
    mail, _ = read(lines("From: MAILER-DAEMON@mx.example.net", "Subject: failure notice", "", body))
    assert mail.automatic
    assert mail.automatic.reason == "mailboxfull"
    assert mail.bounce
    assert mail.bounce.recipients[0].address == "nobody@example.com"
    assert mail.bounce.recipients[0].status == "5.2.2"
    assert mail.bounce.original_message_id == "<orig@example.org>"


@pytest.mark.parametrize(
    ("said", "status", "reason"),
    [
        ("550 No such user here", None, "userunknown"),
        ("552 mailbox is over quota", "5.2.2", "mailboxfull"),
        ("550 Host unknown (Name server: example.com: host not found)", "5.1.2", "hostunknown"),
        ("554 5.7.1 Service unavailable; client host [192.0.2.1] blocked using bl.example.org", "5.7.1", "blocked"),
        ("550 5.7.1 Message rejected as spam", "5.7.1", "spamdetected"),
        ("552 message size exceeds fixed maximum message size", "5.3.4", "mesgtoobig"),
        (
            "550 5.7.26 Unauthenticated email from example.org is not accepted due to domain's DMARC policy",
            "5.7.26",
            "authfailure",
        ),
        ("554 5.7.1 Relay access denied", "5.7.1", "norelaying"),
        ("delivery temporarily suspended: connect to mx: Connection timed out", "4.4.1", "expired"),
        ("550 The account has been disabled or suspended", None, "suspend"),
        ("550 5.7.25 no reverse DNS", "5.7.25", "requireptr"),
        ("", "5.2.2", "mailboxfull"),
        ("", "5.7.606", "blocked"),
    ],
)
def test_reasons(said: str, status: str | None, reason: str) -> None:
    assert reason_of(said, status) == reason


def test_complaints_and_read_receipts() -> None:
    feedback = lines("Content-Type: message/feedback-report", "", "Feedback-Type: abuse", "User-Agent: x/1")
    mail, _ = read(multipart(text("x"), feedback, kind="report", extra="; report-type=feedback-report"))
    assert mail.automatic
    assert (mail.automatic.kind, mail.automatic.reason) == ("complaint", "abuse")
    notice = lines(
        "Content-Type: message/disposition-notification", "", "Disposition: manual-action/MDN-sent-manually; displayed"
    )
    mail, _ = read(multipart(text("x"), notice, kind="report", extra="; report-type=disposition-notification"))
    assert mail.automatic
    assert (mail.automatic.kind, mail.automatic.reason) == ("read_receipt", "displayed")
