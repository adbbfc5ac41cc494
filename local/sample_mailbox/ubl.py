"""Papers as UBL 2.1 Invoice and CreditNote, in the shape of Peppol BIS Billing 3."""

from __future__ import annotations

from decimal import Decimal
from xml.sax.saxutils import escape, quoteattr

from local.sample_mailbox.model import Paper, Party

CUSTOMIZATION = "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"
PROFILE = "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0"
_SCHEMA = "urn:oasis:names:specification:ubl:schema:xsd:"


def ubl(paper: Paper) -> bytes:
    """The paper as UBL XML in UTF-8."""
    credit = paper.kind == "credit_note"
    root = "CreditNote" if credit else "Invoice"
    currency = f"currencyID={quoteattr(paper.currency)}"
    category = _category(paper.rate)

    def amount(tag: str, value: Decimal) -> str:
        return f"<cbc:{tag} {currency}>{value}</cbc:{tag}>"

    parts = [
        f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} xmlns="{_SCHEMA}{root}-2"'
        f' xmlns:cac="{_SCHEMA}CommonAggregateComponents-2" xmlns:cbc="{_SCHEMA}CommonBasicComponents-2">',
        f"<cbc:CustomizationID>{CUSTOMIZATION}</cbc:CustomizationID>",
        f"<cbc:ProfileID>{PROFILE}</cbc:ProfileID>",
        f"<cbc:ID>{escape(paper.number)}</cbc:ID>",
        f"<cbc:IssueDate>{paper.issued}</cbc:IssueDate>",
        f"<cbc:DueDate>{paper.due}</cbc:DueDate>" if paper.due and not credit else "",
        f"<cbc:{root}TypeCode>{381 if credit else 380}</cbc:{root}TypeCode>",
        f"<cbc:DocumentCurrencyCode>{paper.currency}</cbc:DocumentCurrencyCode>",
        f"<cac:OrderReference><cbc:ID>{escape(paper.order)}</cbc:ID></cac:OrderReference>" if paper.order else "",
        _refers_to(paper.refers_to) if paper.refers_to else "",
        _party("AccountingSupplierParty", paper.seller),
        _party("AccountingCustomerParty", paper.buyer),
        f"<cac:PaymentMeans><cbc:PaymentMeansCode>30</cbc:PaymentMeansCode><cac:PayeeFinancialAccount>"
        f"<cbc:ID>{escape(paper.seller.account.replace(' ', ''))}</cbc:ID>"
        "</cac:PayeeFinancialAccount></cac:PaymentMeans>",
        f"<cac:TaxTotal>{amount('TaxAmount', paper.vat)}<cac:TaxSubtotal>{amount('TaxableAmount', paper.net)}"
        f"{amount('TaxAmount', paper.vat)}<cac:TaxCategory>{category}</cac:TaxCategory></cac:TaxSubtotal>"
        "</cac:TaxTotal>",
        f"<cac:LegalMonetaryTotal>{amount('LineExtensionAmount', paper.net)}{amount('TaxExclusiveAmount', paper.net)}"
        f"{amount('TaxInclusiveAmount', paper.total)}{amount('PayableAmount', paper.total)}</cac:LegalMonetaryTotal>",
    ]
    quantity = "CreditedQuantity" if credit else "InvoicedQuantity"
    parts += [
        f"<cac:{root}Line><cbc:ID>{number}</cbc:ID>"
        f"<cbc:{quantity} unitCode={quoteattr(line.unit)}>{line.quantity}</cbc:{quantity}>"
        f"{amount('LineExtensionAmount', line.amount)}<cac:Item><cbc:Name>{escape(line.text)}</cbc:Name>"
        f"<cac:ClassifiedTaxCategory>{category}</cac:ClassifiedTaxCategory></cac:Item>"
        f"<cac:Price>{amount('PriceAmount', Decimal(line.price))}</cac:Price></cac:{root}Line>"
        for number, line in enumerate(paper.lines, 1)
    ]
    parts.append(f"</{root}>")
    return "\n".join(part for part in parts if part).encode() + b"\n"


def _category(rate: int) -> str:
    return (
        f"<cbc:ID>{'S' if rate else 'Z'}</cbc:ID><cbc:Percent>{rate}</cbc:Percent>"
        "<cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme>"
    )


def _refers_to(number: str) -> str:
    return (
        f"<cac:BillingReference><cac:InvoiceDocumentReference><cbc:ID>{escape(number)}</cbc:ID>"
        "</cac:InvoiceDocumentReference></cac:BillingReference>"
    )


def _party(role: str, party: Party) -> str:
    return (
        f"<cac:{role}><cac:Party>"
        f"<cbc:EndpointID schemeID={quoteattr(party.endpoint_scheme)}>{escape(party.endpoint)}</cbc:EndpointID>"
        f"<cac:PostalAddress><cbc:StreetName>{escape(party.street)}</cbc:StreetName>"
        f"<cbc:CityName>{escape(party.city)}</cbc:CityName><cbc:PostalZone>{escape(party.postcode)}</cbc:PostalZone>"
        f"<cac:Country><cbc:IdentificationCode>{party.country}</cbc:IdentificationCode></cac:Country>"
        "</cac:PostalAddress>"
        f"<cac:PartyTaxScheme><cbc:CompanyID>{escape(party.tax_id)}</cbc:CompanyID>"
        "<cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme></cac:PartyTaxScheme>"
        f"<cac:PartyLegalEntity><cbc:RegistrationName>{escape(party.name)}</cbc:RegistrationName>"
        "</cac:PartyLegalEntity>"
        f"<cac:Contact><cbc:Name>{escape(party.person)}</cbc:Name>"
        f"<cbc:ElectronicMail>{escape(party.email)}</cbc:ElectronicMail></cac:Contact>"
        f"</cac:Party></cac:{role}>"
    )
