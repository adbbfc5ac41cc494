"""Judgements that need no network: roles, refusals, clocks, certificates, versions."""

from __future__ import annotations

import base64
import json
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shared.doctor.access import judge_roles
from shared.doctor.model import VERSION, State, green, red, worst, yellow
from shared.doctor.outside import judge_certificate, judge_health, judge_refusal, judge_skew, judge_version
from shared.identity.token_claims import claims

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


def token(content: object) -> str:
    return (
        f"eyJhbGciOiJub25lIn0.{base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip('=')}.signature"
    )


@pytest.mark.parametrize(
    ("content", "state", "said"),
    [
        ({"aud": "x"}, State.GREEN, "without application roles"),
        ({"roles": []}, State.GREEN, "without application roles"),
        ({"roles": None}, State.GREEN, "without application roles"),
        ({"roles": ["Mail.Read"]}, State.YELLOW, "Mail.Read opens every mailbox"),
        ({"roles": ["Mail.Send", "Mail.ReadWrite"]}, State.YELLOW, "Mail.ReadWrite and Mail.Send open every mailbox"),
        ({"roles": ["MailboxSettings.Read"]}, State.YELLOW, "opens every mailbox"),
        ({"roles": ["Directory.Read.All"]}, State.YELLOW, "does not need"),
        ([1, 2], State.YELLOW, "cannot be read"),
    ],
)
def test_roles(content: object, state: State, said: str) -> None:
    finding = judge_roles("token", token(content))
    assert finding.state is state
    assert said in finding.found
    assert "eyJ" not in finding.model_dump_json()


@pytest.mark.parametrize(
    "text", ["", "opaque", "a.b", "a.!.c", "a..c", f"a.{base64.b64encode(b'[' * 5000).decode()}.c"]
)
def test_a_token_that_cannot_be_read(text: str) -> None:
    assert claims(text) is None
    assert judge_roles("token", text).state is State.YELLOW


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (401, "green"),
        (403, "green"),
        (200, "red"),
        (204, "red"),
        (400, "red"),
        (302, "yellow"),
        (404, "yellow"),
        (503, "yellow"),
    ],
)
def test_an_answer_to_somebody_without_a_key(status: int, state: str) -> None:
    assert judge_refusal("no key", "/", status).state == state


@pytest.mark.parametrize(
    ("status", "text", "state"), [(200, "ok\n", "green"), (200, "<html>", "red"), (401, "", "red"), (500, "", "red")]
)
def test_health(status: int, text: str, state: str) -> None:
    assert judge_health("health", status, text).state == state


@pytest.mark.parametrize(
    ("seconds", "state"),
    [(0, "green"), (29, "green"), (-29, "green"), (31, "yellow"), (-31, "yellow"), (241, "red"), (-241, "red")],
)
def test_skew(seconds: int, state: str) -> None:
    assert judge_skew("clock", NOW, NOW - timedelta(seconds=seconds), "it").state == state
    assert judge_skew("clock", NOW, (NOW - timedelta(seconds=seconds)).replace(tzinfo=None), "it").state == state


def test_no_time_was_told() -> None:
    assert judge_skew("clock", NOW, None, "it").state is State.YELLOW


@pytest.mark.parametrize(("days", "state"), [(60, "green"), (13, "yellow"), (-1, "yellow")])
def test_certificate(days: int, state: str) -> None:
    assert judge_certificate("tls", "TLSv1.3", NOW + timedelta(days=days), NOW).state == state
    assert judge_certificate("tls", "TLSv1.3", None, NOW).state is State.GREEN


def test_version() -> None:
    assert judge_version("version", VERSION).state is State.GREEN
    assert judge_version("version", "9.9.9").state is State.YELLOW
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["version"] == VERSION


def test_the_worst_counts() -> None:
    fine, odd, bad = green("a", "x"), yellow("a", "x", "y"), red("a", "x", "y")
    assert worst([]) is State.GREEN
    assert worst([fine, odd]) is State.YELLOW
    assert worst([odd, bad, fine]) is State.RED
