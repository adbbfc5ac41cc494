"""What goes wrong between Postrum and Graph, and what is said about it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from emulator.server import EmulatorThread
from shared.effect import UnnamedEffect, effect
from shared.errors import (
    NetworkFailure,
    ServiceUnavailable,
    Throttled,
)
from shared.identity.credentials import FederatedCredential
from shared.sources.base import Place, SourceFolder
from shared.sources.graph import GraphClient, GraphSource, Timing
from shared.sources.graph.rebuild import LARGE
from tests.sources.conftest import GraphProvider
from tests.sources.contract import found, mail_bytes, whole
from tests.sources.server import FakeCredential, add, raw_server

# -- throttling


@pytest.mark.fault("B03")
@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "120"}, 120),
        ({"Retry-After": "3, 12"}, 12),
        ({"Retry-After": "0"}, 0),
        ({}, None),
        ({"Retry-After": "soon"}, None),
    ],
)
async def test_each_form_of_retry_after_is_passed_on_and_nothing_is_repeated(
    source: GraphSource, provider: GraphProvider, client: GraphClient, headers: dict[str, str], seconds: float | None
) -> None:
    mail = provider.deliver(mail_bytes())
    inbox = await found(source, "")
    calls: dict[str, Callable[[], Awaitable[object]]] = {
        "list": lambda: source.list(inbox),
        "value": lambda: whole(source, mail),
        "move": lambda: source.move(mail, inbox),
        "patch": lambda: source.change(mail, mark_read=True),
        "delta": lambda: source.changes(inbox, cursor=None),
        "folders": source.junk_count,
        "draft": lambda: source.append(inbox, mail_bytes()),
        "delete": lambda: source.delete(mail),
    }
    for kind, call in calls.items():
        add(provider, kind, status=429, code="ApplicationThrottled", headers=headers)
        before = client.requests
        with pytest.raises(Throttled) as caught:
            await call()
        assert caught.value.retry_after == seconds
        assert caught.value.cause == "graph_throttled"
        assert "ApplicationThrottled" in str(caught.value)
        assert client.requests == before + 1


@pytest.mark.fault("B03")
async def test_a_date_in_retry_after_is_turned_into_seconds(source: GraphSource, provider: GraphProvider) -> None:
    inbox = await found(source, "")
    add(provider, "list", status=429, retry_after_date=90)
    with pytest.raises(Throttled) as caught:
        await source.list(inbox)
    assert caught.value.retry_after == pytest.approx(90, abs=3)


@pytest.mark.fault("B03")
@pytest.mark.parametrize("form", ["seconds", "date", "absent", "large"])
@pytest.mark.parametrize("name", ["innerError", "innererror"])
async def test_the_limits_of_a_mailbox_are_told_as_throttling(
    source: GraphSource, provider: GraphProvider, form: str, name: str
) -> None:
    provider.control.set_behaviour(throttle_retry_after=form, inner_error_name=name)
    inbox = await found(source, "")
    provider.control.reset_counters()
    provider.control.set_limits(requests=1, window_seconds=600)
    await source.list(inbox)
    with pytest.raises(Throttled, match=r"request [0-9a-f-]{36}") as caught:
        await source.list(inbox)
    expected = {"seconds": 600, "date": 600, "absent": None, "large": 300}[form]
    if expected is None:
        assert caught.value.retry_after is None
    else:
        assert caught.value.retry_after == pytest.approx(expected, abs=5)


@pytest.mark.fault("B03")
async def test_503_with_a_time_is_throttling_where_nothing_changes_and_doubt_where_something_does(
    source: GraphSource, provider: GraphProvider
) -> None:
    mail = provider.deliver(mail_bytes())
    inbox = await found(source, "")
    add(provider, "list", status=503, retry_after=9)
    add(provider, "move", status=503, retry_after=9)
    add(provider, "value", status=503)
    with pytest.raises(Throttled) as throttled:
        await source.list(inbox)
    with pytest.raises(ServiceUnavailable, match="may or may not") as unclear:
        await source.move(mail, inbox)
    with pytest.raises(ServiceUnavailable) as plain:
        await whole(source, mail)
    assert (throttled.value.retry_after, unclear.value.retry_after, plain.value.retry_after) == (9, 9, None)


# -- effects with an outcome that is not known


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"mode": "after", "status": 504, "code": "UnknownError"}, ServiceUnavailable),
        ({"mode": "after", "status": 503, "retry_after": 1}, ServiceUnavailable),
        ({"mode": "after", "status": 500, "body": "<html>"}, ServiceUnavailable),
        ({"mode": "after", "status": 201, "body": "<html>"}, ServiceUnavailable),
        ({"mode": "after", "status": 201, "body": "{}"}, ServiceUnavailable),
        ({"mode": "drop"}, NetworkFailure),
        ({"mode": "cut_body", "after_bytes": 10}, NetworkFailure),
    ],
)
async def test_a_move_whose_answer_is_lost_is_not_repeated_and_can_be_located(
    source: GraphSource, provider: GraphProvider, client: GraphClient, fault: dict[str, Any], error: type[Exception]
) -> None:
    mail = provider.deliver(mail_bytes())
    imported = await source.create_folder("Imported")
    add(provider, "move", **fault)
    before = client.requests
    with pytest.raises(error, match="may or may not"):
        await source.move(mail, imported)
    assert client.requests == before + 1
    assert provider.moves(mail) == 1
    assert await source.locate(mail) == Place(folder=imported.id, provider_id=mail)


@pytest.mark.parametrize("mode", ["before", "after", "drop"])
async def test_a_folder_whose_making_was_not_answered_is_there_once(
    source: GraphSource, provider: GraphProvider, mode: str
) -> None:
    add(provider, "folder_create", mode=mode, status=504)
    with pytest.raises((ServiceUnavailable, NetworkFailure), match="may or may not"):
        await source.create_folder("Imported")
    made = await source.create_folder("Imported")
    names = [folder["display_name"] for folder in provider.control.dump(provider.address)["folders"]]
    assert names.count("Imported") == 1
    assert made == await found(source, "Imported")


async def test_a_change_whose_answer_is_lost_may_be_repeated(source: GraphSource, provider: GraphProvider) -> None:
    mail = provider.deliver(mail_bytes())
    add(provider, "patch", mode="after", status=504)
    with pytest.raises(ServiceUnavailable, match="may or may not"):
        await source.change(mail, mark_read=True, add_categories=("Red",))
    await source.change(mail, mark_read=True, add_categories=("Red",))
    assert provider.categories(mail) == ("Red",)


async def test_a_changing_request_without_a_name_is_refused(
    source: GraphSource, provider: GraphProvider, client: GraphClient
) -> None:
    mail = provider.deliver(mail_bytes())
    inbox = await found(source, "")
    for info in (
        source._requests.move(mail, inbox.id),
        source._requests.change(mail, {"isRead": True}),
        source._requests.create_folder(inbox.id, "Imported"),
        source._requests.append(inbox.id, mail_bytes()),
        source._requests.delete(mail),
    ):
        with pytest.raises(UnnamedEffect):
            await client.call(info, "trying")
    http = client.session().http
    for method in ("POST", "PATCH", "PUT", "DELETE"):
        with pytest.raises(UnnamedEffect):
            await http.request(method, f"{client.base_url}/users/x/messages/y")
    assert provider.moves(mail) == 0
    async with effect("test.delete"):
        answer = await http.request("DELETE", f"{client.base_url}/users/x/messages/y")
    assert answer.status_code == 401


# -- broken and slow connections


@pytest.mark.fault("B04")
@pytest.mark.parametrize("after", [0, 1, 70_000, 1_000_000])
async def test_a_mail_that_breaks_off_is_never_a_short_mail(
    source: GraphSource, provider: GraphProvider, after: int
) -> None:
    mail = provider.deliver(mail_bytes(body="x" * 1_100_000))
    add(provider, "value", mode="cut_body", after_bytes=after)
    with pytest.raises(NetworkFailure, match="connection to Graph broke"):
        await whole(source, mail)
    assert len(await whole(source, mail)) > 1_100_000


@pytest.mark.fault("B04")
async def test_an_answer_whose_end_cannot_be_told_from_a_cut_is_not_taken_for_a_mail(tmp_path: Path) -> None:
    async with raw_server(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhalf of a mail", tmp_path) as (source, _):
        with pytest.raises(NetworkFailure, match="whose end cannot be told"):
            await whole(source, "AAMkAGI2")


@pytest.mark.fault("B04")
async def test_a_mail_shorter_than_announced_is_not_taken_for_a_mail(tmp_path: Path) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\nConnection: close\r\n\r\nhalf of a mail"
    async with raw_server(answer, tmp_path) as (source, _):
        with pytest.raises(NetworkFailure, match="connection to Graph broke"):
            await whole(source, "AAMkAGI2")


@pytest.mark.fault("B04")
@pytest.mark.parametrize("sent", [b"", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nFrom:\r\n"])
async def test_a_connection_that_is_reset(tmp_path: Path, sent: bytes) -> None:
    async with raw_server(sent, tmp_path, abort=True) as (source, _):
        with pytest.raises(NetworkFailure, match="connection to Graph broke"):
            await whole(source, "AAMk")
        with pytest.raises(NetworkFailure, match=r"connection to Graph broke.*may or may not"):
            await source.move("AAMk", SourceFolder(id="x", path=""))


@pytest.mark.fault("B04")
@pytest.mark.parametrize(
    ("kind", "fault", "timing"),
    [
        ("value", {"mode": "slow", "chunk_bytes": 1, "chunk_delay_ms": 50}, Timing(fetch=0.5)),
        ("value", {"mode": "slow", "delay_ms": 5000}, Timing(fetch=0.5)),
        ("value", {"mode": "slow", "delay_ms": 5000}, Timing(read=0.3)),
        ("list", {"mode": "slow", "chunk_bytes": 1, "chunk_delay_ms": 50}, Timing(call=0.5)),
        ("list", {"mode": "slow", "delay_ms": 5000}, Timing(call=0.5)),
        ("list", {"mode": "slow", "delay_ms": 5000}, Timing(read=0.3)),
        ("move", {"mode": "slow", "delay_ms": 5000}, Timing(call=0.5)),
        ("delta", {"mode": "slow", "chunk_bytes": 1, "chunk_delay_ms": 50}, Timing(call=0.5)),
        ("folders", {"mode": "slow", "chunk_bytes": 1, "chunk_delay_ms": 50}, Timing(call=0.5)),
        ("draft", {"mode": "slow", "delay_ms": 5000}, Timing(call=0.5)),
        ("attachment_value", {"mode": "slow", "chunk_bytes": 1, "chunk_delay_ms": 50}, Timing(fetch=1)),
    ],
)
async def test_a_slow_answer_ends_at_the_deadline(
    provider: GraphProvider,
    credential: FederatedCredential,
    emulator: EmulatorThread,
    kind: str,
    fault: dict[str, Any],
    timing: Timing,
) -> None:
    client = GraphClient(credential, base_url=emulator.graph_url, ca_file=Path(emulator.ca_file), timing=timing)
    source = GraphSource(client, provider.address)
    mail = provider.deliver(mail_bytes(body="x" * 10_000))
    inbox = await found(source, "")
    if kind == "attachment_value":
        large = b"Content-Type: application/pdf\r\nContent-Disposition: attachment\r\n\r\n" + b"x" * LARGE
        mail = provider.deliver(large)
        add(provider, "value", status=504)
    add(provider, kind, **fault)
    calls: dict[str, Callable[[], Awaitable[object]]] = {
        "list": lambda: source.list(inbox),
        "value": lambda: whole(source, mail),
        "move": lambda: source.move(mail, inbox),
        "delta": lambda: source.changes(inbox, cursor=None),
        "folders": source.tree,
        "draft": lambda: source.append(inbox, mail_bytes()),
        "attachment_value": lambda: whole(source, mail),
    }
    start = time.monotonic()
    with pytest.raises(NetworkFailure, match="did not answer in time") as caught:
        await calls[kind]()
    assert caught.value.cause == "network_timeout"
    assert time.monotonic() - start < 2
    await client.aclose()


async def test_the_deadline_does_not_interrupt_who_takes_the_mail(
    provider: GraphProvider, credential: FederatedCredential, emulator: EmulatorThread
) -> None:
    timing = Timing(fetch=0.3)
    client = GraphClient(credential, base_url=emulator.graph_url, ca_file=Path(emulator.ca_file), timing=timing)
    source = GraphSource(client, provider.address)
    mail = provider.deliver(mail_bytes(body="x" * 600_000))
    written: list[int] = []

    async def archive() -> None:
        async with source.fetch(mail) as pieces:
            async for piece in pieces:
                await asyncio.sleep(0.5)
                written.append(len(piece))

    with pytest.raises(NetworkFailure, match="did not answer in time"):
        await archive()
    assert len(written) == 1
    await client.aclose()


async def test_nobody_there(tmp_path: Path) -> None:
    client = GraphClient(FakeCredential(), base_url="https://127.0.0.1:9/v1.0")
    with pytest.raises(NetworkFailure, match="could not be reached") as caught:
        await GraphSource(client, "invoice@company.example").folder("")
    assert caught.value.cause == "network_refused"
    await client.aclose()


async def test_a_certificate_that_is_not_trusted(emulator: EmulatorThread) -> None:
    client = GraphClient(FakeCredential(), base_url=emulator.graph_url)
    with pytest.raises(NetworkFailure, match="certificates") as caught:
        await GraphSource(client, "invoice@company.example").folder("")
    assert caught.value.cause == "tls_unknown_authority"
    await client.aclose()


@pytest.mark.parametrize("body", ["<html>", "[]", '{"value": null}', '{"value": {}}', ""])
async def test_a_page_that_is_none_is_not_an_empty_folder(
    source: GraphSource, provider: GraphProvider, body: str
) -> None:
    inbox = await found(source, "")
    add(provider, "list", status=200, body=body)
    with pytest.raises(ServiceUnavailable):
        await source.list(inbox)
