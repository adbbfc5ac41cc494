"""What the host sees of the function app, and that host.json, the queues and the settings agree with it."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

from function_app import app
from shared.model.task import Queue
from shared.settings import SETTINGS
from shared.stores.layout import QUEUES
from shared.stores.queues import POISON

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden" / "functions.json"
HOST: dict[str, Any] = json.loads((ROOT / "host.json").read_text())


@functools.cache  # the library answers once for each FunctionApp
def _functions() -> list[dict[str, Any]]:
    return [{"name": one.get_function_name(), **json.loads(one.get_function_json())} for one in app.get_functions()]


def _bindings(kind: str) -> list[dict[str, Any]]:
    return [binding for one in _functions() for binding in one["bindings"] if binding["type"] == kind]


def test_the_functions_are_those_of_the_golden_file() -> None:
    # a changed name, queue, route or key is a change for those who run it: change the file on purpose
    assert _functions() == json.loads(GOLDEN.read_text())


def test_each_queue_has_one_function_of_its_name_and_its_tasks() -> None:
    triggers = _bindings("queueTrigger")
    assert sorted(binding["queueName"] for binding in triggers) == sorted(queue.value for queue in Queue)
    assert sorted(QUEUES) == sorted(Queue)
    assert {binding["connection"] for binding in triggers} == {"AzureWebJobsStorage"}
    named = {one["name"]: one["bindings"][0].get("queueName") for one in _functions()}
    assert {name for name, queue in named.items() if queue} == {queue for queue in named.values() if queue}
    # the poison queues are read by the tick, and by no function
    assert not [binding for binding in triggers if binding["queueName"].endswith(POISON)]


def test_there_are_no_outputs_to_queues() -> None:
    # tasks are put by the product, after the state that they stand for
    assert _bindings("queue") == []


def test_the_host_encodes_messages_as_the_product_does() -> None:
    queues = HOST["extensions"]["queues"]
    assert queues["messageEncoding"] == "base64"
    assert queues["maxDequeueCount"] == 5


def test_the_time_of_a_function_is_the_one_that_the_product_counts_with() -> None:
    hours, minutes, seconds = (int(part) for part in HOST["functionTimeout"].split(":"))
    default = next(setting.default for setting in SETTINGS if setting.name == "POSTRUM_FUNCTION_SECONDS")
    assert str(hours * 3600 + minutes * 60 + seconds) == default


def test_the_schedule_of_the_timer_is_a_setting() -> None:
    [timer] = _bindings("timerTrigger")
    assert timer["schedule"] == "%POSTRUM_TICK_SCHEDULE%"
    assert timer["runOnStartup"] is False
    assert any(setting.name == "POSTRUM_TICK_SCHEDULE" for setting in SETTINGS)


def test_http_is_open_at_the_host_because_the_app_signs_people_in_itself() -> None:
    # what is open without signing in is tested in tests/console; a key of the host would be a second secret to hand around
    assert {binding["authLevel"] for binding in _bindings("httpTrigger")} == {"ANONYMOUS"}


def test_the_catch_all_of_the_console_comes_last() -> None:
    # the development host takes the first route that fits; Azure the most literal one
    routes = [binding["route"] for binding in _bindings("httpTrigger")]
    assert routes == ["push/graph", "push/graph/lifecycle", "{*path}"]
