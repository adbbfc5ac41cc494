"""E-invoices are recognised by what they declare, and their facts are what stands in them."""

from __future__ import annotations

import pytest

from local.sample_mailbox import papers
from local.sample_mailbox.cii import EN16931, cii
from local.sample_mailbox.facturx import facturx
from local.sample_mailbox.ubl import CUSTOMIZATION, PROFILE, ubl
from shared.documents.profiles import profile_of
from shared.documents.read import read_document
from shared.model.document import Container, EInvoice, Syntax, TradeParty
from tests.documents.material import FATTURA, ZUGFERD_1


def invoice(data: bytes) -> EInvoice:
    found = read_document(data).einvoice
    assert found is not None
    return found


def test_ubl_invoice() -> None:
    assert invoice(ubl(papers.NL_UBL_INVOICE)) == EInvoice(
        syntax="UBL Invoice",
        profile="PEPPOL-BIS-3",
        guideline=CUSTOMIZATION,
        process=PROFILE,
        type_code="380",
        number="MT-7790",
        issue_date="2026-11-11",
        due_date="2026-12-11",
        currency="EUR",
        seller=TradeParty(name="Molen Techniek Voorbeeld B.V.", tax_id="NL000000000B02", endpoint="0106:00000002"),
        buyer=TradeParty(name="Postrum Demo Company", tax_id="DK10000001", endpoint="0184:DK10000001"),
        tax_exclusive="602.00",
        tax_inclusive="728.42",
        payable="728.42",
        lines=2,
        order_reference="INK-2014",
        container="xml",
    )


def test_ubl_credit_note() -> None:
    reading = read_document(ubl(papers.DA_UBL_CREDIT_NOTE))
    assert reading.kind == "credit_note"
    assert reading.evidence == ("UBL CreditNote, type 381",)
    assert reading.einvoice is not None
    assert (reading.einvoice.syntax, reading.einvoice.payable) == ("UBL CreditNote", "157.50")


def test_cii_xrechnung() -> None:
    found = invoice(cii(papers.DE_XRECHNUNG))
    assert (found.syntax, found.profile, found.container) == ("CII CrossIndustryInvoice", "XRECHNUNG", "xml")
    assert (found.number, found.issue_date, found.due_date) == ("KM-2026-118", "2026-11-05", "2026-12-05")
    assert (found.tax_exclusive, found.tax_inclusive, found.payable) == ("1748.00", "2080.12", "2080.12")
    assert (found.lines, found.currency, found.order_reference) == (2, "EUR", "BE-9001")
    assert found.seller == TradeParty(
        name="Kranich Musterbau GmbH", tax_id="DE000000001", endpoint="EM:rechnung@kranich-musterbau.example"
    )


def test_facturx() -> None:
    reading = read_document(facturx(papers.DE_FACTURX))
    assert reading.einvoice is not None
    assert (reading.einvoice.profile, reading.einvoice.container) == ("FACTUR-X-EN16931", "pdf")
    assert (reading.einvoice.number, reading.einvoice.payable) == ("WB-100245", "2844.10")
    assert [(file.name, file.relationship) for file in reading.embedded] == [("factur-x.xml", "Alternative")]
    assert reading.comparison is not None
    assert reading.comparison.agrees
    assert reading.warnings == ()


def test_zugferd_1() -> None:
    found = invoice(ZUGFERD_1)
    assert (found.syntax, found.profile) == ("CII CrossIndustryDocument", "ZUGFERD-1-COMFORT")
    assert (found.number, found.issue_date, found.payable, found.lines) == ("Z-1", "2014-03-03", "119.00", 1)
    assert (found.seller.name, found.order_reference) == ("Alte Muster GmbH", "B-1")


def test_fatturapa() -> None:
    reading = read_document(FATTURA)
    found = reading.einvoice
    assert found is not None
    assert reading.kind == "invoice"
    assert (found.syntax, found.profile, found.guideline) == ("FatturaPA", "FATTURAPA", "FPR12")
    assert (found.number, found.issue_date, found.due_date) == ("12/A", "2026-11-03", "2026-12-03")
    assert (found.tax_exclusive, found.tax_inclusive, found.payable) == ("120.00", "142.00", "142.00")
    assert (found.type_code, found.lines, found.order_reference) == ("TD01", 2, "ODA-5")
    assert found.seller == TradeParty(name="Officina Inventata S.r.l.", tax_id="IT00000000001")
    assert found.buyer == TradeParty(
        name="Gina Immaginaria", tax_id="XXXXXX00X00X000X", endpoint="pec@inventata.example"
    )
    assert read_document(FATTURA.replace(b"TD01", b"TD04")).kind == "credit_note"


_CII: Syntax = "CII CrossIndustryInvoice"


@pytest.mark.parametrize(
    ("syntax", "guideline", "container", "profile"),
    [
        ("UBL Invoice", EN16931, "xml", "EN16931"),
        (_CII, EN16931, "xml", "EN16931"),
        (_CII, EN16931, "pdf", "FACTUR-X-EN16931"),
        (_CII, f"{EN16931}#compliant#urn:factur-x.eu:1p0:basic", "pdf", "FACTUR-X-BASIC"),
        (_CII, f"{EN16931}:compliant:factur-x.eu:1p0:basic", "xml", "FACTUR-X-BASIC"),
        (_CII, f"{EN16931}#conformant#urn:zugferd.de:2p0:extended", "pdf", "FACTUR-X-EXTENDED"),
        (_CII, "urn:factur-x.eu:1p0:minimum", "xml", "FACTUR-X-MINIMUM"),
        (_CII, "urn:zugferd.de:2p0:basicwl", "xml", "FACTUR-X-BASICWL"),
        ("UBL Invoice", f"{EN16931}#compliant#urn:xoev-de:kosit:standard:xrechnung_2.0", "xml", "XRECHNUNG"),
        ("UBL Invoice", f"\n  {EN16931}#compliant#urn:fdc:nen.nl:nlcius:v1.0 ", "xml", "EN16931-CIUS"),
        ("UBL Invoice", "urn:peppol:pint:billing-1@jp-1", "xml", "OTHER"),
        ("UBL Invoice", None, "xml", "OTHER"),
        ("CII CrossIndustryDocument", "urn:ferd:CrossIndustryDocument:invoice:1p0:basic", "pdf", "ZUGFERD-1-BASIC"),
        ("CII CrossIndustryDocument", None, "pdf", "OTHER"),
    ],
)
def test_profiles(syntax: Syntax, guideline: str | None, container: Container, profile: str) -> None:
    assert profile_of(syntax, guideline, container) == profile


def test_peppol_envelope_is_opened() -> None:
    body = ubl(papers.NL_UBL_INVOICE).partition(b"?>")[2]
    space = b'xmlns="http://www.unece.org/cefact/namespaces/StandardBusinessDocumentHeader"'
    envelope = b"<StandardBusinessDocument %s>%s</StandardBusinessDocument>" % (space, body)
    assert invoice(envelope).number == "MT-7790"


@pytest.mark.parametrize(
    ("root", "kind"),
    [
        ("Order", "order"),
        ("OrderResponse", "order_confirmation"),
        ("DespatchAdvice", "delivery_note"),
        ("Reminder", "reminder"),
        ("Catalogue", None),
    ],
)
def test_other_ubl_documents_have_a_kind_and_no_invoice(root: str, kind: str | None) -> None:
    reading = read_document(f'<{root} xmlns="urn:oasis:names:specification:ubl:schema:xsd:{root}-2"/>'.encode())
    assert (reading.kind, reading.einvoice) == (kind, None)


def test_foreign_xml_and_other_files_are_no_documents() -> None:
    for data in (b"<Invoice/>", b"<config><number>1</number></config>", b"plain text", b"", b"\x89PNG\r\n\x1a\n"):
        reading = read_document(data)
        assert (reading.kind, reading.einvoice, reading.unread) == (None, None, None)


def test_empty_invoice_has_facts_that_are_none() -> None:
    found = invoice(b'<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"/>')
    assert (found.number, found.seller.name, found.lines, found.profile) == (None, None, 0, "OTHER")
