"""Sparing a subscriber that does not answer: after ten failures in a row, one attempt a minute.

A pure state machine; whoever keeps it writes the returned state with If-Match, so that of two workers one gets the
probe. On the healthy path it does not change at all, so nothing has to be written.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Final

from pydantic import AwareDatetime, Field

from shared.model.base import Model

OPENS_AT: Final = 10
"""Failures in a row, over all subjects of the subscriber."""

PROBE_EVERY: Final = timedelta(minutes=1)
LONGEST_PAUSE: Final = timedelta(hours=1)
"""At most this long a `Retry-After` keeps all events of a subscriber back."""


class Breaker(Model):
    """What is known about how a subscriber answers."""

    failures: Annotated[int, Field(ge=0)] = 0
    """In a row."""
    failing_since: AwareDatetime | None = None
    recovered_at: AwareDatetime | None = None
    """The last success that came after a failure."""
    probe_at: AwareDatetime | None = None
    """While open: when the next attempt may go."""
    paused_until: AwareDatetime | None = None
    """The subscriber asked for patience."""
    failing_event: str | None = None
    """The event whose failure was the last, where it looked like an outage."""
    down: bool = False
    """Different events met an outage with no success between: it is the subscriber, and not one of the events."""

    @property
    def open(self) -> bool:
        """Whether only probes go."""
        return self.failures >= OPENS_AT

    def admit(self, now: datetime) -> Admission:
        """Ask for one attempt now. A probe is taken by being admitted: keep the returned state before sending."""
        if self.paused_until is not None and now < self.paused_until:
            return Admission(granted=False, breaker=self, look_again_at=self.paused_until)
        if not self.open:
            return Admission(granted=True, breaker=self)
        if self.probe_at is not None and now < self.probe_at:
            return Admission(granted=False, breaker=self, look_again_at=self.probe_at)
        return Admission(granted=True, breaker=self.model_copy(update={"probe_at": now + PROBE_EVERY}))

    def succeeded(self, now: datetime) -> Breaker:
        """The state after a success; the same object where nothing had failed."""
        if not self.failures and self.paused_until is None:
            return self
        return Breaker(recovered_at=now)

    def probe_due(self, now: datetime) -> bool:
        """Whether the one attempt a minute is free. Send the oldest event that waits, whenever it would be due."""
        return self.open and (self.probe_at is None or self.probe_at <= now)

    def failed(self, now: datetime, *, event_id: str, outage: bool, asked: float | None = None) -> Breaker:
        """The state after a failure.

        Args:
            now: when it failed.
            event_id: what was sent.
            outage: `Attempt.outage`.
            asked: seconds from `Retry-After`.
        """
        failures = self.failures + 1
        paused = self.paused_until
        if asked:
            until = now + min(timedelta(seconds=asked), LONGEST_PAUSE)
            paused = until if paused is None else max(paused, until)
        return Breaker(
            failures=failures,
            failing_since=self.failing_since or now,
            recovered_at=self.recovered_at,
            probe_at=now + PROBE_EVERY if failures >= OPENS_AT else None,
            paused_until=paused,
            failing_event=event_id if outage else None,
            down=outage and (self.down or self.failing_event not in (None, event_id)),
        )


class Admission(Model):
    """The answer to `Breaker.admit`."""

    granted: bool
    breaker: Breaker
    """The state to keep."""
    look_again_at: AwareDatetime | None = None
    """When not granted: not before this."""
