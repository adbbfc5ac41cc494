"""Mails of sizes that no mailbox has: very deep, very wide, very long; made as they are written."""

from __future__ import annotations

import base64
import os
import zlib
from collections.abc import Callable, Iterable, Iterator

from tests.mail.compound import compound, file_attached, message, message_attached
from tests.mail.outlook_files import attached_message, signed, tnef

HEAD = b"From: Ada <ada@example.org>\r\nTo: bob@example.net\r\nSubject: Sizes\r\nMIME-Version: 1.0\r\n"
MULTIPART = HEAD + b"Content-Type: multipart/mixed; boundary=x\r\n\r\n"
FILE = b"--x\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n"

type Chunks = Iterable[bytes]


def deep(count: int) -> Chunks:
    """Multiparts inside each other."""
    yield HEAD
    for level in range(count):
        yield b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (level, level)
    yield b"Content-Type: text/plain\r\n\r\nhi\r\n"
    for level in reversed(range(count)):
        yield b"--b%d--\r\n" % level


def wide(count: int) -> Chunks:
    """Attachments beside each other."""
    yield MULTIPART
    for number in range(count):
        yield FILE + b'Content-Disposition: attachment; filename="%d.bin"\r\n\r\nAAAA\r\n' % number
    yield b"--x--\r\n"


def nested(count: int) -> Chunks:
    """Mails attached to mails."""
    for _ in range(count):
        yield b"From: ada@example.org\r\nContent-Type: message/rfc822\r\n\r\n"
    yield HEAD + b"\r\nhi"


def big(size: int) -> Chunks:
    """One attachment of so many bytes."""
    block = base64.encodebytes(bytes(range(256)) * 228).replace(b"\n", b"\r\n")
    yield MULTIPART + FILE + b"Content-Disposition: attachment; filename=big.bin\r\n\r\n"
    for _ in range(size // (256 * 228)):
        yield block
    yield b"\r\n--x--\r\n"


def field(name: bytes, value: bytes, size: int) -> Chunks:
    """One header of so many bytes."""
    yield name + b": " + value * (size // len(value)) + b"\r\n\r\nhi"


def body(value: bytes, size: int, kind: bytes = b"text/plain", encoding: bytes = b"8bit") -> Chunks:
    """One body of so many bytes."""
    yield HEAD + b"Content-Type: " + kind + b"\r\nContent-Transfer-Encoding: " + encoding + b"\r\n\r\n"
    yield from _repeated(value, size)


def many_files_in_text(size: int) -> Chunks:
    """Uuencoded files in a text."""
    return body(b"begin 644 x\n#86)C\n`\nend\n", size)


def winmail(levels: int) -> Chunks:
    """A winmail.dat in a winmail.dat."""
    inner = tnef()
    for _ in range(levels):
        inner = tnef(attached_message("deeper", inner))
    yield inner


def outlook(levels: int) -> Chunks:
    """Outlook messages in each other, with a file at the bottom."""
    inner = message({0x0037001F: "bottom"}, attachments=(file_attached("x.bin", os.urandom(50_000)),), top=levels == 0)
    for level in range(levels):
        inner = message({0x0037001F: "x"}, attachments=(message_attached("x", inner),), top=level == levels - 1)
    yield compound(inner)


def envelopes(levels: int) -> Chunks:
    """Opaque signatures around each other."""
    content = b"Content-Type: text/plain\r\n\r\nhi"
    for _ in range(levels):
        wrapped = base64.encodebytes(signed(content))
        content = (
            b"Content-Type: application/pkcs7-mime; smime-type=signed-data\r\nContent-Transfer-Encoding: base64\r\n\r\n"
            + wrapped
        )
    yield b"From: ada@example.org\r\n" + content


def zeros_in_rtf(size: int) -> Chunks:
    """A container full of one byte."""
    yield MULTIPART + FILE + b"Content-Disposition: attachment; filename=winmail.dat\r\n\r\n"
    yield base64.encodebytes(b"\x78\x9f\x3e\x22\1\0" + b"\1" * size)
    yield b"--x--\r\n"


def gzip_in_gzip(size: int) -> Chunks:
    """What unpacks to much more than it is."""
    yield MULTIPART + FILE + b"Content-Disposition: attachment; filename=x.gz\r\n\r\n"
    yield base64.encodebytes(zlib.compress(zlib.compress(bytes(size), 9, 31), 9, 31))
    yield b"--x--\r\n"


def _repeated(value: bytes, size: int) -> Iterator[bytes]:
    block = value * max(1, (1 << 16) // len(value))
    for _ in range(size // len(block) + 1):
        yield block


MIB = 1 << 20
SIZES: dict[str, Callable[[], Chunks]] = {
    "deep, 1,000": lambda: deep(1000),
    "deep, 100,000": lambda: deep(100_000),
    "wide, 10,000": lambda: wide(10_000),
    "wide, 100,000": lambda: wide(100_000),
    "nested, 50": lambda: nested(50),
    "nested, 5,000": lambda: nested(5000),
    "words, 1 MiB": lambda: field(b"Subject", b"=?utf-8?q?a?= ", MIB),
    "words in names, 1 MiB": lambda: field(b"To", b"=?utf-8?q?a?= <u@example.com>, ", MIB),
    "words in a file name, 1 MiB": lambda: field(b"Content-Disposition", b"attachment; filename==?utf-8?q?a?= ", MIB),
    "addresses, 1 MiB": lambda: field(b"To", b"u <u@example.com>, ", MIB),
    "groups, 1 MiB": lambda: field(b"Cc", b"g: u@example.com; ", MIB),
    "brackets, 500": lambda: field(b"From", b"(", 500),
    "brackets, 1 MiB": lambda: field(b"From", b"(", MIB),
    "backslashes, 1 MiB": lambda: field(b"From", b'"\\', MIB),
    "parameters, 1 MiB": lambda: field(b"Content-Type", b"text/plain; a*0*=x", MIB),
    "references, 1 MiB": lambda: field(b"References", b"<x@y> ", MIB),
    "one subject, 1 MiB": lambda: field(b"Subject", b"x", MIB),
    "received, 2 MiB": lambda: (b"Received: from a (1.2.3.4) by b.outlook.com with ESMTPS\r\n" * 35_000, b"\r\nhi"),
    "results, 1 MiB": lambda: field(b"Authentication-Results", b"x; spf=pass (", MIB),
    "one line, 20 MiB": lambda: body(b"x", 20 * MIB),
    "empty lines, 20 MiB": lambda: body(b"\r\n", 20 * MIB),
    "bare CR, 20 MiB": lambda: body(b"x\r", 20 * MIB),
    "quotation, 4 MiB": lambda: body(b"> > > > > > x\n", 4 * MIB),
    "introductions, 4 MiB": lambda: body(b"On Monday Ada wrote:\n", 4 * MIB),
    "flowed, 4 MiB": lambda: body(b"x \n", 4 * MIB, b"text/plain; format=flowed"),
    "html, 4 MiB": lambda: body(b"<div><blockquote><table><tr><td>x", 4 * MIB, b"text/html"),
    "html attributes, 4 MiB": lambda: body(b"<a b='c\" d=", 4 * MIB, b"text/html"),
    "calendar, 4 MiB": lambda: body(b'BEGIN:VCALENDAR\nX;A="', 4 * MIB, b"text/calendar"),
    "report, 4 MiB": lambda: body(b"Final-Recipient: rfc822; u@example.com\n\n", 4 * MIB, b"message/delivery-status"),
    "quoted-printable, 20 MiB": lambda: body(b"=\r\n=3D=", 20 * MIB, b"text/plain", b"quoted-printable"),
    "base64 of odd lines, 20 MiB": lambda: body(b"QUJD\r\nQQ==\r\n#", 20 * MIB, b"image/png", b"base64"),
    "false boundaries, 20 MiB": lambda: body(b"\n--xy\n--", 20 * MIB, b"multipart/mixed; boundary=x"),
    "boundary lines, 20 MiB": lambda: body(b"\n--x", 20 * MIB, b"multipart/mixed; boundary=x"),
    "uuencoded files, 4 MiB": lambda: many_files_in_text(4 * MIB),
    "winmail.dat, 100 deep": lambda: winmail(100),
    "Outlook messages, 12 deep": lambda: outlook(12),
    "envelopes, 14 deep": lambda: envelopes(14),
    "winmail.dat of one byte, 20 MiB": lambda: zeros_in_rtf(20 * MIB),
    "gzip in gzip, 64 MiB": lambda: gzip_in_gzip(64 * MIB),
    "no header, 4 MiB": lambda: _repeated(b"\0", 4 * MIB),
    "header without end, 20 MiB": lambda: _repeated(b"X: y\r\n", 20 * MIB),
    "150 MB": lambda: big(110_000_000),
}  # fmt: skip
