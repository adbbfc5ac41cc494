"""Mail that is never imported: written by a machine, from a sender that failed the boundary's checks, or here already.

A guard ends the decision: no rule runs, nothing is linked, no document is made, and the mail goes to the folder for all
other mail. Mail of a mailing list and calendar mail pass: people send invoices through both.
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.classify.text import quoted
from shared.classify.trace import Trace
from shared.model.evidence import Evidence

BLOCKED = {
    "auto_reply": "It is an automatic answer, such as an out-of-office note.",
    "bounce": "It says that another mail could not be delivered.",
    "complaint": "It is a report about unwanted mail.",
    "read_receipt": "It only says that another mail was read.",
}
"""Kinds of automatic mail that are not imported, with the sentence for people. Handling them makes loops."""


@dataclass(frozen=True, slots=True)
class Blocked:
    """Why a mail is not imported."""

    reason: str
    detail: str
    duplicate_of: str | None = None


def guard(evidence: Evidence, trace: Trace) -> Blocked | None:
    """The first guard that holds the mail back, or None. The trace gets a step for each guard that looked."""
    for look in (_automatic, _sender, _duplicate):
        blocked = look(evidence, trace)
        if blocked is not None:
            return blocked
    return None


def _automatic(evidence: Evidence, trace: Trace) -> Blocked | None:
    automatic = evidence.mail.automatic
    if automatic is None:
        trace.add("automatic", "passed", "written by a person, as far as can be seen")
        return None
    because = f" ({quoted(automatic.reason)})" if automatic.reason else ""
    if automatic.kind not in BLOCKED:
        trace.add("automatic", "passed", f"{automatic.kind}{because} is imported like any mail")
        return None
    trace.add("automatic", "held back", f"{automatic.kind}{because}")
    return Blocked(f"automatic_{automatic.kind}", BLOCKED[automatic.kind])


def _sender(evidence: Evidence, trace: Trace) -> Blocked | None:
    found = evidence.mail.authentication
    if not found.trusted:
        trace.add("sender", "passed", "no trusted boundary judged the sender: neither proven nor refuted")
        return None
    results = {"dmarc": (found.dmarc or "none").lower(), "compauth": (found.compauth or "none").lower()}
    shown = ", ".join(f"{name}={result}" for name, result in results.items())
    if "fail" not in results.values():
        trace.add("sender", "passed", shown)
        return None
    trace.add("sender", "held back", shown)
    failed = " and ".join(f"{name}={result}" for name, result in results.items() if result == "fail")
    return Blocked(
        "sender_authentication_failed",
        f"The sender's address failed the check of the mail server that we trust ({failed}).",
    )


def _duplicate(evidence: Evidence, trace: Trace) -> Blocked | None:
    other = evidence.duplicate_of
    if other is None:
        trace.add("duplicate", "passed", "no other mail is the same")
        return None
    if not evidence.duplicate_in_same_mailbox:
        trace.add("duplicate", "passed", f"the same mail is message {other} in another mailbox; each imports it once")
        return None
    trace.add("duplicate", "held back", f"the same mail is message {other} in this mailbox")
    return Blocked("duplicate", f"The same mail is here already, as message {other}.", duplicate_of=other)
