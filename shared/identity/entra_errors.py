"""What a refusal of Entra ID means for Postrum, and who has to do what.

https://learn.microsoft.com/entra/identity-platform/reference-error-codes
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from shared.errors import ConfigurationError, PermissionDenied, PostrumError, TransientError

_CODE = re.compile(r"AADSTS(\d{4,9})")
_TRACE = re.compile(r"Trace ID: ([0-9a-fA-F-]{36})")


@dataclass(frozen=True)
class Refusal:
    """One line of the table: the kind of error it is for us, what it means, and what to do."""

    error: type[ConfigurationError | PermissionDenied | TransientError]
    meaning: str
    remedy: str


_NO_CREDENTIAL_FITS = Refusal(
    ConfigurationError,
    "no federated credential of the app registration fits the managed identity",
    "Compare issuer, subject (the object id of the identity) and audience of the federated credential with those of "
    "the identity, upper and lower case too.",
)
_NOT_IN_TENANT = Refusal(
    ConfigurationError,
    "the tenant does not know the application",
    "Check tenant and application id; in another tenant its administrator opens the consent link first.",
)
_DISABLED = Refusal(
    PermissionDenied,
    "the application is disabled in the tenant",
    "The tenant's administrator enables the enterprise application.",
)
_NO_CONSENT = Refusal(
    PermissionDenied, "consent is missing or was withdrawn", "An administrator of the tenant opens the consent link."
)
_SIGN_IN_AGAIN = Refusal(PermissionDenied, "the sign-in has ended or was revoked", "Connect the mailbox again.")
_BAD_ASSERTION = Refusal(
    ConfigurationError,
    "the assertion of the managed identity was not accepted",
    "Check the client id of the managed identity and that both live in the same cloud.",
)
_TRY_LATER = Refusal(TransientError, "the directory is unavailable for the moment", "Postrum tries again by itself.")

REFUSALS: dict[int, Refusal] = {
    65001: _NO_CONSENT,
    650056: _NO_CONSENT,
    650052: Refusal(
        ConfigurationError,
        "the tenant has no subscription for the service that is asked for",
        "Check that the tenant has Exchange Online.",
    ),
    500011: Refusal(
        ConfigurationError,
        "the tenant does not know the service that is asked for",
        "Check that the tenant has Exchange Online, and the configured address of Graph.",
    ),
    50001: Refusal(
        ConfigurationError,
        "the service that is asked for is disabled or absent",
        "Check the configured address of Graph.",
    ),
    70011: Refusal(ConfigurationError, "the scope is wrong", "Check the configured address of Graph."),
    1002012: Refusal(ConfigurationError, "the scope is wrong", "Check the configured address of Graph."),
    90002: Refusal(ConfigurationError, "the tenant does not exist", "Check the tenant id."),
    900023: Refusal(ConfigurationError, "the tenant id is malformed", "Check the tenant id."),
    700016: _NOT_IN_TENANT,
    7000229: _NOT_IN_TENANT,
    7000112: _DISABLED,
    70001: _DISABLED,
    50105: Refusal(
        PermissionDenied,
        "the application requires assignment, and this identity is not assigned",
        "Assign it to the enterprise application.",
    ),
    53003: Refusal(
        PermissionDenied,
        "a Conditional Access policy blocks the application",
        "The tenant's administrator excludes the application from the policy for workload identities.",
    ),
    70021: _NO_CREDENTIAL_FITS,
    700211: _NO_CREDENTIAL_FITS,
    700212: _NO_CREDENTIAL_FITS,
    700213: _NO_CREDENTIAL_FITS,
    7002137: _NO_CREDENTIAL_FITS,
    7002138: _NO_CREDENTIAL_FITS,
    700229: _NO_CREDENTIAL_FITS,
    700027: _BAD_ASSERTION,
    50012: _BAD_ASSERTION,
    50013: _BAD_ASSERTION,
    700024: Refusal(
        TransientError,
        "the assertion of the managed identity is out of its time",
        "Postrum tries again with a new one.",
    ),
    7000218: Refusal(
        ConfigurationError,
        "the request had no credential",
        "Check that the managed identity is assigned to the function app.",
    ),
    7000215: Refusal(
        ConfigurationError,
        "the client secret is wrong",
        "Use the federated credential, or the secret's value, not its id.",
    ),
    7000222: Refusal(
        ConfigurationError, "the client secret has expired", "Use the federated credential, or make a new secret."
    ),
    70000: _SIGN_IN_AGAIN,
    70008: _SIGN_IN_AGAIN,
    700082: _SIGN_IN_AGAIN,
    50173: _SIGN_IN_AGAIN,
    50076: Refusal(PermissionDenied, "the account must confirm with a second factor", "Connect the mailbox again."),
    50079: Refusal(PermissionDenied, "the account must set up a second factor", "Connect the mailbox again."),
    90006: _TRY_LATER,
    90012: _TRY_LATER,
    90033: _TRY_LATER,
    90055: _TRY_LATER,
    50196: _TRY_LATER,
}


def aadsts(text: str) -> int | None:
    """The first AADSTS code in a text of Entra's."""
    found = _CODE.search(text)
    return int(found.group(1)) if found else None


def refusal(text: str, *, who: str, status: int | None = None, retry_after: float | None = None) -> PostrumError:
    """The error for a token request that Entra refused.

    Args:
        text: what Entra said; only its code and trace id are taken over, never the text itself.
        who: the application and tenant that asked, for the person who reads it.
        status: the HTTP status, where known; 429 and 5xx are transient whatever the code is.
        retry_after: what Entra asked for, in seconds.
    """
    code = aadsts(text)
    trace = _TRACE.search(text)
    known = REFUSALS.get(code) if code is not None else None
    if "temporarily_unavailable" in text or (status is not None and (status == 429 or status >= 500)):
        known = _TRY_LATER
    meaning = known.meaning if known else "the directory gave a reason that Postrum does not know"
    named = f"AADSTS{code}: " if code is not None else ""
    number = f" (trace {trace.group(1)})" if trace else ""
    message = f"Entra ID gave no token to {who}: {named}{meaning}{number}."
    if known is None:
        return PermissionDenied(message, remedy="Look the code up at https://login.microsoftonline.com/error.")
    if known.error is TransientError:
        return TransientError(message, remedy=known.remedy, retry_after=retry_after)
    return known.error(message, remedy=known.remedy)
