"""Answers and failures of Graph, turned into the errors of the product, each with its entry in the catalogue of errors (`cause`).

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
    CursorLost,
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
from shared.remedies.recognise import network as network_cause

MAYBE = "It may or may not have taken place."

ITEM_GONE = frozenset({"erroritemnotfound", "errormessagenotfound"})
FOLDER_GONE = frozenset({"errorfoldernotfound", "errorparentfoldernotfound"})
NOT_ENABLED = frozenset({"mailboxnotenabledforrestapi", "mailboxnotsupportedforrestapi"})
NO_MAILBOX = NOT_ENABLED | {
    "errornonexistentmailbox",
    "errorinvaliduser",
    "request_resourcenotfound",
    "resourcenotfound",
}
QUOTA = "errorquotaexceeded"
TOO_LARGE = "errormessagesizeexceeded"
FOLDER_EXISTS = "errorfolderexists"
RESYNC = frozenset(
    {
        "syncstatenotfound",
        "syncstateinvalid",
        "resyncrequired",
        "resyncchangesapplydifferences",
        "resyncchangesuploaddifferences",
        "invaliddeltatoken",
    }
)
"""What Graph calls a sync state that it does not keep any more; with 410 or another 40X. Graph: delta-query-overview."""
LONGEST_WAIT = 86_400.0
"""Seconds of `Retry-After` that are believed at most; what is longer is a mistake of the other side."""


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
    said: str = ""
    """Graph's message in lower case, to tell apart what has one code; never shown, for it may hold addresses."""


def refusal(status: int, headers: Mapping[str, str], body: bytes) -> Refusal:
    """Read an answer that is not a success. Never raises, whatever the body is."""
    code, inner_code, request_id, said = _error_fields(body)
    shown = code if code and code != "UnknownError" else inner_code or code
    return Refusal(
        status=status,
        code=shown.lower(),
        shown_code=shown,
        request_id=request_id or headers.get("request-id", ""),
        retry_after=retry_after(headers),
        claims=_claims(headers.get("www-authenticate", "")),
        said=said,
    )


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds of `Retry-After`: a number, several (the longest counts), an HTTP-date; None without a usable one.

    At most `LONGEST_WAIT`. A date is measured against the answer's own `Date`, so that a wrong clock here does no harm.
    """
    seconds = _wait(headers)
    return None if seconds is None else min(seconds, LONGEST_WAIT)


def _wait(headers: Mapping[str, str]) -> float | None:
    value = headers.get("retry-after", "").strip()
    if not value or len(value) > 200:
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
    status = refused.status
    message = f"Graph answered {status}{f' {refused.shown_code}' if refused.shown_code else ''} when {what}"
    message += f" (request {refused.request_id})." if refused.request_id else "."
    if status == 429:
        return Throttled(message, retry_after=refused.retry_after).because("graph_throttled")
    if status >= 500 or status in (408, 423):
        return _server_failure(refused, message, changing)
    return _refused(refused, message)


def is_gone(refused: Refusal) -> bool:
    """Whether the answer says that a mail is not in the mailbox; Graph says it of folders, too."""
    return refused.status == 404 and refused.code in ITEM_GONE


def is_missing(refused: Refusal) -> bool:
    """Whether the answer says that a folder is not in the mailbox."""
    return refused.status == 404 and refused.code in ITEM_GONE | FOLDER_GONE


def _refused(refused: Refusal, message: str) -> PostrumError:
    """What Graph will not do, or not for us."""
    status, code = refused.status, refused.code
    if code == QUOTA:
        return PermanentError(message, remedy="The mailbox is full; make room in it.").because("graph_quota")
    if code == TOO_LARGE or status == 413:
        return PermanentError(message, remedy="The mail is larger than the mailbox accepts.").because("graph_too_large")
    if status == 401:
        remedy = "Check that consent was not withdrawn and that the application is enabled."
        return PermissionDenied(message, remedy=remedy).because("graph_token_refused")
    if status == 403:
        remedy = "Give consent to the mail permission, or add the mailbox to the Exchange scope of the application."
        return PermissionDenied(message, remedy=remedy).because("graph_access_denied")
    if status == 410 or (code in RESYNC and status < 500):
        return CursorLost(message, remedy="The listing begins again.").because("graph_delta_lost")
    if status == 404:
        return _absent(refused, message)
    if status in (409, 412):
        return ConcurrentWrite(message)
    if 300 <= status < 400:
        remedy = "Redirects are not followed; check the configured address of Graph."
        return PermanentError(message, remedy=remedy).because("graph_redirected")
    error = PermanentError(message)
    return error.because(_no_mailbox(code) if code in NO_MAILBOX else "graph_refused")


def unreachable(error: Exception, what: str, *, changing: bool = False) -> NetworkFailure:
    """The error for a request that got no answer, or only a part of one.

    Args:
        error: what httpx raised; its kind is told, its text is not, for it may hold addresses.
        what: the call, in words.
        changing: the call changes something.
    """
    import httpx

    cause = network_cause(error)
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        remedy = "Check the network, name resolution and certificates."
        return NetworkFailure(f"Graph could not be reached when {what}.", remedy=remedy).because(cause)
    if isinstance(error, httpx.PoolTimeout):
        return NetworkFailure(f"No connection to Graph was free when {what}.").because("network_busy")
    doubt = f" {MAYBE}" if changing else ""
    if isinstance(error, httpx.TimeoutException | TimeoutError):
        return NetworkFailure(f"Graph did not answer in time when {what}.{doubt}").because("network_timeout")
    broken = f"The connection to Graph broke when {what} ({type(error).__name__}).{doubt}"
    return NetworkFailure(broken).because(cause)


def malformed(what: str, *, changing: bool = False) -> ServiceUnavailable:
    """The error for an answer that cannot be understood.

    Args:
        what: a whole sentence that says what is wrong with it.
        changing: the call changes something.
    """
    return ServiceUnavailable(f"{what} {MAYBE}" if changing else what).because("graph_malformed")


def elsewhere(what: str) -> PermanentError:
    """The error for a link that leads to another place than Graph.

    Args:
        what: a whole sentence that says which link.
    """
    return PermanentError(what).because("graph_malformed")


def _server_failure(refused: Refusal, message: str, changing: bool) -> TransientError:
    if changing:
        error: TransientError = ServiceUnavailable(f"{message} {MAYBE}", retry_after=refused.retry_after)
    elif refused.status == 503 and refused.retry_after is not None:
        return Throttled(message, retry_after=refused.retry_after).because("graph_throttled")
    else:
        error = ServiceUnavailable(message, retry_after=refused.retry_after)
    return error.because("graph_unavailable")


def _absent(refused: Refusal, message: str) -> PostrumError:
    if refused.code in ITEM_GONE:
        return MessageGone(message).because("graph_message_gone")
    if refused.code in FOLDER_GONE:
        remedy = "The folder was deleted or renamed; check the folders of the mailbox."
        return NotFound(message, remedy=remedy).because("graph_folder_gone")
    if refused.code in NO_MAILBOX:
        remedy = "Check the address, and that the mailbox lives in Exchange Online."
        return NotFound(message, remedy=remedy).because(_no_mailbox(refused.code))
    return NotFound(message).because("graph_refused")


def _no_mailbox(code: str) -> str:
    return "graph_mailbox_not_enabled" if code in NOT_ENABLED else "graph_mailbox_not_found"


def _error_fields(body: bytes) -> tuple[str, str, str, str]:
    """Code, inner code, request id and message of an OData error, in either casing of `innerError`; empty where they are not."""
    try:
        data: Any = json.loads(body)
    except (ValueError, RecursionError):
        return "", "", "", ""
    error = data.get("error") if isinstance(data, dict) else None
    if not isinstance(error, dict):
        return "", "", "", ""
    inner = error.get("innerError", error.get("innererror"))
    if not isinstance(inner, dict):
        inner = {}
    message = error.get("message")
    said = message[:1000].lower() if isinstance(message, str) else ""
    return _short(error.get("code")), _short(inner.get("code")), _short(inner.get("request-id")), said


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
