"""What comes in an address, before it is used."""

from __future__ import annotations

from datetime import UTC, datetime

from shared.errors import NotFound

_LONGEST = 64


def row_key(value: str, missing: str) -> str:
    """The key of a row as it came in an address; what cannot be one is not asked for.

    Args:
        value: from the address.
        missing: what is said where it is none.

    Raises:
        NotFound: it cannot be one.
    """
    if not value.isascii() or not value.isalnum() or len(value) > _LONGEST:
        raise NotFound(missing)
    return value


def month_of(text: str, wrong: str) -> datetime | None:
    """`2026-11` as the first moment of that month; None for an empty text.

    Raises:
        NotFound: with the text `wrong`.
    """
    try:
        return datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC) if text else None
    except ValueError:
        raise NotFound(wrong) from None


def month_after(month: str, by: int) -> str:
    """The month so many after `2026-11`; before it with a negative number."""
    year, number = (int(part) for part in month.split("-"))
    count = year * 12 + number - 1 + by
    return f"{count // 12:04d}-{count % 12 + 1:02d}"
