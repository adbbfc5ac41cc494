"""A PDF: its text, the files inside it, and what is remarkable about it. Nothing in it is ever run.

Two libraries: PDFium reads the text (it keeps the columns of a table on one line, and takes broken files as people's
viewers do); pypdf walks the embedded files, because only it shows how each is associated with the document.
"""

from __future__ import annotations

import io
import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import pypdfium2  # type: ignore[import-untyped]  # has no stubs
from pypdf import PdfReader
from pypdf.errors import PyPdfError
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject, PdfObject, StreamObject

from shared.documents import limits
from shared.model.mail import MailWarning

__all__ = ["PdfFile", "PdfFound", "read_pdf"]

#: What pypdf raises on files that are not as they should be.
_BROKEN = (
    PyPdfError, ArithmeticError, AssertionError, AttributeError, LookupError, NotImplementedError, OSError,
    RecursionError, TypeError, ValueError, struct.error, zlib.error,
)  # fmt: skip
_XMP_NAME = re.compile(rb"DocumentFileName(?:>|\s*=\s*[\"'])\s*([^<\"']{1,200})")
_XMP_LEVEL = re.compile(rb"ConformanceLevel(?:>|\s*=\s*[\"'])\s*([A-Za-z0-9 _-]{1,40})")


@dataclass(frozen=True)
class PdfFile:
    """A file inside the PDF."""

    name: str
    data: bytes
    relationship: str | None


@dataclass
class PdfFound:
    """What the PDF holds."""

    pages: int | None = None
    text: str | None = None
    encrypted: bool = False
    files: list[PdfFile] = field(default_factory=list)
    announced_name: str | None = None
    """Name of the invoice file that the metadata (XMP) announce."""
    announced_level: str | None = None
    warnings: list[MailWarning] = field(default_factory=list)

    def warn(self, code: str, detail: str) -> None:
        """Note what a person may want to know."""
        self.warnings.append(MailWarning(code=code, detail=_clean(detail[:300])))


def read_pdf(source: Path | bytes) -> PdfFound:
    """Read what can be read; never raises for a bad file."""
    found = PdfFound()
    damaged = _structure(source, found)
    readable = _text(source, found, look_for_files=damaged is not None and not found.files)
    if found.encrypted:
        found.warn("pdf_encrypted", "the PDF is protected by a password")
    elif not readable:
        found.warn("pdf_damaged", f"the PDF cannot be opened: {damaged or 'no pages'}")
    elif damaged:
        found.warn("pdf_damaged", f"the PDF is damaged, its text was read all the same: {damaged}")
    return found


def _structure(source: Path | bytes, found: PdfFound) -> str | None:
    """Embedded files and metadata; answers what is broken, or None."""
    stream: BinaryIO = source.open("rb") if isinstance(source, Path) else io.BytesIO(source)
    with stream:
        try:
            reader = PdfReader(stream, strict=False)
            if reader.is_encrypted and not reader.decrypt(""):
                found.encrypted = True
                return None
            root = reader.trailer["/Root"]
            if not isinstance(root, DictionaryObject):
                return "no catalogue"
            _metadata(root, found)
            _active(root, found)
            found.files.extend(_files(root, found))
        except _BROKEN as error:
            return f"{type(error).__name__}: {error}"
    return None


def _metadata(root: DictionaryObject, found: PdfFound) -> None:
    """What XMP announces, without an XML parser: two values are all that is needed."""
    metadata = _resolve(root.get("/Metadata"))
    if isinstance(metadata, StreamObject):
        xmp = metadata.get_data()[: limits.XMP_BYTES]
        if name := _XMP_NAME.search(xmp):
            found.announced_name = name[1].decode("utf-8", "replace").strip()
        if level := _XMP_LEVEL.search(xmp):
            found.announced_level = level[1].decode("ascii", "replace").strip()


def _active(root: DictionaryObject, found: PdfFound) -> None:
    """Scripts and actions that start by themselves are named; they are never run."""
    action = _resolve(root.get("/OpenAction"))
    kind = action.get("/S") if isinstance(action, DictionaryObject) else None
    names = _resolve(root.get("/Names"))
    if kind in ("/JavaScript", "/Launch", "/URI", "/SubmitForm", "/ImportData"):
        found.warn("pdf_active", f"the PDF wants to run {str(kind)[1:]} when it is opened")
    elif isinstance(names, DictionaryObject) and "/JavaScript" in names:
        found.warn("pdf_active", "the PDF holds JavaScript")


def _files(root: DictionaryObject, found: PdfFound) -> Iterator[PdfFile]:
    """Every file of the name tree, and of the document's associated files, each once."""
    seen: set[int] = set()
    left = limits.XML_BYTES * 2
    for specification in (*_name_tree(root), *_associated(root)):
        embedded = _resolve(specification.get("/EF"))
        if not isinstance(embedded, DictionaryObject):
            continue
        stream = _resolve(embedded.get("/UF") or embedded.get("/F"))
        if not isinstance(stream, StreamObject) or id(stream) in seen:
            continue
        seen.add(id(stream))
        name = _clean(str(_resolve(specification.get("/UF")) or _resolve(specification.get("/F")) or ""))[:255]
        if len(seen) > limits.EMBEDDED_FILES or left <= 0:
            found.warn("embedded_cut", "the PDF holds more files than are looked at")
            return
        try:
            data = stream.get_data()
        except _BROKEN as error:
            found.warn("embedded_damaged", f"{name}: {type(error).__name__}: {error}")
            continue
        left -= len(data)
        relationship = _resolve(specification.get("/AFRelationship"))
        yield PdfFile(name, data, _clean(str(relationship).removeprefix("/"))[:40] if relationship else None)


def _name_tree(root: DictionaryObject) -> Iterator[DictionaryObject]:
    """File specifications in the name tree. Trees of strangers have loops: every node is visited once."""
    names = _resolve(root.get("/Names"))
    top = _resolve(names.get("/EmbeddedFiles")) if isinstance(names, DictionaryObject) else None
    waiting, visited = [top], set[int]()
    while waiting and len(visited) < limits.TREE_NODES:
        node = waiting.pop()
        if not isinstance(node, DictionaryObject) or id(node) in visited:
            continue
        visited.add(id(node))
        leaves = _resolve(node.get("/Names"))
        if isinstance(leaves, ArrayObject):
            for leaf in leaves[1::2]:
                if isinstance(specification := _resolve(leaf), DictionaryObject):
                    yield specification
        kids = _resolve(node.get("/Kids"))
        if isinstance(kids, ArrayObject):
            waiting.extend(_resolve(kid) for kid in reversed(kids[: limits.TREE_NODES]))


def _associated(root: DictionaryObject) -> Iterator[DictionaryObject]:
    """File specifications that the catalogue associates with the document."""
    associated = _resolve(root.get("/AF"))
    candidates = associated if isinstance(associated, ArrayObject) else [associated]
    for candidate in candidates[: limits.EMBEDDED_FILES]:
        if isinstance(specification := _resolve(candidate), DictionaryObject):
            yield specification


def _resolve(value: object) -> PdfObject | None:
    """What a reference points to. pypdf answers the same object for the same reference, so loops show."""
    if isinstance(value, IndirectObject):
        value = value.get_object()
    return value if isinstance(value, PdfObject) else None


def _clean(value: str) -> str:
    """Without halves of characters (lone surrogates) and NUL, which JSON and tables do not take."""
    return value.encode("utf-8", "replace").decode("utf-8").replace("\0", "")


def _text(source: Path | bytes, found: PdfFound, *, look_for_files: bool) -> bool:
    """The text of the first pages, and where pypdf gave up, the embedded files; answers whether it could be opened."""
    try:
        document = pypdfium2.PdfDocument(source)
    except pypdfium2.PdfiumError:
        return False
    try:
        found.pages = len(document)
        if found.pages > limits.PAGES:
            found.warn("pdf_pages_cut", f"text of {limits.PAGES} pages out of {found.pages} was read")
        found.text = _pages(document, found) or None
        if look_for_files:
            for index in range(min(document.count_attachments(), limits.EMBEDDED_FILES)):
                attachment = document.get_attachment(index)
                found.files.append(
                    PdfFile(_clean(str(attachment.get_name()))[:255], bytes(attachment.get_data()), None)
                )
    except pypdfium2.PdfiumError as error:
        found.warn("pdf_damaged", f"the pages cannot all be read: {error}")
    finally:
        document.close()
    return True


def _pages(document: pypdfium2.PdfDocument, found: PdfFound) -> str:
    pages: list[str] = []
    length = 0
    for index in range(min(len(document), limits.PAGES)):
        page = document[index]
        written_page = page.get_textpage()
        written = written_page.get_text_bounded().replace("\r\n", "\n").replace("\ufffe", "-")
        written_page.close()
        page.close()
        pages.append(written.strip())
        length += len(written)
        if length > limits.TEXT:
            found.warn("text_cut", f"only the first {limits.TEXT} characters were kept")
            break
    return _clean("\n".join(pages)[: limits.TEXT]).strip()
