"""Bytes to what document this is. Runs in the child process (`shared.documents.child`); tests may call it directly."""

from __future__ import annotations

from pathlib import Path

from shared.documents import limits
from shared.documents.compare import compare
from shared.documents.einvoice import judge_einvoice, judge_xml, read_einvoice
from shared.documents.kinds import judge
from shared.documents.pdf import PdfFile, PdfFound, read_pdf
from shared.documents.xml import XmlRefused, parse
from shared.mail.sniff import HEAD, sniff
from shared.model.document import Comparison, EInvoice, EmbeddedFile, Judgement, Reading
from shared.model.mail import MailWarning

__all__ = ["read_document"]

_PDF = "application/pdf"
_XML = "application/xml"

#: Names that the standards give the invoice inside a PDF, the newest first.
_NAMES = ("factur-x.xml", "xrechnung.xml", "zugferd-invoice.xml", "order-x.xml")
_RELATIONSHIPS = frozenset({"Alternative", "Data", "Source"})


def read_document(source: Path | bytes) -> Reading:
    """Read a PDF or XML; of anything else, say what it is by content. Never raises for bad content."""
    content_type = sniff(_head(source))
    if content_type == _PDF:
        return _read_pdf(source)
    if content_type == _XML:
        return _read_xml(source)
    return Reading(content_type=content_type)


def _head(source: Path | bytes) -> bytes:
    if isinstance(source, bytes):
        return source[:HEAD]
    with source.open("rb") as stream:
        return stream.read(HEAD)


def _read_xml(source: Path | bytes) -> Reading:
    size = len(source) if isinstance(source, bytes) else source.stat().st_size
    if size > limits.XML_BYTES:
        warning = MailWarning(code="xml_too_large", detail=f"XML of {size} bytes is not read")
        return Reading(content_type=_XML, unread="too_large", warnings=(warning,))
    data = source if isinstance(source, bytes) else source.read_bytes()
    try:
        root = parse(data)
    except XmlRefused as refusal:
        return Reading(content_type=_XML, warnings=(MailWarning(code=refusal.code, detail=str(refusal)),))
    invoice = read_einvoice(root, "xml")
    judgement = judge_einvoice(invoice) if invoice else judge_xml(root)
    return Reading(content_type=_XML, kind=judgement.kind, evidence=judgement.evidence, einvoice=invoice)


def _read_pdf(source: Path | bytes) -> Reading:
    """The XML inside decides where there is one; the page's own words where there is none.

    Of several invoices inside, the one counts that the metadata name, else the one whose name the standards know, else
    the first; that there are several is a warning, for a person to look at.
    """
    found = read_pdf(source)
    invoice, judgement = _invoice_inside(found)
    comparison: Comparison | None = None
    if invoice:
        comparison = compare(invoice, found.text)
        if comparison and not comparison.agrees:
            differing = [name for name, same in comparison.model_dump().items() if same is False]
            found.warn("pdf_differs", f"not on the page as the XML states it: {', '.join(differing)}")
    elif judgement.kind is None:
        judgement = judge(found.text) if found.text else Judgement()
        if not found.text and not found.encrypted and found.pages:
            found.warn("pdf_no_text", "the PDF holds no text; it may be a scan")
    return Reading(
        content_type=_PDF,
        kind=judgement.kind or "other",
        evidence=judgement.evidence,
        einvoice=invoice,
        text=found.text,
        pages=found.pages,
        encrypted=found.encrypted,
        embedded=tuple(
            EmbeddedFile(name=file.name, size=len(file.data), relationship=file.relationship) for file in found.files
        ),
        comparison=comparison,
        warnings=tuple(found.warnings),
    )


def _invoice_inside(found: PdfFound) -> tuple[EInvoice | None, Judgement]:
    """The invoice XML inside the PDF; where there is only another business document, its kind."""
    invoices: list[tuple[PdfFile, EInvoice]] = []
    other = Judgement()
    for file in sorted(found.files, key=lambda file: _place(file, found.announced_name)):
        if sniff(file.data[:HEAD]) != _XML:
            continue
        try:
            root = parse(file.data)
        except XmlRefused as refusal:
            found.warn(refusal.code, f"{file.name}: {refusal}")
            continue
        if invoice := read_einvoice(root, "pdf"):
            invoices.append((file, invoice))
        elif other.kind is None:
            other = judge_xml(root)
    if not invoices:
        return None, other
    file, invoice = invoices[0]
    _remark(file, invoice, found)
    if any(another != invoice for _, another in invoices[1:]):
        names = ", ".join(candidate.name for candidate, _ in invoices)
        found.warn("several_invoices", f"the PDF holds different invoices ({names}); {file.name} was read")
    return invoice, judge_einvoice(invoice)


def _place(file: PdfFile, announced: str | None) -> int:
    """The order in which files are asked: announced, known by name, others."""
    name = file.name.lower()
    if announced and name == announced.lower():
        return -1
    return _NAMES.index(name) if name in _NAMES else len(_NAMES)


def _remark(file: PdfFile, invoice: EInvoice, found: PdfFound) -> None:
    """What the PDF says about its XML, where that is wrong."""
    if file.relationship not in _RELATIONSHIPS:
        found.warn("relationship", f"{file.name} is associated as {file.relationship or 'nothing'}")
    level = (found.announced_level or "").replace(" ", "").replace("-", "").upper()
    if level and invoice.profile.startswith(("FACTUR-X", "ZUGFERD")):
        stated = invoice.profile.rpartition("-")[2]
        if level not in (stated, {"EN16931": "COMFORT"}.get(stated, stated)):
            found.warn(
                "profile_differs", f"the metadata announce {found.announced_level}, the XML is {invoice.profile}"
            )
