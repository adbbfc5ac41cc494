"""Is this XML a business document, and which: by the name and namespace of its root, and by what it declares."""

from __future__ import annotations

from collections.abc import Callable

from shared.documents.cii import read_cii
from shared.documents.fatturapa import read_fatturapa
from shared.documents.ubl import read_ubl
from shared.documents.xml import Element, child, local, namespace, text
from shared.model.document import Container, DocumentKind, EInvoice, Judgement, Syntax

__all__ = ["judge_einvoice", "judge_xml", "read_einvoice"]

type _Reader = Callable[[Element, Syntax, Container], EInvoice]

_UBL = "urn:oasis:names:specification:ubl:schema:xsd:"

#: name of the root, beginning of its namespace, syntax, reader
_SYNTAXES: tuple[tuple[str, str, Syntax, _Reader], ...] = (
    ("Invoice", f"{_UBL}Invoice-2", "UBL Invoice", read_ubl),
    ("CreditNote", f"{_UBL}CreditNote-2", "UBL CreditNote", read_ubl),
    (
        "CrossIndustryInvoice",
        "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice",
        "CII CrossIndustryInvoice",
        read_cii,
    ),
    ("CrossIndustryDocument", "urn:ferd:CrossIndustryDocument", "CII CrossIndustryDocument", read_cii),
    # names of their own, under a new namespace with every version
    ("FatturaElettronica", "", "FatturaPA", read_fatturapa),
    ("FatturaElettronicaSemplificata", "", "FatturaPA", read_fatturapa),
)

#: other business documents in UBL
_OTHER_UBL: dict[str, DocumentKind] = {
    "Order": "order",
    "OrderChange": "order",
    "OrderResponse": "order_confirmation",
    "OrderResponseSimple": "order_confirmation",
    "DespatchAdvice": "delivery_note",
    "Reminder": "reminder",
    "Statement": "statement",
    "SelfBilledInvoice": "invoice",
    "SelfBilledCreditNote": "credit_note",
    "DebitNote": "invoice",
}
_ORDER_X = "SCRDMCCBDACIOMessageStructure"
_ORDER_X_TYPES: dict[str, DocumentKind] = {"220": "order", "230": "order", "231": "order_confirmation"}

#: UNTDID 1001 and FatturaPA: codes that mean a credit
_CREDIT_CODES = frozenset({"81", "83", "261", "262", "296", "308", "381", "396", "420", "458", "532", "TD04", "TD08"})


def read_einvoice(root: Element, container: Container) -> EInvoice | None:
    """The facts, or None where it is no invoice of a known syntax. Looks into Peppol's envelope too."""
    for element in _candidates(root):
        name, space = local(element), namespace(element)
        for root_name, root_namespace, syntax, reader in _SYNTAXES:
            if name == root_name and space.startswith(root_namespace):
                return reader(element, syntax, container)
    return None


def judge_einvoice(invoice: EInvoice) -> Judgement:
    """Invoice or credit note, by syntax and type code."""
    credit = invoice.syntax == "UBL CreditNote" or invoice.type_code in _CREDIT_CODES
    code = f", type {invoice.type_code}" if invoice.type_code else ""
    return Judgement(kind="credit_note" if credit else "invoice", evidence=(f"{invoice.syntax}{code}",))


def judge_xml(root: Element) -> Judgement:
    """The kind of another business document in XML; none for any other XML."""
    for element in _candidates(root):
        name = local(element)
        if name in _OTHER_UBL and namespace(element).startswith(_UBL):
            return Judgement(kind=_OTHER_UBL[name], evidence=(f"UBL {name}",))
        if name == _ORDER_X:
            code = text(child(element, "ExchangedDocument"), "TypeCode") or ""
            return Judgement(kind=_ORDER_X_TYPES.get(code, "order"), evidence=(f"Order-X, type {code}",))
    return Judgement()


def _candidates(root: Element) -> list[Element]:
    """The root; of an SBDH envelope, what it holds."""
    if local(root) == "StandardBusinessDocument":
        return list(root.iterchildren())
    return [root]
