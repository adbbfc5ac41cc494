"""Scripted faults: what goes wrong, on which request, and whether the effect took place before."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, get_args

from emulator.clock import http_date
from emulator.errors import EmulatorError

Mode = Literal["before", "after", "drop", "cut_body", "slow"]


@dataclass
class Fault:
    """One entry of the script."""

    match: dict[str, str] = field(default_factory=dict)
    """``kind``, ``mailbox``, ``message`` (an id of either format), ``app``, ``path`` (a part of the URL); all must
    fit."""
    nth: int | None = None
    """Only on the nth request that fits, counted from 1."""
    times: int = 1
    """On the first so many requests that fit; -1 is for ever. Not used with ``nth``."""
    mode: Mode = "before"
    """before: no effect, the answer below. after: the effect takes place, the answer below. drop: the effect takes
    place, the connection is cut. cut_body: the body is cut midway. slow: the request takes ``delay_ms`` longer, each
    piece of a body ``chunk_delay_ms``."""
    status: int = 503
    code: str = "UnknownError"
    message: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    retry_after: float | None = None
    """Sets ``Retry-After`` in seconds."""
    retry_after_date: float | None = None
    """Sets ``Retry-After`` as the HTTP-date so many seconds from now."""
    body: str | None = None
    """The answer's body instead of Graph's error."""
    after_bytes: int | None = None
    """cut_body: how many bytes are sent before the cut; without it half of them."""
    delay_ms: int = 0
    chunk_bytes: int = 65536
    chunk_delay_ms: int = 0
    seen: int = 0
    fired: int = 0

    def wanted_headers(self, now: float) -> dict[str, str]:
        """The headers of the answer."""
        headers = dict(self.headers)
        if self.retry_after is not None:
            headers["Retry-After"] = f"{self.retry_after:g}"
        elif self.retry_after_date is not None:
            headers["Retry-After"] = http_date(now + self.retry_after_date)
        return headers


_MATCH_KEYS = {"kind", "mailbox", "message", "app", "path"}


def parse(raw: dict[str, Any]) -> Fault:
    """Read one fault from JSON.

    Raises:
        EmulatorError: A field is unknown or out of its range.
    """
    known = {f.name for f in fields(Fault)} - {"seen", "fired"}
    match = raw.get("match", {})
    unknown = (set(raw) - known) | (set(match) - _MATCH_KEYS)
    if unknown:
        raise EmulatorError(f"unknown in a fault: {', '.join(sorted(unknown))}")
    fault = Fault(**raw)
    if fault.mode not in get_args(Mode):
        raise EmulatorError(f"mode is one of {', '.join(get_args(Mode))}")
    return fault


class FaultScript:
    """The faults that are set, in their order; the first that fits and is due fires."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def add(self, faults: Iterable[Fault]) -> None:
        """Append to the script."""
        self.faults.extend(faults)

    def report(self) -> list[dict[str, Any]]:
        """The script with what was seen and fired."""
        return [asdict(fault) for fault in self.faults]

    def pick(self, kind: str, mailbox: str, messages: tuple[str, ...], app: str, path: str) -> Fault | None:
        """The fault for this request, if any; all that fit count it."""
        chosen: Fault | None = None
        for fault in self.faults:
            match = fault.match
            if (
                match.get("kind", kind) != kind
                or match.get("mailbox", mailbox).lower() != mailbox.lower()
                or match.get("app", app) != app
                or match.get("path", "") not in path
                or ("message" in match and match["message"] not in messages)
            ):
                continue
            fault.seen += 1
            due = fault.seen == fault.nth if fault.nth is not None else fault.times < 0 or fault.fired < fault.times
            if due and chosen is None:
                fault.fired += 1
                chosen = fault
        return chosen
