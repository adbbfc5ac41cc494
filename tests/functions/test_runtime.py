"""What the host is told for each kind of error: the one place where errors become success or failure of a queue message."""

from __future__ import annotations

import inspect
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from functions import runtime
from shared import errors
from shared.errors import (
    ConcurrentWrite,
    ConfigurationError,
    Conflict,
    CursorLost,
    DeliveryRefused,
    InvalidRequest,
    InvalidTask,
    LeaseLost,
    MessageGone,
    NetworkFailure,
    NotFound,
    NotPropagated,
    PermanentError,
    PermissionDenied,
    PostrumError,
    RuleInvalid,
    ServiceUnavailable,
    SignInNeeded,
    Throttled,
    TransientError,
)
from shared.model.task import ClassifyTask, Queue

TASK = ClassifyTask(message="a" * 26)
FAILS: tuple[Exception, ...] = (
    ConfigurationError("a setting is missing"),
    PostrumError("of no kind"),
    TransientError("later"),
    Throttled("patience"),
    ServiceUnavailable("down"),
    NetworkFailure("no answer"),
    LeaseLost("lost"),
    ConcurrentWrite("changed"),
    CursorLost("begin again"),
    NotPropagated("not yet"),
    ValueError("a defect"),
    AssertionError("a defect"),
    TimeoutError(),
)
PARKS: tuple[PermanentError, ...] = (
    PermanentError("never", remedy="Look."),
    InvalidTask("not ours"),
    MessageGone("gone"),
    PermissionDenied("refused"),
    NotFound("missing"),
    SignInNeeded("sign in again"),
    InvalidRequest("not so"),
    Conflict("not any more"),
    RuleInvalid("wrong"),
    DeliveryRefused("not there"),
)


class _Message:
    def __init__(self, body: bytes) -> None:
        self._body = body

    def get_body(self) -> bytes:
        return self._body


@pytest.fixture
def parked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = []

    async def park(*row: Any) -> str:
        found.append(row)
        return "id"

    now = datetime(2026, 11, 21, tzinfo=UTC)
    services = SimpleNamespace(parked=SimpleNamespace(park=park), clock=lambda: now)
    monkeypatch.setattr(runtime, "_app", SimpleNamespace(services=services))
    return found


async def _work(error: Exception | None, body: bytes = TASK.encode().encode()) -> list[ClassifyTask]:
    given: list[ClassifyTask] = []

    async def use_case(task: ClassifyTask) -> None:
        given.append(task)
        if error is not None:
            raise error

    await runtime.work(_Message(body), ClassifyTask, use_case)  # type: ignore[arg-type]
    return given


def test_every_error_of_the_tree_is_here() -> None:
    tree = {item for _, item in inspect.getmembers(errors, inspect.isclass) if issubclass(item, PostrumError)}
    assert {type(error) for error in (*FAILS, *PARKS)} >= tree


async def test_a_task_that_is_done_is_a_success(parked: list[Any]) -> None:
    assert await _work(None) == [TASK]
    assert parked == []


@pytest.mark.parametrize("error", FAILS, ids=lambda error: type(error).__name__)
async def test_what_may_work_later_is_a_failure_and_the_host_keeps_the_message(
    error: Exception, parked: list[Any]
) -> None:
    with pytest.raises(type(error)) as raised:
        await _work(error)
    assert raised.value is error
    assert parked == []


@pytest.mark.parametrize("error", PARKS, ids=lambda error: type(error).__name__)
async def test_what_cannot_work_is_parked_with_its_reason_and_is_a_success(
    error: PermanentError, parked: list[Any]
) -> None:
    assert await _work(error) == [TASK]
    [(queue, body, reason, now)] = parked
    assert (queue, body, now) == (Queue.CLASSIFY, TASK.encode(), datetime(2026, 11, 21, tzinfo=UTC))
    assert reason == (error.message if isinstance(error, InvalidTask) else f"{error.code}: {error}")


async def test_what_is_not_a_task_is_parked_without_being_given_to_the_use_case(parked: list[Any]) -> None:
    assert await _work(None, b"\xff\xfe not ours") == []
    [(queue, body, reason, _)] = parked
    assert queue is Queue.CLASSIFY
    assert body.endswith(" not ours")
    assert "not JSON" in reason


async def test_a_message_that_cannot_be_parked_stays_with_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    async def park(*_: Any) -> str:
        raise NetworkFailure("no answer from the storage account")

    services = SimpleNamespace(parked=SimpleNamespace(park=park), clock=lambda: datetime.now(UTC))
    monkeypatch.setattr(runtime, "_app", SimpleNamespace(services=services))
    with pytest.raises(NetworkFailure):
        await _work(None, b"garbage")


def test_wrong_settings_are_told_all_at_once_with_the_first_invocation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "_app", None)
    for name in ("AzureWebJobsStorage", "DATA_STORAGE", "POSTRUM_TENANT_ID", "POSTRUM_APP_CLIENT_ID"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ConfigurationError) as refused:
        runtime.app()
    assert len(refused.value.problems) >= 4
