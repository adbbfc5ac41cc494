"""The documents in a file, for `inspect`: each leaf that may be one is handed to `shared.documents`."""

from __future__ import annotations

import contextlib
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from shared.documents import kinds, limits
from shared.documents.child import DocumentReader
from shared.mail import LeafData, LeafEnd, LeafEvent, LeafStart
from shared.mail.sniff import HEAD, sniff
from shared.model.document import DocumentKind, Reading
from shared.model.mail import Mail

__all__ = ["Documents", "Found", "Leaves", "kind_of_message"]

LARGEST = 160 << 20
"""A document larger than this is not read."""
IN_MEMORY = 8 << 20
"""A larger one is put into a temporary file."""
_DOCUMENTS = frozenset({"application/pdf", "application/xml"})


@dataclass(frozen=True, slots=True)
class Found:
    """What a document turned out to be; `entry` is None where it is no business document."""

    entry: dict[str, Any] | None
    kind: DocumentKind | None = None
    warnings: list[dict[str, str]] = field(default_factory=list)


class Documents:
    """Reads documents in the child process, which starts with the first of them."""

    def __init__(self) -> None:
        self._reader = DocumentReader()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reader.close()

    def leaves(self) -> Leaves:
        """Takes the leaf events of one mail."""
        return Leaves(self)

    def read(self, source: Path | bytes, path: str) -> Found:
        """Read one document that lies at `path` in its mail."""
        reading = self._reader.read_now(source)
        warnings = [{"code": w.code, "detail": f"{path}: {w.detail}" if path else w.detail} for w in reading.warnings]
        if reading.unread:
            warnings.append({"code": "document_not_read", "detail": f"{path}: {reading.unread}".lstrip(": ")})
        is_document = reading.kind is not None or reading.einvoice is not None or not path
        return Found(_entry(reading, path) if is_document else None, reading.kind, warnings)

    def read_directly(self, path: Path) -> tuple[Mail, list[Found]]:
        """A PDF or XML file that is no mail."""
        return Mail(type="document", size=path.stat().st_size), [self.read(path, "")]


def _entry(reading: Reading, path: str) -> dict[str, Any]:
    einvoice = reading.einvoice.model_dump(mode="json") if reading.einvoice else None
    return {"path": path, "kind": reading.kind, "einvoice": einvoice}


class Leaves:
    """Takes leaf events and reads the documents among them."""

    def __init__(self, documents: Documents) -> None:
        self.found: list[Found] = []
        self._documents = documents
        self._path = ""
        self._size = 0
        self._head = b""
        self._spool: tempfile.SpooledTemporaryFile[bytes] | None = None

    def take(self, event: LeafEvent) -> None:
        """The next event."""
        if isinstance(event, LeafStart):
            self._path, self._size, self._head = event.path, 0, b""
            self._spool = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 (closed at the leaf's end)
        elif isinstance(event, LeafData):
            self._data(event.data)
        elif isinstance(event, LeafEnd):
            self._end(event.detected_type)

    def _data(self, data: bytes) -> None:
        self._size += len(data)
        if len(self._head) < HEAD:
            self._head += data[:HEAD]
        if self._spool is None:
            return
        unlikely = len(self._head) >= HEAD and sniff(self._head[:HEAD]) not in _DOCUMENTS
        if unlikely or self._size > LARGEST:
            self._close()
        else:
            self._spool.write(data)

    def _end(self, detected_type: str) -> None:
        if self._spool is not None and detected_type in _DOCUMENTS and self._size:
            self.found.append(self._read(self._spool))
        self._close()

    def _read(self, spool: tempfile.SpooledTemporaryFile[bytes]) -> Found:
        spool.seek(0)
        if self._size <= min(IN_MEMORY, limits.PIPE_BYTES):
            return self._documents.read(spool.read(), self._path)
        with tempfile.NamedTemporaryFile(suffix=".document") as file:
            while data := spool.read(1 << 20):
                file.write(data)
            file.flush()
            return self._documents.read(Path(file.name), self._path)

    def _close(self) -> None:
        if self._spool is not None:
            with contextlib.suppress(OSError):
                self._spool.close()
        self._spool = None


def kind_of_message(mail: Mail, found: list[Found]) -> str | None:
    """The document kind of the message as a whole: by its documents, else by its own words."""
    text = mail.forwarded.text if mail.forwarded else mail.reply.text if mail.reply else mail.text
    written = kinds.judge(mail.subject or "", text or "")
    return kinds.kind_of_message((f.kind for f in found), written)
