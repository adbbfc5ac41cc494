"""What Graph allows one app in one mailbox, and a judge of clients that come back too early.

Graph: throttling-limits, "Outlook service limits": 10,000 requests in 10 minutes and 4 concurrent requests, for each
pair of app and mailbox.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from emulator.behaviour import Behaviour
from emulator.clock import http_date


@dataclass
class Limits:
    """The allowance of each pair of app and mailbox."""

    requests: int = 10_000
    window_seconds: float = 600.0
    concurrency: int = 4


@dataclass
class Refusal:
    """Why a request is not let in, and when to come back."""

    message: str
    retry_after: str | None


@dataclass
class Lane:
    """One app in one mailbox: its allowance and what was counted."""

    app: str
    mailbox: str
    used: float = 0.0
    used_at: float = 0.0
    in_flight: int = 0
    max_in_flight: int = 0
    throttled: int = 0
    blocked_until: float = 0.0
    blocked_since: float = 0.0
    charged: Counter[str] = field(default_factory=Counter)
    early: list[dict[str, Any]] = field(default_factory=list)

    def report(self) -> dict[str, Any]:
        """What the control plane shows."""
        return {
            "app": self.app,
            "mailbox": self.mailbox,
            "charged": dict(self.charged),
            "charged_total": sum(count for kind, count in self.charged.items() if kind != "batch_inner"),
            "throttled": self.throttled,
            "in_flight": self.in_flight,
            "max_in_flight": self.max_in_flight,
            "early_retries": list(self.early),
        }


class Limiter:
    """Lets requests in, or refuses them, and counts."""

    def __init__(self) -> None:
        self.limits = Limits()
        self.lanes: dict[tuple[str, str], Lane] = {}
        self._in_flight_by_app: Counter[str] = Counter()

    def lane(self, app: str, mailbox: str) -> Lane:
        """The lane of this app in this mailbox."""
        key = (app, mailbox)
        lane = self.lanes.get(key)
        if lane is None:
            lane = self.lanes[key] = Lane(app, mailbox)
        return lane

    def clear(self) -> None:
        """Forget allowances and counts, except requests that are in flight."""
        flying = {key: lane.in_flight for key, lane in self.lanes.items() if lane.in_flight}
        for key, lane in list(self.lanes.items()):
            fresh = Lane(*key)
            fresh.in_flight = fresh.max_in_flight = flying.get(key, 0)
            lane.__dict__.update(fresh.__dict__)

    def enter(self, lane: Lane, kind: str, now: float, behaviour: Behaviour) -> Refusal | None:
        """Count one request and let it in (then ``leave`` must follow), or refuse it."""
        self._judge(lane, kind, now, behaviour)
        lane.charged[kind] += 1
        limits = self.limits
        lane.used = max(0.0, lane.used - (now - lane.used_at) * limits.requests / limits.window_seconds)
        lane.used_at = now
        flying = lane.in_flight if behaviour.concurrency_scope == "mailbox" else self._in_flight_by_app[lane.app]
        refusal: Refusal | None = None
        if flying >= limits.concurrency:
            refusal = self._refuse(lane, "MailboxConcurrency", behaviour.concurrency_retry_after, now, behaviour)
        elif lane.used + 1 > limits.requests:
            missing = (lane.used + 1 - limits.requests) * limits.window_seconds / limits.requests
            refusal = self._refuse(lane, "RequestRate", max(1, int(missing + 0.999)), now, behaviour)
        if refusal is None or behaviour.throttled_requests_accrue:
            lane.used += 1
        if refusal is None:
            lane.in_flight += 1
            self._in_flight_by_app[lane.app] += 1
            lane.max_in_flight = max(lane.max_in_flight, lane.in_flight)
        return refusal

    def leave(self, lane: Lane) -> None:
        """The request's last byte has been sent."""
        lane.in_flight = max(0, lane.in_flight - 1)
        self._in_flight_by_app[lane.app] -= 1

    def block(self, lane: Lane, until: float, now: float) -> None:
        """An answer told the client not to come back before this moment."""
        if until > lane.blocked_until:
            lane.blocked_until = until
            lane.blocked_since = now

    def _refuse(self, lane: Lane, limit: str, seconds: int, now: float, behaviour: Behaviour) -> Refusal:
        lane.throttled += 1
        form = behaviour.throttle_retry_after
        if form == "large":
            seconds = 300
        value: str | None = str(seconds)
        if form == "absent":
            value = None
        else:
            self.block(lane, now + seconds, now)
            if form == "date":
                value = http_date(now + seconds)
        return Refusal(f"Application is over its {limit} limit.", value)

    def _judge(self, lane: Lane, kind: str, now: float, behaviour: Behaviour) -> None:
        if now < lane.blocked_until and now > lane.blocked_since + behaviour.early_retry_grace_ms / 1000:
            lane.early.append({"kind": kind, "seconds_early": round(lane.blocked_until - now, 3)})
