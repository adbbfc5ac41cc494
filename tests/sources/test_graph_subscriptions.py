"""Change notifications: asking for them, keeping them, and what Graph answers when it will not."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from emulator.server import EmulatorThread
from shared.effect import UnnamedEffect
from shared.errors import NetworkFailure, NotFound, PermanentError, PermissionDenied, ServiceUnavailable, Throttled
from shared.sources.graph import GraphClient, GraphSource
from shared.sources.graph.subscriptions import LONGEST, GraphSubscription, GraphSubscriptions
from tests.emulator.client import eventually
from tests.sources.conftest import GraphProvider
from tests.sources.contract import found, mail_bytes
from tests.sources.server import raw_server


def in_minutes(minutes: float) -> datetime:
    return datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=minutes)


@pytest.fixture
def subscriptions(client: GraphClient) -> GraphSubscriptions:
    return GraphSubscriptions(client)


class Subscriber:
    """Our own address, played by the sink of the emulator."""

    def __init__(self, emulator: EmulatorThread, provider: GraphProvider) -> None:
        self.control = emulator.control
        self.control.clear_sink()
        self.sink = emulator.sink_url
        self.provider = provider

    async def create(self, subscriptions: GraphSubscriptions, **changes: Any) -> GraphSubscription:
        arguments: dict[str, Any] = {
            "notification_url": f"{self.sink}/notify?x=1",
            "lifecycle_url": f"{self.sink}/lifecycle",
            "client_state": "a secret",
            "expires": in_minutes(1000),
        }
        address = changes.pop("address", self.provider.address)
        return await subscriptions.create(address, **(arguments | changes))


@pytest.fixture
def subscriber(emulator: EmulatorThread, provider: GraphProvider) -> Subscriber:
    return Subscriber(emulator, provider)


async def test_a_subscription_to_the_inbox_or_another_folder(
    subscriptions: GraphSubscriptions,
    subscriber: Subscriber,
    provider: GraphProvider,
    source: GraphSource,
    effects: list[str],
) -> None:
    provider.make_folder("Invoices")
    folder = await found(source, "Invoices")
    expires = in_minutes(1000)
    inbox = await subscriber.create(subscriptions, expires=expires)
    below = await subscriber.create(subscriptions, folder_id=folder.id)
    assert effects == ["graph.subscribe", "graph.subscribe"]
    assert inbox.expires == expires
    assert {one.id for one in await subscriptions.list()} == {inbox.id, below.id}
    assert "secret" not in repr(await subscriptions.list())
    [made, other] = subscriber.control.subscriptions()
    assert made["clientState"] == "a secret"
    assert made["changeType"] == "created"
    assert made["lifecycleNotificationUrl"] == f"{subscriber.sink}/lifecycle"
    assert other["resource"].endswith(f"mailFolders('{folder.id}')/messages")
    for name in ("notify", "lifecycle"):
        assert subscriber.control.sink(name)[0]["query"]["validationToken"].startswith("Validation")


async def test_notifications_carry_the_id_by_which_the_mail_is_listed(
    subscriptions: GraphSubscriptions, subscriber: Subscriber, provider: GraphProvider
) -> None:
    await subscriber.create(subscriptions)
    mail = provider.deliver(mail_bytes())

    def told() -> list[dict[str, Any]]:
        bodies = [json.loads(record["text"]) for record in subscriber.control.sink("notify") if record["text"]]
        return [item for body in bodies for item in body["value"]]

    [item] = await asyncio.to_thread(eventually, told)
    assert item["resourceData"]["id"] == mail
    assert item["clientState"] == "a secret"
    assert subscriber.control.sink("notify")[-1]["query"] == {"x": "1"}


async def test_a_subscription_is_renewed_confirmed_and_ended(
    subscriptions: GraphSubscriptions, subscriber: Subscriber, effects: list[str]
) -> None:
    made = await subscriber.create(subscriptions)
    later = in_minutes(5000)
    renewed = await subscriptions.renew(made.id, expires=later)
    assert (renewed.id, renewed.expires) == (made.id, later)
    await subscriptions.reauthorize(made.id)
    await subscriptions.delete(made.id)
    assert await subscriptions.list() == ()
    await subscriptions.delete(made.id)
    assert effects == ["graph.subscribe", "graph.renew", "graph.renew", "graph.unsubscribe"]


async def test_the_longest_life_is_accepted_and_a_longer_one_is_refused(
    subscriptions: GraphSubscriptions, subscriber: Subscriber
) -> None:
    made = await subscriber.create(subscriptions, expires=datetime.now(UTC) + LONGEST)
    with pytest.raises(PermanentError) as caught:
        await subscriptions.renew(made.id, expires=datetime.now(UTC) + LONGEST + timedelta(hours=1))
    assert caught.value.cause == "graph_subscription_refused"


@pytest.mark.pain("C10")
async def test_an_account_cannot_subscribe_to_a_mailbox_that_is_not_its_own(
    client: GraphClient, subscriber: Subscriber, provider: GraphProvider
) -> None:
    before = client.requests
    with pytest.raises(PermanentError, match="own mailbox only") as caught:
        await subscriber.create(GraphSubscriptions(client, account="clerk@company.example"))
    assert caught.value.cause == "graph_subscription_shared_mailbox"
    assert client.requests == before
    assert provider.control.subscriptions() == []
    own = GraphSubscriptions(client, account=provider.address.upper())
    assert (await subscriber.create(own)).id


@pytest.mark.parametrize("program", [{"statuses": [500], "validate": False}, {"validate": False}, {"drop": True}])
async def test_our_address_did_not_answer(
    subscriptions: GraphSubscriptions, subscriber: Subscriber, program: dict[str, Any]
) -> None:
    made = await subscriber.create(subscriptions)
    subscriber.control.program_sink("lifecycle", **program)
    calls = (
        lambda: subscriber.create(subscriptions),
        lambda: subscriptions.renew(made.id, expires=in_minutes(2000)),
        lambda: subscriptions.reauthorize(made.id),
    )
    for call in calls:
        with pytest.raises(ServiceUnavailable, match="public address") as caught:
            await call()
        assert caught.value.cause == "graph_subscription_validation"
    assert [one.id for one in await subscriptions.list()] == [made.id]


async def test_one_that_graph_forgot_is_made_anew(subscriptions: GraphSubscriptions, subscriber: Subscriber) -> None:
    made = await subscriber.create(subscriptions)
    subscriber.control.remove_subscription(made.id, tell=False)
    for call in (subscriptions.renew(made.id, expires=in_minutes(60)), subscriptions.reauthorize(made.id)):
        with pytest.raises(NotFound) as caught:
            await call
        assert caught.value.cause == "graph_subscription_gone"


async def test_refusals_are_told_apart(
    subscriptions: GraphSubscriptions, subscriber: Subscriber, provider: GraphProvider
) -> None:
    limit = "The number of subscriptions of this mailbox has reached its limit."
    answers: list[tuple[dict[str, Any], type[Exception], str]] = [
        ({"status": 403, "code": "ExtensionError", "message": limit}, PermanentError, "graph_subscription_limit"),
        ({"status": 403, "code": "ExtensionError", "message": "Forbidden"}, PermissionDenied, "graph_access_denied"),
        ({"status": 404, "code": "ResourceNotFound"}, NotFound, "graph_mailbox_not_found"),
        ({"status": 400, "code": "InvalidRequest"}, PermanentError, "graph_subscription_refused"),
        ({"status": 429, "retry_after": 7}, Throttled, "graph_throttled"),
        ({"mode": "after", "status": 504}, ServiceUnavailable, "graph_unavailable"),
        ({"mode": "drop"}, NetworkFailure, "network_broken"),
    ]
    for fault, error, cause in answers:
        provider.control.add_faults([{"match": {"kind": "subscriptions"}, **fault}])
        with pytest.raises(error) as caught:
            await subscriber.create(subscriptions)
        assert getattr(caught.value, "cause", None) == cause


async def test_a_mailbox_outside_the_scope_and_a_folder_that_is_gone(
    subscriptions: GraphSubscriptions, subscriber: Subscriber
) -> None:
    with pytest.raises(NotFound) as caught:
        await subscriber.create(subscriptions, folder_id="AQMkNothing=")
    assert caught.value.cause == "graph_mailbox_not_found"
    with pytest.raises(NotFound):
        await subscriber.create(subscriptions, address="nobody@company.example")


@pytest.mark.parametrize("state", ["", "x" * 129])
async def test_the_secret_has_a_length(subscriptions: GraphSubscriptions, subscriber: Subscriber, state: str) -> None:
    with pytest.raises(ValueError, match="128 characters"):
        await subscriber.create(subscriptions, client_state=state)


async def test_an_answer_that_is_none_is_no_subscription(
    subscriptions: GraphSubscriptions, subscriber: Subscriber, provider: GraphProvider
) -> None:
    for body in ("{}", '{"id": "x"}', "<html>"):
        provider.control.add_faults([{"match": {"kind": "subscriptions"}, "status": 201, "body": body}])
        with pytest.raises(ServiceUnavailable, match="may or may not"):
            await subscriber.create(subscriptions)


@pytest.mark.fault("B07")
async def test_the_listing_follows_pages_of_graph_only(
    subscriptions: GraphSubscriptions, subscriber: Subscriber, client: GraphClient, provider: GraphProvider
) -> None:
    made = await subscriber.create(subscriptions)
    page = {"match": {"kind": "subscriptions"}, "status": 200}
    more = json.dumps({"value": [], "@odata.nextLink": f"{client.base_url}/subscriptions"})
    provider.control.add_faults([page | {"body": more}])
    assert [one.id for one in await subscriptions.list()] == [made.id]
    away = json.dumps({"value": [], "@odata.nextLink": "https://localhost:9/v1.0/subscriptions"})
    provider.control.add_faults([page | {"body": away}])
    with pytest.raises(PermanentError, match="leads to another place"):
        await subscriptions.list()


async def test_ids_are_quoted_and_changing_requests_have_a_name(tmp_path: Any, client: GraphClient) -> None:
    body = b'{"id": "x", "expirationDateTime": "2026-11-27T11:00:00.0000000Z"}'
    answer = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    async with raw_server(answer, tmp_path) as (source, requests):
        made = GraphSubscriptions(source._client)
        await made.renew("a/../b?c#d", expires=in_minutes(60))
        await made.reauthorize("x")
        with pytest.raises(UnnamedEffect):
            await source._client.call(made._requests.delete("x"), "trying")
    assert b"PATCH /v1.0/subscriptions/a%2F..%2Fb%3Fc%23d HTTP" in requests[0]
    assert b'prefer: idtype="immutableid"\r\n' in requests[0].lower()
    assert b"POST /v1.0/subscriptions/x/reauthorize HTTP" in requests[1]
    assert b"content-length: 0\r\n" in requests[1].lower()
    assert len(requests) == 2
