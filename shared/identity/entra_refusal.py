"""The error for what Entra ID answered in place of a token, at its sign-in page or at its token endpoint."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from shared.errors import PermissionDenied, PostrumError, SignInNeeded, TransientError
from shared.identity.entra_errors import refusal
from shared.remedies import Kind, remedy
from shared.remedies.recognise import entra

_ACCOUNT_HAS_TO_ACT: Final = frozenset({"invalid_grant", "interaction_required", "login_required"})
"""Values of `error` by which the directory asks for the person, at the token endpoint (OpenID Connect Core 1.0, 3.1.2.6)."""
_NOT_BY_SIGNING_IN: Final = frozenset({Kind.CONSENT, Kind.BLOCKED})
"""Families of failure that no sign-in mends, whatever the word beside them is."""


def refused(
    answer: Mapping[str, Any], *, who: str, status: int | None = None, retry_after: float | None = None
) -> PostrumError:
    """The error for a refusal.

    Args:
        answer: the parameters of a redirect or the JSON of the token endpoint; untrusted. Only codes are taken over.
        who: the application and tenant that asked, for the person who reads it.
        status: the HTTP status, where there was one.
        retry_after: what the directory asked for, in seconds.

    Returns:
        SignInNeeded where the account itself has to act, otherwise what `refusal` says; `cause` is set.
    """
    text = str(answer.get("error_description") or "")
    error = str(answer.get("error") or "")
    problem = refusal(f"{error[:100]} {text}", who=who, status=status, retry_after=retry_after)
    if isinstance(problem, TransientError):
        return problem
    cause = entra(text, error, str(answer.get("error_subcode") or answer.get("suberror") or ""))
    if (
        type(problem) is PermissionDenied
        and error in _ACCOUNT_HAS_TO_ACT
        and remedy(cause).kind not in _NOT_BY_SIGNING_IN
    ):
        return SignInNeeded(problem.message, remedy="Sign the account in again.").because(cause)
    return problem.because(cause)
