"""The documents in a file, for `inspect`: each leaf that may be one is handed to `shared.documents`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from shared.mail import LeafData, LeafEnd, LeafEvent, LeafStart
from shared.model.mail import Mail

__all__ = ["Found", "Leaves", "kind_of_message", "read_directly"]

LARGEST = 64 << 20


@dataclass(frozen=True, slots=True)
class Found:
    """A business document."""

    path: str
    entry: dict[str, Any]


class Leaves:
    """Takes leaf events and reads the documents among them."""

    def __init__(self) -> None:
        self.found: list[Found] = []
        self._path = ""
        self._data: list[bytes] = []
        self._size = 0

    def take(self, event: LeafEvent) -> None:
        """The next event."""
        if isinstance(event, LeafStart):
            self._path, self._data, self._size = event.path, [], 0
        elif isinstance(event, LeafData):
            self._size += len(event.data)
            if self._size <= LARGEST and (self._data or _may_be_document(event.data)):
                self._data.append(event.data)
        elif isinstance(event, LeafEnd):
            if self._data and self._size <= LARGEST:
                self.found += _read(b"".join(self._data), self._path)
            self._data = []


def _may_be_document(head: bytes) -> bool:
    return b"%PDF" in head[:1024] or head[:200].lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").startswith(b"<")


def _read(data: bytes, path: str) -> list[Found]:
    """Read one document."""
    del data, path
    return []


def read_directly(data: bytes) -> tuple[Mail, list[Found]]:
    """A PDF or XML file that is no mail."""
    found = _read(data, "")
    return Mail(type="document", size=len(data)), found or [Found("", {"path": "", "kind": None, "einvoice": None})]


def kind_of_message(mail: Mail, found: list[Found]) -> str | None:
    """The document kind of the message as a whole."""
    del mail
    return next((f.entry["kind"] for f in found if f.entry["kind"]), None)
