"""Papers as UN/CEFACT Cross Industry Invoice, the syntax of XRechnung and of Factur-X."""

from __future__ import annotations

from datetime import date
from xml.sax.saxutils import escape, quoteattr

from local.sample_mailbox.model import Line, Paper, Party

XRECHNUNG = "urn:cen.eu:en16931:2017#compliant#urn:xeinkauf.de:kosit:xrechnung_3.0"
EN16931 = "urn:cen.eu:en16931:2017"
_PROCESS = "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0"
_SCHEMA = "urn:un:unece:uncefact:data:"


def cii(paper: Paper, guideline: str = XRECHNUNG) -> bytes:
    """The paper as CII XML in UTF-8, declared to follow `guideline`."""
    order = (
        f"<ram:BuyerOrderReferencedDocument><ram:IssuerAssignedID>{escape(paper.order)}</ram:IssuerAssignedID>"
        "</ram:BuyerOrderReferencedDocument>"
        if paper.order
        else ""
    )
    terms = (
        "<ram:SpecifiedTradePaymentTerms><ram:DueDateDateTime>"
        f"{_day(paper.due)}</ram:DueDateDateTime></ram:SpecifiedTradePaymentTerms>"
        if paper.due
        else ""
    )
    currency = f"currencyID={quoteattr(paper.currency)}"
    parts = [
        f'<?xml version="1.0" encoding="UTF-8"?>\n<rsm:CrossIndustryInvoice'
        f' xmlns:rsm="{_SCHEMA}standard:CrossIndustryInvoice:100"'
        f' xmlns:ram="{_SCHEMA}standard:ReusableAggregateBusinessInformationEntity:100"'
        f' xmlns:udt="{_SCHEMA}standard:UnqualifiedDataType:100">',
        "<rsm:ExchangedDocumentContext><ram:BusinessProcessSpecifiedDocumentContextParameter>"
        f"<ram:ID>{_PROCESS}</ram:ID></ram:BusinessProcessSpecifiedDocumentContextParameter>"
        f"<ram:GuidelineSpecifiedDocumentContextParameter><ram:ID>{escape(guideline)}</ram:ID>"
        "</ram:GuidelineSpecifiedDocumentContextParameter></rsm:ExchangedDocumentContext>",
        f"<rsm:ExchangedDocument><ram:ID>{escape(paper.number)}</ram:ID>"
        f"<ram:TypeCode>{381 if paper.kind == 'credit_note' else 380}</ram:TypeCode>"
        f"<ram:IssueDateTime>{_day(paper.issued)}</ram:IssueDateTime></rsm:ExchangedDocument>",
        "<rsm:SupplyChainTradeTransaction>",
        *(_line(number, line, paper.rate) for number, line in enumerate(paper.lines, 1)),
        "<ram:ApplicableHeaderTradeAgreement><ram:BuyerReference>04011000-12345-34</ram:BuyerReference>"
        f"{_party('Seller', paper.seller)}{_party('Buyer', paper.buyer)}{order}</ram:ApplicableHeaderTradeAgreement>",
        "<ram:ApplicableHeaderTradeDelivery/>",
        f"<ram:ApplicableHeaderTradeSettlement><ram:InvoiceCurrencyCode>{paper.currency}</ram:InvoiceCurrencyCode>",
        "<ram:SpecifiedTradeSettlementPaymentMeans><ram:TypeCode>58</ram:TypeCode><ram:PayeePartyCreditorFinancialAccount>"
        f"<ram:IBANID>{escape(paper.seller.account.replace(' ', ''))}</ram:IBANID>"
        "</ram:PayeePartyCreditorFinancialAccount></ram:SpecifiedTradeSettlementPaymentMeans>",
        f"<ram:ApplicableTradeTax><ram:CalculatedAmount>{paper.vat}</ram:CalculatedAmount><ram:TypeCode>VAT</ram:TypeCode>"
        f"<ram:BasisAmount>{paper.net}</ram:BasisAmount><ram:CategoryCode>S</ram:CategoryCode>"
        f"<ram:RateApplicablePercent>{paper.rate}</ram:RateApplicablePercent></ram:ApplicableTradeTax>",
        terms,
        "<ram:SpecifiedTradeSettlementHeaderMonetarySummation>"
        f"<ram:LineTotalAmount>{paper.net}</ram:LineTotalAmount>"
        f"<ram:TaxBasisTotalAmount>{paper.net}</ram:TaxBasisTotalAmount>"
        f"<ram:TaxTotalAmount {currency}>{paper.vat}</ram:TaxTotalAmount>"
        f"<ram:GrandTotalAmount>{paper.total}</ram:GrandTotalAmount>"
        f"<ram:DuePayableAmount>{paper.total}</ram:DuePayableAmount>"
        "</ram:SpecifiedTradeSettlementHeaderMonetarySummation></ram:ApplicableHeaderTradeSettlement>",
        "</rsm:SupplyChainTradeTransaction></rsm:CrossIndustryInvoice>",
    ]
    return "\n".join(part for part in parts if part).encode() + b"\n"


def _day(value: date) -> str:
    return f'<udt:DateTimeString format="102">{value:%Y%m%d}</udt:DateTimeString>'


def _line(number: int, line: Line, rate: int) -> str:
    return (
        "<ram:IncludedSupplyChainTradeLineItem><ram:AssociatedDocumentLineDocument>"
        f"<ram:LineID>{number}</ram:LineID></ram:AssociatedDocumentLineDocument>"
        f"<ram:SpecifiedTradeProduct><ram:Name>{escape(line.text)}</ram:Name></ram:SpecifiedTradeProduct>"
        "<ram:SpecifiedLineTradeAgreement><ram:NetPriceProductTradePrice>"
        f"<ram:ChargeAmount>{line.price}</ram:ChargeAmount></ram:NetPriceProductTradePrice>"
        "</ram:SpecifiedLineTradeAgreement><ram:SpecifiedLineTradeDelivery>"
        f"<ram:BilledQuantity unitCode={quoteattr(line.unit)}>{line.quantity}</ram:BilledQuantity>"
        "</ram:SpecifiedLineTradeDelivery><ram:SpecifiedLineTradeSettlement><ram:ApplicableTradeTax>"
        "<ram:TypeCode>VAT</ram:TypeCode><ram:CategoryCode>S</ram:CategoryCode>"
        f"<ram:RateApplicablePercent>{rate}</ram:RateApplicablePercent></ram:ApplicableTradeTax>"
        "<ram:SpecifiedTradeSettlementLineMonetarySummation>"
        f"<ram:LineTotalAmount>{line.amount}</ram:LineTotalAmount>"
        "</ram:SpecifiedTradeSettlementLineMonetarySummation></ram:SpecifiedLineTradeSettlement>"
        "</ram:IncludedSupplyChainTradeLineItem>"
    )


def _party(role: str, party: Party) -> str:
    return (
        f"<ram:{role}TradeParty><ram:Name>{escape(party.name)}</ram:Name>"
        f"<ram:DefinedTradeContact><ram:PersonName>{escape(party.person)}</ram:PersonName>"
        f"<ram:EmailURIUniversalCommunication><ram:URIID>{escape(party.email)}</ram:URIID>"
        "</ram:EmailURIUniversalCommunication></ram:DefinedTradeContact>"
        f"<ram:PostalTradeAddress><ram:PostcodeCode>{escape(party.postcode)}</ram:PostcodeCode>"
        f"<ram:LineOne>{escape(party.street)}</ram:LineOne><ram:CityName>{escape(party.city)}</ram:CityName>"
        f"<ram:CountryID>{party.country}</ram:CountryID></ram:PostalTradeAddress>"
        f"<ram:URIUniversalCommunication><ram:URIID schemeID={quoteattr(party.endpoint_scheme)}>"
        f"{escape(party.endpoint)}</ram:URIID></ram:URIUniversalCommunication>"
        f'<ram:SpecifiedTaxRegistration><ram:ID schemeID="VA">{escape(party.tax_id)}</ram:ID>'
        f"</ram:SpecifiedTaxRegistration></ram:{role}TradeParty>"
    )
