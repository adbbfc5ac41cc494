"""Dates and amounts as documents write them."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal, InvalidOperation

__all__ = ["amount", "iso_date"]

_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:\d{4}(?:\d{2})?)?")  # CII formats 102, 203, 204


def iso_date(value: str | None) -> str | None:
    """The day as ISO 8601, without a time or zone behind it; what is no date stays as it is, for a person to see."""
    if not value:
        return None
    found = _ISO.match(value) or _COMPACT.fullmatch(value)
    if not found:
        return value
    try:
        return date(int(found[1]), int(found[2]), int(found[3])).isoformat()
    except ValueError:
        return value


def amount(value: str | None) -> Decimal | None:
    """A decimal number, or None where it is none."""
    if not value or len(value) > 40:
        return None
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number) < Decimal("1e18") else None
