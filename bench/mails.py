"""Mails for benchmarks, made as they are needed: small ones like a usual letter, the mix of an office, and a very large one."""

from __future__ import annotations

import base64
import random
from dataclasses import replace
from pathlib import Path

from local.sample_mailbox.mime import attachment, message, multipart, text
from local.sample_mailbox.papers import EN_INVOICE
from local.sample_mailbox.pdf import pdf
from local.surroundings import sample_mailbox

_LETTER = (
    "Dear colleagues,\r\n\r\nplease find below the figures of last week. The delivery arrived complete, the papers are with Ms Larsen,\r\n"
    "and the next one is planned for Thursday. Let us know when the gate has to be opened earlier.\r\n\r\nKind regards\r\nJonas Berg\r\n"
)
LINE = 57
"""Bytes in one line of base64."""
MIXED = 5_000, 300_000
"""Bytes of the smallest and the largest generated mail of the mix."""


def small(number: int) -> bytes:
    """A letter of about 3 KB as text and HTML, without attachments."""
    text = _LETTER * 3
    html = "<html><body>" + "".join(f"<p>{line}</p>" for line in text.split("\r\n")) + "</body></html>"
    head = (
        f"From: Jonas Berg <jonas@fjordkraft.example>\r\nTo: mail@nordlys.example\r\nSubject: Week report {number}\r\n"
        f"Date: Fri, 20 Nov 2026 08:{number // 60 % 60:02d}:{number % 60:02d} +0100\r\nMessage-ID: <b{number}@fjordkraft.example>\r\n"
        "MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b1\r\n\r\n"
    )
    parts = (
        f"--b1\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"
        f"--b1\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{html}\r\n--b1--\r\n"
    )
    return (head + parts).encode()


def write_small(folder: Path, count: int) -> None:
    """So many letters as files."""
    folder.mkdir(parents=True)
    for number in range(count):
        (folder / f"{number:05d}.eml").write_bytes(small(number))


def write_mixed(folder: Path, count: int) -> int:
    """So many mails as an office gets them, as files, of 5 to 300 KB: the small ones of the sample mailbox, and generated ones.

    Returns:
        Bytes of all of them.
    """
    folder.mkdir(parents=True)
    # a server mends the malformed one, and the copies are compared afterwards
    found = (path for path in sorted(sample_mailbox().glob("*.eml")) if "malformed" not in path.name)
    samples = [path for path in found if path.stat().st_size <= MIXED[1]]
    for number in range(count):
        content = samples[number].read_bytes() if number < min(len(samples), count // 2) else _mixed(number)
        # lines end as RFC 5322 has it, for the same reason
        (folder / f"{number:05d}.eml").write_bytes(content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
    return sum(path.stat().st_size for path in folder.iterdir())


def _mixed(number: int) -> bytes:
    """A letter with a photo, every second one with an invoice as PDF too; the logarithms of their sizes are spread evenly."""
    chance = random.Random(number)
    size = MIXED[0] * (MIXED[1] / MIXED[0]) ** chance.random()
    letters = multipart(
        "alternative", "inner", text(_LETTER), text(f"<html><body><p>{_LETTER}</p></body></html>", "html")
    )
    files = []
    if number % 2:
        paper = replace(EN_INVOICE, number=f"QK-{number:06d}")
        files.append(attachment(f"{paper.number}.pdf", "application/pdf", pdf(paper)))
    left = size - sum(len(part.encode()) for part in (letters, *files)) - 1000
    if left > 0:
        photo = b"\xff\xd8\xff\xe0" + chance.randbytes(int(left * LINE / 78))
        files.append(attachment("gate.jpg", "image/jpeg", photo))
    head = (
        ("From", "Jonas Berg <jonas@fjordkraft.example>"),
        ("To", "mail@nordlys.example"),
        ("Subject", f"Delivery {number}"),
        ("Date", f"Fri, 20 Nov 2026 08:{number // 60 % 60:02d}:{number % 60:02d} +0100"),
        ("Message-ID", f"<mixed{number}@fjordkraft.example>"),
    )
    return message(head, multipart("mixed", "outer", letters, *files))


def write_large(path: Path, *, attachment_mb: int = 110) -> int:
    """A mail with one attachment of so many million bytes, in base64. Returns the size of the mail."""
    head = (
        "From: Billing <billing@fjordkraft.example>\r\nTo: mail@nordlys.example\r\nSubject: Drawings\r\n"
        "Date: Fri, 20 Nov 2026 08:00:00 +0100\r\nMessage-ID: <large@fjordkraft.example>\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/mixed; boundary=b1\r\n\r\n--b1\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nSee attachment.\r\n"
        '--b1\r\nContent-Type: application/octet-stream; name="drawings.bin"\r\n'
        'Content-Disposition: attachment; filename="drawings.bin"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
    )
    block = random.Random(1).randbytes(LINE * 1000)
    lines = b"".join(base64.b64encode(block[at : at + LINE]) + b"\r\n" for at in range(0, len(block), LINE))
    with path.open("wb") as out:
        out.write(head.encode())
        for _ in range(attachment_mb * 1_000_000 // len(block)):
            out.write(lines)
        out.write(b"\r\n--b1--\r\n")
    return path.stat().st_size
