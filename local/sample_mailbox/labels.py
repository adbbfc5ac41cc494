"""The words on the papers, in five languages, and how each language writes amounts and dates. Content only."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from local.sample_mailbox.model import Language

TITLES: dict[Language, dict[str, str]] = {
    "en": {"invoice": "Invoice", "order_confirmation": "Order confirmation"},
    "da": {"invoice": "Faktura", "credit_note": "Kreditnota", "reminder": "Rykkerskrivelse"},
    "nl": {"invoice": "Factuur"},
    "de": {"invoice": "Rechnung", "reminder": "Mahnung"},
    "sv": {
        "invoice": "Faktura",
        "statement": "Kontoutdrag",
        "delivery_note": "Följesedel",
    },
}

WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "number": "Number", "date": "Date", "due": "Due date", "order": "Your order", "to": "To", "text": "Description",
        "quantity": "Quantity", "price": "Price", "amount": "Amount", "net": "Subtotal", "vat": "VAT",
        "total": "Total", "tax_id": "VAT no.", "account": "Account", "refers": "Concerning invoice",
    },
    "da": {
        "number": "Nummer", "date": "Dato", "due": "Forfaldsdato", "order": "Jeres ordre", "to": "Til",
        "text": "Beskrivelse", "quantity": "Antal", "price": "Pris", "amount": "Beløb", "net": "Subtotal",
        "vat": "Moms", "total": "I alt", "tax_id": "CVR-nr.", "account": "Konto", "refers": "Vedrører faktura",
    },
    "nl": {
        "number": "Nummer", "date": "Datum", "due": "Vervaldatum", "order": "Uw order", "to": "Aan",
        "text": "Omschrijving", "quantity": "Aantal", "price": "Prijs", "amount": "Bedrag", "net": "Subtotaal",
        "vat": "Btw", "total": "Totaal", "tax_id": "Btw-nr.", "account": "Rekening", "refers": "Betreft factuur",
    },
    "de": {
        "number": "Nummer", "date": "Datum", "due": "Fällig am", "order": "Ihre Bestellung", "to": "An",
        "text": "Bezeichnung", "quantity": "Menge", "price": "Preis", "amount": "Betrag", "net": "Nettobetrag",
        "vat": "MwSt.", "total": "Gesamtbetrag", "tax_id": "USt-IdNr.", "account": "Konto", "refers": "Zur Rechnung",
    },
    "sv": {
        "number": "Nummer", "date": "Datum", "due": "Förfallodatum", "order": "Er order", "to": "Till",
        "text": "Benämning", "quantity": "Antal", "price": "Pris", "amount": "Belopp", "net": "Netto",
        "vat": "Moms", "total": "Att betala", "tax_id": "Momsreg.nr", "account": "Konto", "refers": "Avser faktura",
    },
}  # fmt: skip

_SEPARATORS: dict[Language, tuple[str, str]] = {
    "en": (",", "."),
    "da": (".", ","),
    "nl": (".", ","),
    "de": (".", ","),
    "sv": (" ", ","),
}
_DATES: dict[Language, str] = {"en": "%d/%m/%Y", "da": "%d.%m.%Y", "nl": "%d-%m-%Y", "de": "%d.%m.%Y", "sv": "%Y-%m-%d"}


def money(amount: Decimal, language: Language) -> str:
    """An amount as the language writes it: 1,234.50 or 1.234,50 or 1 234,50."""
    thousands, decimals = _SEPARATORS[language]
    return f"{amount:,.2f}".replace(",", "\0").replace(".", decimals).replace("\0", thousands)


def day(value: date, language: Language) -> str:
    """A date as the language writes it."""
    return value.strftime(_DATES[language])
