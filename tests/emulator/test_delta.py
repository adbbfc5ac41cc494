from __future__ import annotations

from typing import Any

import pytest

from emulator.control import Control
from tests.emulator.client import IMMUTABLE, MAILBOX, GraphClient, mail

INBOX = "/mailFolders/inbox/messages/delta"


def follow(graph: GraphClient, link: str, headers: dict[str, str]) -> tuple[list[dict[str, Any]], str]:
    """One round: all entries, and the delta link."""
    entries: list[dict[str, Any]] = []
    while True:
        page = graph.get(link, headers=headers).json()
        assert ("@odata.nextLink" in page) != ("@odata.deltaLink" in page)
        entries += page["value"]
        if "@odata.deltaLink" in page:
            return entries, str(page["@odata.deltaLink"])
        link = page["@odata.nextLink"]


def test_rounds_and_select_in_the_token(graph: GraphClient, control: Control) -> None:
    headers = {"Prefer": 'IdType="ImmutableId", odata.maxpagesize=2'}
    ids = [control.deliver(MAILBOX, mail(f"m{n}"))["immutable_id"] for n in range(5)]
    first, link = follow(graph, f"{INBOX}?$select=subject", headers)
    assert {entry["id"] for entry in first} == set(ids)
    assert set(first[0]) == {"@odata.type", "@odata.etag", "id", "subject"}
    assert "/mailfolders('" in link
    assert follow(graph, link, headers)[0] == []

    new = control.deliver(MAILBOX, mail("new"))["immutable_id"]
    graph.patch(f"/messages/{ids[0]}", {"isRead": True})
    graph.post(f"/messages/{ids[1]}/move", {"destinationId": "archive"})
    short_lived = control.deliver(MAILBOX, mail("short"))["immutable_id"]
    control.delete_message(MAILBOX, short_lived)
    entries, _ = follow(graph, link, headers)
    removed = [entry["id"] for entry in entries if entry.get("@removed") == {"reason": "deleted"}]
    assert removed == [ids[1]]
    assert {entry["id"] for entry in entries if "@removed" not in entry} == {ids[0], new}


def test_a_page_has_ten_entries_without_a_preference(graph: GraphClient, control: Control) -> None:
    for number in range(11):
        control.deliver(MAILBOX, mail(f"m{number}"))
    page = graph.get(INBOX)
    assert len(page.json()["value"]) == 10
    assert page.headers["Preference-Applied"] == "odata.track-changes"


def test_a_move_with_default_ids_is_removed_here_and_new_there(graph: GraphClient, control: Control) -> None:
    made = control.deliver(MAILBOX, mail())
    _, inbox = follow(graph, INBOX, {})
    _, archive = follow(graph, "/mailFolders/archive/messages/delta", {})
    moved = control.move_message(MAILBOX, made["id"], "archive")
    assert [(e["id"], "@removed" in e) for e in follow(graph, inbox, {})[0]] == [(made["id"], True)]
    assert [(e["id"], "@removed" in e) for e in follow(graph, archive, {})[0]] == [(moved["id"], False)]


@pytest.mark.parametrize("lost", [True, False])
def test_there_and_back_with_immutable_ids(graph: GraphClient, control: Control, lost: bool) -> None:
    control.set_behaviour(delta_immutable_return_is_lost=lost)
    made = control.deliver(MAILBOX, mail())
    _, link = follow(graph, INBOX, IMMUTABLE)
    for folder in ("archive", "inbox"):
        control.move_message(MAILBOX, made["immutable_id"], folder)
    entries, _ = follow(graph, link, IMMUTABLE)
    assert [(e["id"], "@removed" in e) for e in entries] == [(made["immutable_id"], lost)]


@pytest.mark.parametrize("told", [True, False])
def test_a_round_of_what_was_created_tells_what_left_or_not(graph: GraphClient, control: Control, told: bool) -> None:
    control.set_behaviour(delta_created_tells_removed=told)
    made = control.deliver(MAILBOX, mail())
    _, link = follow(graph, f"{INBOX}?changeType=created", IMMUTABLE)
    control.move_message(MAILBOX, made["immutable_id"], "archive")
    expected = [(made["immutable_id"], True)] if told else []
    assert [(e["id"], "@removed" in e) for e in follow(graph, link, IMMUTABLE)[0]] == expected


@pytest.mark.parametrize(("kept", "status"), [(3, 410), (0, 200)])
def test_old_links_are_gone(graph: GraphClient, control: Control, kept: int, status: int) -> None:
    control.set_behaviour(delta_generations_kept=kept)
    _, old = follow(graph, INBOX, {})
    link = old
    for _ in range(3):
        _, link = follow(graph, link, {})
    answer = graph.get(old)
    assert answer.status_code == status
    if status == 410:
        assert graph.code(answer) == "SyncStateNotFound"
    assert graph.get(link).status_code == 200


@pytest.mark.parametrize(("scope", "status"), [("folder", 410), ("chain", 200)])
def test_generations_by_folder_or_by_chain(graph: GraphClient, control: Control, scope: str, status: int) -> None:
    control.set_behaviour(delta_generation_scope=scope)
    _, first = follow(graph, INBOX, {})
    for _ in range(3):
        follow(graph, INBOX, {})
    assert graph.get(first).status_code == status


@pytest.mark.parametrize("location", [True, False])
def test_expired_by_the_control_plane(graph: GraphClient, control: Control, location: bool) -> None:
    control.set_behaviour(delta_gone_location=location)
    _, link = follow(graph, INBOX, {})
    control.expire_delta(MAILBOX, "inbox")
    answer = graph.get(link)
    assert answer.status_code == 410
    assert ("Location" in answer.headers) is location


def test_change_type_filters_later_rounds(graph: GraphClient, control: Control) -> None:
    made = control.deliver(MAILBOX, mail())
    entries, link = follow(graph, f"{INBOX}?changeType=created", {})
    assert len(entries) == 1
    control.update_message(MAILBOX, made["id"], is_read=True)
    new = control.deliver(MAILBOX, mail("new"))
    assert [entry["id"] for entry in follow(graph, link, {})[0]] == [new["id"]]
    assert graph.get(f"{INBOX}?changeType=nonsense").status_code == 400


def test_empty_pages_and_duplicates(graph: GraphClient, control: Control) -> None:
    control.set_behaviour(delta_empty_pages=True, delta_duplicates=True)
    ids = [control.deliver(MAILBOX, mail(f"m{n}"))["id"] for n in range(4)]
    headers = {"Prefer": "odata.maxpagesize=2"}
    first = graph.get(INBOX, headers=headers).json()
    assert first["value"] == []
    entries, link = follow(graph, first["@odata.nextLink"], headers)
    assert len(entries) == 5
    assert {entry["id"] for entry in entries} == set(ids)
    assert follow(graph, link, headers)[0] == []


@pytest.mark.parametrize(("top", "status", "count"), [("ignored", 200, 3), ("total", 200, 1), ("rejected", 400, 0)])
def test_top_on_delta(graph: GraphClient, control: Control, top: str, status: int, count: int) -> None:
    control.set_behaviour(delta_top=top)
    for number in range(3):
        control.deliver(MAILBOX, mail(f"m{number}"))
    answer = graph.get(f"{INBOX}?$top=1")
    assert answer.status_code == status
    assert len(answer.json().get("value", [])) == count


@pytest.mark.parametrize("told", [True, False])
def test_what_leaves_during_the_first_round(graph: GraphClient, control: Control, told: bool) -> None:
    control.set_behaviour(delta_removed_in_first_round=told)
    old = control.deliver(MAILBOX, mail("old"), received="2026-01-01T00:00:00Z")
    control.deliver(MAILBOX, mail("new"), received="2026-02-01T00:00:00Z")
    headers = IMMUTABLE | {"Prefer": 'IdType="ImmutableId", odata.maxpagesize=1'}
    page = graph.get(INBOX, headers=headers).json()
    control.move_message(MAILBOX, old["id"], "archive")
    page = graph.get(page["@odata.nextLink"], headers=headers).json()
    removed = [
        {"@odata.type": "#microsoft.graph.message", "id": old["immutable_id"], "@removed": {"reason": "deleted"}}
    ]
    assert page["value"] == (removed if told else [])
    assert follow(graph, page["@odata.deltaLink"], headers)[0] == removed


def test_only_received_date_can_be_filtered(graph: GraphClient, control: Control) -> None:
    control.deliver(MAILBOX, mail("old"), received="2026-01-01T00:00:00Z")
    new = control.deliver(MAILBOX, mail("new"), received="2026-02-01T00:00:00Z")
    entries, _ = follow(graph, f"{INBOX}?$filter=receivedDateTime ge 2026-01-15T00:00:00Z", {})
    assert [entry["id"] for entry in entries] == [new["id"]]
    assert graph.get(f"{INBOX}?$filter=isRead eq false").status_code == 400
    assert graph.get(f"{INBOX}?$search=x").status_code == 400
    assert graph.get(f"{INBOX}?$skiptoken=nonsense").status_code == 400
