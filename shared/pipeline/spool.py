"""Business documents of a mail, kept in files while the mail passes by, and read when it is over.

A file and not memory: a PDF may be large, several mails are read at once, and the child process that reads documents takes a path.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from shared.documents.child import DocumentReader
from shared.mail.sniff import sniff
from shared.model.evidence import DocumentFinding

READ_TYPES = frozenset({"application/pdf", "application/xml", "text/xml"})
LARGEST = 25 * 1024 * 1024
"""Bytes of a document that is read; a larger one is kept as an attachment all the same."""
MOST = 20
"""Documents of one mail that are read."""


@dataclass(slots=True)
class _Kept:
    path: str
    file: IO[bytes]
    size: int = 0


@dataclass(slots=True)
class DocumentSpool:
    """Keeps what looks like a document by its content. Close it when the mail is done.

    Attributes:
        reader: the child process that reads documents.
    """

    reader: DocumentReader
    _open: dict[int, _Kept] = field(default_factory=dict)
    _undecided: dict[int, str] = field(default_factory=dict)
    _complete: list[_Kept] = field(default_factory=list)

    def start(self, index: int, path: str) -> None:
        """An attachment begins."""
        self._undecided[index] = path

    def data(self, index: int, data: bytes) -> None:
        """Its next bytes."""
        path = self._undecided.pop(index, None)
        if path is not None and len(self._complete) + len(self._open) < MOST and sniff(data) in READ_TYPES:
            self._open[index] = _Kept(path, tempfile.NamedTemporaryFile(prefix="postrum-"))  # noqa: SIM115 - closed in `close`
        kept = self._open.get(index)
        if kept is None:
            return
        kept.size += len(data)
        if kept.size > LARGEST:
            kept.file.close()
            del self._open[index]
        else:
            kept.file.write(data)

    def end(self, index: int) -> None:
        """It is complete."""
        self._undecided.pop(index, None)
        kept = self._open.pop(index, None)
        if kept is not None:
            kept.file.flush()
            self._complete.append(kept)

    async def findings(self) -> list[DocumentFinding]:
        """What the documents are, in the order of the mail."""
        found: list[DocumentFinding] = []
        for kept in self._complete:
            reading = await self.reader.read(Path(kept.file.name))
            invoice = reading.einvoice
            evidence = "; ".join(reading.evidence) if reading.unread is None else f"not read: {reading.unread}"
            found.append(
                DocumentFinding(
                    path=kept.path,
                    kind=reading.kind,
                    evidence=evidence[:500],
                    number=invoice.number if invoice else None,
                    seller=invoice.seller.name if invoice else None,
                    total=invoice.payable or invoice.tax_inclusive if invoice else None,
                    currency=invoice.currency if invoice else None,
                    syntax=invoice.syntax if invoice else None,
                )
            )
        return found

    def close(self) -> None:
        """Remove the files."""
        for kept in (*self._open.values(), *self._complete):
            kept.file.close()
