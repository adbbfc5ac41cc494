"""Answers and failures of Graph, turned into the errors of the product.

https://learn.microsoft.com/graph/errors and https://learn.microsoft.com/graph/throttling
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from shared.errors import (
    ConcurrentWrite,
    MessageGone,
    NetworkFailure,
    NotFound,
    PermanentError,
    PermissionDenied,
    PostrumError,
    ServiceUnavailable,
    Throttled,
    TransientError,
)

MAYBE = "It may or may not have taken place."

ITEM_GONE = frozenset({"erroritemnotfound", "errormessagenotfound"})
FOLDER_GONE = frozenset({"errorfoldernotfound", "errorparentfoldernotfound"})
NO_MAILBOX = frozenset(
    {
        "mailboxnotenabledforrestapi",
        "errornonexistentmailbox",
        "errorinvaliduser",
        "mailboxnotsupportedforrestapi",
        "request_resourcenotfound",
        "resourcenotfound",
    }
)
QUOTA = frozenset({"errorquotaexceeded", "errormessagesizeexceeded"})
FOLDER_EXISTS = "errorfolderexists"


@dataclass(frozen=True)
class Refusal:
    """An answer that is not a success: what can be told from it. `code` is in lower case, for Graph's casing varies."""

    status: int
    code: str = ""
    shown_code: str = ""
    request_id: str = ""
    retry_after: float | None = None
    claims: str = ""
    """The claims challenge of a 401, as it stands in the header."""


def refusal(status: int, headers: Mapping[str, str], body: bytes) -> Refusal:
    """Read an answer that is not a success. Never raises, whatever the body is."""
    code, inner_code, request_id = _error_fields(body)
    shown = code if code and code != "UnknownError" else inner_code or code
    return Refusal(
        status=status,
        code=shown.lower(),
        shown_code=shown,
        request_id=request_id or headers.get("request-id", ""),
        retry_after=retry_after(headers),
        claims=_claims(headers.get("www-authenticate", "")),
    )


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds of `Retry-After`: a number, several (the longest counts), an HTTP-date; None without a usable one.

    A date is measured against the answer's own `Date`, so that a wrong clock here does no harm.
    """
    value = headers.get("retry-after", "").strip()
    if not value:
        return None
    numbers: list[float] = []
    for part in value.split(","):
        digits = part.strip()
        if digits.replace(".", "", 1).isdigit() and digits.isascii():
            numbers.append(float(digits))
    if numbers and len(numbers) == value.count(",") + 1:
        return max(numbers)
    until = _http_date(value)
    if until is None:
        return max(numbers) if numbers else None
    now = _http_date(headers.get("date", "")) or datetime.now(UTC)
    return max(0.0, (until - now).total_seconds())


def failure(refused: Refusal, what: str, *, changing: bool = False) -> PostrumError:
    """The error for an answer.

    Args:
        refused: the answer.
        what: the call, in words, for the error text: "moving the mail".
        changing: the call changes something, so that after a failure of the server its outcome is not known.
    """
    status, code = refused.status, refused.code
    message = f"Graph answered {status}{f' {refused.shown_code}' if refused.shown_code else ''} when {what}"
    message += f" (request {refused.request_id})." if refused.request_id else "."
    if status == 429:
        return Throttled(message, retry_after=refused.retry_after)
    if status >= 500:
        return _server_failure(refused, message, changing)
    if code in QUOTA or status == 413:
        return PermanentError(message, remedy="The mailbox is full or the item is too large; make room in the mailbox.")
    if status == 401:
        return PermissionDenied(
            message, remedy="Check that consent was not withdrawn and that the application is enabled."
        )
    if status == 403:
        return PermissionDenied(
            message,
            remedy="Give consent to the mail permission, or add the mailbox to the Exchange scope of the application.",
        )
    if status in (404, 410):
        return _absent(refused, message)
    if status in (409, 412):
        return ConcurrentWrite(message)
    if status in (408, 423):
        return ServiceUnavailable(f"{message} {MAYBE}" if changing else message, retry_after=refused.retry_after)
    if 300 <= status < 400:
        return PermanentError(message, remedy="Redirects are not followed; check the configured address of Graph.")
    return PermanentError(message)


def unreachable(error: Exception, what: str, *, changing: bool = False) -> NetworkFailure:
    """The error for a request that got no answer, or only a part of one.

    Args:
        error: what httpx raised; its kind is told, its text is not, for it may hold addresses.
        what: the call, in words.
        changing: the call changes something.
    """
    import httpx

    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        return NetworkFailure(
            f"Graph could not be reached when {what}.", remedy="Check the network, name resolution and certificates."
        )
    if isinstance(error, httpx.PoolTimeout):
        return NetworkFailure(f"No connection to Graph was free when {what}.")
    doubt = f" {MAYBE}" if changing else ""
    if isinstance(error, httpx.TimeoutException | TimeoutError):
        return NetworkFailure(f"Graph did not answer in time when {what}.{doubt}")
    return NetworkFailure(f"The connection to Graph broke when {what} ({type(error).__name__}).{doubt}")


def _server_failure(refused: Refusal, message: str, changing: bool) -> TransientError:
    if changing:
        return ServiceUnavailable(f"{message} {MAYBE}", retry_after=refused.retry_after)
    if refused.status == 503 and refused.retry_after is not None:
        return Throttled(message, retry_after=refused.retry_after)
    return ServiceUnavailable(message, retry_after=refused.retry_after)


def _absent(refused: Refusal, message: str) -> PostrumError:
    if refused.status == 410:
        return TransientError(message, remedy="The listing begins again.")
    if refused.code in ITEM_GONE:
        return MessageGone(message)
    if refused.code in FOLDER_GONE:
        return NotFound(message, remedy="The folder was deleted or renamed; check the folders of the mailbox.")
    if refused.code in NO_MAILBOX:
        return NotFound(message, remedy="Check the address, and that the mailbox lives in Exchange Online.")
    return NotFound(message)


def _error_fields(body: bytes) -> tuple[str, str, str]:
    """Code, inner code and request id of an OData error, in either casing of `innerError`; empty where they are not."""
    try:
        data: Any = json.loads(body)
    except (ValueError, RecursionError):
        return "", "", ""
    error = data.get("error") if isinstance(data, dict) else None
    if not isinstance(error, dict):
        return "", "", ""
    inner = error.get("innerError", error.get("innererror"))
    if not isinstance(inner, dict):
        inner = {}
    return _short(error.get("code")), _short(inner.get("code")), _short(inner.get("request-id"))


def _short(value: object) -> str:
    """A word of the answer that may stand in an error text."""
    return value if isinstance(value, str) and len(value) <= 100 and value.isprintable() else ""


def _claims(challenge: str) -> str:
    """https://learn.microsoft.com/entra/identity-platform/claims-challenge."""
    scheme, _, rest = challenge.partition(" ")
    if scheme.lower() != "bearer":
        return ""
    _, found, after = rest.partition('claims="')
    return after.partition('"')[0] if found else ""


def _http_date(value: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
