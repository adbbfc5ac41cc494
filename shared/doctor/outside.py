"""Judges what is seen from outside: answers without a token, the certificate, the clock, the version. Pure: the caller asks."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from shared.doctor.model import VERSION, Finding, green, red, yellow

SKEW: Final = 30.0
"""Seconds between two clocks that somebody should know of."""
SKEW_BREAKS: Final = 240.0
"""Seconds from which on tokens and signatures are refused: five minutes is usual, less a margin."""
CERTIFICATE_DAYS: Final = 14
"""Days before its end at which a certificate should have been renewed."""


def judge_refusal(name: str, path: str, status: int, location: str = "") -> Finding:
    """What an answer without a token, or with a wrong one, means. `location` is where a redirect leads."""
    if status in (401, 403):
        return green(name, f"{path} was refused ({status})")
    if status == 303 and location.partition("?")[0] == "/sign-in":
        return green(name, f"{path} leads to the sign-in")
    if 300 <= status < 400:
        return yellow(
            name, f"{path} led elsewhere ({status})", "Look where it leads; nothing may be shown there without a token."
        )
    if status >= 500 or status == 404:
        return yellow(
            name, f"{path} gave {status}", "Start the app and run the doctor again: this does not show a refusal."
        )
    return red(
        name,
        f"{path} answered {status} to somebody without a token",
        "Stop the app, and find out why it lets everybody in.",
    )


def judge_health(name: str, status: int, text: str) -> Finding:
    """Whether the app answers at all."""
    if status == 200 and text.strip() == "ok":
        return green(name, "the app answers")
    if status in (401, 403):
        return red(
            name, f"the app refused to say ({status})", "Look for a sign-in in front of the app, and switch it off."
        )
    return red(
        name,
        f"the app gave {status}",
        "Look at its log: when a setting is missing, the first lines name every problem.",
    )


def judge_skew(name: str, now: datetime, told: datetime | None, who: str) -> Finding:
    """Two clocks, which should tell the same to the second of the `Date` header."""
    if told is None:
        return yellow(name, f"{who} did not tell its time", "Compare the clock of the machine with another by hand.")
    told = told if told.tzinfo else told.replace(tzinfo=UTC)
    seconds = (now - told).total_seconds()
    shown = f"{abs(seconds):.0f} seconds {'ahead of' if seconds > 0 else 'behind'} {who}"
    if abs(seconds) >= SKEW_BREAKS:
        return red(name, shown, "Set the clock by the network: tokens and signatures are refused when times differ.")
    if abs(seconds) >= SKEW:
        return yellow(name, shown, "Set the clock by the network before it drifts further.")
    return green(name, f"the same as {who}")


def judge_certificate(name: str, version: str, ends: datetime | None, now: datetime) -> Finding:
    """A connection whose certificate was checked: how long it is still good."""
    if ends is None:
        return green(name, f"{version}, and the certificate is trusted")
    days = (ends - now).days
    if days < CERTIFICATE_DAYS:
        return yellow(name, f"{version}, and the certificate ends in {days} days", "Renew the certificate.")
    return green(name, f"{version}, and the certificate is trusted until {ends:%Y-%m-%d}")


def judge_version(name: str, version: str) -> Finding:
    """The version that is deployed against that of this command."""
    if version == VERSION:
        return green(name, version)
    return yellow(
        name, f"the app is {version}, this command {VERSION}", "Use the command of the version that is deployed."
    )
