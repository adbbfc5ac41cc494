"""Mail that a machine wrote: auto-replies, bounces, complaints, lists, read receipts, calendar.

Auto-replies by what they say of themselves (RFC 3834 `Auto-Submitted`, and the vendors' headers). Not by
`X-Auto-Response-Suppress`: that asks others not to answer, and stands on mail that people wrote.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.mail.bounce import BounceEvidence, find_bounce
from shared.mail.headers import Headers
from shared.model.mail import Automatic, Bounce

__all__ = ["Evidence", "find_automatic"]

_SUBJECT = re.compile(
    r"^\s*(?:\[[^\]]{0,40}\]\s*)?(?:auto(?:matic|mated|matische?|matisk[at]?|maattinen|mática|matica"
    r"|matyczna)?[- ]?(?:re(?:ply|sponse|sponder)|svar|antwort|antwoord|vastaus|reply|respuesta"
    r"|risposta|odpowied[zź]|resposta|genere?r)\b|out of (?:the )?office|ooo\b|abwesen(?:d|heit)"
    r"|afwezig|fraværende?|frånvaro|fravær|poissa|"
    r"absence|r[eé]ponse automatique|absen[cç]|away (?:from|until|notice)|vacation|on (?:holiday|leave"
    r"|vacation)|auto: |autoreply|auto-reply|autosvar|autorespon|fuori (?:sede|ufficio)|ausente"
    r"|fuera de la oficina|niet aanwezig|ikke til ?stede|nieobecno|automatisk svar|自動(?:応答|返信)|自动(?:答复"
    r"|回复))",
    re.I,
)
_SURE_SUBJECT = re.compile(
    r"\s*(?:auto|out of|abwes|ooo|vacation|autosvar|r[eé]ponse auto|frånvaro|automat|afwez|自)", re.I
)
_LIST_HEADERS = (
    "list-id",
    "list-unsubscribe",
    "list-post",
    "mailing-list",
    "x-mailing-list",
    "x-beenthere",
    "x-list",
    "x-loop-list",
    "list-help",
    "list-subscribe",
    "x-ml-name",
    "x-mlserver",
    "x-mailman-version",
)
_BODY = re.compile(
    r"(?:i am|i'm|i will be|is) (?:currently )?(?:out of (?:the )?office|on (?:vacation|holiday|leave)"
    r"|away from)|this is an automat(?:ic|ed) (?:reply|response)",
    re.I,
)


_FROM_DAEMON = re.compile(r"mailer-daemon|postmaster|mail delivery", re.I)


@dataclass(slots=True)
class Evidence:
    """What is looked at."""

    headers: Headers
    kind: str
    parameters: Mapping[str, str]
    subject: str
    sender: str
    text: str
    part_types: list[str] = field(default_factory=list)
    reports: list[tuple[str, str]] = field(default_factory=list)
    """Type and content of the parts for machines."""
    originals: list[Headers] = field(default_factory=list)


def find_automatic(evidence: Evidence) -> tuple[Automatic | None, Bounce | None]:
    """Answer what kind of machine wrote this, and the bounce if it is one."""
    report = (evidence.parameters.get("report-type") or "").lower()
    kinds = {kind for kind, _ in evidence.reports}
    if "message/feedback-report" in kinds or report == "feedback-report" or _is_complaint(evidence):
        return Automatic(kind="complaint", reason=_feedback_type(evidence)), None
    if "message/disposition-notification" in kinds or report == "disposition-notification":
        return Automatic(kind="read_receipt", reason=_disposition(evidence)), None
    statuses = [text for kind, text in evidence.reports if kind in _STATUS_TYPES]
    if not statuses:
        auto = _auto_reply(evidence)
        if auto:
            return auto, None
        if _FROM_DAEMON.search(evidence.sender):
            statuses = [text for kind, text in evidence.reports if kind == "inner/delivery-status"]
    bounce = find_bounce(
        BounceEvidence(
            evidence.headers,
            evidence.subject,
            evidence.sender,
            evidence.text,
            statuses,
            evidence.originals,
            report,
            evidence.kind,
        )
    )
    if bounce:
        return Automatic(kind="bounce", reason=bounce[1]), bounce[0]
    return _other(evidence), None


_STATUS_TYPES = frozenset({"message/delivery-status", "message/global-delivery-status", "message/delivery-report"})


def _other(evidence: Evidence) -> Automatic | None:
    headers = evidence.headers
    submitted = headers.word("auto-submitted")
    if "text/calendar" in evidence.part_types[:20] or evidence.kind == "text/calendar":
        method = next(
            (
                re.search(r"^METHOD:\s*(\w+)", text, re.M | re.I)
                for kind, text in evidence.reports
                if kind == "text/calendar"
            ),
            None,
        )
        return Automatic(kind="calendar", reason=method[1].lower() if method else None)
    if any(name in headers for name in _LIST_HEADERS) or headers.word("precedence") in ("list", "bulk"):
        return Automatic(kind="list", reason=_list_name(headers))
    if submitted and submitted not in ("no", "false"):
        return Automatic(kind="auto_reply", reason=submitted)
    return None


def _list_name(headers: Headers) -> str | None:
    raw = headers.text("list-id")
    found = re.search(r"<([^<>]{1,300})>", raw or "")
    return found[1] if found else raw[:300] if raw else None


def _auto_reply(evidence: Evidence) -> Automatic | None:
    """Whether an auto-responder answered."""
    headers = evidence.headers
    submitted = headers.word("auto-submitted")
    replied = submitted.startswith("auto-replied") and not _looks_like_bounce(evidence)
    if replied or submitted.startswith("auto-notified"):
        return Automatic(kind="auto_reply", reason=submitted.split(" ")[0])
    for name in (
        "x-autoreply",
        "x-autorespond",
        "x-autoresponder",
        "x-auto-reply",
        "x-autoreply-from",
        "x-mail-autoreply",
        "x-vacation",
    ):
        if name in headers and headers.word(name) not in ("no", "false", ""):
            return Automatic(kind="auto_reply", reason=name)
    if headers.word("precedence") in ("auto_reply", "auto-reply") or headers.word("x-precedence") in (
        "auto_reply",
        "auto-reply",
    ):
        return Automatic(kind="auto_reply", reason="precedence")
    if (
        headers.word("x-autogenerated") in ("reply", "autoreply")
        or headers.word("x-apple-action") == "vacation"
        or headers.word("preference") == "auto_reply"
    ):
        return Automatic(kind="auto_reply", reason="x-autogenerated")
    if headers.word("delivered-to") == "autoresponder" or headers.word("x-failed-recipients") == "autoresponder":
        return Automatic(kind="auto_reply", reason="delivered-to")
    if not _SUBJECT.match(evidence.subject) or _looks_like_bounce(evidence):
        return None
    certain = submitted not in ("no", "") or "in-reply-to" in headers or _SURE_SUBJECT.match(evidence.subject)
    return Automatic(kind="auto_reply", reason="subject") if certain or _BODY.search(evidence.text[:3000]) else None


def _looks_like_bounce(evidence: Evidence) -> bool:
    return (
        bool(re.search(r"mailer-daemon|postmaster", evidence.sender, re.I))
        or "x-failed-recipients" in evidence.headers
        or evidence.parameters.get("report-type", "").lower() == "delivery-status"
    )


def _is_complaint(evidence: Evidence) -> bool:
    """Complaints outside ARF: some providers' own forms."""
    headers = evidence.headers
    if (
        re.search(
            r"^\s*(?:e-?mail )?(?:feedback report|complaint about message|abuse report|\[?fbl\]?)",
            evidence.subject,
            re.I,
        )
        and len(evidence.part_types) > 1
    ):
        return True
    return "x-hmxmroriginalrecipient" in headers or (
        re.search(r"staff@hotmail\.com", evidence.sender, re.I) is not None and "complaint" in evidence.subject.lower()
    )


def _feedback_type(evidence: Evidence) -> str | None:
    for kind, text in evidence.reports:
        if kind == "message/feedback-report" and (found := re.search(r"^feedback-type:\s*([\w-]+)", text, re.M | re.I)):
            return found[1].lower()
    return "abuse"


def _disposition(evidence: Evidence) -> str | None:
    for kind, text in evidence.reports:
        if kind == "message/disposition-notification" and (
            found := re.search(r"^disposition:[^;]*;\s*([\w-]+)", text, re.M | re.I)
        ):
            return found[1].lower()
    return None
