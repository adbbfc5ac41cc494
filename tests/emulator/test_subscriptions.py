from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from emulator.clock import parse_iso
from emulator.control import Control
from tests.emulator.client import IMMUTABLE, MAILBOX, GraphClient, eventually, mail

RESOURCE = f"/users/{MAILBOX}/mailFolders('inbox')/messages"


def in_minutes(minutes: float) -> str:
    return (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat()


def request(graph: GraphClient, minutes: float = 1000, **changes: Any) -> dict[str, Any]:
    return {
        "changeType": "created,updated",
        "notificationUrl": f"{graph.emulator.sink_url}/notify?tenant=1",
        "lifecycleNotificationUrl": f"{graph.emulator.sink_url}/lifecycle",
        "resource": RESOURCE,
        "expirationDateTime": in_minutes(minutes),
        "clientState": "secret",
    } | changes


def create(graph: GraphClient, **changes: Any) -> dict[str, Any]:
    answer = graph.post("/subscriptions", request(graph, **changes), headers=IMMUTABLE)
    assert answer.status_code == 201
    body: dict[str, Any] = answer.json()
    return body


def items(control: Control, name: str) -> list[dict[str, Any]]:
    bodies = [json.loads(record["text"]) for record in control.sink(name) if record["text"]]
    return [item for body in bodies for item in body["value"]]


def test_both_urls_are_validated_and_changes_are_told(graph: GraphClient, control: Control) -> None:
    made = create(graph)
    for name in ("notify", "lifecycle"):
        (record,) = control.sink(name)
        assert record["query"]["validationToken"].startswith("Validation: Testing")
        assert ["Content-Type", "text/plain; charset=utf-8"] in [list(header) for header in record["headers"]]
    delivered = control.deliver(MAILBOX, mail())
    control.deliver(MAILBOX, mail("elsewhere"), folder="archive")
    (item,) = eventually(lambda: items(control, "notify"))
    assert item["clientState"] == "secret"
    assert item["changeType"] == "created"
    assert item["resource"].startswith("Users/")
    assert item["resourceData"]["id"] == delivered["immutable_id"]
    assert item["subscriptionId"] == made["id"]
    assert control.sink("notify")[-1]["query"] == {"tenant": "1"}


@pytest.mark.parametrize("program", [{"statuses": [500]}, {"validate": False}, {"drop": True}, {"hang": True}])
def test_an_endpoint_that_does_not_echo(graph: GraphClient, control: Control, program: dict[str, Any]) -> None:
    control.set_behaviour(validation_timeout_seconds=0.2)
    control.program_sink("lifecycle", **({"validate": False} | program))
    answer = graph.post("/subscriptions", request(graph))
    assert (answer.status_code, graph.code(answer)) == (400, "ValidationError")
    assert control.subscriptions() == []


def test_lifetimes(graph: GraphClient, control: Control) -> None:
    assert graph.post("/subscriptions", request(graph, minutes=10_090)).status_code == 400
    assert graph.post("/subscriptions", request(graph, minutes=-1)).status_code == 400
    made = create(graph, minutes=1)
    assert parse_iso(made["expirationDateTime"]) > datetime.now(UTC) + timedelta(minutes=40)
    control.advance(46 * 60)
    assert graph.get(f"/subscriptions/{made['id']}").status_code in (401, 404)


@pytest.mark.parametrize("validates", [True, False])
def test_renew_list_and_delete(graph: GraphClient, control: Control, validates: bool) -> None:
    control.set_behaviour(validate_on_renewal=validates)
    path = f"/subscriptions/{create(graph)['id']}"
    control.clear_sink("notify")
    assert graph.patch(path, {"expirationDateTime": in_minutes(2000)}).status_code == 200
    assert len(control.sink("notify")) == int(validates)
    assert graph.post(f"{path}/reauthorize").status_code == 200
    assert graph.patch(path, {"lifecycleNotificationUrl": "https://x.test"}).status_code == 400
    assert len(graph.get("/subscriptions").json()["value"]) == 1
    assert graph.delete(path).status_code == 204
    assert graph.get(path).status_code == 404


def test_all_notifications_can_be_lost_but_not_lifecycle_events(graph: GraphClient, control: Control) -> None:
    made = create(graph)
    control.set_behaviour(notifications_dropped=True)
    control.deliver(MAILBOX, mail())
    control.send_lifecycle(made["id"], "missed")
    (item,) = eventually(lambda: items(control, "lifecycle"))
    assert item["lifecycleEvent"] == "missed"
    assert items(control, "notify") == []
    control.remove_subscription(made["id"])
    eventually(lambda: len(items(control, "lifecycle")) == 2)
    assert items(control, "lifecycle")[1]["lifecycleEvent"] == "subscriptionRemoved"
    assert control.subscriptions() == []


def test_a_failed_notification_is_sent_again(graph: GraphClient, control: Control) -> None:
    control.set_behaviour(notification_retry_seconds=[0.01, 0.01])
    create(graph, lifecycleNotificationUrl=None)
    control.program_sink("notify", statuses=[503, 202])
    control.deliver(MAILBOX, mail())
    eventually(lambda: control.counters()["notifications"]["delivered"] == 1)
    assert [record["status"] for record in control.sink("notify")[1:]] == [503, 202]


@pytest.mark.parametrize(("accepted", "status"), [(True, 201), (False, 403)])
def test_whether_a_write_role_is_enough(graph: GraphClient, control: Control, accepted: bool, status: int) -> None:
    control.set_behaviour(subscriptions_accept_write_roles=accepted)
    assert graph.post("/subscriptions", request(graph)).status_code == status


@pytest.mark.parametrize(
    "change",
    [
        {"resource": "/users/x/events"},
        {"changeType": "exploded"},
        {"notificationUrl": "ftp://x"},
        {"clientState": "x" * 129},
    ],
)
def test_bad_requests(graph: GraphClient, change: dict[str, Any]) -> None:
    assert graph.post("/subscriptions", request(graph, **change)).status_code == 400
