"""Change notifications: mail comes at once with them, within its schedule without them, and nobody can make trouble with them."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import azure.functions as func
import pytest
from aiohttp import web

from emulator.server import EmulatorThread
from functions import push, runtime
from local.azurite import Account
from shared.errors import NetworkFailure
from shared.model.task import Queue
from shared.pipeline.notifications import BODY_LIMIT, ITEMS_LIMIT
from shared.pipeline.subscriptions import LIFE, SECRET, Kept, kept, push_url
from shared.settings import read
from tests.flow.mails import mail
from tests.flow.seeing import places
from tests.flow.world import CONFIGURATION, MAILBOX, FakeClock, World, environment_for

SECONDS = 20
"""Longest wait for something that comes over the network on this machine."""
QUARTER = CONFIGURATION.replace('schedule: "* * * * *"', 'schedule: "*/15 * * * *"')
HANDLERS = {
    "/push/graph": push.push_graph.build().get_user_function(),
    "/push/graph/lifecycle": push.push_graph_lifecycle.build().get_user_function(),
}


class Front:
    """Hands HTTP requests to the functions, as the host does, and counts them."""

    def __init__(self) -> None:
        self.answers: list[int] = []
        self._runner: web.AppRunner | None = None

    async def start(self) -> str:
        application = web.Application(client_max_size=100 * 1024 * 1024)
        application.router.add_post("/{path:.*}", self._answer)
        self._runner = web.AppRunner(application)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        return f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"  # type: ignore[union-attr]

    async def close(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        found = await post(request.path, await request.read(), dict(request.query))
        if "validationToken" not in request.query:
            self.answers.append(found.status_code)
        headers = {**found.headers, "Content-Type": f"{found.mimetype}; charset={found.charset}"}
        return web.Response(status=found.status_code, body=found.get_body(), headers=headers)


async def post(path: str, body: bytes | dict[str, Any], query: dict[str, str] | None = None) -> func.HttpResponse:
    """Call a function with a request."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = func.HttpRequest("POST", f"http://x{path}", params=query or {}, body=content)
    answer = await HANDLERS[path](request)
    assert isinstance(answer, func.HttpResponse)
    return answer


class Time:
    """Lets time pass for the product and for the emulator alike; the emulator has its own time back at the end."""

    def __init__(self, emulator: EmulatorThread) -> None:
        self._emulator = emulator
        self._passed = 0.0
        self.clock = FakeClock(datetime.fromisoformat(emulator.control.advance(0)))

    def passes(self, **by: float) -> None:
        self.clock.advance(**by)
        self._advance(timedelta(**by).total_seconds())

    def back(self) -> None:
        self._advance(-self._passed)

    def _advance(self, seconds: float) -> None:
        self._passed += seconds
        self._emulator.control.advance(seconds)


@pytest.fixture
def shared_time(emulator: EmulatorThread) -> Iterator[Time]:
    time = Time(emulator)
    yield time
    time.back()


@pytest.fixture
async def front() -> AsyncIterator[Front]:
    front = Front()
    yield front
    await front.close()


@pytest.fixture
async def pushed(
    emulator: EmulatorThread,
    storage_account: Account,
    tmp_path: Path,
    front: Front,
    shared_time: Time,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[World]:
    """A world that the provider can reach, with a mailbox that was listed just now and is due every fifteen minutes."""
    environment = environment_for(emulator, storage_account.connection_string, tmp_path / "secrets.json")
    os.environ |= {name: environment[name] for name in ("IDENTITY_ENDPOINT", "IDENTITY_HEADER")}
    settings = read(environment | {"POSTRUM_PUBLIC_URL": await front.start()})
    async with World(settings, emulator.addresses.sink_url, shared_time.clock) as world:
        monkeypatch.setattr(runtime, "_app", world.app)
        await world.configure(QUARTER)
        await world.settle(minutes=0)
        yield world


async def subscription(world: World) -> Kept:
    [stored] = await world.app.services.lanes.every()
    return kept(stored.state.cursors, "nordlys", "invoices")


async def until_told(front: Front, requests: int = 1) -> None:
    """Wait until the emulator's notifications have arrived."""
    end = time.monotonic() + SECONDS
    while len(front.answers) < requests:
        assert time.monotonic() < end, f"{len(front.answers)} requests, not {requests}"
        await asyncio.sleep(0.02)


async def waiting(world: World) -> list[str]:
    """Tasks for mailboxes, taken away."""
    found = []
    for body, delete in await world.take(Queue.MAILBOX):
        found.append(body)
        await delete()
    return found


def item(state: str, **more: Any) -> dict[str, Any]:
    """A notification as Graph sends it."""
    return {
        "subscriptionId": "7f105c7d-2dc5-4530-97cd-4e7ae6534c07",
        "clientState": state,
        "changeType": "created",
        "resource": "Users/x/Messages/y",
    } | more


async def state_of(world: World) -> str:
    return await world.app.notification_key.client_state("nordlys", "invoices")


@pytest.mark.capability("S2.16")
async def test_with_notifications_mail_is_taken_in_before_its_schedule_comes(
    pushed: World, emulator: EmulatorThread, front: Front
) -> None:
    emulator.control.deliver(MAILBOX, mail("Hello"))
    await until_told(front)
    await pushed.drain()

    assert places(emulator) == {"Hello": "Follow up"}
    assert set(front.answers) == {202}


@pytest.mark.pain("C9")
async def test_with_every_notification_lost_all_mail_arrives_within_one_interval(
    pushed: World, emulator: EmulatorThread, front: Front
) -> None:
    emulator.control.set_behaviour(notifications_dropped=True)
    for number in range(5):
        emulator.control.deliver(MAILBOX, mail(f"Mail {number}", number=number))
    await pushed.settle(ticks=16)

    assert front.answers == []
    assert places(emulator) == {f"Mail {number}": "Follow up" for number in range(5)}


async def test_a_thousand_notifications_are_one_task(pushed: World) -> None:
    state = await state_of(pushed)
    for _ in range(5):
        answer = await post("/push/graph", {"value": [item(state) for _ in range(ITEMS_LIMIT)]})
        assert answer.status_code == 202

    assert len(await waiting(pushed)) == 1


@pytest.mark.fault("B06")
async def test_the_validation_token_is_echoed_as_plain_text_and_nothing_else_is(
    pushed: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtime, "_app", None)  # nothing of the product is needed for it
    token = "<script>alert(1)</script> Validation: Request-Id: 1+1"
    for path in HANDLERS:
        answer = await post(path, b"{}", {"validationToken": token, "other": "<b>"})
        assert (answer.status_code, answer.get_body().decode()) == (200, token)
        assert (answer.mimetype, answer.headers["X-Content-Type-Options"]) == ("text/plain", "nosniff")
        long = await post(path, b"", {"validationToken": "x" * 4097})
        assert (long.status_code, long.get_body()) == (400, b"")


@pytest.mark.fault("B06")
@pytest.mark.parametrize(
    "state",
    [
        "",
        "nordlys/invoices/",
        "nordlys/invoices/AAAA",
        "nordlys/invoices",
        "x" * 5000,
        "nordlys/invoices/ÆØÅ",
        "\x00/\x00/\x00",
        "bravo/theirs/",
    ],
)
async def test_a_forged_notification_is_answered_like_a_genuine_one_and_nothing_is_done(
    pushed: World, state: str
) -> None:
    genuine = await state_of(pushed)
    stolen = state + genuine.rpartition("/")[2] if state == "bravo/theirs/" else state
    forged = await post("/push/graph", {"value": [item(stolen), item(None), {"value": 1}]})  # type: ignore[arg-type]
    assert await waiting(pushed) == []

    answer = await post("/push/graph", {"value": [item(genuine)]})
    assert (forged.status_code, forged.get_body(), dict(forged.headers)) == (
        answer.status_code,
        answer.get_body(),
        dict(answer.headers),
    )
    assert len(await waiting(pushed)) == 1


@pytest.mark.fault("B06")
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        b'{"value":{}}',
        b'{"value":[1]}',
        b"[" * 100_000,
        b" " * (BODY_LIMIT + 1),
        json.dumps({"value": [{}] * (ITEMS_LIMIT + 1)}).encode(),
    ],
)
async def test_what_has_not_the_form_of_notifications_is_refused(pushed: World, body: bytes) -> None:
    for path in HANDLERS:
        assert (await post(path, body)).status_code == 400


async def test_what_could_not_be_noted_is_asked_for_again(pushed: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object, **__: object) -> bool:
        raise NetworkFailure("the storage does not answer")

    body = {"value": [item(await state_of(pushed))]}
    with monkeypatch.context() as patch:
        patch.setattr(pushed.app.services.lanes, "want", fail)
        assert (await post("/push/graph", body)).status_code == 503
    assert (await post("/push/graph", body)).status_code == 202
    assert len(await waiting(pushed)) == 1


async def test_a_mailbox_that_is_paused_is_not_woken(pushed: World) -> None:
    await pushed.configure(QUARTER.replace("- id: invoices\n", "- id: invoices\n        active: false\n"))

    assert (await post("/push/graph", {"value": [item(await state_of(pushed))]})).status_code == 202
    assert await waiting(pushed) == []


# -- the subscription


async def test_a_subscription_is_made_once_renewed_in_time_and_at_different_times(
    pushed: World, emulator: EmulatorThread, shared_time: Time
) -> None:
    first = await subscription(pushed)
    [made] = emulator.control.subscriptions()
    assert (made["id"], made["changeType"]) == (first.id, "created")
    assert made["clientState"] is not None
    assert first.resource.startswith(f"{MAILBOX}/")

    for _ in range(3):
        shared_time.passes(hours=23)
        await pushed.settle()
    assert (await subscription(pushed)).expires == first.expires

    shared_time.passes(hours=16)
    await pushed.settle()
    renewed = await subscription(pushed)
    assert renewed.id == first.id
    assert renewed.expires > first.expires
    assert len(emulator.control.subscriptions()) == 1


@pytest.mark.pain("C9")
async def test_a_subscription_that_vanished_is_made_again_and_the_mailbox_listed(
    pushed: World, emulator: EmulatorThread, front: Front
) -> None:
    first = await subscription(pushed)
    emulator.control.remove_subscription(first.id)
    emulator.control.deliver(MAILBOX, mail("While nobody listened"))
    await until_told(front)
    await pushed.drain()

    assert (await subscription(pushed)).id not in ("", first.id)
    assert places(emulator) == {"While nobody listened": "Follow up"}
    emulator.control.deliver(MAILBOX, mail("Heard again", number=2))
    await until_told(front, 2)
    await pushed.drain()
    assert places(emulator)["Heard again"] == "Follow up"


@pytest.mark.pain("C9")
async def test_a_subscription_that_vanished_without_a_word_is_made_again_when_it_is_renewed(
    pushed: World, emulator: EmulatorThread, shared_time: Time
) -> None:
    first = await subscription(pushed)
    emulator.control.remove_subscription(first.id, tell=False)
    shared_time.passes(days=4)
    await pushed.settle()

    assert [one["id"] for one in emulator.control.subscriptions()] == [(await subscription(pushed)).id]


async def test_a_subscription_of_a_key_that_was_lost_is_made_again_when_it_is_renewed(
    pushed: World, emulator: EmulatorThread, shared_time: Time
) -> None:
    first = await subscription(pushed)
    await pushed.app.secrets.put(SECRET, "another key")
    pushed.app.notification_key.forget()
    shared_time.passes(days=4)
    await pushed.settle()

    [made] = emulator.control.subscriptions()
    assert made["id"] != first.id
    assert made["clientState"] == await state_of(pushed)


@pytest.mark.pain("C9")
async def test_lifecycle_events_renew_and_sweep(
    pushed: World, emulator: EmulatorThread, front: Front, shared_time: Time
) -> None:
    first = await subscription(pushed)
    shared_time.passes(hours=5)
    emulator.control.send_lifecycle(first.id, "reauthorizationRequired")
    await until_told(front)
    await pushed.drain()
    renewed = await subscription(pushed)
    assert (renewed.id, renewed.expires > first.expires) == (first.id, True)

    emulator.control.set_behaviour(notifications_dropped=True)
    emulator.control.deliver(MAILBOX, mail("Missed"))
    emulator.control.send_lifecycle(first.id, "missed")
    await until_told(front, 2)
    await pushed.drain()
    assert places(emulator) == {"Missed": "Follow up"}


async def test_a_subscription_that_cannot_be_made_stops_nothing_and_is_an_alert_after_an_hour(
    emulator: EmulatorThread, storage_account: Account, tmp_path: Path, shared_time: Time
) -> None:
    environment = environment_for(emulator, storage_account.connection_string, tmp_path / "secrets.json")
    settings = read(environment | {"POSTRUM_PUBLIC_URL": "http://127.0.0.1:9"})  # nobody answers there
    async with World(settings, emulator.addresses.sink_url, shared_time.clock) as world:
        await world.configure()
        emulator.control.deliver(MAILBOX, mail("Hello"))
        await world.settle(ticks=2)
        failed = await subscription(world)
        assert (failed.id, failed.failures, bool(failed.cause)) == ("", 1, True)
        assert places(emulator) == {"Hello": "Follow up"}

        await world.settle(ticks=70)
        assert 3 < (await subscription(world)).failures < 8, "the pauses grow"
        assert [alert.kind for alert in (await world.app.alert_list()).open] == ["subscription_failing"]


async def test_another_source_folder_has_another_subscription(
    pushed: World, emulator: EmulatorThread, shared_time: Time
) -> None:
    first = await subscription(pushed)
    await pushed.configure(QUARTER.replace("folders: {imported", "folders: {source: Invoices, imported"))
    emulator.control.create_folder(MAILBOX, "Inbox/Invoices")
    shared_time.passes(minutes=15)
    await pushed.settle()

    [made] = emulator.control.subscriptions()
    assert made["id"] != first.id
    assert made["resource"] != first.resource


@pytest.mark.parametrize(
    ("url", "allow", "found"),
    [
        ("https://mailroom.company.example", False, "https://mailroom.company.example/push/graph"),
        ("https://mailroom.company.example", True, "https://mailroom.company.example/push/graph"),
        ("http://127.0.0.1:7071", False, None),
        ("https://localhost", False, None),
        ("http://127.0.0.1:7071", True, "http://127.0.0.1:7071/push/graph"),
        ("", True, None),
    ],
)
def test_notifications_are_ordered_only_where_the_provider_can_reach_us(
    url: str, allow: bool, found: str | None
) -> None:
    assert push_url(url, allow_http=allow) == found


def test_a_subscription_lives_as_long_as_graph_allows() -> None:
    assert timedelta(days=7) == LIFE
