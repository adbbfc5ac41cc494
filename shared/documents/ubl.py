"""The facts of a UBL 2 Invoice or CreditNote."""

from __future__ import annotations

from shared.documents.profiles import profile_of
from shared.documents.values import iso_date
from shared.documents.xml import Element, attribute, child, children, text
from shared.model.document import Container, EInvoice, Syntax, TradeParty

__all__ = ["read_ubl"]


def read_ubl(root: Element, syntax: Syntax, container: Container) -> EInvoice:
    """Read the facts; what the document does not state is None."""
    guideline = text(root, "CustomizationID")
    total = child(root, "LegalMonetaryTotal|RequestedMonetaryTotal")
    return EInvoice(
        syntax=syntax,
        profile=profile_of(syntax, guideline, container),
        guideline=guideline,
        process=text(root, "ProfileID"),
        type_code=text(root, "InvoiceTypeCode|CreditNoteTypeCode"),
        number=text(root, "ID"),
        issue_date=iso_date(text(root, "IssueDate")),
        # a credit note has its date in the means of payment
        due_date=iso_date(text(root, "DueDate") or text(root, "PaymentMeans", "PaymentDueDate")),
        currency=text(root, "DocumentCurrencyCode") or attribute(child(total, "PayableAmount"), "currencyID"),
        seller=_party(child(root, "AccountingSupplierParty", "Party")),
        buyer=_party(child(root, "AccountingCustomerParty", "Party")),
        tax_exclusive=text(total, "TaxExclusiveAmount"),
        tax_inclusive=text(total, "TaxInclusiveAmount"),
        payable=text(total, "PayableAmount"),
        lines=sum(1 for _ in children(root, "InvoiceLine|CreditNoteLine")),
        order_reference=text(root, "OrderReference", "ID"),
        container=container,
    )


def _party(party: Element | None) -> TradeParty:
    """Registered name before trading name: EN 16931's seller name (BT-27) is the registered one."""
    endpoint = child(party, "EndpointID")
    address, scheme = text(endpoint), attribute(endpoint, "schemeID")
    return TradeParty(
        name=text(party, "PartyLegalEntity", "RegistrationName") or text(party, "PartyName", "Name"),
        tax_id=_tax_id(party),
        endpoint=f"{scheme}:{address}" if scheme and address else address,
    )


def _tax_id(party: Element | None) -> str | None:
    """The VAT number, else any tax number, else the number of registration."""
    schemes = list(children(party, "PartyTaxScheme"))
    vat = [scheme for scheme in schemes if (text(scheme, "TaxScheme", "ID") or "").upper() == "VAT"]
    for scheme in (*vat, *schemes):
        if number := text(scheme, "CompanyID"):
            return number
    return text(party, "PartyLegalEntity", "CompanyID")
