"""Outlook .msg files ([MS-OXMSG]): MAPI properties in an OLE compound file."""

from __future__ import annotations

import io
import struct
import warnings

import olefile

from shared.mail import mapi
from shared.mail.mapi import Properties
from shared.mail.outlook import NotReadable, OutlookAttachment, OutlookMessage

__all__ = ["read"]

MOST_STREAMS = 50_000
_PROPERTIES = "__properties_version1.0"
_VARIABLE = frozenset({mapi.STRING8, mapi.UNICODE, mapi.BINARY})

type _Tree = dict[str, "_Tree | None"]


def read(data: bytes | bytearray | memoryview, deepest: int) -> OutlookMessage:
    """Open a .msg; attached messages up to `deepest`."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with olefile.OleFileIO(io.BytesIO(data), raise_defects=olefile.DEFECT_FATAL) as file:
                return _File(file).message((), deepest)
    except NotReadable:
        raise
    except (OSError, ValueError, KeyError, IndexError, TypeError, AttributeError, struct.error, RecursionError,
            OverflowError, MemoryError, UnicodeError) as error:  # fmt: skip
        # olefile raises whatever its arithmetic on damaged files leads to
        raise NotReadable("the Outlook file is damaged") from error


class _File:
    """The storages of one compound file."""

    def __init__(self, file: olefile.OleFileIO) -> None:
        self._file = file
        self._tree: _Tree = {}
        self._names: dict[int, str] = {}
        entries = file.listdir(streams=True, storages=True)
        if len(entries) > MOST_STREAMS:
            raise NotReadable("the Outlook file has too many entries")
        for path in entries:
            node: _Tree = self._tree
            for name in path[:-1]:
                inner = node.setdefault(name, {})
                node = inner if inner is not None else {}
            node.setdefault(path[-1], {} if file.get_type(path) == olefile.STGTY_STORAGE else None)
        if _PROPERTIES not in self._tree:
            raise NotReadable("an OLE file, but no Outlook message")
        self._read_names()

    def _storage(self, path: tuple[str, ...]) -> _Tree:
        node = self._tree
        for name in path:
            node = node.get(name) or {}
        return node

    def _stream(self, path: tuple[str, ...]) -> bytes:
        try:
            data: bytes = self._file.openstream(list(path)).read()
        except OSError:
            return b""
        return data

    def _read_names(self) -> None:
        """Named properties: number -> name."""
        where = "__nameid_version1.0"
        if where not in self._tree:
            return
        entries, strings = self._stream((where, "__substg1.0_00030102")), self._stream((where, "__substg1.0_00040102"))
        for at in range(0, min(len(entries), 80_000) - 7, 8):
            offset, kind, index = struct.unpack_from("<IHH", entries, at)
            if kind & 1 and offset + 4 <= len(strings):
                (size,) = struct.unpack_from("<I", strings, offset)
                self._names[0x8000 + index] = strings[offset + 4 : offset + 4 + size].decode("utf-16-le", "replace")

    def message(self, path: tuple[str, ...], deepest: int) -> OutlookMessage:
        """The message in one storage."""
        tree = self._storage(path)
        properties = self._properties(path, 32 if not path else 24)
        properties.settle_code_page()
        recipients, attachments = list[Properties](), list[OutlookAttachment]()
        problems: list[str] = []
        for name in sorted(tree):
            if name.startswith("__recip_version1.0_"):
                recipients.append(self._properties((*path, name), 8, properties.code_page))
            elif name.startswith("__attach_version1.0_"):
                attachments.append(self._attachment((*path, name), deepest, properties.code_page, problems))
        message = mapi.message_of(properties, recipients, attachments)
        message.problems += problems
        return message

    def _properties(self, path: tuple[str, ...], header: int, page: str | None = None) -> Properties:
        """The properties of one storage: fixed values in the stream, others in streams of their own."""
        tree = self._storage(path)
        properties = Properties(code_page=page)
        table = self._stream((*path, _PROPERTIES)) if _PROPERTIES in tree else b""
        for at in range(header, len(table) - 15, 16):
            kind, number, _, value = struct.unpack_from("<HHI8s", table, at)
            size = mapi.FIXED.get(kind)
            if size and size <= 8:
                properties.put(number, kind, mapi.fixed(kind, value[:size]))
        for name in tree:
            if not name.startswith("__substg1.0_") or len(name) != 20 or tree[name] is not None:
                continue
            try:
                tag = int(name[12:], 16)
            except ValueError:
                continue
            number, kind = tag >> 16, tag & 0xFFFF
            if kind not in _VARIABLE:
                continue
            data = self._stream((*path, name))
            properties.put(number, kind, data)
            if number in self._names:
                properties.named.setdefault(self._names[number], properties.decoded(kind, data))
        return properties

    def _attachment(
        self, path: tuple[str, ...], deepest: int, page: str | None, problems: list[str]
    ) -> OutlookAttachment:
        properties = self._properties(path, 8, page)
        data: bytes | memoryview = properties.data(mapi.DATA) or b""
        message = None
        inner = "__substg1.0_3701000D"
        if inner in self._storage(path):
            if properties.number(mapi.METHOD) == mapi.EMBEDDED or _PROPERTIES in self._storage((*path, inner)):
                if deepest > 0:
                    message = self.message((*path, inner), deepest - 1)
                else:
                    problems.append("attached messages lie too deep; not read")
            else:  # an OLE object: its content as it was stored, or else its picture
                storage = self._storage((*path, inner))
                for name in ("CONTENTS", "Package", "\x01Ole10Native", "\x02OlePres000"):
                    if name in storage:
                        data = self._stream((*path, inner, name))
                        break
        return mapi.attachment_of(properties, data, message)
