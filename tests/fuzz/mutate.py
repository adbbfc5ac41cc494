"""Mails made worse: pieces cut, doubled, moved, repeated, exchanged, and words of the formats strewn in."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

LARGEST = 1 << 20
TOKENS = (
    b"\r\n\r\n", b"\r\n", b"\n", b"\r", b"\0", b"\xff", b"\x1b$B", b"\xef\xbb\xbf", b"--", b"(", b")", b'"', b"\\", b"<", b">", b",", b";",
    b"=?utf-8?q?", b"=?utf-8?b?", b"?=", b"=", b"=\r\n", b"=00", b"+AGE-", b"begin 644 a\r\n#", b"`\r\nend\r\n", b"> ", b"-- \r\n",
    b"Content-Type: message/rfc822\r\n", b"Content-Type: multipart/mixed; boundary=b1\r\n", b"Content-Type: text/html\r\n",
    b"Content-Type: text/plain; format=flowed\r\n", b"Content-Type: message/partial; number=1\r\n", b"Content-Type: text/calendar\r\n",
    b"Content-Type: message/delivery-status\r\n", b"Content-Type: application/ms-tnef\r\n", b"Content-Type: application/pkcs7-mime\r\n",
    b"Content-Transfer-Encoding: base64\r\n", b"Content-Transfer-Encoding: quoted-printable\r\n",
    b"Content-Transfer-Encoding: x-uuencode\r\n",
    b"charset=", b"charset=utf-7", b"charset=iso-2022-jp", b"charset=utf-16", b"name*0*=utf-8''", b"filename=", b"From: ", b"Received: by ",
    b"On Monday, Ada wrote:\r\n", b"-----Original Message-----\r\n", b"<blockquote>", b"<!--", b"<style>", b"cid:", b"BEGIN:VEVENT\r\n",
    b"PK\x03\x04", b"PK\x05\x06" + bytes(18), b"\x78\x9f\x3e\x22", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"\x30\x80", b"\xff\xff\xff\x7f",
)  # fmt: skip
_HEADER = re.compile(rb"^[\w-]+:.*?\r?\n(?![ \t])", re.M | re.S)


def mutated(seeds: Sequence[bytes], chance: random.Random) -> bytes:
    """One of the seeds after one to eight changes."""
    data = chance.choice(seeds)[:LARGEST]
    for _ in range(chance.choice((1, 1, 2, 3, 5, 8))):
        data = chance.choice(_CHANGES)(data, seeds, chance)[:LARGEST]
    return data


def _place(data: bytes, chance: random.Random) -> int:
    """Somewhere; the headers more often than their length."""
    return chance.randrange(len(data) + 1) if chance.random() < 0.6 else chance.randrange(min(len(data), 2000) + 1)


def _cut(data: bytes, seeds: Sequence[bytes], chance: random.Random) -> bytes:
    at = _place(data, chance)
    return data[:at] + data[at + chance.choice((1, 2, 10, 100, 1000)) :]


def _end(data: bytes, seeds: Sequence[bytes], chance: random.Random) -> bytes:
    return data[: _place(data, chance)]


def _double(data: bytes, seeds: Sequence[bytes], chance: random.Random) -> bytes:
    at, length = _place(data, chance), chance.choice((1, 10, 100, 1000))
    return data[: at + length] + data[at:]


def _flip(data: bytes, seeds: Sequence[bytes], chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.choice((1, 3, 20)) if changed else 0):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _token(data: bytes, seeds: Sequence[bytes], chance: random.Random) -> bytes:
    at = _place(data, chance)
    return data[:at] + chance.choice(TOKENS) + data[at + chance.choice((0, 0, 1, 20)) :]


def _repeat(data: bytes, seeds: Sequence[bytes], chance: random.Random) -> bytes:
    at = _place(data, chance)
    piece = chance.choice(TOKENS) if chance.random() < 0.5 else data[at : at + chance.choice((1, 4, 30, 200))]
    return data[:at] + piece * chance.choice((2, 10, 100, 1000)) + data[at:]


def _splice(data: bytes, seeds: Sequence[bytes], chance: random.Random) -> bytes:
    other = chance.choice(seeds)[:LARGEST]
    return data[: _place(data, chance)] + other[_place(other, chance) :]


def _header(data: bytes, seeds: Sequence[bytes], chance: random.Random) -> bytes:
    """A header of another mail, put to the others."""
    fields = _HEADER.findall(chance.choice(seeds)[:5000])
    return chance.choice(fields) + data if fields else data


def _line_ends(data: bytes, seeds: Sequence[bytes], chance: random.Random) -> bytes:
    return data.replace(b"\r\n", chance.choice((b"\n", b"\r", b"\r\r\n", b"\n\r")))


def _within(data: bytes, seeds: Sequence[bytes], chance: random.Random) -> bytes:
    """The whole mail inside another."""
    return b"From: ada@example.org\r\nContent-Type: message/rfc822\r\n\r\n" + data


_CHANGES = (_cut, _end, _double, _flip, _flip, _token, _token, _token, _repeat, _splice, _header, _line_ends, _within)
