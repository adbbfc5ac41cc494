from __future__ import annotations

import base64
from typing import Any

import httpx
import pytest

from emulator.control import Control
from tests.emulator.client import MAILBOX, GraphClient, mail

USER = f"/users/{MAILBOX}"


def get(number: int, path: str, **rest: Any) -> dict[str, Any]:
    return {"id": str(number), "method": "GET", "url": f"{USER}{path}", **rest}


def answers(response: httpx.Response) -> dict[str, dict[str, Any]]:
    assert response.status_code == 200
    return {item["id"]: item for item in response.json()["responses"]}


def test_json_and_base64_bodies_and_inner_preferences(graph: GraphClient, control: Control) -> None:
    made = control.deliver(MAILBOX, mail())
    prefer = {"Prefer": 'IdType="ImmutableId"'}
    found = answers(
        graph.post(
            "/$batch",
            {
                "requests": [
                    get(1, f"/messages/{made['id']}", headers=prefer),
                    get(2, f"/messages/{made['id']}/$value"),
                    get(3, "/x"),
                ]
            },
        )
    )
    assert found["1"]["body"]["id"] == made["immutable_id"]
    assert base64.b64decode(found["2"]["body"]) == mail()
    assert found["3"]["status"] == 400


def test_answers_come_in_another_order_and_each_request_is_charged(graph: GraphClient, control: Control) -> None:
    control.set_latency(folders=1)
    response = graph.post("/$batch", {"requests": [get(number, "/mailFolders/inbox") for number in range(20)]})
    order = [item["id"] for item in response.json()["responses"]]
    assert sorted(order, key=int) == [str(number) for number in range(20)]
    assert order != sorted(order, key=int)
    lane = control.counters()["lanes"][0]
    assert (lane["charged"], lane["max_in_flight"]) == ({"folders": 20, "batch_inner": 20}, 4)
    assert control.counters()["round_trips"] == {"graph": 1, "batch": 1}


def test_depends_on(graph: GraphClient) -> None:
    requests = [
        get(1, "/messages/x"),
        get(2, "/mailFolders/inbox", dependsOn=["1"]),
        get(3, "/mailFolders/inbox", dependsOn=["2"]),
    ]
    assert {key: item["status"] for key, item in answers(graph.post("/$batch", {"requests": requests})).items()} == {
        "1": 400, "2": 424, "3": 424,
    }  # fmt: skip
    ignored = [get(1, "/messages/x"), get(2, "/mailFolders/inbox", depends_on=["1"])]
    assert answers(graph.post("/$batch", {"requests": ignored}))["2"]["status"] == 200


def test_inner_requests_are_throttled_each(graph: GraphClient, control: Control) -> None:
    control.set_limits(requests=2)
    found = answers(graph.post("/$batch", {"requests": [get(number, "/mailFolders/inbox") for number in range(4)]}))
    assert sorted(item["status"] for item in found.values()) == [200, 200, 429, 429]
    assert all("Retry-After" in item["headers"] for item in found.values() if item["status"] == 429)


def test_a_change_in_a_batch(graph: GraphClient, control: Control) -> None:
    made = control.deliver(MAILBOX, mail())
    request = {"id": "a", "method": "PATCH", "url": f"{USER}/messages/{made['id']}", "body": {"isRead": True}}
    without = graph.post("/$batch", {"requests": [request]})
    assert without.status_code == 400
    request["headers"] = {"content-type": "application/json"}
    assert answers(graph.post("/$batch", {"requests": [request]}))["a"]["status"] == 200
    assert control.dump(MAILBOX)["messages"][0]["is_read"] is True


@pytest.mark.parametrize(
    "requests",
    [
        [],
        [get(number, "/messages") for number in range(21)],
        [{**get(1, "/messages"), "id": "a"}, {**get(1, "/messages"), "id": "A"}],
        [get(1, "/messages", dependsOn=["2"]), get(2, "/messages")],
        [{"id": "1", "method": "GET"}],
    ],
)
def test_malformed_batches(graph: GraphClient, requests: list[dict[str, Any]]) -> None:
    assert graph.post("/$batch", {"requests": requests}).status_code == 400


def test_a_dropped_inner_request_and_a_refused_batch(graph: GraphClient, control: Control) -> None:
    control.add_faults(
        [{"match": {"kind": "batch"}, "status": 429, "retry_after": 1}, {"match": {"kind": "get"}, "mode": "drop"}]
    )
    made = control.deliver(MAILBOX, mail())
    body = {"requests": [get(1, f"/messages/{made['id']}")]}
    assert graph.post("/$batch", body).status_code == 429
    with pytest.raises(httpx.RemoteProtocolError):
        graph.post("/$batch", body)
