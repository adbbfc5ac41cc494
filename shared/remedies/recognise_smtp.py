"""Refusals of SMTP servers.

The wordings of Exchange Online and Gmail come first, for their codes are used for several things; then the enhanced status code
(RFC 3463, RFC 5248), then the reply code (RFC 5321, RFC 4954).
"""

from __future__ import annotations

import re

_LONGEST = 2_000

_TEXTS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (code, re.compile(pattern, re.IGNORECASE))
    for code, pattern in (
        ("smtp_app_password_needed", r"application[- ]specific password|invalidsecondfactor|answer/185833"),
        ("smtp_disabled", r"smtpclientauthentication is disabled|smtp_auth_disabled"),
        ("smtp_basic_auth_blocked", r"basic authentication is (?:not supported|disabled)|basicauthblocked"),
        (
            "smtp_sender_refused",
            r"sendasdenied|not allowed to send as|client does not have permissions to send as|sender address rejected: not owned",
        ),
        ("smtp_starttls_missing", r"must issue a starttls|starttls (?:is )?required|encryption required"),
        (
            "smtp_limit",
            r"sending limit|daily user sending|too many (?:messages|recipients|connections)|submission quota|rate limit",
        ),
        ("smtp_blocked", r"blocked using|blocklist|blacklist|client host .{0,80}(?:rejected|blocked)|spamhaus"),
    )
)
_ENHANCED = {
    "5.7.30": "smtp_basic_auth_blocked",
    "5.7.60": "smtp_sender_refused",
    "5.7.8": "smtp_login_refused",
    "5.7.9": "smtp_login_refused",
    "5.7.57": "smtp_login_needed",
    "5.7.139": "smtp_login_refused",
    "5.3.4": "smtp_too_large",
    "5.2.3": "smtp_too_large",
    "5.1.1": "smtp_recipient_refused",
    "5.1.2": "smtp_recipient_refused",
    "5.1.3": "smtp_recipient_refused",
    "5.1.10": "smtp_recipient_refused",
    "5.4.5": "smtp_limit",
    "4.3.2": "smtp_limit",
}
_CODES = {
    421: "smtp_unavailable",
    454: "smtp_unavailable",
    530: "smtp_login_needed",
    534: "smtp_login_refused",
    535: "smtp_login_refused",
    538: "smtp_starttls_missing",
    523: "smtp_too_large",
    552: "smtp_too_large",
    554: "smtp_refused",
}


def smtp(code: int, enhanced: str = "", text: str = "") -> str:
    """What a refusal of an SMTP server means.

    Args:
        code: of the reply.
        enhanced: its enhanced status code, such as `5.7.139`; empty where there is none.
        text: the rest of the reply.
    """
    text = text[:_LONGEST]
    for name, pattern in _TEXTS:
        if pattern.search(text):
            return name
    known = _ENHANCED.get(enhanced[:20].strip())
    if known:
        return known
    if code in _CODES:
        return _CODES[code]
    return "smtp_unavailable" if 400 <= code < 500 else "smtp_refused"
