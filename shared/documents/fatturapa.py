"""The facts of an Italian FatturaPA (ordinary and simplified). Of a lot with several invoices, the first."""

from __future__ import annotations

from shared.documents.profiles import profile_of
from shared.documents.values import amount, iso_date
from shared.documents.xml import Element, attribute, child, children, text
from shared.model.document import Container, EInvoice, Syntax, TradeParty

__all__ = ["read_fatturapa"]


def read_fatturapa(root: Element, syntax: Syntax, container: Container) -> EInvoice:
    """Read the facts; the amounts without tax are stated per rate and are summed here."""
    header = child(root, "FatturaElettronicaHeader")
    body = child(root, "FatturaElettronicaBody")
    general = child(body, "DatiGenerali", "DatiGeneraliDocumento")
    sending = child(header, "DatiTrasmissione")
    goods = child(body, "DatiBeniServizi")
    payments = list(children(body, "DatiPagamento", "DettaglioPagamento"))
    stated_total = text(general, "ImportoTotaleDocumento")
    net = _sum(goods, "DatiRiepilogo", "ImponibileImporto")
    gross = stated_total or _gross(goods) or _sum(goods, "Importo")  # the simplified form states gross lines
    destination = text(sending, "CodiceDestinatario")
    if destination and not destination.strip("0"):
        destination = None  # seven zeros: delivered by certified mail, or to the tax drawer
    return EInvoice(
        syntax=syntax,
        profile=profile_of(syntax, None, container),
        guideline=text(sending, "FormatoTrasmissione") or attribute(root, "versione"),
        process=None,
        type_code=text(general, "TipoDocumento"),
        number=text(general, "Numero"),
        issue_date=iso_date(text(general, "Data")),
        due_date=iso_date(next((day for p in payments if (day := text(p, "DataScadenzaPagamento"))), None)),
        currency=text(general, "Divisa"),
        seller=_party(child(header, "CedentePrestatore"), None),
        buyer=_party(child(header, "CessionarioCommittente"), destination or text(sending, "PECDestinatario")),
        tax_exclusive=net,
        tax_inclusive=gross,
        payable=_sum(body, "DatiPagamento", "DettaglioPagamento", "ImportoPagamento") or gross,
        lines=sum(1 for _ in children(goods, "DettaglioLinee")) or sum(1 for _ in children(body, "DatiBeniServizi")),
        order_reference=text(body, "DatiGenerali", "DatiOrdineAcquisto", "IdDocumento"),
        container=container,
    )


def _sum(element: Element | None, *path: str) -> str | None:
    """One amount as it is written; several as their sum."""
    written = [value for found in children(element, *path) if (value := text(found))]
    if len(written) < 2:
        return written[0] if written else None
    numbers = [number for value in written if (number := amount(value)) is not None]
    return str(sum(numbers)) if numbers else None


def _gross(goods: Element | None) -> str | None:
    """Net and tax of every rate together."""
    numbers = [
        number
        for part in ("ImponibileImporto", "Imposta")
        for found in children(goods, "DatiRiepilogo", part)
        if (number := amount(text(found))) is not None
    ]
    return str(sum(numbers)) if numbers else None


def _party(party: Element | None, endpoint: str | None) -> TradeParty:
    """Name of a company, or first and last name of a person; the simplified form has no wrapper around them."""
    data = child(party, "DatiAnagrafici") if child(party, "DatiAnagrafici") is not None else party
    wrapped = child(data, "Anagrafica")
    name = wrapped if wrapped is not None else child(data, "AltriDatiIdentificativi")
    name = name if name is not None else data
    person = " ".join(part for part in (text(name, "Nome"), text(name, "Cognome")) if part)
    fiscal = child(data, "IdFiscaleIVA")
    if fiscal is None:
        fiscal = child(data, "IdentificativiFiscali", "IdFiscaleIVA")
    number = f"{text(fiscal, 'IdPaese') or ''}{text(fiscal, 'IdCodice') or ''}"
    return TradeParty(
        name=text(name, "Denominazione") or person or None,
        tax_id=number or text(data, "CodiceFiscale") or text(data, "IdentificativiFiscali", "CodiceFiscale"),
        endpoint=endpoint,
    )
