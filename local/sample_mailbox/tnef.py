"""winmail.dat: Transport Neutral Encapsulation Format ([MS-OXTNEF]) as Outlook sends it, with one file."""

from __future__ import annotations

import struct

_SIGNATURE = 0x223E9F78
_KEY = 0x0001
_MESSAGE, _ATTACHMENT = 1, 2

_TNEF_VERSION = 0x00089006
_OEM_CODEPAGE = 0x00069007
_MESSAGE_CLASS = 0x00078008
_SUBJECT = 0x00018004
_BODY = 0x0002800C
_ATTACH_REND_DATA = 0x00069002
_ATTACH_TITLE = 0x00018010
_ATTACH_DATA = 0x0006800F
_ATTACHMENT_PROPS = 0x00069005

_PR_ATTACH_LONG_FILENAME = 0x3707
_PR_ATTACH_MIME_TAG = 0x370E
_PT_UNICODE = 0x001F


def winmail(subject: str, body: str, name: str, content_type: str, data: bytes) -> bytes:
    """The stream of a message with one file: the title for old readers, the long name as a MAPI property."""
    short = name.encode("cp1252", "replace")
    return b"".join(
        (
            struct.pack("<IH", _SIGNATURE, _KEY),
            _attribute(_MESSAGE, _TNEF_VERSION, struct.pack("<I", 0x00010000)),
            _attribute(_MESSAGE, _OEM_CODEPAGE, struct.pack("<II", 1252, 0)),
            _attribute(_MESSAGE, _MESSAGE_CLASS, b"IPM.Microsoft Mail.Note\0"),
            _attribute(_MESSAGE, _SUBJECT, subject.encode("cp1252") + b"\0"),
            _attribute(_MESSAGE, _BODY, body.encode("cp1252") + b"\0"),
            # type 1 = file, no rendering position, no icon, no flags
            _attribute(_ATTACHMENT, _ATTACH_REND_DATA, struct.pack("<HIHHI", 1, 0xFFFFFFFF, 0, 0, 0)),
            _attribute(_ATTACHMENT, _ATTACH_TITLE, short + b"\0"),
            _attribute(_ATTACHMENT, _ATTACH_DATA, data),
            _attribute(
                _ATTACHMENT,
                _ATTACHMENT_PROPS,
                struct.pack("<I", 2)
                + _unicode_property(_PR_ATTACH_LONG_FILENAME, name)
                + _unicode_property(_PR_ATTACH_MIME_TAG, content_type),
            ),
        )
    )


def _attribute(level: int, identifier: int, data: bytes) -> bytes:
    checksum = sum(data) & 0xFFFF
    return struct.pack("<BII", level, identifier, len(data)) + data + struct.pack("<H", checksum)


def _unicode_property(identifier: int, value: str) -> bytes:
    """A MAPI property of variable length: tag, number of values, length, value padded to four bytes."""
    encoded = (value + "\0").encode("utf-16-le")
    padding = -len(encoded) % 4
    return struct.pack("<HHII", _PT_UNICODE, identifier, 1, len(encoded)) + encoded + b"\0" * padding
