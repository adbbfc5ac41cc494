"""The error that a refusal of Entra ID is for Postrum. What it means and who has to do what stands in `shared/remedies/entra.py`."""

from __future__ import annotations

import re

from shared.errors import ConfigurationError, PermissionDenied, PostrumError, SignInNeeded, TransientError
from shared.remedies import Kind, told
from shared.remedies.recognise import entra

_CODE = re.compile(r"AADSTS(\d{4,9})(?!\d)", re.ASCII)
_TRACE = re.compile(r"Trace ID: ([0-9a-fA-F-]{36})")
_LONGEST = 4_000
_UNAVAILABLE = "entra_90033"

_ERRORS: dict[Kind, type[ConfigurationError | PermissionDenied | TransientError]] = {
    Kind.CONFIGURATION: ConfigurationError,
    Kind.CREDENTIALS: SignInNeeded,
    Kind.LIMIT: TransientError,
    Kind.SERVICE: TransientError,
}
"""By the family of failure; everything else is a refusal that stays until somebody acts."""


def aadsts(text: str) -> int | None:
    """The first AADSTS code in a text of Entra's."""
    found = _CODE.search(text[:_LONGEST])
    return int(found.group(1)) if found else None


def refusal(text: str, *, who: str, status: int | None = None, retry_after: float | None = None) -> PostrumError:
    """The error for a token request that Entra refused; its `cause` is set.

    Args:
        text: what Entra said; only its code and trace id are taken over, never the text itself.
        who: the application and tenant that asked, for the person who reads it.
        status: the HTTP status, where known; 429 and 5xx are transient whatever the code is.
        retry_after: what Entra asked for, in seconds.
    """
    text = text[:_LONGEST]
    code = aadsts(text)
    cause = entra(text)
    if "temporarily_unavailable" in text or (status is not None and (status == 429 or status >= 500)):
        cause = _UNAVAILABLE
    entry = told(cause, "en")
    trace = _TRACE.search(text)
    named = f"AADSTS{code}: " if code is not None else ""
    number = f" (trace {trace.group(1)})" if trace else ""
    message = f"Entra ID gave no token to {who}: {named}{entry.cause.rstrip('.')}{number}."
    kind = _ERRORS.get(entry.kind, PermissionDenied)
    if kind is TransientError:
        return TransientError(message, remedy=entry.next_step, retry_after=retry_after).because(cause)
    return kind(message, remedy=entry.next_step).because(cause)
