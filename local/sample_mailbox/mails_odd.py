"""Mails that are hard to read: odd charsets, a malformed one, one of 30 MB."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from local.sample_mailbox import papers
from local.sample_mailbox.envelope import US, at, fields, from_person, sample
from local.sample_mailbox.files import scan_pdf
from local.sample_mailbox.letters import JAPANESE, LETTERS, SCAN_LINES
from local.sample_mailbox.mails_business import PDF
from local.sample_mailbox.mails_people import danish_without_charset
from local.sample_mailbox.mime import address, attachment, base64_stream, head, text, words_of
from local.sample_mailbox.model import Expected, SampleMail
from local.sample_mailbox.parties import FYR, WABE
from local.sample_mailbox.pdf import pdf

_SCAN_MIB = 22


def odd_mails() -> Iterator[SampleMail]:
    """Every one of them was sent by a program that somebody uses."""
    yield danish_without_charset()
    yield _japanese()
    yield _utf7()
    yield _split_words()
    yield _malformed()
    yield _thirty_megabytes()


def _japanese() -> SampleMail:
    """English subject line of a Japanese mail program: ISO-2022-JP in body and header."""
    name, received = "en-iso-2022-jp", at(13, 1, 10)
    subject = words_of(["見積書の件".encode("iso2022_jp")], "ISO-2022-JP")
    content = text(JAPANESE, charset="iso-2022-jp", encoding="7bit")
    mail = from_person(name, "Taro Kakuu", "taro@kakuu-shoji.example", subject, received, content)
    return sample(name, "en", received, "ISO-2022-JP in body and subject, no attachment", mail)


def _utf7() -> SampleMail:
    name, received = "sv-utf7", at(14, 9, 9)
    letter = LETTERS[name]
    content = text(letter.body, charset="utf-7", encoding="7bit")
    mail = from_person(name, "Ake Fantasi", "ake@provtryck.example", letter.subject, received, content)
    return sample(name, "sv", received, "UTF-7 body, no attachment", mail)


def _split_words() -> SampleMail:
    """Encoded words cut inside a character: each alone is broken UTF-8, only together they can be read."""
    name, received = "sv-split-words", at(15, 9, 9)
    raw = "Önskemål om påfyllning av förbrukningsmaterial på våning två".encode()
    cuts = [0, 1, 17, 40, len(raw)]  # 1 is in the middle of Ö
    subject = words_of(raw[start:end] for start, end in pairwise(cuts))
    body = "Hej!\n\nKan ni fylla på papper och toner på våning två?\n\nMaja Påhittad\n"
    mail = from_person(name, FYR.person, FYR.email, subject, received, text(body, encoding="base64"))
    return sample(name, "sv", received, "Subject in encoded words that are split inside a character", mail)


def _malformed() -> SampleMail:
    """Raw 8-bit and NUL in the header, base64 whose first line is lost and which breaks off, no final boundary."""
    name, received = "de-malformed", at(15, 4, 4)
    whole = attachment("Rechnung\0.pdf", PDF, pdf(papers.DE_SCAN_INVOICE))
    lines = whole.body.splitlines(keepends=True)
    # Without its first line it is no PDF any more; in the rest are signs that base64 does not know
    broken = head(whole.headers) + b"".join(lines[1 : len(lines) // 2]).replace(b"A", b"A*", 3) + b"AAA"
    header = (
        *fields(name, f"{WABE.person} <{WABE.email}>", "wabe-software.example", "PLACE", received),
        ("MIME-Version", "1.0"),
        ("Content-Type", f'multipart/mixed; boundary="=_{name}"'),
    )
    mail = (
        head(header).replace(b"Subject: PLACE", "Subject: Beschädigte Rechnung für\0 Sie".encode("latin-1"))
        + f"--=_{name}\r\nContent-Type: text/plain\r\n\r\nAnbei die Rechnung.\0\r\n--=_{name}\r\n".encode()
        + broken
    )
    return sample(name, "de", received, "Malformed: NUL bytes, broken base64, no final boundary", mail, kind="invoice")


def _thirty_megabytes() -> SampleMail:
    """A scan of 22 MiB, which is 30 MB as base64; made and written in chunks."""
    name, received = "de-30-megabytes", at(16, 10, 10)
    return SampleMail(
        name, "de", received, "A mail of 30 MB with a scanned PDF invoice",
        Expected(folder="imported", kind="invoice"), _Scan(name),
    )  # fmt: skip


class _Scan:
    """The chunks of the big mail; can be read more than once."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __iter__(self) -> Iterator[bytes]:
        letter = LETTERS["de-scan"]
        boundary = f"=_{self._name}"
        header = fields(
            self._name, address(WABE.person, WABE.email), "wabe-software.example", letter.subject, at(16, 10, 10), to=US
        )
        yield head((*header, ("MIME-Version", "1.0"), ("Content-Type", f'multipart/mixed; boundary="{boundary}"')))
        yield b"--" + boundary.encode() + b"\r\n" + text(letter.body).encode() + b"\r\n--" + boundary.encode() + b"\r\n"
        yield attachment("Scan_20261113.pdf", PDF, b"").encode()
        yield from base64_stream(scan_pdf(SCAN_LINES, _SCAN_MIB))
        yield b"\r\n--" + boundary.encode() + b"--\r\n"
