"""For whom a mail came, and how it was handed over."""

from __future__ import annotations

import pytest

from shared.mail.headers import Headers, parse_header_block
from shared.mail.recipients import find_recipients, resolve_recipient
from shared.mail.transport import transport_tls
from shared.model.mail import Mail, Person
from tests.mail.build import lines, read

EXCHANGE = frozenset({"exchange"})
OWN = ("invoice@nordlys.example", "faktura@nordlys.example")
MAILBOX = "mail@nordlys.example"


def fields(*rows: str) -> Headers:
    return parse_header_block(lines(*rows), 1000, top=True)[0]


def mail_of(*rows: str) -> Mail:
    return read(lines(*rows, "", "hi"), trust=EXCHANGE)[0]


# ---- the recipient -----------------------------------------------------------------------------------------------------


@pytest.mark.pain("C31")
@pytest.mark.parametrize(
    ("rows", "address", "source", "listed"),
    [
        (["To: Invoices <Invoice@nordlys.example>"], "Invoice@nordlys.example", "to", True),
        (["To: x@other.example", "Cc: faktura@nordlys.example"], "faktura@nordlys.example", "cc", True),
        (["Delivered-To: invoice@nordlys.example", "To: x@other.example"], "invoice@nordlys.example", "delivered_to", False),
        (["X-Original-To: faktura@nordlys.example", "To: list@other.example"], "faktura@nordlys.example", "original_to", False),
        (["Resent-To: invoice@nordlys.example", "To: x@other.example"], "invoice@nordlys.example", "resent", False),
        (
            ["Received: from a by b with ESMTPS for <invoice@nordlys.example>; Sat, 21 Nov 2026 10:00:00 +0000", "To: x@other.example"],
            "invoice@nordlys.example", "received_for", False,
        ),
        (["To: invoice+denmark@nordlys.example"], "invoice+denmark@nordlys.example", "to", True),
        (["Delivered-To: mail@nordlys.example", "To: invoice@nordlys.example"], "invoice@nordlys.example", "to", True),
        (["To: undisclosed-recipients:;"], MAILBOX, "mailbox", False),
        ([], MAILBOX, "mailbox", False),
    ],
)  # fmt: skip
def test_the_real_recipient_and_where_it_is_known_from(
    rows: list[str], address: str, source: str, listed: bool
) -> None:
    found = resolve_recipient(mail_of("From: a@b.example", *rows).recipients, OWN, MAILBOX)
    assert (found.address, found.source, found.listed) == (address, source, listed)


@pytest.mark.pain("C31")
def test_each_address_once_with_its_strongest_trace() -> None:
    found = find_recipients(
        fields(
            "Delivered-To: A@x.example",
            "Received: from a by b for <a@x.example>; date",
            "Received: from q by r for <z@x.example>",
        ),
        [Person(address="a@X.example")],
        [Person(address="c@x.example"), Person(address="no address")],
    )
    assert [(one.address, one.source, one.listed) for one in found] == [
        ("A@x.example", "delivered_to", True),
        ("z@x.example", "received_for", False),
        ("c@x.example", "cc", True),
    ]


def test_very_many_recipients_are_bounded() -> None:
    many = [Person(address=f"{number}@x.example") for number in range(5000)]
    assert len(find_recipients(Headers(), many, many)) == 100


# ---- TLS ----------------------------------------------------------------------------------------------------------------

INSIDE = (
    "Received: from AM9PR08MB1.eurprd08.prod.outlook.com (2603:10a6:20b:1::2)",
    " by DB9PR08MB2.eurprd08.prod.outlook.com with HTTPS; Sat, 21 Nov 2026 10:00:02 +0000",
    "Received: from DB5EUR01FT1.eop-EUR01.prod.protection.outlook.com (2603:10a6:10:1::5)",
    " by DB9PR08CA1.outlook.office365.com (2603:10a6:10:1::7) with Microsoft SMTP Server",
    " (version=TLS1_2, cipher=TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384) id 15.20.1; Sat, 21 Nov 2026 10:00:01 +0000",
)
DOOR = " by DB5EUR01FT1.mail.protection.outlook.com (10.152.4.1) with Microsoft SMTP Server"
TLS = " (version=TLS1_3, cipher=TLS_AES_256_GCM_SHA384) id 15.20.2 via Frontend Transport; Sat, 21 Nov 2026 10:00:00 +0000"
FORGED = (
    "Received: from bank.example (203.0.113.9) by AM1.mail.protection.outlook.com (10.1.1.1) with Microsoft SMTP Server",
    TLS,
)


@pytest.mark.capability("S4.12")
@pytest.mark.parametrize("beneath", [(), FORGED])
@pytest.mark.parametrize("inside", [INSIDE, ()])
@pytest.mark.parametrize(
    ("security", "expected"), [(TLS, True), (" id 15.20.2; Sat, 21 Nov 2026 10:00:00 +0000", False)]
)
def test_the_line_of_the_front_door_counts(
    inside: tuple[str, ...], security: str, beneath: tuple[str, ...], expected: bool
) -> None:
    headers = fields(*inside, "Received: from mail.sender.example (203.0.113.5)", DOOR, security, *beneath)
    assert transport_tls(headers, EXCHANGE) is expected


@pytest.mark.capability("S4.12")
@pytest.mark.parametrize(
    "name",
    [
        "AM9PR08MB1.eurprd08.prod.outlook.com (203.0.113.5)",
        "x(version=TLS1_3 (203.0.113.5)",
        "[10.0.0.1] (helo=[10.0.0.1]) (203.0.113.5)",
    ],
)
def test_a_client_may_call_itself_what_it_likes(name: str) -> None:
    headers = fields(f"Received: from {name}", DOOR + " id 15.20.2; Sat, 21 Nov 2026 10:00:00 +0000", *FORGED)
    assert transport_tls(headers, EXCHANGE) is False


@pytest.mark.capability("S4.12")
def test_nothing_is_believed_of_others() -> None:
    assert transport_tls(fields(*FORGED), frozenset()) is None
    assert transport_tls(fields(*FORGED), frozenset({"mx.nordlys.example"})) is None
    others = "Received: from a (203.0.113.5) by mx.other.example with ESMTPS; Sat, 21 Nov 2026 10:00:00 +0000"
    assert transport_tls(fields(others, *FORGED), EXCHANGE) is None
    assert transport_tls(fields("Subject: x"), EXCHANGE) is None
    assert mail_of("From: a@b.example").transport_tls is None
    assert mail_of(*FORGED).transport_tls is True


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (["from m.example (m.example [203.0.113.5]) (using TLSv1.3 with cipher X) by mx.nordlys.example (Postfix) with ESMTP id 1"], False),
        (["from m.example (m.example [203.0.113.5]) by mx.nordlys.example (Postfix) with ESMTPS id 1"], True),
        (["from m.example ([203.0.113.5]) by mx.nordlys.example with ESMTPS id 1 (version=TLS1_3 cipher=X)"], True),
        (["from m.example ([203.0.113.5]) by mx.nordlys.example with UTF8SMTPS id 1"], True),
        (["from mx ([10.0.0.4]) by s.nordlys.example with LMTP", "from m.example ([203.0.113.5]) by mx.nordlys.example with ESMTPS"], True),
        (["by store.nordlys.example with SMTP id 7", "from m.example ([203.0.113.5]) by mx.nordlys.example with ESMTP"], False),
        (["from m.example by mx.nordlys.example with ESMTP", "from x ([203.0.113.5]) by mx.nordlys.example with ESMTPS"], None),
        (["from x ([203.0.113.5]) by mx.nordlys.example.evil.example with ESMTPS"], None),
    ],
)  # fmt: skip
def test_other_providers(rows: list[str], expected: bool | None) -> None:
    headers = fields(*(f"Received: {row}; Sat, 21 Nov 2026 10:00:00 +0000" for row in rows))
    assert transport_tls(headers, frozenset({"mx.nordlys.example"})) is expected
