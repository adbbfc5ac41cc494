"""Queue triggers of the development host, against Azurite and Microsoft's library."""

from __future__ import annotations

import base64
import json
import signal
import time
from collections.abc import Iterator
from typing import Any

import pytest
from azure.core.exceptions import ResourceNotFoundError
from azure.storage.queue import QueueServiceClient

from local.azurite import Account
from tests.local.conftest import App
from tests.local.waiting import until

COUNT_RUNS = """
@app.queue_trigger(arg_name="message", queue_name="work", connection="AzureWebJobsStorage")
async def work(message: func.QueueMessage) -> None:
    note(f"{message.get_body().decode()} {message.dequeue_count}")
    if message.get_body() == b"bad":
        raise ValueError("this one never works")
"""


@pytest.fixture
def queues(storage_account: Account) -> Iterator[QueueServiceClient]:
    with QueueServiceClient.from_connection_string(storage_account.connection_string) as client:
        client.create_queue("work")
        yield client


def _length(queues: QueueServiceClient, name: str) -> int:
    try:
        return int(queues.get_queue_client(name).get_queue_properties().approximate_message_count or 0)
    except ResourceNotFoundError:
        return 0


def _host_json(**options: Any) -> dict[str, Any]:
    quick = {"maxPollingInterval": "00:00:00.2", "messageEncoding": "none"}
    return {"version": "2.0", "extensions": {"queues": quick | options}}


def test_a_message_runs_once_and_is_deleted(app: App, queues: QueueServiceClient) -> None:
    app.write(COUNT_RUNS)
    host = app.start()
    queues.get_queue_client("work").send_message("good")
    until(lambda: app.invocations)
    until(lambda: _length(queues, "work") == 0)
    assert host.stop()[0] == 0
    assert app.notes == ["good 1"]
    assert [(one["function"], one["outcome"]) for one in app.invocations] == [("work", "succeeded")]


def test_a_failing_message_runs_exactly_max_dequeue_count_times_and_goes_to_poison(
    app: App, queues: QueueServiceClient
) -> None:
    app.write(COUNT_RUNS, host_json=_host_json(maxDequeueCount=3))
    host = app.start()
    queues.get_queue_client("work").send_message("bad")
    until(lambda: _length(queues, "work-poison") == 1)
    until(lambda: _length(queues, "work") == 0)
    host.stop()
    assert app.notes == ["bad 1", "bad 2", "bad 3"]
    assert {one["outcome"] for one in app.invocations} == {"failed"}
    assert "this one never works" in app.invocations[0]["error"]
    assert [message.content for message in queues.get_queue_client("work-poison").receive_messages()] == ["bad"]


def test_a_message_that_was_received_too_often_goes_to_poison_without_running(
    app: App, queues: QueueServiceClient
) -> None:
    client = queues.get_queue_client("work")
    client.send_message("good")
    for _ in range(2):
        message = client.receive_message()
        assert message is not None
        client.update_message(message, visibility_timeout=0)
    app.write(COUNT_RUNS, host_json=_host_json(maxDequeueCount=2))
    host = app.start()
    until(lambda: _length(queues, "work-poison") == 1)
    host.stop()
    assert app.notes == []


def test_a_failed_message_stays_invisible_for_the_visibility_timeout(app: App, queues: QueueServiceClient) -> None:
    app.write(COUNT_RUNS, host_json=_host_json(visibilityTimeout="01:00:00"))
    host = app.start()
    queues.get_queue_client("work").send_message("bad")
    until(lambda: app.invocations)
    queues.get_queue_client("work").send_message("good")
    until(lambda: len(app.invocations) == 2)
    host.stop()
    assert app.notes == ["bad 1", "good 1"]
    assert _length(queues, "work") == 1


def test_invisibility_is_renewed_while_the_function_runs(app: App, queues: QueueServiceClient) -> None:
    app.write("""
@app.queue_trigger(arg_name="message", queue_name="work", connection="AzureWebJobsStorage")
async def work(message: func.QueueMessage) -> None:
    note(f"begin {message.dequeue_count}")
    while not (FOLDER / "go").exists():
        await asyncio.sleep(0.05)
    note("end")
""")
    host = app.start("--invisibility", "2")
    client = queues.get_queue_client("work")
    client.send_message("long")
    until(lambda: app.notes)
    # in this time the message would have been visible twice, and this host or the test would have received it
    for _ in range(25):
        assert client.receive_message(visibility_timeout=1) is None
        time.sleep(0.2)
    (app.folder / "go").touch()
    until(lambda: app.invocations)
    until(lambda: _length(queues, "work") == 0)  # deleted with the receipt of the last renewal
    host.stop()
    assert app.notes == ["begin 1", "end"]


def test_a_message_comes_back_after_a_crash_when_its_invisibility_is_over(app: App, queues: QueueServiceClient) -> None:
    app.write("""
@app.queue_trigger(arg_name="message", queue_name="work", connection="AzureWebJobsStorage")
async def work(message: func.QueueMessage) -> None:
    note(f"run {message.dequeue_count}")
    if message.dequeue_count == 1:
        os._exit(77)
""")
    queues.get_queue_client("work").send_message("survivor")
    first = app.launch("--invisibility", "2")
    assert first.wait(60) == 77
    second = app.start("--invisibility", "2")
    until(lambda: app.invocations)
    until(lambda: _length(queues, "work") == 0)
    second.stop()
    assert app.notes == ["run 1", "run 2"]


def test_sigterm_drains_what_runs(app: App, queues: QueueServiceClient) -> None:
    app.write("""
@app.queue_trigger(arg_name="message", queue_name="work", connection="AzureWebJobsStorage")
async def work(message: func.QueueMessage) -> None:
    note("begin")
    while not (FOLDER / "go").exists():
        await asyncio.sleep(0.05)
    note("end")
""")
    host = app.start()
    client = queues.get_queue_client("work")
    client.send_message("under way")
    until(lambda: app.notes)
    host.process.send_signal(signal.SIGTERM)
    assert host.process.stdout is not None
    while "stopping: 1 under way" not in host.process.stdout.readline():
        pass
    client.send_message("too late")
    (app.folder / "go").touch()
    assert host.process.wait(60) == 0
    assert app.notes == ["begin", "end"]
    assert [message.content for message in client.receive_messages()] == ["too late"]


def test_a_second_signal_does_not_wait_and_gives_the_message_back(app: App, queues: QueueServiceClient) -> None:
    app.write("""
@app.queue_trigger(arg_name="message", queue_name="work", connection="AzureWebJobsStorage")
async def work(message: func.QueueMessage) -> None:
    note("begin")
    await asyncio.sleep(3600)
""")
    host = app.start()
    client = queues.get_queue_client("work")
    client.send_message("endless")
    until(lambda: app.notes)
    host.process.send_signal(signal.SIGINT)
    assert host.process.stdout is not None
    while "stopping: 1 under way" not in host.process.stdout.readline():
        pass
    assert host.stop(signal.SIGINT)[0] == 1
    assert [message.content for message in client.receive_messages()] == ["endless"]


def test_base64_is_decoded_and_what_is_not_base64_goes_to_poison_as_it_came(
    app: App, queues: QueueServiceClient
) -> None:
    app.write(COUNT_RUNS, host_json=_host_json(messageEncoding="base64"))
    host = app.start()
    client = queues.get_queue_client("work")
    client.send_message("not ours! <ü>")
    client.send_message(base64.b64encode("grüße".encode()).decode())
    until(lambda: _length(queues, "work-poison") == 1 and app.invocations)
    until(lambda: _length(queues, "work") == 0)
    host.stop()
    assert app.notes == ["grüße 1"]
    poisoned = queues.get_queue_client("work-poison").receive_message()
    assert poisoned is not None
    assert poisoned.content == "not ours! <ü>"


def test_no_more_than_batch_and_threshold_run_at_once(app: App, queues: QueueServiceClient) -> None:
    app.write(
        """
running = 0
@app.queue_trigger(arg_name="message", queue_name="work", connection="AzureWebJobsStorage")
async def work(message: func.QueueMessage) -> None:
    global running
    running += 1
    note(running)
    await asyncio.sleep(0.05)
    running -= 1
""",
        host_json=_host_json(batchSize=4, newBatchThreshold=1),
    )
    client = queues.get_queue_client("work")
    for number in range(20):
        client.send_message(str(number))
    host = app.start()
    until(lambda: len(app.invocations) == 20)
    host.stop()
    assert max(int(note) for note in app.notes) <= 5


def test_a_function_that_takes_longer_than_the_time_out_fails(app: App, queues: QueueServiceClient) -> None:
    app.write(
        """
@app.queue_trigger(arg_name="message", queue_name="work", connection="AzureWebJobsStorage")
async def work(message: func.QueueMessage) -> None:
    await asyncio.sleep(3600)
""",
        host_json=_host_json(maxDequeueCount=1) | {"functionTimeout": "00:00:01"},
    )
    host = app.start()
    queues.get_queue_client("work").send_message("endless")
    until(lambda: _length(queues, "work-poison") == 1)
    host.stop()
    assert [one["outcome"] for one in app.invocations] == ["timeout"]


def test_metadata_reaches_the_function(app: App, queues: QueueServiceClient) -> None:
    app.write(
        """
@app.queue_trigger(arg_name="message", queue_name="%NAME%", connection="AzureWebJobsStorage")
def work(message: func.QueueMessage) -> None:
    times = message.insertion_time, message.expiration_time, message.time_next_visible
    note(json.dumps([message.id, bool(message.pop_receipt), [time.isoformat() for time in times]]))
""",
        settings={"NAME": "work"},
    )
    host = app.start()
    sent = queues.get_queue_client("work").send_message("x")
    until(lambda: app.notes)
    host.stop()
    identifier, receipt, times = json.loads(app.notes[0])
    assert identifier == sent.id
    assert receipt
    assert sent.inserted_on is not None
    assert times[0] == sent.inserted_on.isoformat()


def test_a_queue_that_does_not_exist_yet_is_read_once_it_does(app: App, storage_account: Account) -> None:
    app.write(COUNT_RUNS)
    host = app.start()
    with QueueServiceClient.from_connection_string(storage_account.connection_string) as client:
        client.create_queue("work").send_message("first")
    until(lambda: app.invocations)
    host.stop()
    assert app.notes == ["first 1"]
