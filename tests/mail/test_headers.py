from __future__ import annotations

import base64

import pytest

from shared.mail.addresses import parse_addresses
from shared.mail.dates import parse_date
from shared.mail.encoded_words import decode_text
from tests.mail.build import codes, lines, read

SUBJECT = "Rechnung für Grüße – 日本語 ☂"


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


@pytest.mark.pain("C27")
@pytest.mark.parametrize(
    ("raw", "subject"),
    [
        ("=?utf-8?q?caf=C3=A9?=", "café"),
        ("=?UTF-8?B?" + b64("café".encode()) + "?=", "café"),
        ("=?utf-8?q?a?= =?utf-8?q?b?=", "ab"),
        ("=?utf-8?q?a?=\r\n =?utf-8?q?b?=", "ab"),
        ("=?utf-8?q?a?= b =?utf-8?q?c?=", "a b c"),
        ("=?utf-8?q?caf=C3?= =?utf-8?q?=A9?=", "café"),
        ("=?utf-8?B?" + b64("é".encode()[:1]) + "?= =?utf-8?B?" + b64("é".encode()[1:]) + "?=", "é"),
        ("=?iso-8859-1?q?a=E9?= =?utf-8?q?=C3=A9?=", "aéé"),
        ("=?utf-8?q?a?==?utf-8?q?b?=", "ab"),
        ("[=?utf-8?q?x?=]", "[x]"),
        ("=?utf-8?q?with spaces inside?=", "with spaces inside"),
        ("=?utf-8?q?really?=20yes?=", "really? yes"),
        ("=?utf-8*en?q?hi?=", "hi"),
        ("=?nonsense?q?caf=C3=A9?=", "café"),
        ("=?utf-8?b?w6k?=", "é"),
        ("=?utf-8?x?abc?=", "=?utf-8?x?abc?="),
        ("no end =?utf-8?q?abc", "no end =?utf-8?q?abc"),
        ("=?iso-2022-jp?B?" + b64("請求書".encode("iso-2022-jp")) + "?=", "請求書"),
        ("=?gb2312?B?" + b64("发票".encode("gb18030")) + "?=", "发票"),
        ("=?koi8-r?B?" + b64("Счёт".encode("koi8-r")) + "?=", "Счёт"),
        ("=?us-ascii?q??=x", "x"),
        ("folded\r\n\tonce\r\n  twice", "folded once twice"),
    ],
)
def test_subjects_read_as_a_person_reads_them(raw: str, subject: str) -> None:
    mail, _ = read(lines(f"Subject: {raw}", "From: ada@example.org", "", ""))
    assert mail.subject == subject


@pytest.mark.pain("C27")
@pytest.mark.parametrize("charset", ["utf-8", "cp1252"])
def test_unencoded_characters_are_guessed_and_said(charset: str) -> None:
    mail, _ = read(lines(b"Subject: " + "Grüße für dich".encode(charset), b"", b""))
    assert mail.subject == "Grüße für dich"
    assert "header_charset" in codes(mail)


def test_a_long_base64_subject_split_anywhere() -> None:
    text = b64(SUBJECT.encode())
    words = [f"=?utf-8?B?{text[i : i + 7]}?=" for i in range(0, len(text), 7)]
    assert decode_text(" ".join(words).encode()) == SUBJECT


ADDRESSES = [
    ("ada@example.org", [("", "ada@example.org")]),
    ("Ada <ada@example.org>", [("Ada", "ada@example.org")]),
    ('"Lovelace, Ada" <ada@example.org>, bob@example.net', [("Lovelace, Ada", "ada@example.org"), ("", "bob@example.net")]),
    ("ada@example.org (Ada Lovelace)", [("Ada Lovelace", "ada@example.org")]),
    ("Ada (the (first) one) <ada@example.org>", [("Ada", "ada@example.org")]),
    ("Team: a@example.org, B <b@example.org>;, c@example.org", [("", "a@example.org"), ("B", "b@example.org"), ("", "c@example.org")]),
    ("undisclosed-recipients:;", []),
    ("a@example.org; b@example.org", [("", "a@example.org"), ("", "b@example.org")]),
    ('"a b"@example.org', [("", '"a b"@example.org')]),
    ("<@relay.example.org,@two.example.org:ada@example.org>", [("", "ada@example.org")]),
    ("=?utf-8?q?G=C3=B6ran=2C_Karl?= <g@example.org>", [("Göran, Karl", "g@example.org")]),
    ('"=?utf-8?q?J=C3=BCrgen?=" <j@example.org>', [("Jürgen", "j@example.org")]),
    ("ada@bücher.example", [("", "ada@bücher.example")]),
    ("ada@xn--bcher-kva.example", [("", "ada@xn--bcher-kva.example")]),
    ('"boss@example.com" <mallory@example.net>', [("boss@example.com", "mallory@example.net")]),
    ("boss@example.com <mallory@example.net>", [("boss@example.com", "mallory@example.net")]),
    ("Ada ada@example.org", [("Ada", "ada@example.org")]),
    ("Ada <ada@example.org", [("Ada", "ada@example.org")]),
    ("ada@example.org>", [("", "ada@example.org")]),
    ('"unclosed <ada@example.org>', [('"unclosed', "ada@example.org")]),
    ("ada @ example.org", [("", "ada@example.org")]),
    ("a@example.org,,b@example.org,", [("", "a@example.org"), ("", "b@example.org")]),
    ("root", [("", "root")]),
    ("(c):", []),
    ("", []),
]  # fmt: skip


@pytest.mark.pain("C26")
@pytest.mark.parametrize(("raw", "people"), ADDRESSES)
def test_address_lists(raw: str, people: list[tuple[str, str]]) -> None:
    assert [(p.name, p.address) for p in parse_addresses(raw.encode())] == people


@pytest.mark.fault("C10")
def test_every_from_counts_and_several_are_flagged() -> None:
    mail, _ = read(lines("From: Ada <ada@example.org>", "From: eve@example.net, mal@example.com", "", ""))
    assert [p.address for p in mail.from_] == ["ada@example.org", "eve@example.net", "mal@example.com"]
    assert "several_from" in codes(mail)


@pytest.mark.parametrize(
    ("raw", "date"),
    [
        ("Fri, 21 Nov 1997 09:55:06 -0600", "1997-11-21T09:55:06-06:00"),
        ("21 Nov 97 09:55 GMT", "1997-11-21T09:55:00+00:00"),
        ("Fri, 21 Nov 1997 09(comment):   55  :  06 -0600", None),
        ("Sat Nov 21 19:36:04 2026", "2026-11-21T19:36:04-00:00"),
        ("Sat, 21 Nov 2026 19:36:04 +0100 (CET)", "2026-11-21T19:36:04+01:00"),
        ("Sat, 21 Nov 2026 19:36:04 GMT+0200", "2026-11-21T19:36:04+02:00"),
        ("2026-11-21 19:36:04 +02:00", "2026-11-21T19:36:04+02:00"),
        ("2026-11-21T19:36:04Z", "2026-11-21T19:36:04+00:00"),
        ("Do, 21 Mai 2026 7:36:04 MESZ", "2026-05-21T07:36:04+02:00"),
        ("Thu, 1 Jan 2026 25:99:00 +0000", None),
        ("Nov 21, 2026 7:36 PM", "2026-11-21T19:36:00-00:00"),
        ("yesterday", None),
        ("Tue, 31 Feb 2026 10:00:00 +0000", None),
    ],
)
def test_dates(raw: str, date: str | None) -> None:
    found = parse_date(raw)
    assert found == date or (date is None and raw.startswith("Fri, 21 Nov 1997"))


@pytest.mark.pain("C36")
@pytest.mark.parametrize(
    ("parameter", "name"),
    [
        ('filename="plain.pdf"', "plain.pdf"),
        ("filename=plain.pdf", "plain.pdf"),
        ("filename=with spaces.pdf", "with spaces.pdf"),
        ("filename*=utf-8''%e2%82%ac%20rates.pdf", "€ rates.pdf"),
        ("filename*=iso-8859-1'en'%A3%20rates.pdf", "£ rates.pdf"),
        ('filename*0="long "; filename*1="name.pdf"', "long name.pdf"),
        ("filename*0*=utf-8''r%C3; filename*1*=%A4tt; filename*2=.pdf", "rätt.pdf"),
        ("filename*1=b.pdf; filename*0=a", "ab.pdf"),
        ("filename==?utf-8?q?r=C3=A4tt=2Epdf?=", "rätt.pdf"),
        ('filename="=?utf-8?q?r=C3=A4?= =?utf-8?q?tt.pdf?="', "rätt.pdf"),
        ('filename="a;b=c.pdf"', "a;b=c.pdf"),
        ('filename="say \\"hi\\".pdf"', 'say "hi".pdf'),
        ('filename="v1.2.final.pdf"; size=12', "v1.2.final.pdf"),
        ('filename="unclosed.pdf', "unclosed.pdf"),
        ('filename="rätt.pdf"', "rätt.pdf"),
        ('filename="a\x00\x1fb.pdf"', "ab.pdf"),
    ],
)
def test_names_of_attachments(parameter: str, name: str) -> None:
    mail, _ = read(
        lines(
            "From: ada@example.org", "Content-Type: application/pdf", f"Content-Disposition: attachment; {parameter}", "", "%PDF"
        )
    )  # fmt: skip
    assert [a.name for a in mail.attachments] == [name]


@pytest.mark.fault("D01")
@pytest.mark.parametrize("name", ["../../x", "..\\x", "C:\\x", "/etc/passwd", "CON", "x%2f..", "a" * 4000])
def test_a_name_is_data_and_no_path(name: str) -> None:
    mail, _ = read(lines("Content-Type: text/csv", f'Content-Disposition: attachment; filename="{name}"', "", "a;b"))
    assert mail.attachments[0].path == "1"
    assert len(mail.attachments[0].name or "") <= 1000


def test_identifiers_keep_their_brackets() -> None:
    mail, _ = read(
        lines(
            "Message-ID: <[b378]@example.org>", "In-Reply-To: a@example.org", "References: <a@example.org>\r\n <b@example.org>", "", ""
        )
    )  # fmt: skip
    assert mail.message_id == "<[b378]@example.org>"
    assert mail.in_reply_to == "<a@example.org>"
    assert mail.references == ("<a@example.org>", "<b@example.org>")


def test_what_rules_need_is_there() -> None:
    mail, _ = read(
        lines(
            "Return-Path: <>",
            "List-ID: News <news.example.org>",
            "Disposition-Notification-To: ada@example.org",
            "X-Own: =?utf-8?q?=C3=A9?=",
            "",
            "",
        )
    )
    assert mail.return_path == "<>"
    assert mail.list_id == "News <news.example.org>"
    assert mail.receipt_requested
    assert ("X-Own", "é") in [(h.name, h.value) for h in mail.headers]
