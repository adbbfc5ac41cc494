"""The emulator's own time: the machine's, plus what tests have advanced."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from email.utils import format_datetime


class Clock:
    """Tells the time; ``advance`` lets hours pass at once."""

    def __init__(self) -> None:
        self.offset = 0.0

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time() + self.offset

    def utc(self) -> datetime:
        """The same as a datetime in UTC."""
        return datetime.fromtimestamp(self.now(), UTC)

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.offset += seconds


def iso(moment: datetime) -> str:
    """The form of times in Graph: whole seconds, ending in Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_iso(text: str) -> datetime:
    """Read a time as Graph accepts it; without an offset it is UTC.

    Raises:
        ValueError: The text is no time.
    """
    moment = datetime.fromisoformat(text.strip())
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def http_date(epoch: float) -> str:
    """The HTTP-date of the first whole second that is not before this moment."""
    whole = int(epoch) + (epoch > int(epoch))
    return format_datetime(datetime.fromtimestamp(whole, UTC), usegmt=True)
