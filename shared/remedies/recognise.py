"""From what the other side said to the code of an entry.

Everything here is pure and bounded: it takes hostile text, looks at its first few thousand characters, never raises, and always
gives a code of the catalogue. Texts of other sides are compared only where there is no code to go by, because they change.

What Graph and IMAP servers refuse is recognised where it is answered (`shared/sources/graph/errors.py`,
`shared/sources/imap/errors.py`), for the kind of the error goes with it; a test holds their codes against the catalogue.
"""

from __future__ import annotations

import re

from shared.remedies.recognise_connection import network, tls
from shared.remedies.recognise_smtp import smtp

LONGEST = 4_000
"""Characters of an answer that are looked at."""

_AADSTS = re.compile(r"AADSTS(\d{4,9})(?!\d)", re.ASCII)
_NUMBER = re.compile(r"(?:AADSTS)?(\d{4,9})\Z", re.ASCII)
_ENTRA_ERRORS = {
    "access_denied": "entra_65004",
    "permission_denied": "entra_65004",
    "consent_required": "entra_65001",
    "interaction_required": "entra_70008",
    "login_required": "entra_70008",
    "account_selection_required": "entra_70008",
    "invalid_grant": "entra_70008",
    "invalid_client": "entra_700027",
    "unauthorized_client": "entra_700016",
    "invalid_resource": "entra_500011",
    "invalid_scope": "entra_70011",
    "invalid_request": "entra_900144",
    "unsupported_grant_type": "entra_900144",
    "unsupported_response_type": "entra_900144",
    "server_error": "entra_90033",
    "temporarily_unavailable": "entra_90033",
}
"""The words of RFC 6749 and OpenID Connect, for answers without a number."""


def entra(text: str, error: str = "", subcode: str = "") -> str:
    """What Entra ID means.

    Args:
        text: its `error_description`, or only a number, with `AADSTS` or without.
        error: its `error`.
        subcode: its `error_subcode` or `suberror`.

    Returns:
        `entra_` and the number that it gave, which may share the entry of another number or have none of its own; without a
        number the entry that fits the word, or `entra_other`.
    """
    word = error[:100].strip().lower()
    if word == "temporarily_unavailable":
        return "entra_90033"
    text = text[:LONGEST]
    found = _AADSTS.search(text) or _NUMBER.match(text.strip())
    if found:
        return f"entra_{found.group(1)}"
    if subcode[:100].strip().lower() == "cancel":
        return "entra_65004"
    if "temporarily_unavailable" in text:
        return "entra_90033"
    return _ENTRA_ERRORS.get(word, "entra_other")


_GOOGLE_ERRORS = {
    "admin_policy_enforced": "google_admin_policy_enforced",
    "access_not_configured": "google_admin_policy_enforced",
    "access_denied": "google_access_denied",
    "org_internal": "google_org_internal",
    "invalid_grant": "google_invalid_grant",
    "invalid_client": "google_invalid_client",
    "unauthorized_client": "google_invalid_client",
    "deleted_client": "google_invalid_client",
    "disabled_client": "google_invalid_client",
    "redirect_uri_mismatch": "google_redirect_uri_mismatch",
    "invalid_scope": "google_scope_missing",
    "server_error": "google_unavailable",
    "temporarily_unavailable": "google_unavailable",
    "internal_failure": "google_unavailable",
    "rate_limit_exceeded": "google_unavailable",
}


def google(error: str, subtype: str = "") -> str:
    """What Google's sign-in means.

    Args:
        error: `error` of the answer.
        subtype: `error_subtype`; `invalid_rapt` means that the organisation's session control ended the access.
    """
    if subtype[:100].strip().lower() in ("invalid_rapt", "rapt_required"):
        return "google_sign_in_again"
    return _GOOGLE_ERRORS.get(error[:100].strip().lower(), "google_refused")


__all__ = ["entra", "google", "network", "smtp", "tls"]
