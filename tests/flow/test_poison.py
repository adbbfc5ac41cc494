"""Messages that nobody can work on, and actions that always fail: parked with the cause, shown, run again; the rest flows."""

from __future__ import annotations

import base64
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from azure.core.exceptions import ResourceExistsError
from azure.storage.queue.aio import QueueServiceClient

from emulator.server import EmulatorThread
from functions import runtime
from shared.errors import InvalidTask, NotFound, PermanentError
from shared.model.task import LIMIT, TASKS, ActTask, ClassifyTask, DeliverTask, MailboxTask, Queue
from tests.flow.failing import fail
from tests.flow.mails import PDF, mail
from tests.flow.seeing import documents, events, moves, places, runs
from tests.flow.world import MAILBOX, World

MESSAGE = "a" * 26
GARBAGE: dict[str, tuple[bytes, str]] = {
    "not JSON": (b"{nonsense", "not JSON"),
    "empty": (b"", "not JSON"),
    "not an object": (b"[1, 2]", "not a JSON object"),
    "no version": (json.dumps({"message": MESSAGE}).encode(), "version None"),
    "a later version": (json.dumps({"v": 2, "message": MESSAGE}).encode(), "version 2"),
    "an old version": (json.dumps({"v": 0, "message": MESSAGE}).encode(), "version 0"),
    "more than is known": (json.dumps({"v": 1, "message": MESSAGE, "generation": 1, "x": 1}).encode(), "classify: x"),
    "a path as id": (json.dumps({"v": 1, "message": "../../etc"}).encode(), "classify: message"),
    "64 KB": (b'{"v": 1, "message": "' + b"a" * 65_000 + b'"}', f"at most {LIMIT} bytes"),
    "base64 twice": (base64.b64encode(ClassifyTask(message=MESSAGE).encode().encode()), "not JSON"),
    "not UTF-8": (b"\xff\xfe\x00", "not JSON"),
    "nested deep": (b"[" * 40_000, "not JSON"),
}


class Message:
    """A queue message as the host gives it to a function."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def get_body(self) -> bytes:
        return self._body


@pytest.fixture
def in_host(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The functions of this process use the app of the world."""
    monkeypatch.setattr(runtime, "_app", world.app)


@pytest.fixture
async def queues(world: World) -> AsyncIterator[QueueServiceClient]:
    text = world.settings.host_storage.connection_string or ""
    async with QueueServiceClient.from_connection_string(text) as client:
        yield client


@pytest.mark.fault("A05")
@pytest.mark.usefixtures("in_host")
@pytest.mark.parametrize("name", GARBAGE)
async def test_a05_what_is_not_a_task_is_parked_at_once_and_shown(name: str, world: World) -> None:
    body, said = GARBAGE[name]
    for _ in range(2):  # the host may give it twice; it is kept once
        await runtime.work(Message(body), ClassifyTask, world.app.advance)  # type: ignore[arg-type]
    [line] = (await world.app.status()).parked_tasks
    assert line.queue == "classify"
    assert said in line.reason
    assert line.body == body.decode(errors="replace")[: len(line.body)]
    with pytest.raises(InvalidTask):
        await world.app.again.parked_task(line.id)
    assert len((await world.app.status()).parked_tasks) == 1


@pytest.mark.fault("A05")
@pytest.mark.usefixtures("in_host")
async def test_a05_garbage_in_every_queue_does_not_keep_the_rest_from_flowing(
    world: World, emulator: EmulatorThread
) -> None:
    emulator.control.deliver(MAILBOX, mail("Invoice", pdf=PDF))
    for kind in TASKS.values():
        for body, _ in GARBAGE.values():
            await runtime.work(Message(body), kind, world.handlers()[kind.queue])  # type: ignore[arg-type]
    await world.until_rest()
    assert places(emulator) == {"Invoice": "Imported"}
    parked = (await world.app.status()).parked_tasks
    assert {line.queue for line in parked} == {queue.value for queue in Queue}
    assert len(parked) == len(Queue) * len(GARBAGE)


async def _poison(queues: QueueServiceClient, queue: str, *bodies: str) -> None:
    client = queues.get_queue_client(f"{queue}-poison")
    with contextlib.suppress(ResourceExistsError):
        await client.create_queue()
    for body in bodies:
        await client.send_message(body)


@pytest.mark.fault("A04", "A05")
async def test_a_message_in_a_poison_queue_is_parked_shown_and_removed(
    world: World, queues: QueueServiceClient
) -> None:
    encoded = base64.b64encode(DeliverTask(company="nordlys", subscriber="ledger", subject=MESSAGE).encode().encode())
    await _poison(queues, "classify", "never encoded <&>", base64.b64encode(b"{}").decode())
    await _poison(queues, "deliver", encoded.decode())
    await world.app.tick()
    await world.app.tick()
    lines = (await world.app.status()).parked_tasks
    shown = sorted((line.queue, line.body, line.reason) for line in lines)
    assert [(queue, body) for queue, body, _ in shown] == [
        ("classify", "never encoded <&>"),
        ("classify", "{}"),
        ("deliver", base64.b64decode(encoded).decode()),
    ]
    assert "not JSON" in shown[0][2]
    assert "version None" in shown[1][2]
    assert "The host gave up on it" in shown[2][2]
    for queue in ("classify", "deliver"):
        properties = await queues.get_queue_client(f"{queue}-poison").get_queue_properties()
        assert properties.approximate_message_count == 0

    # a person puts it again: it is worked on, and no longer shown
    [key] = [line.id for line in lines if line.queue == "deliver"]
    await world.app.again.parked_task(key)
    await world.drain()
    assert ("deliver", base64.b64decode(encoded).decode()) in [(queue.value, body) for queue, body in world.seen]
    assert len((await world.app.status()).parked_tasks) == 2
    with pytest.raises(NotFound):
        await world.app.again.parked_task(key)


@pytest.mark.fault("A04")
async def test_a04_a_message_that_the_host_gave_up_is_parked_and_can_be_run_again(
    world: World, queues: QueueServiceClient, emulator: EmulatorThread
) -> None:
    emulator.control.deliver(MAILBOX, mail("Invoice", pdf=PDF))
    await world.app.tick()
    await world.drain([Queue.MAILBOX])
    [(body, delete)] = await world.take(Queue.CLASSIFY)
    await delete()
    await _poison(queues, "classify", base64.b64encode(body.encode()).decode())
    await world.until_rest()
    [run] = (await runs(world)).values()
    assert (run.stage.value, run.reason) == ("parked", "given_up")
    assert places(emulator) == {"Invoice": "Follow up"}

    await world.app.again.message(run.message)
    await world.until_rest()
    assert places(emulator) == {"Invoice": "Imported"}
    assert [document.number for document in await documents(world)] == ["D-00001"]


@pytest.mark.fault("A04")
@pytest.mark.parametrize(
    ("error", "tries", "reason", "detail"),
    [
        (
            RuntimeError("secret of the implementation"),
            5,
            "unexpected_error",
            "Failed 5 times: A defect of Postrum: Runt",
        ),
        (PermanentError("the series is full"), 1, "permanent", "the series is full"),
    ],
    ids=["unexpected", "permanent"],
)
async def test_a04_an_action_that_always_fails_is_parked_with_its_cause_and_can_be_run_again(
    error: Exception,
    tries: int,
    reason: str,
    detail: str,
    world: World,
    emulator: EmulatorThread,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    failing = fail(monkeypatch, "Broken", error)
    for number, subject in enumerate(("Broken", "Good", "Lunch"), 1):
        emulator.control.deliver(MAILBOX, mail(subject, number=number, pdf=None if subject == "Lunch" else PDF))
    await world.settle()
    assert places(emulator)["Good"] == "Imported"  # it does not wait for the other
    await world.settle(ticks=6, minutes=31)

    assert failing.tries == tries
    found = await runs(world)
    assert (found["Broken"].stage.value, found["Broken"].reason) == ("parked", reason)
    assert found["Broken"].reason_detail.startswith(detail)
    assert "secret" not in found["Broken"].reason_detail
    assert places(emulator) == {"Broken": "Follow up", "Good": "Imported", "Lunch": "Follow up"}
    assert [event["data"]["message"] for event in events(emulator) if event["type"] == "postrum.message.parked"] == [
        found["Broken"].message
    ]
    assert world.failed == []

    failing.broken = False
    again = await world.app.again.message(found["Broken"].message)
    assert again.generation == 2
    await world.until_rest()
    assert places(emulator) == {"Broken": "Imported", "Good": "Imported", "Lunch": "Follow up"}
    assert moves(emulator) == {"Broken": 2, "Good": 1, "Lunch": 1}
    assert [document.number for document in await documents(world)] == ["D-00001", "D-00002"]


async def test_a_message_that_is_on_its_way_cannot_be_run_again(world: World, emulator: EmulatorThread) -> None:
    emulator.control.deliver(MAILBOX, mail("Invoice", pdf=PDF))
    await world.app.tick()
    await world.drain([Queue.MAILBOX])
    [run] = (await runs(world)).values()
    with pytest.raises(PermanentError, match="still on its way"):
        await world.app.again.message(run.message)
    with pytest.raises(NotFound):
        await world.app.again.message(MESSAGE)


@pytest.mark.parametrize(
    "task",
    [
        MailboxTask(company="elsewhere", mailbox="invoices"),
        MailboxTask(company="nordlys", mailbox="elsewhere"),
        ClassifyTask(message=MESSAGE),
        ActTask(message=MESSAGE, generation=7),
        DeliverTask(company="elsewhere", subscriber="ledger", subject=MESSAGE),
        DeliverTask(company="nordlys", subscriber="elsewhere", subject=MESSAGE),
    ],
    ids=lambda task: f"{task.queue}",
)
async def test_a_task_about_what_does_not_exist_does_nothing(task: Any, world: World) -> None:
    await world.handlers()[task.queue](task)
    assert await world.at_rest()
    assert await runs(world) == {}
