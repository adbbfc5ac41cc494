"""Answers of Graph and the errors that they become."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from shared.errors import (
    ConcurrentWrite,
    CursorLost,
    MessageGone,
    NotFound,
    PermanentError,
    PermissionDenied,
    PostrumError,
    ServiceUnavailable,
    Throttled,
)
from shared.sources.graph.errors import failure, refusal, retry_after


def body(code: str, *, inner: str = "innerError", inner_code: str = "") -> bytes:
    details = {
        "request-id": "11111111-2222",
        "date": "2026-11-21T10:00:00",
        **({"code": inner_code} if inner_code else {}),
    }
    return json.dumps({"error": {"code": code, "message": "whatever", inner: details}}).encode()


@pytest.mark.parametrize(
    ("status", "code", "expected", "cause"),
    [
        (400, "ErrorInvalidIdMalformed", PermanentError, "graph_refused"),
        (400, "ErrorInvalidUser", PermanentError, "graph_mailbox_not_found"),
        (400, "resyncRequired", CursorLost, "graph_delta_lost"),
        (400, "SyncStateNotFound", CursorLost, "graph_delta_lost"),
        (401, "InvalidAuthenticationToken", PermissionDenied, "graph_token_refused"),
        (403, "ErrorAccessDenied", PermissionDenied, "graph_access_denied"),
        (403, "ErrorQuotaExceeded", PermanentError, "graph_quota"),
        (404, "ErrorItemNotFound", MessageGone, "graph_message_gone"),
        (404, "erroritemnotfound", MessageGone, "graph_message_gone"),
        (404, "ErrorFolderNotFound", NotFound, "graph_folder_gone"),
        (404, "MailboxNotEnabledForRESTAPI", NotFound, "graph_mailbox_not_enabled"),
        (404, "ResourceNotFound", NotFound, "graph_mailbox_not_found"),
        (404, "ErrorInvalidUser", NotFound, "graph_mailbox_not_found"),
        (404, "syncStateNotFound", CursorLost, "graph_delta_lost"),
        (404, "UnknownError", NotFound, "graph_refused"),
        (408, "", ServiceUnavailable, "graph_unavailable"),
        (409, "ErrorIrresolvableConflict", ConcurrentWrite, ""),
        (410, "SyncStateNotFound", CursorLost, "graph_delta_lost"),
        (410, "", CursorLost, "graph_delta_lost"),
        (412, "ErrorIrresolvableConflict", ConcurrentWrite, ""),
        (413, "ErrorMessageSizeExceeded", PermanentError, "graph_too_large"),
        (429, "TooManyRequests", Throttled, "graph_throttled"),
        (500, "", ServiceUnavailable, "graph_unavailable"),
        (502, "", ServiceUnavailable, "graph_unavailable"),
        (503, "MailboxInfoStale", ServiceUnavailable, "graph_unavailable"),
        (504, "UnknownError", ServiceUnavailable, "graph_unavailable"),
        (302, "", PermanentError, "graph_redirected"),
        (418, "", PermanentError, "graph_refused"),
    ],
)
@pytest.mark.parametrize("inner", ["innerError", "innererror"])
def test_a_status_and_code_become_one_error_with_its_place_in_the_catalogue(
    status: int, code: str, expected: type[PostrumError], cause: str, inner: str
) -> None:
    error = failure(refusal(status, {}, body(code, inner=inner)), "trying")
    assert type(error) is expected
    assert error.cause == cause
    assert f"Graph answered {status}" in str(error)
    assert "11111111-2222" in str(error)
    assert code in str(error)


@pytest.mark.parametrize(
    "raw", [b"", b"<html>", b"[]", b"{}", b'{"error": 5}', b'{"error": {"code": {}}}', b"\xff", b"[" * 5000]
)
def test_a_body_that_is_no_error_of_graph_is_no_accident(raw: bytes) -> None:
    error = failure(refusal(504, {"request-id": "from-the-header"}, raw), "trying")
    assert isinstance(error, ServiceUnavailable)
    assert "from-the-header" in str(error)


def test_the_inner_code_speaks_where_the_outer_one_says_nothing() -> None:
    assert refusal(429, {}, body("UnknownError", inner_code="ApplicationThrottled")).code == "applicationthrottled"


def test_a_text_of_the_other_side_does_not_get_into_ours() -> None:
    error = failure(refusal(400, {}, body("x" * 5000, inner_code="a\nb")), "trying")
    assert len(str(error)) < 200


NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)


@pytest.mark.fault("B03")
@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("1", 1),
        ("0", 0),
        ("1.5", 1.5),
        ("86400", 86400),
        (" 7 ", 7),
        ("10, 30", 30),
        ("10,30,20", 30),
        (format_datetime(NOW + timedelta(seconds=95), usegmt=True), 95),
        (format_datetime(NOW - timedelta(seconds=95), usegmt=True), 0),
        ("Saturday, 21-Nov-26 10:01:00 GMT", 60),
        ("Sat Nov 21 10:01:00 2026", 60),
        ("9" * 50, 86_400),
        ("9" * 5000, None),
        ("86401", 86_400),
        (format_datetime(NOW + timedelta(days=900), usegmt=True), 86_400),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("nan", None),
        ("1e9", None),
        ("²", None),
        ("1.2.3", None),
    ],
)
def test_retry_after(value: str, seconds: float | None) -> None:
    headers = {"retry-after": value, "date": format_datetime(NOW, usegmt=True)}
    assert retry_after(headers) == seconds


@pytest.mark.fault("B03")
def test_a_date_is_measured_against_the_clock_of_the_other_side() -> None:
    theirs = datetime.now(UTC) + timedelta(hours=3)
    headers = {
        "retry-after": format_datetime(theirs + timedelta(seconds=40), usegmt=True),
        "date": format_datetime(theirs, usegmt=True),
    }
    assert retry_after(headers) == 40
    del headers["date"]
    assert retry_after(headers) == pytest.approx(3 * 3600 + 40, abs=5)
