"""Dates in mail headers (RFC 5322 section 3.3 and what is written instead of it) to RFC 3339.

No library's guess: a table of forms, each with its own evidence. A date without a zone has the offset `-00:00`, which
RFC 3339 section 4.3 gives for "the zone is not known".
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

__all__ = ["parse_date"]

_MONTHS = {
    name: number
    for number, names in enumerate(
        ("jan januar january januari janvier janv gen gennaio enero ene januari sty", "feb februar february februari février fevrier "
         "febbraio febrero fev", "mar mär mrz märz march maart mars marzo mrt maa", "apr april avril aprile abril avr abr kwi",
         "may mai maj mei maggio mayo mag", "jun june juni juin giugno junio giu cze", "jul july juli juillet luglio julio lug lip",
         "aug august augusti août aout agosto ago sie", "sep sept september septembre settembre septiembre set wrz",
         "oct oktober october okt octobre ottobre octubre ott out paź", "nov november novembre noviembre lis",
         "dec december dez dezember décembre decembre dicembre diciembre dic des gru"), 1)
    for name in names.split()
}  # fmt: skip
_ZONES = {
    "ut": 0, "utc": 0, "gmt": 0, "z": 0, "wet": 0, "est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8,
    "pdt": -7, "cet": 1, "met": 1, "mez": 1, "mewt": 1, "cest": 2, "mest": 2, "mesz": 2, "bst": 1, "west": 1, "eet": 2, "eest": 3,
    "msk": 3, "msd": 4, "jst": 9, "kst": 9, "akst": -9, "akdt": -8, "hst": -10, "aest": 10, "aedt": 11, "nzst": 12, "nzdt": 13,
    "sast": 2, "hkt": 8, "sgt": 8, "pht": 8, "ist": 5.5, "brt": -3, "art": -3,
}  # fmt: skip
_COMMENT = re.compile(r"\(([^()]{0,100})\)")
_CLOCK = re.compile(
    r"(?<![\d:])(\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?(?:[.,]\d{1,9})?(?:\s*([AaPp])\.?[Mm]\b\.?)?(?![\d:])"
)
_DAY_MONTH = re.compile(
    r"(?<!\d)(\d{1,2})(?:st|nd|rd|th|\.)?[\s\-/.,]+(?:de\s+)?([^\W\d_]{3,12})\.?[\s\-/.,']+(?:de\s+)?(\d{2,4})(?![\d:])"
)
_MONTH_DAY = re.compile(r"([^\W\d_]{3,12})\.?\s+(\d{1,2})(?:st|nd|rd|th)?(?:\s*,\s*|\s+)(?:(\d{4})(?!\d))?")
_YEAR_LAST = re.compile(r"(?<![\d:+-])((?:19|20)\d{2})(?!\d)\s*$")
_NUMERIC = re.compile(r"(?<!\d)(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)")
_NUMERIC_DAY_FIRST = re.compile(r"(?<!\d)(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d{2})(?!\d)")
_OFFSET = re.compile(r"^\s*(?:UTC|GMT|UT|[A-Z]{3,4})?\s*([+-])\s*(\d{1,2}):?(\d{2})?(?!\d)", re.I)
_LETTERS = re.compile(r"^\s*([A-Za-z]{1,5})\b")


def parse_date(value: str | None) -> str | None:
    """Answer the date as RFC 3339, or None where nothing in the value is one."""
    moment = _moment((value or "")[:1000])
    if moment is None:
        return None
    when, zone_known = moment
    text = when.isoformat(timespec="seconds")
    return text if zone_known else text.removesuffix("+00:00") + "-00:00"


def _moment(value: str) -> tuple[datetime, bool] | None:
    """The instant, and whether its zone is known."""
    comments = _COMMENT.findall(value)
    text = re.sub(r"\s+", " ", _COMMENT.sub(" ", value)).strip()
    day = _day(text)
    if not day:
        return None
    rest = text[: day[3]] + " " * (day[4] - day[3]) + text[day[4] :]
    hour = minute = second = 0
    after = rest
    if clock := _CLOCK.search(rest.replace("T", " ") if re.match(r"T\d", text[day[4] :]) else rest):
        hour, minute, second = int(clock[1]), int(clock[2]), int(clock[3] or 0)
        if clock[4]:
            hour = hour % 12 + (12 if clock[4] in "Pp" else 0)
        after = rest[clock.end() :]
    offset = _zone(after, comments)
    try:
        base = datetime(
            day[0], day[1], day[2], 0, 0, 0, tzinfo=timezone(timedelta(hours=offset)) if offset is not None else UTC
        )
        if hour > 24 or minute > 59 or second > 60:
            return None
        return base + timedelta(hours=hour, minutes=minute, seconds=min(second, 59)), offset is not None
    except (ValueError, OverflowError):
        return None


def _zone(text: str, comments: list[str]) -> float | None:
    """The offset in hours that follows the clock."""
    if found := _OFFSET.search(text):
        hours, minutes = int(found[2]), int(found[3] or 0)
        if hours < 24 and minutes < 60:
            return (hours + minutes / 60) * (1 if found[1] == "+" else -1)
        return 0
    for candidate in (text, *comments):
        if (found := _LETTERS.match(candidate)) and found[1].lower() in _ZONES:
            return _ZONES[found[1].lower()]
    return None


def _day(text: str) -> tuple[int, int, int, int, int] | None:
    """Year, month, day, and where they stand."""
    if found := _NUMERIC.search(text):
        return int(found[1]), int(found[2]), int(found[3]), found.start(), found.end()
    if (found := _DAY_MONTH.search(text)) and (
        month := _MONTHS.get(found[2].lower()) or _MONTHS.get(found[2][:3].lower())
    ):
        return _year(found[3]), month, int(found[1]), found.start(), found.end()
    for found in _MONTH_DAY.finditer(text):
        month = _MONTHS.get(found[1].lower()) or _MONTHS.get(found[1][:3].lower())
        if not month:
            continue
        if found[3]:
            return int(found[3]), month, int(found[2]), found.start(), found.end()
        if year := _YEAR_LAST.search(text) or re.search(r"\s((?:19|20)\d{2})(?![\d:])", text[found.end() :]):
            return int(year[1]), month, int(found[2]), found.start(), found.end()
    if found := _NUMERIC_DAY_FIRST.search(text):
        first, second = int(found[1]), int(found[3])
        day, month = (second, first) if second > 12 or (found[2] == "/" and first <= 12) else (first, second)
        return _year(found[4]), month, day, found.start(), found.end()
    return None


def _year(digits: str) -> int:
    """Years of two and three digits, as RFC 5322 section 4.3 has it."""
    year = int(digits)
    if len(digits) == 2:
        return year + (2000 if year < 50 else 1900)
    return year + 1900 if len(digits) == 3 else year
