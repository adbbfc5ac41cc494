from __future__ import annotations

import base64
import os
import re
import resource
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.mail import Limits, MailReader, cluster_key, limits, read_mail
from shared.mail.codes import WARNINGS
from shared.mail.files import read_body, read_outlook
from tests.mail.build import HEAD, attachment, codes, multipart, read, text
from tests.mail.test_containers import WINMAIL
from tests.mail.test_mime import MIXED

MIB = 1 << 20


def deep(count: int) -> bytes:
    out = HEAD + b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (i, i) for i in range(count)
    )
    return out + b"Content-Type: text/plain\r\n\r\nhi\r\n"


def wide(count: int) -> bytes:
    part = (
        b"--x\r\nContent-Type: application/octet-stream; name=f%d\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA\r\n"
    )
    return (
        HEAD
        + b"Content-Type: multipart/mixed; boundary=x\r\n\r\n"
        + b"".join(part % i for i in range(count))
        + b"--x--\r\n"
    )


def field(name: bytes, value: bytes, size: int) -> bytes:
    return name + b": " + value * (size // len(value)) + b"\r\n\r\nhi"


def body(content: bytes, size: int, kind: bytes = b"text/plain") -> bytes:
    return HEAD + b"Content-Type: " + kind + b"\r\n\r\n" + content * (size // len(content))


HOSTILE: dict[str, Callable[[], bytes]] = {
    "deep": lambda: deep(1000),
    "wide": lambda: wide(12_000),
    "subject": lambda: field(b"Subject", b"x", MIB),
    "encoded words": lambda: field(b"Subject", b"=?utf-8?q?a?= ", MIB),
    "words without end": lambda: field(b"Subject", b"=?a?q?", 95_000),
    "blanks": lambda: field(b"Subject", b" \t", MIB),
    "folds": lambda: field(b"Subject", b"a\r\n ", MIB),
    "addresses": lambda: field(b"To", b"u <u@example.com>, ", MIB),
    "parentheses": lambda: field(b"From", b"(", 100_000),
    "quotes": lambda: field(b"From", b'"\\', 95_000),
    "angles": lambda: field(b"From", b"<", 95_000),
    "parameters": lambda: field(b"Content-Type: text/plain", b'; a="', 95_000),
    "references": lambda: field(b"References", b"<", 95_000),
    "results": lambda: field(b"Authentication-Results: x", b";(", 95_000),
    "header fields": lambda: b"X: y\r\n" * 500_000 + b"\r\nhi",
    "false boundaries": lambda: body(b"\n--xy", 4 * MIB, b"multipart/mixed; boundary=x"),
    "boundaries in a row": lambda: body(b"--x", 4 * MIB, b"multipart/mixed; boundary=x"),
    "signature lines": lambda: body(b"--\n", MIB),
    "introductions": lambda: body(b"On 2026-11-03 1 a@b.example\n", MIB),
    "quoted header": lambda: body(b"From: a\n", MIB),
    "nested html": lambda: body(b"<div><b>x<blockquote>", MIB, b"text/html"),
    "uuencode": lambda: body(b"begin 644 x\n#86)C\n`\nend\n", MIB),
    "broken base64": lambda: attachment("x", b"").removesuffix(b"\r\n") + b"QU=JD-\n" * 200_000,
}


@pytest.mark.fault("C01", "C02", "C03")
@pytest.mark.pain("C26")
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_mail_ends_soon(name: str) -> None:
    data = HOSTILE[name]()
    began = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    mail, _ = read(data, MIB)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_utime - began < 10
    mail.model_dump_json()


@pytest.mark.fault("C01")
def test_parts_that_lie_too_deep_are_kept_and_flagged() -> None:
    mail, leaves = read(deep(1000))
    assert not mail.complete
    assert codes(mail) >= {"too_deep"}
    assert b"hi" in next(iter(leaves.values()))


@pytest.mark.fault("C02")
def test_too_many_parts_end_the_list() -> None:
    assert len(read(wide(10_000))[0].attachments) == 10_000
    assert read(wide(10_000))[0].complete
    mail, leaves = read(wide(10_050))
    assert len(leaves) == 10_000
    assert not mail.complete
    assert "too_many_parts" in codes(mail)


@pytest.mark.fault("C03")
def test_too_long_headers_are_cut_and_the_body_is_read() -> None:
    mail, _ = read(b"X: " + b"y" * (3 * MIB) + b"\r\nFrom: a@example.org\r\n\r\nbody")
    assert "headers_too_long" in codes(mail)
    assert mail.text == "body"
    mail, _ = read(field(b"Subject", b"x", MIB))
    assert len(mail.subject or "") <= 100_000
    assert codes(mail) == {"header_too_long"}


def test_a_long_text_is_cut_and_said() -> None:
    mail, _ = read(body(b"line\n", 3 * MIB))
    assert len(mail.text or "") <= MIB
    assert "body_cut" in codes(mail)


def test_a_container_that_is_too_large_is_kept_whole() -> None:
    data = multipart(text("x"), attachment("winmail.dat", WINMAIL + b"\0" * 5000, "application/ms-tnef"))
    mail, leaves = read(data, limits=Limits(container_bytes=1000))
    assert leaves == {"2": WINMAIL + b"\0" * 5000}
    assert "container_too_large" in codes(mail)


@pytest.mark.fault("C04")
@pytest.mark.pain("C33")
@pytest.mark.parametrize("shape", ["multipart", "single part", "attached mail"])
def test_memory_does_not_grow_with_the_mail(shape: str) -> None:
    block = base64.encodebytes(os.urandom(57 * 4096)).replace(b"\n", b"\r\n")
    head = {
        "multipart": b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n",
        "single part": b"",
        "attached mail": b"Content-Type: message/rfc822\r\n\r\nSubject: inner\r\n",
    }[shape]
    size, peak = 0, 0
    reader = MailReader()
    tracemalloc.start()
    try:
        list(
            reader.feed(
                b"Subject: big\r\n" + head + b"Content-Type: video/x-test\r\nContent-Transfer-Encoding: base64\r\n\r\n"
            )
        )
        for _ in range(100):
            for event in reader.feed(block):
                size += len(getattr(event, "data", b""))
        events, mail = reader.close()
        size += sum(len(getattr(event, "data", b"")) for event in events)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert mail.attachments[0].size == size == 100 * 57 * 4096
    assert peak < 8 * MIB


WORDS = [b"\r\n\r\n", b"--b1", b"--b1--", b"=?utf-8?q?", b"?=", b"\r", b"\n", b"\0", b"(", b'"', b"<", b"\xff", b"begin 644 a\r\n#",
         b"Content-Type: message/rfc822\r\n\r\n", b"Content-Type: multipart/mixed\r\n\r\n", b"filename*0*=", b"+AGE-", b"\x1b$B",
         b"Content-Transfer-Encoding: base64\r\n\r\n", b"On 1.1.2026 a@b wrote:\n", b"From: x\n", b"<blockquote>"]  # fmt: skip


@pytest.mark.fault("C06", "C07", "C08")
@pytest.mark.pain("C26")
@settings(max_examples=200, deadline=None)
@given(st.lists(st.one_of(st.sampled_from(WORDS), st.binary(max_size=40)), max_size=40), st.integers(1, 300))
def test_no_bytes_raise_and_the_feed_size_does_not_matter(pieces: list[bytes], size: int) -> None:
    data = b"".join(pieces)
    mail, leaves = read(data, size)
    mail.model_dump_json()
    assert (mail, leaves) == read(data, 1 << 20)
    read_body(data, html=True).model_dump_json()
    read_body(data, html=False).model_dump_json()


@pytest.mark.fault("C12")
@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(WINMAIL) - 1), st.binary(max_size=8), st.integers(0, 8))
def test_no_damage_to_a_winmail_dat_raises(at: int, inserted: bytes, removed: int) -> None:
    read_outlook(WINMAIL[:at] + inserted + WINMAIL[at + removed :], "tnef").model_dump_json()


@pytest.mark.fault("C06")
@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(MIXED) - 1), st.binary(max_size=8), st.integers(0, 8), st.integers(1, 700))
def test_no_damage_to_a_mail_raises(at: int, inserted: bytes, removed: int, size: int) -> None:
    data = MIXED[:at] + inserted + MIXED[at + removed :]
    assert read(data, size) == read(data, 1 << 20)


@pytest.mark.pain("C16")
def test_the_cluster_key_is_of_the_content_not_of_the_message_id() -> None:
    one = read_mail([MIXED])
    assert cluster_key(one) == cluster_key(read_mail([MIXED.replace(b"\r\n", b"\n")]))
    assert cluster_key(one) == cluster_key(read_mail([b"Received: from x\r\nDelivered-To: y@example.net\r\n" + MIXED]))
    with_id = b"Message-ID: <same@example.org>\r\n"
    assert cluster_key(read_mail([with_id + MIXED])) != cluster_key(
        read_mail([with_id + MIXED.replace(b"Hello", b"Hullo")])
    )


def test_every_warning_has_a_documented_code() -> None:
    source = "".join(path.read_text() for path in Path(limits.__file__).parent.glob("*.py"))
    used = set(re.findall(r'(?:warn|breach)\(\s*"([a-z_]+)"', source)) | {"more_warnings"}
    assert used == set(WARNINGS)
