"""Makes winmail.dat files and S/MIME envelopes for the tests."""

from __future__ import annotations

import struct

MESSAGE_INTERFACE = bytes.fromhex("0703020000000000c000000000000046")


def attribute(level: int, name: int, data: bytes) -> bytes:
    """An attribute of a TNEF stream."""
    return struct.pack("<BII", level, name, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)


def properties(*items: tuple[int, int, bytes | int]) -> bytes:
    """MAPI properties: (number, type, value)."""
    out = struct.pack("<I", len(items))
    for number, kind, value in items:
        out += struct.pack("<HH", kind, number)
        if isinstance(value, int):
            out += struct.pack("<I", value)
        else:
            out += struct.pack("<II", 1, len(value)) + value + b"\0" * (-len(value) % 4)
    return out


def wide(text: str) -> bytes:
    """A Unicode string."""
    return (text + "\0").encode("utf-16-le")


def tnef(*attributes: bytes) -> bytes:
    """A TNEF stream."""
    return b"\x78\x9f\x3e\x22\x01\x00" + attribute(1, 0x69007, struct.pack("<II", 1252, 0)) + b"".join(attributes)


def attached(name: str, data: bytes, *more: tuple[int, int, bytes | int]) -> bytes:
    """The attributes of an attached file."""
    return (
        attribute(2, 0x69002, b"\0" * 14)
        + attribute(2, 0x18010, name.encode("cp1252", "replace") + b"\0")
        + attribute(2, 0x6800F, data)
        + attribute(2, 0x69005, properties((0x3707, 0x1F, wide(name)), *more))
    )


def attached_message(name: str, inner: bytes) -> bytes:
    """The attributes of an attached message."""
    return attribute(2, 0x69002, b"\0" * 14) + attribute(
        2, 0x69005, properties((0x3705, 3, 5), (0x3001, 0x1F, wide(name)), (0x3701, 0x0D, MESSAGE_INTERFACE + inner))
    )


def der(tag: int, content: bytes) -> bytes:
    """An element in DER."""
    size = len(content)
    length = bytes([size]) if size < 128 else b"\x84" + size.to_bytes(4)
    return bytes([tag]) + length + content


OID = bytes.fromhex("2a864886f70d0107")


def signed(content: bytes, *, pieces: int = 1) -> bytes:
    """An opaque signature around `content`, without signers; in several pieces with indefinite lengths."""
    if pieces == 1:
        octets = der(0x04, content)
    else:
        step = len(content) // pieces + 1
        octets = (
            b"\x24\x80" + b"".join(der(0x04, content[i : i + step]) for i in range(0, len(content), step)) + b"\0\0"
        )
    inner = der(0x30, der(0x06, OID + b"\x01") + der(0xA0, octets))
    return der(
        0x30,
        der(0x06, OID + b"\x02") + der(0xA0, der(0x30, der(0x02, b"\x01") + der(0x31, b"") + inner + der(0x31, b""))),
    )


def enveloped() -> bytes:
    """An encrypted envelope."""
    return der(0x30, der(0x06, OID + b"\x03") + der(0xA0, der(0x30, der(0x02, b"\0"))))
