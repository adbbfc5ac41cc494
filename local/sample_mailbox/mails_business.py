"""Mails with papers: the everyday of an invoice mailbox."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from local.sample_mailbox import papers
from local.sample_mailbox.cii import cii
from local.sample_mailbox.envelope import at, from_party, sample
from local.sample_mailbox.facturx import facturx
from local.sample_mailbox.files import png
from local.sample_mailbox.letters import LETTERS
from local.sample_mailbox.mime import Headers, Part, attachment, multipart, text
from local.sample_mailbox.model import Paper, SampleMail
from local.sample_mailbox.pdf import pdf
from local.sample_mailbox.tnef import winmail
from local.sample_mailbox.ubl import ubl

PDF = "application/pdf"


def business_mails() -> Iterator[SampleMail]:
    """Every mail that carries a paper in the ordinary way, and some that carry it in the ways that break importers."""
    yield from _plain_pdfs()
    yield from _e_invoices()
    yield _octet_stream()
    yield _inline_logo()
    yield _winmail()
    yield _read_receipt()
    yield _bcc()
    yield _spoofed()
    yield _umlauts()
    yield _two_papers()


def with_files(name: str, *files: Part) -> Part:
    """The letter of that name with files."""
    return multipart("mixed", f"=_{name}", text(LETTERS[name].body), *files)


def paper_mail(
    name: str, paper: Paper, received: datetime, what: str, *files: Part, extra: Headers = (), to: str | None = None
) -> SampleMail:
    """The letter of that name from the seller of the paper, with files, expected to be imported."""
    subject, content = LETTERS[name].subject, with_files(name, *files)
    if to is None:
        mail = from_party(name, paper.seller, subject, received, content, extra=extra)
    else:
        mail = from_party(name, paper.seller, subject, received, content, extra=extra, to=to)
    return sample(name, paper.language, received, what, mail, folder="imported", kind=paper.kind)


def _plain_pdfs() -> Iterator[SampleMail]:
    """One PDF, sent as it should be. The file names are what people choose."""
    rows = (
        ("en-invoice", papers.EN_INVOICE, at(2, 8, 4), "Invoice-QK-2026-0417.pdf", "PDF invoice"),
        ("en-order-confirmation", papers.EN_ORDER_CONFIRMATION, at(6, 10, 31), "SO-55012.pdf",
         "PDF order confirmation"),
        ("da-invoice", papers.DA_INVOICE, at(2, 9, 15), "Faktura 2026-1204.pdf", "PDF invoice"),
        ("da-uppercase", papers.DA_UPPERCASE_INVOICE, at(3, 7, 45), "invoice.PDF",
         "PDF invoice with its extension in capitals"),
        ("da-credit-note", papers.DA_CREDIT_NOTE, at(6, 8, 2), "Kreditnota.pdf", "PDF credit note"),
        ("da-reminder", papers.DA_REMINDER, at(18, 6, 30), "Rykker 1.pdf", "PDF reminder"),
        ("nl-invoice", papers.NL_INVOICE, at(4, 8, 20), "Factuur F26-00391.pdf", "PDF invoice"),
        ("nl-relation", papers.NL_RELATION_INVOICE, at(9, 9, 9), "F26-00402.pdf",
         "PDF invoice, subject with the keyword `relatienr 000123`"),
        ("de-reminder", papers.DE_REMINDER, at(17, 7, 0), "Mahnung.pdf", "PDF reminder"),
        ("sv-invoice", papers.SV_INVOICE, at(9, 8, 40), "Faktura BM-60012.pdf", "PDF invoice"),
        ("sv-statement", papers.SV_STATEMENT, at(16, 6, 5), "Kontoutdrag.pdf", "PDF statement of account"),
        ("sv-delivery-note", papers.SV_DELIVERY_NOTE, at(13, 12, 0), "FS-9912.pdf", "PDF delivery note"),
    )  # fmt: skip
    for name, paper, received, file, what in rows:
        yield paper_mail(name, paper, received, what, attachment(file, PDF, pdf(paper)))


def _e_invoices() -> Iterator[SampleMail]:
    """Invoices for machines."""
    paper = papers.EN_UBL_INVOICE
    yield paper_mail(
        "en-ubl", paper, at(4, 9, 1), "UBL invoice (Peppol BIS Billing 3) with its PDF",
        attachment("QK-2026-0431.xml", "application/xml", ubl(paper)),
        attachment("QK-2026-0431.pdf", PDF, pdf(paper)),
    )  # fmt: skip
    paper = papers.NL_UBL_INVOICE
    yield paper_mail(
        "nl-ubl", paper, at(11, 9, 30), "UBL invoice alone, sent as text/xml",
        attachment("MT-7790.xml", "text/xml", ubl(paper)),
    )  # fmt: skip
    paper = papers.DA_UBL_CREDIT_NOTE
    yield paper_mail(
        "da-ubl-credit-note", paper, at(9, 10, 10), "UBL credit note alone",
        attachment("KE-K-112.xml", "application/xml", ubl(paper)),
    )  # fmt: skip
    paper = papers.DE_XRECHNUNG
    yield paper_mail(
        "de-xrechnung", paper, at(5, 7, 55), "CII invoice (XRechnung)",
        attachment("xrechnung.xml", "application/xml", cii(paper)),
    )  # fmt: skip
    paper = papers.DE_FACTURX
    yield paper_mail(
        "de-facturx", paper, at(6, 13, 20), "Factur-X (ZUGFeRD 2): PDF with the invoice as XML inside",
        attachment("WB-100245.pdf", PDF, facturx(paper)),
    )  # fmt: skip


def _octet_stream() -> SampleMail:
    paper = papers.EN_OCTET_INVOICE
    file = attachment("LC-88177.pdf", "application/octet-stream", pdf(paper))
    return paper_mail("en-octet", paper, at(5, 11, 11), "PDF invoice sent as application/octet-stream", file)


def _inline_logo() -> SampleMail:
    """Alternative text and HTML; the HTML shows a logo by its Content-ID; the PDF stands beside them."""
    name, paper = "en-logo", papers.EN_LOGO_INVOICE
    logo_id = "logo@lantern-cloud.example"
    html = (
        f'<html><body><img src="cid:{logo_id}" alt="Lantern Cloud" width="120"><p>Hello,</p>'
        "<p>your invoice for November is attached. The amount will be collected on 17 November.</p></body></html>\n"
    )
    logo = attachment("logo.png", "image/png", png(120, 32, (236, 164, 32)), content_id=logo_id, disposition="inline")
    content = multipart(
        "mixed", f"=_{name}-1",
        multipart(
            "alternative", f"=_{name}-2",
            text(LETTERS[name].body),
            multipart("related", f"=_{name}-3", text(html, "html"), logo),
        ),
        attachment("LC-88120.pdf", PDF, pdf(paper)),
    )  # fmt: skip
    received = at(3, 12, 0)
    mail = from_party(name, paper.seller, LETTERS[name].subject, received, content)
    return sample(
        name, "en", received, "HTML mail with an inline logo and a PDF invoice", mail, folder="imported", kind="invoice"
    )


def _winmail() -> SampleMail:
    name, paper = "nl-winmail", papers.NL_TNEF_INVOICE
    letter = LETTERS[name]
    stream = winmail(letter.subject, letter.body, "Factuur MT-7781.pdf", PDF, pdf(paper))
    return paper_mail(
        name, paper, at(10, 8, 8), "winmail.dat (TNEF) with a PDF invoice inside",
        attachment("winmail.dat", "application/ms-tnef", stream),
        extra=(("X-MS-TNEF-Correlator", f"<{name}@molen-techniek.example>"),),
    )  # fmt: skip


def _read_receipt() -> SampleMail:
    paper = papers.EN_RECEIPT_INVOICE
    return paper_mail(
        "en-read-receipt", paper, at(10, 15, 45), "PDF invoice; the sender asks for a read receipt",
        attachment("LC-88204.pdf", PDF, pdf(paper)),
        extra=(("Disposition-Notification-To", paper.seller.email),),
    )  # fmt: skip


def _bcc() -> SampleMail:
    paper = papers.SV_BCC_INVOICE
    return paper_mail(
        "sv-bcc", paper, at(10, 6, 50), "PDF invoice; the mailbox got it as a blind copy",
        attachment("Faktura FP-2231.pdf", PDF, pdf(paper)),
        to='"Undisclosed" <kund@provtryck.example>',
    )  # fmt: skip


def _spoofed() -> SampleMail:
    """The name and address of a known supplier, from a server that is not theirs, with a changed bank account."""
    name, paper = "en-spoofed", papers.EN_SPOOFED_INVOICE
    received = at(9, 3, 33)
    content = with_files(name, attachment("Invoice-QK-2026-0417-B.pdf", PDF, pdf(paper)))
    extra = (("Reply-To", "payments@look-alike.example"),)
    mail = from_party(name, paper.seller, LETTERS[name].subject, received, content, extra=extra, genuine=False)
    return sample(name, "en", received, "Spoofed sender (DMARC fails) with a forged invoice", mail, kind="invoice")


def _umlauts() -> SampleMail:
    """Umlauts in the subject, and a file name in RFC 2231 sections."""
    name, paper = "de-umlauts", papers.DE_UMLAUT_INVOICE
    file = attachment("Rechnung Türschließer größenverstellbar.pdf", PDF, pdf(paper), form="rfc2231")
    return paper_mail(name, paper, at(11, 14, 2), "PDF invoice with its name in RFC 2231 sections", file)


def _two_papers() -> SampleMail:
    invoice, note = papers.SV_INVOICE, papers.SV_DELIVERY_NOTE
    return paper_mail(
        "sv-two", invoice, at(13, 13, 0), "Two PDFs: an invoice, and a delivery note with an encoded word as its name",
        attachment("Faktura BM-60012 kopia.pdf", PDF, pdf(invoice)),
        attachment("Följesedel.pdf", PDF, pdf(note), form="encoded"),
    )  # fmt: skip
