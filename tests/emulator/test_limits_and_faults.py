from __future__ import annotations

import threading
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest

from emulator.control import Control
from emulator.errors import EmulatorError
from tests.emulator.client import IMMUTABLE, MAILBOX, GraphClient, eventually, mail


def lane(control: Control) -> dict[str, Any]:
    found: list[dict[str, Any]] = [lane for lane in control.counters()["lanes"] if lane["mailbox"] == MAILBOX]
    return found[0]


def test_the_request_rate_of_a_mailbox(graph: GraphClient, control: Control) -> None:
    control.create_mailbox("other@contoso.test")
    control.set_limits(requests=2, window_seconds=600)
    statuses = [graph.get("/mailFolders/inbox").status_code for _ in range(3)]
    assert statuses == [200, 200, 429]
    refused = graph.get("/mailFolders/inbox")
    assert graph.code(refused) == "ApplicationThrottled"
    assert int(refused.headers["Retry-After"]) > 200
    assert graph.get("/users/other@contoso.test/mailFolders/inbox").status_code == 200
    control.advance(2000)
    assert graph.get("/mailFolders/inbox").status_code == 200
    assert lane(control)["throttled"] == 2


@pytest.mark.parametrize(("form", "check"), [
    ("seconds", lambda value: value.isdecimal()),
    ("date", lambda value: parsedate_to_datetime(value) is not None),
    ("large", lambda value: int(value) >= 180),
    ("absent", lambda value: value is None),
])  # fmt: skip
def test_forms_of_retry_after(
    graph: GraphClient, control: Control, form: str, check: Callable[[str | None], bool]
) -> None:
    control.set_limits(requests=1)
    control.set_behaviour(throttle_retry_after=form)
    graph.get("/mailFolders/inbox")
    assert check(graph.get("/mailFolders/inbox").headers.get("Retry-After"))


def test_who_comes_back_early_is_noted(graph: GraphClient, control: Control) -> None:
    control.set_behaviour(early_retry_grace_ms=0)
    control.add_faults([{"match": {"kind": "folders"}, "status": 429, "code": "TooManyRequests", "retry_after": 30}])
    assert graph.get("/mailFolders/inbox").headers["Retry-After"] == "30"
    assert lane(control)["early_retries"] == []
    control.advance(10)
    graph.get("/mailFolders/inbox")
    control.advance(30)
    graph.get("/mailFolders/inbox")
    assert [early["kind"] for early in lane(control)["early_retries"]] == ["folders"]


@pytest.mark.parametrize(("scope", "status"), [("mailbox", 200), ("app", 429)])
def test_four_at_once_per_mailbox_or_per_app(graph: GraphClient, control: Control, scope: str, status: int) -> None:
    control.create_mailbox("other@contoso.test")
    control.set_behaviour(concurrency_scope=scope)
    control.set_latency(list=1000)
    headers = {"Authorization": f"Bearer {graph.fresh_token()}"}
    url = f"{graph.emulator.graph_url}/users/{MAILBOX}/mailFolders/inbox/messages"
    statuses: list[int] = []

    def occupy() -> None:
        statuses.append(graph.http.get(url, headers=headers).status_code)

    threads = [threading.Thread(target=occupy) for _ in range(4)]
    for thread in threads:
        thread.start()
    eventually(lambda: any(found["in_flight"] == 4 for found in control.counters()["lanes"]))
    refused = graph.get("/mailFolders/inbox")
    assert refused.status_code == 429
    assert "MailboxConcurrency" in refused.json()["error"]["message"]
    assert graph.get("/users/other@contoso.test/mailFolders/inbox").status_code == status
    for thread in threads:
        thread.join()
    assert statuses == [200] * 4
    assert lane(control)["max_in_flight"] == 4


def test_a_fault_before_has_no_effect(graph: GraphClient, control: Control) -> None:
    made = control.deliver(MAILBOX, mail())
    control.add_faults([{"match": {"kind": "move", "message": made["immutable_id"]}, "status": 504}])
    answer = graph.post(f"/messages/{made['id']}/move", {"destinationId": "archive"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (504, "UnknownError")
    assert control.dump(MAILBOX)["messages"][0]["folder"] == "Inbox"
    assert graph.post(f"/messages/{made['id']}/move", {"destinationId": "archive"}).status_code == 201


def test_a_fault_after_has_the_effect(graph: GraphClient, control: Control) -> None:
    made = control.deliver(MAILBOX, mail())
    control.add_faults([{"match": {"kind": "move"}, "mode": "after", "status": 503, "retry_after_date": 5}])
    answer = graph.post(f"/messages/{made['id']}/move", {"destinationId": "archive"})
    assert answer.status_code == 503
    assert parsedate_to_datetime(answer.headers["Retry-After"])
    assert control.dump(MAILBOX)["messages"][0]["folder"] == "Archive"


def test_drop_has_the_effect_and_no_answer(graph: GraphClient, control: Control) -> None:
    made = control.deliver(MAILBOX, mail())
    control.add_faults([{"match": {"kind": "patch", "mailbox": MAILBOX}, "mode": "drop"}])
    with pytest.raises(httpx.RemoteProtocolError):
        graph.patch(f"/messages/{made['id']}", {"isRead": True})
    assert control.dump(MAILBOX)["messages"][0]["is_read"] is True


def test_a_body_is_cut_midway(graph: GraphClient, control: Control) -> None:
    made = control.deliver(MAILBOX, mail("big", body="x" * 200_000))
    control.add_faults([{"match": {"kind": "value"}, "mode": "cut_body", "after_bytes": 70_000}])
    received = bytearray()
    url = f"{graph.emulator.graph_url}/users/{MAILBOX}/messages/{made['id']}/$value"

    def fetch() -> None:
        with graph.http.stream("GET", url, headers={"Authorization": f"Bearer {graph.fresh_token()}"}) as answer:
            for piece in answer.iter_raw():
                received.extend(piece)

    with pytest.raises(httpx.RemoteProtocolError):
        fetch()
    assert len(received) == 70_000
    assert len(graph.get(f"/messages/{made['id']}/$value").content) > 200_000
    eventually(lambda: lane(control)["in_flight"] == 0)


def test_slow_bodies_and_the_nth_request(graph: GraphClient, control: Control) -> None:
    made = control.deliver(MAILBOX, mail())
    control.add_faults(
        [
            {"match": {"kind": "value"}, "mode": "slow", "delay_ms": 1, "chunk_bytes": 50, "chunk_delay_ms": 1},
            {"match": {"kind": "get"}, "nth": 2, "status": 500, "body": "<html>oops</html>"},
        ]
    )
    assert graph.get(f"/messages/{made['id']}/$value").content == mail()
    answers = [graph.get(f"/messages/{made['id']}") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 500, 200]
    assert answers[1].text == "<html>oops</html>"
    assert [fault["fired"] for fault in control.faults()] == [1, 1]
    control.clear_faults()
    assert control.faults() == []


def test_faults_are_checked(control: Control) -> None:
    with pytest.raises(EmulatorError, match="colour"):
        control.add_faults([{"colour": "red"}])
    with pytest.raises(EmulatorError, match="mode"):
        control.add_faults([{"mode": "sideways"}])


@pytest.mark.parametrize("name", ["innerError", "innererror"])
def test_error_bodies(graph: GraphClient, control: Control, name: str) -> None:
    control.set_behaviour(inner_error_name=name)
    error = graph.get("/messages/x").json()["error"]
    assert set(error) == {"code", "message", name}


def test_counters(graph: GraphClient, control: Control) -> None:
    made = control.deliver(MAILBOX, mail())
    graph.get("/mailFolders/inbox/messages")
    graph.get(f"/messages/{made['id']}/$value", headers=IMMUTABLE)
    assert lane(control)["charged"] == {"list": 1, "value": 1}
    assert control.counters()["round_trips"]["graph"] == 2
    control.reset_counters()
    assert control.counters()["lanes"] == []
