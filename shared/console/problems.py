"""Errors → what a caller sees: a page for people, problem details (RFC 9457) for programs. One table for both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from starlette.responses import JSONResponse, Response

from shared.console.access import ForgedRequest, NotAllowed, NotSignedIn
from shared.errors import (
    ConcurrentWrite,
    ConfigurationError,
    InvalidRequest,
    InvalidTask,
    NotFound,
    PermanentError,
    PermissionDenied,
    PostrumError,
    TransientError,
)
from shared.language.texts import gettext_noop

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER: Final = 30
"""Seconds that a caller should wait where nobody said more."""


@dataclass(frozen=True, slots=True)
class Answer:
    """How a kind of error is answered."""

    status: int
    title: str


_ANSWERS: tuple[tuple[type[PostrumError], Answer], ...] = (
    (NotSignedIn, Answer(401, gettext_noop("Sign in first"))),
    (NotAllowed, Answer(403, gettext_noop("Not allowed"))),
    (ForgedRequest, Answer(403, gettext_noop("This form cannot be used any more"))),
    (NotFound, Answer(404, gettext_noop("Not found"))),
    (ConcurrentWrite, Answer(409, gettext_noop("Somebody was quicker"))),
    (InvalidTask, Answer(409, gettext_noop("Not possible"))),
    (ConfigurationError, Answer(503, gettext_noop("Not configured"))),
    (PermissionDenied, Answer(409, gettext_noop("Access refused"))),
    (TransientError, Answer(503, gettext_noop("Not now"))),
    (PermanentError, Answer(409, gettext_noop("Not possible"))),
)
"""The first that fits."""
_DEFECT = Answer(500, gettext_noop("An error"))
_BY_STATUS: dict[int, Answer] = {
    404: Answer(404, gettext_noop("Not found")),
    405: Answer(405, gettext_noop("Not possible")),
    413: Answer(413, gettext_noop("Too large")),
    422: Answer(422, gettext_noop("Not valid")),
    500: _DEFECT,
}


class Invalid(PermanentError):
    """What was sent to the API is not valid. Each problem names its place by a JSON pointer (RFC 6901)."""

    code = "invalid"

    def __init__(self, problems: list[tuple[str, str]], *, message: str = "The request is not valid.") -> None:
        super().__init__(message)
        self.problems = problems


def answer_to(error: PostrumError) -> Answer:
    """Status and title for an error."""
    if isinstance(error, Invalid | InvalidRequest):
        return _BY_STATUS[422]
    return next((answer for kind, answer in _ANSWERS if isinstance(error, kind)), _DEFECT)


def problems_in(error: PostrumError) -> list[tuple[str, str]] | None:
    """What is wrong, by JSON pointer; None for an error that is not about what was sent."""
    if isinstance(error, Invalid):
        return error.problems
    if isinstance(error, InvalidRequest):
        return [("/" + error.field.replace(".", "/") if error.field else "", error.message)]
    return None


def answer_for(status: int) -> Answer:
    """Title for a status that the framework gave."""
    return _BY_STATUS.get(status, Answer(status, gettext_noop("Not possible")))


def problem_details(
    status: int,
    title: str,
    *,
    code: str,
    detail: str = "",
    remedy: str = "",
    instance: str = "",
    problems: list[tuple[str, str]] | None = None,
    retry_after: float | None = None,
) -> Response:
    """Problem details.

    Args:
        status: of HTTP.
        title: the same for every problem of this code.
        code: stable; also the last part of `type`.
        detail: of this one.
        remedy: what to do about it.
        instance: path of the request.
        problems: (JSON pointer, text) of each thing that is wrong.
        retry_after: seconds.
    """
    content: dict[str, Any] = {
        "type": f"urn:postrum:problem:{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": instance,
        "code": code,
        "remedy": remedy,
    }
    content = {name: value for name, value in content.items() if value != ""}
    if problems is not None:
        content["errors"] = [{"pointer": pointer, "detail": text} for pointer, text in problems]
    headers = {}
    if status == 503:
        headers["Retry-After"] = str(round(retry_after or RETRY_AFTER))
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(content, status_code=status, media_type=MEDIA_TYPE, headers=headers)
