"""Writing a mail in MIME from what a sender chose. Nothing of it may get out of its place."""

from __future__ import annotations

import base64
import re
from email import message_from_bytes, policy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.sources.graph.mime import Base64Lines, base64_lines, field, mailbox, message_head, part_head
from shared.sources.graph.properties import MARK, head, text

HOSTILE = 'a\r\nX-Evil: 1\r\n\r\nbody"; name=x\0\x0b\u2028\ud800é' + "\\"


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("Subject", "Invoice 17", b"Subject: Invoice 17\r\n"),
        ("Subject", "a\r\n b\tc\nX-Evil: 1", b"Subject: a b c X-Evil: 1\r\n"),
        ("Bad Name", "x", b""),
        ("Bad:Name", "x", b""),
        ("", "x", b""),
        ("Subject", " \r\n ", b""),
        ("Subject", "Køb", b"Subject: =?utf-8?q?K=C3=B8b?=\r\n"),
    ],
)
def test_a_field(name: str, value: str, expected: bytes) -> None:
    assert field(name, value) == expected


def test_a_long_field_is_folded() -> None:
    written = field("References", " ".join(f"<{number:040}@example.org>" for number in range(100)))
    lines = written.split(b"\r\n")
    assert max(len(line) for line in lines) < 998
    assert all(line.startswith(b" ") for line in lines[1:-1])
    assert b"".join(lines).count(b"@example.org") == 100


@given(st.text(), st.text())
def test_no_field_has_a_second_line_of_its_own(name: str, value: str) -> None:
    for written in (field(name, value), field("Subject", value), part_head(value, name=name, encoding="base64")):
        assert not re.search(rb"\r\n(?![ \r]|Content-|$)", written)
        assert b"\n" not in written.replace(b"\r\n", b"")
        assert written.isascii()


@given(st.binary(max_size=600), st.integers(1, 70))
def test_base64_is_the_same_in_whatever_pieces_it_comes(content: bytes, size: int) -> None:
    lines = Base64Lines()
    pieces = [content[start : start + size] for start in range(0, len(content), size)]
    written = b"".join([*(one for piece in pieces for one in lines.write(piece)), *lines.end()])
    assert written == b"".join(base64_lines(content))
    assert base64.b64decode(written) == content
    assert all(len(line) <= 76 for line in written.split(b"\r\n"))


def test_a_large_content_comes_in_small_pieces() -> None:
    assert max(len(piece) for piece in base64_lines(b"x" * 3_000_000)) <= 256 * 1024


@pytest.mark.parametrize(
    ("name", "address", "expected"),
    [
        ("Supplier", "billing@supplier.example", '"Supplier" <billing@supplier.example>'),
        ("", "billing@supplier.example", "<billing@supplier.example>"),
        ('A "B" \\ C', "a@b.example", '"A \\"B\\" \\\\ C" <a@b.example>'),
        ("Køb", "a@b.example", "=?utf-8?q?K=C3=B8b?= <a@b.example>"),
        ("x", "a@b.example>, <evil@c.example", '"x" <a@b.exampleevil@c.example>'),
        ("x", "", ""),
    ],
)
def test_a_mailbox(name: str, address: str, expected: str) -> None:
    assert mailbox(name, address) == expected


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("application/pdf", b"application/pdf"),
        ('text/html; charset="x"\r\nX-Evil: 1', b"text/html"),
        ("multipart/mixed; boundary=x", b"application/octet-stream"),
        ("message/rfc822", b"application/octet-stream"),
        ("nonsense", b"application/octet-stream"),
        ("", b"application/octet-stream"),
        (HOSTILE, b"application/octet-stream"),
    ],
)
def test_the_type_of_a_part_is_no_more_than_a_type(kind: str, expected: bytes) -> None:
    written = part_head(kind, encoding="base64")
    assert written.startswith(b"Content-Type: " + expected + b"\r\n")


@pytest.mark.parametrize(
    "name",
    [
        "invoice.pdf",
        'a"b.pdf',
        "Rechnung für Köln.pdf",
        "../../etc/passwd",
        "invoice\u202efdp.exe",
        "x" * 4000,
        HOSTILE,
    ],
)
def test_the_name_of_a_file_comes_back_without_its_controls(name: str) -> None:
    for written in (part_head("application/pdf", name=name, content_id=name, encoding="base64"), message_head(name)):
        parsed = message_from_bytes(written, policy=policy.default)
        assert not parsed.defects
        assert parsed["X-Evil"] is None
        shown = " ".join("".join(" " if ord(one) < 32 else one for one in name).split())[:255]
        assert parsed.get_filename() == shown.encode("utf-8", "replace").decode()


def of(name: str, address: str) -> dict[str, Any]:
    return {"emailAddress": {"name": name, "address": address}}


def test_the_original_header_stays_and_what_is_missing_is_said() -> None:
    mail = {
        "internetMessageHeaders": [
            {"name": "Received", "value": "from a by b; Mon, 02 Nov 2026 08:15:00 +0000"},
            {"name": "From", "value": "One <one@example.org>"},
            {"name": "From", "value": "Two <two@example.org>"},
            {"name": "To", "value": "Käufer <invoice@company.example>"},
            {"name": "MIME-Version", "value": "1.0"},
            {"name": "Content-Type", "value": "multipart/mixed; boundary=theirs"},
            {"name": MARK, "value": "graph-504"},
            "nonsense",
        ],
        "from": of("One", "one@example.org"),
        "toRecipients": [of("Käufer", "invoice@company.example"), of("", "second@company.example")],
        "subject": "Køb",
        "internetMessageId": "<1@example.org>",
        "sentDateTime": "2026-11-02T08:15:00Z",
    }
    parsed = message_from_bytes(head(mail), policy=policy.default)
    assert parsed.get_all("From") == ["One <one@example.org>", "Two <two@example.org>"]
    assert parsed["To"] == "Käufer <invoice@company.example>, second@company.example"
    assert parsed["Subject"] == "Køb"
    assert parsed["Message-ID"] == "<1@example.org>"
    assert parsed["Date"].datetime.isoformat() == "2026-11-02T08:15:00+00:00"
    assert parsed["Received"]
    assert parsed["Content-Type"] is None
    assert parsed[MARK] is None
    assert parsed.get_all("MIME-Version") == ["1.0"]


@pytest.mark.parametrize(
    "mail", [{}, {"from": None, "body": None}, {"internetMessageHeaders": 5, "from": [5], "body": []}]
)
def test_a_mail_without_properties_is_no_accident(mail: dict[str, Any]) -> None:
    assert head(mail) == b"MIME-Version: 1.0\r\n"
    assert b"".join(text(mail)).startswith(b'Content-Type: text/plain; charset="utf-8"\r\n')


def test_a_million_fields_are_not_written() -> None:
    fields = [{"name": "X-Many", "value": "x"}] * 10_000
    assert head({"internetMessageHeaders": fields}).count(b"X-Many") == 2_000
    long = [{"name": "X-Long", "value": "é" * 60_000}] * 100
    written = head({"internetMessageHeaders": long, "subject": "Still there"})
    assert b"Subject: Still there\r\n" in written
    assert len(written) < 1_100_000
