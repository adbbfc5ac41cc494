"""Do the page that a person reads and the XML that a program books say the same? A difference may be a fraud."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from decimal import Decimal

from shared.documents.values import amount
from shared.model.document import Comparison, EInvoice

__all__ = ["compare"]

_ENOUGH = 40  # characters of text under which a page says nothing
_AMOUNT = re.compile(r"(?<![\w.,])\d{1,3}(?:[.,'’ \u00a0\u202f]\d{3})*(?:[.,]\d{1,4})?(?![\w])|\d+(?:[.,]\d{1,4})?")
_MONTHS = (
    "jan", "feb|fév|fev|helmi", "mar|mär|mrt|maa|már", "apr|avr|abr|huh", "may|mai|maj|mei|mag|tou",
    "jun|juin|giu|kes|cze", "jul|juil|lug|hei|lip", "aug|août|aou|ago|elo|sie", "sep|set|syy|wrz",
    "oct|okt|out|ott|lok|paź", "nov|mar|lis", "dec|dez|des|déc|dic|jou|gru",
)  # fmt: skip


def compare(invoice: EInvoice, text: str | None) -> Comparison | None:
    """Look for number, total and date of the XML in the text; None where the PDF has no text to speak of."""
    if not text or len(text) < _ENOUGH:
        return None
    return Comparison(
        number=_has_number(invoice.number, text) if invoice.number else None,
        total=_has_total(invoice, text),
        issue_date=_has_date(invoice.issue_date, text),
    )


def _squeeze(value: str) -> str:
    """Letters and digits alone: pages break numbers with blanks, and put other dashes."""
    return "".join(c for c in unicodedata.normalize("NFKC", value).casefold() if c.isalnum())


def _has_number(number: str, text: str) -> bool:
    return _squeeze(number) in _squeeze(text)


def _has_total(invoice: EInvoice, text: str) -> bool | None:
    """The payable amount or the total with tax, written in any way."""
    stated = {number.copy_abs() for value in (invoice.payable, invoice.tax_inclusive) if (number := amount(value))}
    if not stated:
        return None
    return any(number in stated for found in _AMOUNT.finditer(text) for number in _readings(found[0]))


def _readings(written: str) -> set[Decimal]:
    """An amount as either notation reads it: 1.234 is over a thousand in one, and little over one in the other."""
    plain = re.sub(r"['’ \u00a0\u202f]", "", written)
    readings = {plain.replace(",", ""), plain.replace(".", "").replace(",", ".")}
    return {number for reading in readings if (number := amount(reading)) is not None}


def _has_date(issued: str | None, text: str) -> bool | None:
    """The day in digits in any usual order, or with the month in letters."""
    try:
        day = date.fromisoformat(issued or "")
    except ValueError:
        return None
    y, d, m = rf"(?:{day.year}|{day.year % 100:02})", f"0?{day.day}", f"0?{day.month}"
    gap = r"[\s./-]{1,3}"
    named = rf"(?:{_MONTHS[day.month - 1]})\w*"
    patterns = (
        rf"{d}{gap}{m}{gap}{y}",
        rf"{m}{gap}{d}{gap}{y}",
        rf"{day.year}{gap}{m}{gap}{d}",
        rf"{day:%Y%m%d}",
        rf"{d}(?:st|nd|rd|th|º|er)?{gap}(?:de\s+|of\s+)?{named}{gap}(?:de\s+)?{y}",
        rf"{named}{gap}{d}(?:st|nd|rd|th)?,?\s{{1,3}}{y}",
    )
    return any(re.search(rf"(?<!\d){pattern}(?!\d)", text, re.IGNORECASE) for pattern in patterns)
