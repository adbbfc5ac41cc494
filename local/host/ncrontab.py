"""NCRONTAB with six fields, as timer triggers use it: `{second} {minute} {hour} {day} {month} {day-of-week}`.

Written here because cron libraries follow Unix, where a restricted day of month and a restricted day of week are joined
by OR; NCRONTAB joins them by AND. Times are UTC, as in Azure by default.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_MONTHS = tuple(name.lower() for name in calendar.month_name)[1:]
_DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
# A day that matches comes round within eight years, or never: 29 February is the rarest, and 2100 has none.
_HORIZON_DAYS = 366 * 9


@dataclass(frozen=True)
class _Field:
    name: str
    low: int
    high: int
    words: tuple[str, ...] = ()


_FIELDS = (
    _Field("second", 0, 59),
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day", 1, 31),
    _Field("month", 1, 12, _MONTHS),
    _Field("day of week", 0, 6, _DAYS),
)


def _number(field: _Field, text: str) -> int:
    if text.isascii() and text.isdigit():
        value = int(text)
        if field.low <= value <= field.high:
            return value
        raise ValueError(f"{field.name} {text} is not between {field.low} and {field.high}")
    lowered = text.lower()
    for offset, word in enumerate(field.words):
        if lowered in (word, word[:3]):
            return field.low + offset
    raise ValueError(f"{field.name} {text!r} is not understood")


def _term(field: _Field, text: str) -> set[int]:
    base, slash, step_text = text.partition("/")
    step = 1
    if slash:
        if not (step_text.isascii() and step_text.isdigit() and int(step_text) > 0):
            raise ValueError(f"{field.name} {text!r} has no step above zero")
        step = int(step_text)
    if base == "*":
        low, high = field.low, field.high
    elif "-" in base:
        left, right = base.split("-", 1)
        low, high = _number(field, left), _number(field, right)
        if low > high:
            raise ValueError(f"{field.name} {base!r} runs backwards")
    else:
        low = _number(field, base)
        high = field.high if slash else low
    return set(range(low, high + 1, step))


@dataclass(frozen=True)
class Schedule:
    """The times at which a timer fires."""

    text: str
    seconds: tuple[int, ...]
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...]
    months: tuple[int, ...]
    weekdays: tuple[int, ...]

    def after(self, moment: datetime) -> datetime:
        """The first time after `moment` (aware; the answer is UTC)."""
        start = moment.astimezone(UTC).replace(microsecond=0) + timedelta(seconds=1)
        day = start.date()
        earliest = (start.hour, start.minute, start.second)
        for _ in range(_HORIZON_DAYS):
            if day.day in self.days and day.month in self.months and day.isoweekday() % 7 in self.weekdays:
                found = self._time_from(earliest)
                if found is not None:
                    return datetime(day.year, day.month, day.day, *found, tzinfo=UTC)
            day += timedelta(days=1)
            earliest = (0, 0, 0)
        raise ValueError(f"the schedule {self.text!r} never fires")

    def _time_from(self, earliest: tuple[int, int, int]) -> tuple[int, int, int] | None:
        hour, minute, second = earliest
        for h in self.hours:
            if h < hour:
                continue
            for m in self.minutes:
                if h == hour and m < minute:
                    continue
                for s in self.seconds:
                    if (h, m, s) >= (hour, minute, second):
                        return (h, m, s)
        return None

    def shortest_interval(self, moment: datetime) -> float:
        """Seconds between the next two times; tells schedules of less than a minute from the others."""
        first = self.after(moment)
        return (self.after(first) - first).total_seconds()


def parse(text: str) -> Schedule:
    """Read an NCRONTAB expression with six fields; ValueError says what is wrong with it."""
    parts = text.split()
    if len(parts) != len(_FIELDS):
        raise ValueError(
            f"{text!r} has {len(parts)} fields, and a timer needs six: second minute hour day month weekday"
        )
    values: list[tuple[int, ...]] = []
    for field, part in zip(_FIELDS, parts, strict=True):
        found: set[int] = set()
        for term in part.split(","):
            found |= _term(field, term)
        values.append(tuple(sorted(found)))
    schedule = Schedule(text, *values)
    schedule.after(datetime(2000, 1, 1, tzinfo=UTC))  # "0 0 0 30 2 *" is well formed and never fires: say so at start
    return schedule
