"""Timer triggers of the development host."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import ClientSession
from azure.storage.blob import BlobServiceClient

from local.azurite import Account
from local.host.ncrontab import parse
from local.host.timers import NEVER, Status, after_run, at_start, status_from_json
from tests.local.conftest import App
from tests.local.waiting import until

DAILY = """
@app.timer_trigger(schedule="%WHEN%", arg_name="timer", run_on_startup=RUN)
async def daily(timer: func.TimerRequest) -> None:
    note(f"past due {timer.past_due}")
"""


def _write(app: App, *, run_on_startup: bool = False, when: str = "0 30 3 * * *") -> None:
    app.write(DAILY.replace("RUN", str(run_on_startup)), settings={"WHEN": when})


def test_run_on_startup_fires_at_once_and_is_not_past_due(app: App) -> None:
    _write(app, run_on_startup=True)
    host = app.start()
    until(lambda: app.invocations)
    assert host.stop()[0] == 0
    assert app.notes == ["past due False"]


def test_a_short_schedule_fires_again_and_again_also_after_failing(app: App) -> None:
    app.write("""
@app.timer_trigger(schedule="* * * * * *", arg_name="timer")
async def often(timer: func.TimerRequest) -> None:
    raise RuntimeError("no")
""")
    host = app.start()
    until(lambda: len(app.invocations) >= 2)
    host.stop()
    assert {one["outcome"] for one in app.invocations} == {"failed"}


def test_a_time_missed_while_the_host_was_down_is_past_due(app: App, storage_account: Account) -> None:
    _write(app)
    app.start().stop()
    assert app.notes == []
    with BlobServiceClient.from_connection_string(storage_account.connection_string) as blobs:
        blob = blobs.get_blob_client("azure-webjobs-hosts", "timers/development/daily/status")
        stored = status_from_json(blob.download_blob().readall().decode())
        assert stored.next > datetime.now(UTC)
        # as if the host had last run two days ago
        before = datetime.now(UTC) - timedelta(days=2)
        missed = Status(NEVER, parse("0 30 3 * * *").after(before), before)
        blob.upload_blob(json.dumps(missed.to_json()), overwrite=True)
        host = app.start()
        until(lambda: app.invocations)
        host.stop()
        assert app.notes == ["past due True"]
        after = status_from_json(blob.download_blob().readall().decode())
        assert after.next > datetime.now(UTC) - timedelta(minutes=1)
        assert after.last > before
    app.start().stop()
    assert app.notes == ["past due True"]  # and only once


async def test_the_master_key_fires_a_timer_now(app: App) -> None:
    _write(app)
    host = app.start()
    async with ClientSession() as session:
        url = f"{host.url}/admin/functions/daily"
        async with session.post(url) as answer:
            assert answer.status == 401
        key = {"x-functions-key": host.ready["keys"]["master"]}
        async with session.post(url, headers=key, json={"input": ""}) as answer:
            assert answer.status == 202
        async with session.post(f"{host.url}/admin/functions/weekly", headers=key) as answer:
            assert answer.status == 404
    until(lambda: app.invocations)
    assert app.notes == ["past due False"]


NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
HOURLY = parse("0 0 * * * *")


def test_a_new_timer_waits_for_its_next_time() -> None:
    status, past_due = at_start(HOURLY, None, NOON)
    assert (status.next, past_due) == (NOON + timedelta(hours=1), False)


def test_a_changed_schedule_is_not_past_due() -> None:
    stored = Status(NOON - timedelta(days=3), NOON - timedelta(days=2), NOON - timedelta(days=3))
    status, past_due = at_start(HOURLY, stored, NOON)
    assert (status.next, past_due) == (NOON + timedelta(hours=1), False)


def test_the_next_time_counts_from_the_start_of_the_run() -> None:
    due = Status(NOON - timedelta(hours=1), NOON, NOON - timedelta(hours=1))
    early = after_run(HOURLY, due, NOON - timedelta(milliseconds=3), scheduled=True)
    assert early.next == NOON + timedelta(hours=1)  # not NOON again
    late = after_run(HOURLY, due, NOON + timedelta(hours=2, minutes=5), scheduled=True)
    assert late.next == NOON + timedelta(hours=3)
    unplanned = after_run(HOURLY, due, NOON - timedelta(minutes=30), scheduled=False)
    assert unplanned.next == NOON


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"Last": 1, "Next": 2, "LastUpdated": 3}', '{"Last": "x"}'])
def test_a_broken_status_is_no_status(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        status_from_json(text)
