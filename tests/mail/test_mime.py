from __future__ import annotations

import pytest

from tests.mail.build import HEAD, PDF, PNG, attachment, codes, lines, multipart, read, text

MIXED = multipart(text("Hello\r\nworld"), attachment("invoice.pdf", PDF, "application/pdf"), attachment("a.png", PNG))


@pytest.mark.fault("C09")
@pytest.mark.pain("C21")
@pytest.mark.parametrize("end", [b"\r\n", b"\n", b"\r"])
@pytest.mark.parametrize("size", [1, 3, 77, 4096, 1 << 20])
def test_every_line_end_and_every_feed_size_give_the_same_mail(end: bytes, size: int) -> None:
    mail, leaves = read(MIXED.replace(b"\r\n", end), size)
    assert (mail.subject, mail.text) == ("Test", "Hello\nworld")
    assert [(a.name, a.path, a.detected_type) for a in mail.attachments] == [
        ("invoice.pdf", "2", "application/pdf"),
        ("a.png", "3", "image/png"),
    ]
    assert leaves == {"2": PDF, "3": PNG}
    assert mail.complete
    assert not mail.warnings


@pytest.mark.fault("C09")
def test_a_missing_final_boundary_loses_nothing() -> None:
    mail, leaves = read(MIXED.removesuffix(b"--b1--\r\n").rstrip())
    assert leaves["3"] == PNG
    assert codes(mail) == {"no_final_boundary"}


@pytest.mark.fault("C09")
def test_a_boundary_that_begins_another_is_told_apart() -> None:
    inner = multipart(text("plain"), text("<p>html", "html"), kind="alternative", boundary="b1b", head=b"")
    mail, leaves = read(multipart(inner, attachment("x.bin", b"abc")))
    assert (mail.text, mail.html) == ("plain", "<p>html")
    assert leaves == {"2": b"abc"}


@pytest.mark.fault("C09")
def test_text_that_looks_like_a_boundary_is_text() -> None:
    mail, _ = read(multipart(text("a\r\n--b1x\r\n --b1\r\nx--b1\r\n--b")))
    assert mail.text == "a\n--b1x\n --b1\nx--b1\n--b"


@pytest.mark.fault("C09")
def test_a_second_mail_behind_the_end_is_not_read() -> None:
    mail, _ = read(MIXED + b"\r\n.\r\nMAIL FROM:<x@example.org>\r\nSubject: smuggled\r\n")
    assert mail.subject == "Test"
    assert len(mail.attachments) == 2


def test_a_boundary_that_nobody_names_is_found() -> None:
    mail, leaves = read(MIXED.replace(b'; boundary="b1"', b""))
    assert "no_boundary" in codes(mail)
    assert set(leaves) == {"2", "3"}


def test_a_boundary_that_is_nowhere_leaves_text() -> None:
    mail, _ = read(HEAD + b"Content-Type: multipart/mixed; boundary=nowhere\r\n\r\nJust text.\r\n")
    assert (mail.text or "").strip() == "Just text."
    assert "boundary_not_found" in codes(mail)


def test_a_header_without_blank_line_ends_at_the_first_line_that_is_no_field() -> None:
    mail, _ = read(lines("Subject: x", "From: ada@example.org", "Dear Bob,", "", "bye"))
    assert mail.subject == "x"
    assert mail.text == "Dear Bob,\n\nbye\n"
    assert "no_blank_line" in codes(mail)


def test_a_badly_folded_line_belongs_to_the_field_before() -> None:
    mail, _ = read(lines("Subject: one", "two", "From: ada@example.org", "", "hi"))
    assert mail.from_[0].address == "ada@example.org"


def test_parts_without_header_or_body() -> None:
    mail, _ = read(multipart(b"\r\nbody", b"Content-Type: text/plain", b""))
    assert mail.text is not None
    assert mail.text.startswith("body")


def test_a_digest_holds_mails() -> None:
    mail, _ = read(multipart(b"\r\nSubject: one\r\n\r\nhi", b"\r\nSubject: two\r\n\r\nhi", kind="digest"))
    assert [m.subject for m in mail.embedded] == ["one", "two"]


@pytest.mark.fault("C06")
def test_nul_bytes_do_no_harm() -> None:
    mail, _ = read(lines(b"Subject: a\0b", b"From: \0ada@example.org", b"", b"x\0y"))
    assert mail.subject == "ab"
    assert mail.text == "xy\n"
    assert "\\u0000" not in mail.model_dump_json()


def test_an_empty_file_is_a_mail_without_anything() -> None:
    mail, _ = read(b"")
    assert mail.subject is None
    assert mail.complete


@pytest.mark.parametrize("size", [1, 997, 1 << 20])
def test_a_lost_boundary_right_behind_the_header_is_found_in_pieces_of_any_size(size: int) -> None:
    content = multipart(text("above"), attachment("x.pdf", PDF * 2000)).replace(b'; boundary="b1"', b"")
    mail, leaves = read(content, size)
    assert mail.text == "above"
    assert leaves == {"2": PDF * 2000}
    assert "no_boundary" in codes(mail)
