"""Opaque S/MIME (RFC 8551): the content of a signature is taken out without any key; nothing is verified here.

Only as much of BER (X.690) and CMS (RFC 5652) as it takes to walk to the content: definite and indefinite lengths,
octet strings in one piece or in many.
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.mail.outlook import NotReadable

__all__ = ["unwrap"]

_SIGNED = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"
_ENVELOPED = {
    b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03",  # enveloped-data
    b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x06",  # encrypted-data
    b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x17",  # authenticated-enveloped-data
}
_COMPRESSED = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x09"


@dataclass(frozen=True, slots=True)
class _Element:
    tag: int
    start: int  # of the content
    end: int  # of the content; -1: indefinite


def unwrap(data: bytes | bytearray) -> tuple[memoryview | bytes | None, str | None]:
    """Answer the signed content and `signed`; or None and `encrypted`, or None and None for certificates alone."""
    info = _element(data, 0)
    if info.tag != 0x30:
        raise NotReadable("not an S/MIME envelope")
    kind = _element(data, info.start)
    oid = bytes(data[kind.start : kind.end])
    if kind.tag != 0x06:
        raise NotReadable("not an S/MIME envelope")
    if oid in _ENVELOPED:
        return None, "encrypted"
    if oid != _SIGNED:
        return None, "compressed" if oid == _COMPRESSED else None
    signed = _element(data, _element(data, kind.end).start)
    version = _element(data, signed.start)
    algorithms = _element(data, version.end)
    content_info = _element(data, _skip(data, version.end, algorithms))
    content_type = _element(data, content_info.start)
    at = content_type.end
    if (content_info.end >= 0 and at >= content_info.end) or data[at : at + 2] == b"\0\0":
        return None, None  # a detached signature or certificates only
    explicit = _element(data, at)
    return _octets(data, explicit.start), "signed"


def _element(data: bytes | bytearray, at: int) -> _Element:
    """The element at `at`."""
    if at + 2 > len(data):
        raise NotReadable("the S/MIME envelope is cut short")
    tag, length, at = data[at], data[at + 1], at + 2
    if length == 0x80:
        return _Element(tag, at, -1)
    if length & 0x80:
        count = length & 0x7F
        if count > 4:
            raise NotReadable("the S/MIME envelope is damaged")
        length = int.from_bytes(data[at : at + count])
        at += count
    return _Element(tag, at, min(at + length, len(data)))


def _skip(data: bytes | bytearray, at: int, element: _Element) -> int:
    """Where the element that begins at `at` ends."""
    if element.end >= 0:
        return element.end
    depth, at, steps = 1, element.start, 0
    while depth:
        if data[at : at + 2] == b"\0\0":
            depth -= 1
            at += 2
            continue
        inner = _element(data, at)
        if inner.end < 0:
            depth += 1
            at = inner.start
        else:
            at = inner.end
        steps += 1
        if steps > 1_000_000:
            raise NotReadable("the S/MIME envelope is damaged")
    return at


def _octets(data: bytes | bytearray, at: int) -> memoryview | bytes:
    """An octet string, in one piece or in many."""
    whole = _element(data, at)
    view = memoryview(data)
    if whole.tag == 0x04:
        return view[whole.start : whole.end]
    if whole.tag != 0x24:
        raise NotReadable("the signed content is of an unknown form")
    pieces, at, depth = [], whole.start, 1
    end = whole.end if whole.end >= 0 else len(data)
    while at < end and depth:
        if data[at : at + 2] == b"\0\0":
            depth -= 1
            at += 2
            continue
        piece = _element(data, at)
        if piece.tag == 0x04:
            pieces.append(view[piece.start : piece.end])
            at = piece.end
        elif piece.tag == 0x24:
            depth += piece.end < 0
            at = piece.start
        else:
            break
    return b"".join(pieces)
