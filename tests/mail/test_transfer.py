from __future__ import annotations

import base64
import os

import pytest

from tests.mail.build import HEAD, codes, multipart, read

DATA = os.urandom(5000)


def mail_with(encoding: str, body: bytes) -> bytes:
    part = f"Content-Type: image/x-test; name=x.bin\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n".encode() + body
    return multipart(b"\r\nhello", part)


@pytest.mark.fault("C07")
@pytest.mark.parametrize(
    "body",
    [
        base64.encodebytes(DATA),
        base64.encodebytes(DATA).replace(b"\n", b"\r\n"),
        base64.b64encode(DATA),
        base64.b64encode(DATA).rstrip(b"="),
        b"\r\n".join(base64.b64encode(DATA)[i : i + 61] for i in range(0, 7000, 61)),
        base64.encodebytes(DATA).replace(b"\n", b" \n\n"),
    ],
)
@pytest.mark.parametrize("size", [5, 100, 1 << 16])
def test_base64_in_lines_of_every_length(body: bytes, size: int) -> None:
    _, leaves = read(mail_with("base64", body), size)
    assert leaves["2"] == DATA


@pytest.mark.fault("C07")
def test_truncated_base64_gives_what_there_is_and_says_so() -> None:
    mail, leaves = read(mail_with("base64", base64.b64encode(DATA)[:4001]))
    assert leaves["2"] == DATA[:3000]
    assert "transfer_encoding" in codes(mail)


@pytest.mark.fault("C07")
def test_foreign_characters_in_base64_are_passed_over() -> None:
    body = base64.encodebytes(DATA).replace(b"\n", b"*\n", 3)
    mail, leaves = read(mail_with("Base64", body))
    assert leaves["2"] == DATA
    assert "transfer_encoding" in codes(mail)


def test_base64_texts_one_after_the_other() -> None:
    _, leaves = read(mail_with("base64", b"YQ==\r\nYg==\r\nYWJj\r\n"))
    assert leaves["2"] == b"ababc"


def test_a_footer_behind_base64_is_not_decoded() -> None:
    _, leaves = read(mail_with("base64", b"YWI=\r\n_____\r\nThe list's footer.\r\n"))
    assert leaves["2"] == b"ab"


@pytest.mark.fault("C07")
@pytest.mark.parametrize(
    ("body", "decoded"),
    [
        (b"a=3Db=\r\nc", b"a=bc"),
        (b"a=\r\n=\r\nb", b"ab"),
        (b"soft =  \r\nbreak", b"soft break"),
        (b"bad =XY and = end", b"bad =XY and = end"),
        (b"lower =c3=a4", b"lower \xc3\xa4"),
        (b"x" * 9000 + b"=41", b"x" * 9000 + b"A"),
    ],
)
@pytest.mark.parametrize("size", [1, 1 << 16])
def test_quoted_printable(body: bytes, decoded: bytes, size: int) -> None:
    _, leaves = read(mail_with("quoted-printable", body), size)
    assert leaves["2"] == decoded


@pytest.mark.fault("C07")
def test_quoted_printable_with_bare_carriage_returns() -> None:
    data = mail_with("quoted-printable", b"one=\r\ntwo=20=\r\nthree").replace(b"\r\n", b"\r")
    assert read(data)[1]["2"] == b"onetwo three"


@pytest.mark.fault("C07")
def test_an_unknown_encoding_is_taken_as_it_is() -> None:
    mail, leaves = read(mail_with("x-rot13", b"abc"))
    assert leaves["2"] == b"abc"
    assert "transfer_encoding" in codes(mail)


UUENCODED = b"begin 644 cat.txt\r\n#0V%T\r\n`\r\nend\r\n"


@pytest.mark.parametrize("size", [1, 13, 1 << 16])
def test_uuencoded_files_are_taken_out_of_the_text(size: int) -> None:
    body = b"Before\r\nbegin 644 is no file here\r\n\r\n" + UUENCODED + b"After\r\n"
    mail, leaves = read(HEAD + b"Content-Type: text/plain\r\n\r\n" + body, size)
    assert mail.text == "Before\nbegin 644 is no file here\n\nAfter\n"
    assert [(a.name, leaves[a.path]) for a in mail.attachments] == [("cat.txt", b"Cat")]


def test_uuencode_as_transfer_encoding_also_names_the_file() -> None:
    _, leaves = read(mail_with("x-uuencode", UUENCODED))
    assert leaves["2"] == b"Cat"


def test_yenc_is_left_alone() -> None:
    body = "=ybegin line=128 size=3 name=x\r\nabc\r\n=yend size=3\r\n"
    mail, _ = read(HEAD + b"\r\n" + body.encode())
    assert mail.text == body.replace("\r\n", "\n")
    assert not mail.attachments
