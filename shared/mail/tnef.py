"""winmail.dat: the Transport Neutral Encapsulation Format ([MS-OXTNEF]).

A damaged stream is read as far as it goes; what is missing is said. Strings in attributes are in the OEM code page that the
stream names; inside MAPI properties they carry their own type.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from shared.mail import mapi
from shared.mail.mapi import Properties
from shared.mail.outlook import NotReadable, OutlookAttachment, OutlookMessage
from shared.mail.sniff import TNEF

__all__ = ["read"]

_MESSAGE_CLASS, _SUBJECT, _BODY, _MESSAGE_PROPERTIES, _RECIPIENTS = 0x78008, 0x18004, 0x2800C, 0x69003, 0x69004
_RENDER, _TITLE, _DATA, _ATTACHMENT, _TRANSPORT_NAME, _CODE_PAGE = 0x69002, 0x18010, 0x6800F, 0x69005, 0x69001, 0x69007
_MESSAGE_ID = 0x18009
_MESSAGE_INTERFACE = bytes.fromhex("0703020000000000c000000000000046")
MOST_ATTACHMENTS = 10_000
MOST_PROPERTIES = 100_000


@dataclass(slots=True)
class _Attachment:
    title: bytes = b""
    data: memoryview | None = None
    properties: Properties = field(default_factory=Properties)


def read(data: bytes | bytearray | memoryview, deepest: int) -> OutlookMessage:
    """Open a winmail.dat; attached messages up to `deepest`."""
    view = memoryview(data)
    if bytes(view[:4]) != TNEF:
        raise NotReadable("not a winmail.dat")
    at, problems = 6, []
    properties, recipients, attachments = Properties(), list[Properties](), list[_Attachment]()
    page: str | None = None
    legacy: dict[int, bytes] = {}
    seen = 0
    while at + 9 <= len(view):
        level, name, length = struct.unpack_from("<BII", view, at)
        start, end = at + 9, at + 9 + length
        if level not in (1, 2):
            problems.append("not all of the winmail.dat can be read")
            break
        seen += 1
        if end > len(view):
            problems.append("the winmail.dat is cut short")
            end = len(view)
        value = view[start:end]
        at = end + 2
        name &= 0xFFFFF
        if name == _CODE_PAGE and len(value) >= 4:
            page = mapi.code_page_name(int.from_bytes(value[:4], "little"))
        elif name == _MESSAGE_PROPERTIES:
            _properties(value, properties, problems)
        elif name == _RECIPIENTS:
            recipients += _recipients(value, problems)
        elif name in (_SUBJECT, _BODY, _MESSAGE_CLASS, _MESSAGE_ID):
            legacy.setdefault(name, bytes(value).partition(b"\0")[0])
        elif name == _RENDER:
            if len(attachments) < MOST_ATTACHMENTS:
                attachments.append(_Attachment())
        elif name in (_TITLE, _DATA, _ATTACHMENT, _TRANSPORT_NAME):
            if not attachments:
                attachments.append(_Attachment())
            current = attachments[-1]
            if name == _DATA:
                current.data = value
            elif name == _TITLE or (not current.title and name == _TRANSPORT_NAME):
                current.title = bytes(value).partition(b"\0")[0]
            elif name == _ATTACHMENT:
                _properties(value, current.properties, problems)
    if (seen and at != len(view) and bytes(view[at:]).strip(b"\0")) or at > len(view):
        problems.append("the winmail.dat is cut short")
    if not seen:
        raise NotReadable("nothing in the winmail.dat can be read")
    properties.settle_code_page(page)
    for number, attribute in ((mapi.SUBJECT, _SUBJECT), (mapi.BODY, _BODY), (mapi.MESSAGE_CLASS, _MESSAGE_CLASS)):
        if attribute in legacy:
            properties.put(number, mapi.STRING8, legacy[attribute])
    for recipient in recipients:
        recipient.code_page = properties.code_page
    items = [item for a in attachments if (item := _item(a, page or properties.code_page, deepest, problems))]
    message = mapi.message_of(properties, recipients, items)
    message.problems[:0] = dict.fromkeys(problems)
    return message


def _item(attachment: _Attachment, page: str | None, deepest: int, problems: list[str]) -> OutlookAttachment | None:
    """One attachment, also one that is a message itself."""
    properties = attachment.properties
    properties.settle_code_page(page)
    if attachment.title:
        properties.put(mapi.SHORT_NAME, mapi.STRING8, attachment.title)
    data: memoryview | bytes = attachment.data if attachment.data is not None else b""
    held = properties.data(mapi.DATA)
    message = None
    if held is not None and len(held) >= 16:
        interface, inner = bytes(held[:16]), held[16:]
        if interface == _MESSAGE_INTERFACE and bytes(inner[:4]) == TNEF:
            if deepest > 0:
                try:
                    message = read(inner, deepest - 1)
                except NotReadable as error:
                    problems.append(str(error))
            else:
                problems.append("attached messages lie too deep; kept whole")
            data = inner if message is None else b""
        elif not len(data):
            data = inner
    if not attachment.title and attachment.data is None and held is None and not properties.values:
        return None
    return mapi.attachment_of(properties, data, message)


def _recipients(view: memoryview, problems: list[str]) -> list[Properties]:
    """The table of recipients."""
    if len(view) < 4:
        return []
    out: list[Properties] = []
    count, at = int.from_bytes(view[:4], "little"), 4
    for _ in range(min(count, 10_000)):
        row = Properties()
        at = _properties(view, row, problems, at)
        out.append(row)
        if at < 0 or at >= len(view):
            break
    return out


def _properties(view: memoryview, into: Properties, problems: list[str], at: int = 0) -> int:
    """A list of properties; answer where it ends, -1 where it is damaged."""
    try:
        (count,) = struct.unpack_from("<I", view, at)
        at += 4
        for _ in range(min(count, MOST_PROPERTIES)):
            at = _property(view, into, at)
    except (struct.error, IndexError, ValueError):
        problems.append("a list of properties is cut short")
        return -1
    return at


def _property(view: memoryview, into: Properties, at: int) -> int:
    """One property; answer where the next one begins."""
    kind, number = struct.unpack_from("<HH", view, at)
    at += 4
    label = None
    if number >= 0x8000:
        (form,) = struct.unpack_from("<I", view, at + 16)
        at += 20
        (size,) = struct.unpack_from("<I", view, at)
        at += 4
        if form == 1:
            label = bytes(view[at : at + size]).decode("utf-16-le", "replace").rstrip("\0")
            at += size + (-size % 4)
    plain, multiple = kind & ~mapi.MULTIPLE, bool(kind & mapi.MULTIPLE)
    if plain in (mapi.STRING8, mapi.UNICODE, mapi.BINARY, mapi.OBJECT):
        (count,) = struct.unpack_from("<I", view, at)
        at += 4
        for _ in range(min(count, MOST_PROPERTIES)):
            (size,) = struct.unpack_from("<I", view, at)
            at += 4
            value = view[at : at + size]
            if len(value) < size:
                _put(into, number, label, plain, value)
                raise ValueError("cut short")
            _put(into, number, label, plain, value)
            at += size + (-size % 4)
        return at
    size = mapi.FIXED.get(plain)
    if size is None:
        raise ValueError("unknown property type")
    count = 1
    if multiple:
        (count,) = struct.unpack_from("<I", view, at)
        at += 4
    for _ in range(min(count, MOST_PROPERTIES)):
        if at + size > len(view):
            raise ValueError("cut short")
        _put(into, number, label, plain, mapi.fixed(plain, view[at : at + size]))
        at += size + (-size % 4)
    return at


def _put(into: Properties, number: int, label: str | None, kind: int, value: mapi.Value) -> None:
    if label is not None:
        into.named.setdefault(label, into.decoded(kind, value) if kind in (mapi.STRING8, mapi.UNICODE) else value)
    elif number < 0x8000:
        into.put(number, kind, value)
