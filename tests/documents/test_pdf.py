"""PDFs as they are: good, damaged, hostile, and at odds with themselves."""

from __future__ import annotations

import io

import pytest
from pypdf import PdfReader, PdfWriter

from local.sample_mailbox import papers
from local.sample_mailbox.cii import EN16931, cii
from local.sample_mailbox.facturx import facturx
from local.sample_mailbox.labels import money
from local.sample_mailbox.model import Paper
from local.sample_mailbox.pdf import pdf
from shared.documents import limits
from shared.documents.compare import compare
from shared.documents.read import read_document
from shared.model.document import EInvoice, Reading
from tests.documents.material import XXE, raw_pdf, stream, with_files, written

PAPERS = [value for value in vars(papers).values() if isinstance(value, Paper)]
PAPER = papers.DE_FACTURX


def codes(reading: Reading) -> list[str]:
    return [warning.code for warning in reading.warnings]


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: paper.number)
def test_kind_and_text_of_every_sample_paper(paper: Paper) -> None:
    reading = read_document(pdf(paper))
    assert reading.kind == paper.kind
    assert reading.evidence
    assert reading.text is not None
    assert money(paper.total, paper.language) in reading.text
    assert (reading.pages, reading.content_type, reading.warnings) == (1, "application/pdf", ())


@pytest.mark.fault("D05")
@pytest.mark.parametrize("damage", ["startxref", "table", "cut"])
def test_broken_xref_is_read_all_the_same(damage: str) -> None:
    data = pdf(PAPER)
    if damage == "startxref":
        data = data[: data.rindex(b"startxref")] + b"startxref\n999999999\n%%EOF\n"
    elif damage == "table":
        data = data.replace(b"xref\n0 ", b"xref\n7 ", 1)
    else:
        data = data[: data.rindex(b"startxref")]
    reading = read_document(data)
    assert reading.kind == "invoice"
    assert reading.text is not None
    assert "WB-100245" in reading.text


@pytest.mark.fault("D05")
@pytest.mark.parametrize(
    "data", [b"%PDF-1.7\n", b"%PDF-1.4\n" + bytes(5000), pdf(PAPER)[:700], b"%PDF-" + b"[" * 100_000]
)
def test_what_is_no_pdf_after_all_is_a_warning(data: bytes) -> None:
    reading = read_document(data)
    assert (reading.kind, reading.text, reading.einvoice) == ("other", None, None)
    assert "pdf_damaged" in codes(reading)


@pytest.mark.fault("D05")
def test_encrypted_pdf_is_named_so() -> None:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf(PAPER))))
    writer.encrypt("secret", algorithm="RC4-128")
    reading = read_document(written(writer))
    assert reading.encrypted
    assert (reading.kind, reading.text, codes(reading)) == ("other", None, ["pdf_encrypted"])


@pytest.mark.fault("D05")
def test_loop_in_the_tree_of_embedded_files_ends() -> None:
    pages = {2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>", 3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>"}
    catalogue = b"<</Type/Catalog/Pages 2 0 R/Names<</EmbeddedFiles 4 0 R>>/AF[6 0 R 6 0 R]>>"
    reading = read_document(
        raw_pdf(
            {
                1: catalogue,
                **pages,
                4: b"<</Kids[5 0 R 4 0 R]>>",
                5: b"<</Kids[4 0 R 5 0 R]/Names[(a.xml) 6 0 R (b.xml) 6 0 R]>>",
                6: b"<</Type/Filespec/UF(a.xml)/EF<</F 7 0 R>>>>",
                7: stream(b"<a/>"),
            }
        )
    )
    assert [file.name for file in reading.embedded] == ["a.xml"]


@pytest.mark.fault("D05")
@pytest.mark.parametrize(
    "action", [b"/OpenAction<</S/JavaScript/JS(app.alert\\(1\\))>>", b"/OpenAction<</S/Launch/F(x)>>"]
)
def test_actions_are_named_and_not_run(action: bytes) -> None:
    pages = {2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>", 3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>"}
    reading = read_document(raw_pdf({1: b"<</Type/Catalog/Pages 2 0 R%s>>" % action, **pages}))
    assert "pdf_active" in codes(reading)


@pytest.mark.fault("D04")
def test_dtd_in_an_embedded_file_is_refused() -> None:
    reading = read_document(with_files(pdf(PAPER), {"factur-x.xml": XXE}))
    assert "dtd_not_allowed" in codes(reading)
    assert (reading.einvoice, reading.kind) == (None, "invoice")  # the page is still judged


@pytest.mark.fault("D06")
def test_of_two_invoices_inside_the_known_name_counts_and_the_conflict_is_shown() -> None:
    other = cii(papers.DE_XRECHNUNG, EN16931)
    reading = read_document(with_files(pdf(PAPER), {"a.xml": other, "factur-x.xml": cii(PAPER, EN16931)}))
    assert reading.einvoice is not None
    assert reading.einvoice.number == PAPER.number
    assert "several_invoices" in codes(reading)


@pytest.mark.fault("D06")
def test_xml_that_disagrees_with_the_page_is_shown() -> None:
    xml = cii(PAPER, EN16931).replace(b"2844.10", b"9844.10")
    reading = read_document(with_files(pdf(PAPER), {"factur-x.xml": xml}))
    assert reading.comparison is not None
    assert reading.comparison.model_dump() == {"number": True, "total": False, "issue_date": True}
    assert [warning.detail for warning in reading.warnings] == ["not on the page as the XML states it: total"]


@pytest.mark.fault("D06")
@pytest.mark.parametrize("relationship", [None, "/Unspecified"])
def test_wrong_relationship_is_shown(relationship: str | None) -> None:
    reading = read_document(with_files(pdf(PAPER), {"factur-x.xml": cii(PAPER, EN16931)}, relationship))
    assert reading.einvoice is not None
    assert codes(reading) == ["relationship"]


@pytest.mark.fault("D06")
def test_profile_other_than_announced_is_shown() -> None:
    data = facturx(PAPER).replace(b"<fx:ConformanceLevel>EN 16931<", b"<fx:ConformanceLevel>MINIMUM <")
    assert codes(read_document(data)) == ["profile_differs"]


def test_pages_and_text_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    writer = PdfWriter()
    for _ in range(5):
        writer.append(io.BytesIO(pdf(PAPER)))
    monkeypatch.setattr(limits, "PAGES", 3)
    reading = read_document(written(writer))
    assert (reading.pages, codes(reading)) == (5, ["pdf_pages_cut"])
    monkeypatch.setattr(limits, "TEXT", 100)
    reading = read_document(pdf(PAPER))
    assert reading.text is not None
    assert len(reading.text) <= 100


def test_name_with_half_a_character_is_mended() -> None:
    pages = {2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>", 3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>"}
    specification = b"<</Type/Filespec/UF<FEFFD8000041>/AFRelationship/#ff#00/EF<</F 5 0 R>>>>"
    catalogue = b"<</Type/Catalog/Pages 2 0 R/AF[4 0 R]>>"
    reading = read_document(raw_pdf({1: catalogue, **pages, 4: specification, 5: stream(b"<a/>")}))
    assert reading.model_dump_json()
    assert len(reading.embedded) == 1


def test_scan_is_named_so() -> None:
    pages = {2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>", 3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>"}
    reading = read_document(raw_pdf({1: b"<</Type/Catalog/Pages 2 0 R>>", **pages}))
    assert (reading.kind, reading.text, codes(reading)) == ("other", None, ["pdf_no_text"])


@pytest.mark.parametrize(
    "page",
    [
        "Invoice QK / 1 of 3 November 2026, total 1,234.50 EUR",
        "Rechnung QK-1 vom 03.11.2026, zu zahlen 1.234,50 EUR",
        "Faktura QK-1, 2026-11-03, att betala 1 234,50 SEK, tack",
        "Factuur QK-1, 3 nov. 2026, totaal € 1234,50 te voldoen",
        "Rechnung QK-1, 3.11.26, CHF 1'234.50 innert dreissig Tagen",
    ],
)
def test_amounts_and_dates_in_any_notation(page: str) -> None:
    invoice = EInvoice(syntax="UBL Invoice", number="QK-1", issue_date="2026-11-03", payable="1234.50")
    found = compare(invoice, page)
    assert found is not None
    assert found.model_dump() == {"number": True, "total": True, "issue_date": True}
    assert compare(invoice, "too short") is None
    assert compare(EInvoice(syntax="UBL Invoice"), page) is not None
