"""The facts of a UN/CEFACT Cross Industry Invoice, and of its forerunner in ZUGFeRD 1, CrossIndustryDocument."""

from __future__ import annotations

from shared.documents.profiles import profile_of
from shared.documents.values import iso_date
from shared.documents.xml import Element, attribute, child, children, text
from shared.model.document import Container, EInvoice, Syntax, TradeParty

__all__ = ["read_cii"]

_GUIDELINE = "GuidelineSpecifiedDocumentContextParameter"


def read_cii(root: Element, syntax: Syntax, container: Container) -> EInvoice:
    """Read the facts. Where two names stand for one element, the second is ZUGFeRD 1's."""
    context = child(root, "ExchangedDocumentContext|SpecifiedExchangedDocumentContext")
    document = child(root, "ExchangedDocument|HeaderExchangedDocument")
    trade = child(root, "SupplyChainTradeTransaction|SpecifiedSupplyChainTradeTransaction")
    agreement = child(trade, "ApplicableHeaderTradeAgreement|ApplicableSupplyChainTradeAgreement")
    settlement = child(trade, "ApplicableHeaderTradeSettlement|ApplicableSupplyChainTradeSettlement")
    totals = child(
        settlement, "SpecifiedTradeSettlementHeaderMonetarySummation|SpecifiedTradeSettlementMonetarySummation"
    )
    # some programs forget the element around it
    guideline = text(context, _GUIDELINE, "ID") or text(root, _GUIDELINE, "ID")
    return EInvoice(
        syntax=syntax,
        profile=profile_of(syntax, guideline, container),
        guideline=guideline,
        process=text(context, "BusinessProcessSpecifiedDocumentContextParameter", "ID"),
        type_code=text(document, "TypeCode"),
        number=text(document, "ID"),
        issue_date=iso_date(text(document, "IssueDateTime")),
        due_date=iso_date(text(settlement, "SpecifiedTradePaymentTerms", "DueDateDateTime")),
        currency=text(settlement, "InvoiceCurrencyCode"),
        seller=_party(child(agreement, "SellerTradeParty")),
        buyer=_party(child(agreement, "BuyerTradeParty")),
        tax_exclusive=text(totals, "TaxBasisTotalAmount"),
        tax_inclusive=text(totals, "GrandTotalAmount"),
        payable=text(totals, "DuePayableAmount"),
        lines=sum(1 for _ in children(trade, "IncludedSupplyChainTradeLineItem")),
        order_reference=text(agreement, "BuyerOrderReferencedDocument", "IssuerAssignedID|ID"),
        container=container,
    )


def _party(party: Element | None) -> TradeParty:
    endpoint = child(party, "URIUniversalCommunication", "URIID")
    address, scheme = text(endpoint), attribute(endpoint, "schemeID")
    return TradeParty(
        name=text(party, "Name"),
        tax_id=_tax_id(party),
        endpoint=f"{scheme}:{address}" if scheme and address else address,
    )


def _tax_id(party: Element | None) -> str | None:
    """The VAT number (scheme VA), else any tax number, else the number of registration."""
    numbers = list(children(party, "SpecifiedTaxRegistration", "ID"))
    vat = [number for number in numbers if attribute(number, "schemeID") == "VA"]
    for number in (*vat, *numbers):
        if value := text(number):
            return value
    return text(party, "SpecifiedLegalOrganization", "ID")
