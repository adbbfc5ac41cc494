from __future__ import annotations

import pytest

from emulator.control import Control
from tests.emulator.client import GraphClient


def names(graph: GraphClient, path: str) -> list[str]:
    return [folder["displayName"] for folder in graph.get(path).json()["value"]]


def test_only_children_of_the_root_are_listed_ten_a_page(graph: GraphClient, control: Control) -> None:
    for number in range(5):
        control.create_folder("post@contoso.test", f"Extra {number}")
    first = graph.get("/mailFolders").json()
    assert len(first["value"]) == 10
    second = graph.get(first["@odata.nextLink"]).json()
    found = [folder["displayName"] for folder in first["value"] + second["value"]]
    assert "Inbox" in found
    assert "Extra 4" in found
    assert "Done" not in found
    assert "@odata.nextLink" not in second


def test_hidden_folders_come_on_request(graph: GraphClient) -> None:
    assert "Sync Issues" not in names(graph, "/mailFolders?$top=50")
    assert "Sync Issues" in names(graph, "/mailFolders?$top=50&includeHiddenFolders=true")


def test_children_are_reached_by_well_known_name(graph: GraphClient) -> None:
    assert names(graph, "/mailFolders/inbox/childFolders") == ["Done"]


def test_a_search_folder_has_its_own_type(graph: GraphClient, control: Control) -> None:
    control.create_folder("post@contoso.test", "Reports", search=True)
    found = [f for f in graph.get("/mailFolders?$top=50").json()["value"] if f["displayName"] == "Reports"]
    assert found[0]["@odata.type"] == "#microsoft.graph.mailSearchFolder"


def test_create_folder_and_again(graph: GraphClient) -> None:
    made = graph.post("/mailFolders/inbox/childFolders", {"displayName": "New"})
    assert made.status_code == 201
    assert graph.get(f"/mailFolders/{made.json()['id']}").json()["displayName"] == "New"
    again = graph.post("/mailFolders/inbox/childFolders", {"displayName": "new"})
    assert (again.status_code, graph.code(again)) == (409, "ErrorFolderExists")


@pytest.mark.parametrize(("language", "name"), [("da", "Indbakke"), ("de", "Posteingang"), ("nl", "Postvak IN")])
def test_localised_names(graph: GraphClient, control: Control, language: str, name: str) -> None:
    control.create_mailbox("other@contoso.test", language=language)
    assert graph.get("/users/other@contoso.test/mailFolders/inbox").json()["displayName"] == name


def test_unknown_and_malformed_folder_ids(graph: GraphClient) -> None:
    unknown = graph.get("/mailFolders/AQMkAGUAAAAwTW09AAAAAAAAAAAAAAAAAAAA=")
    assert (unknown.status_code, graph.code(unknown)) == (404, "ErrorItemNotFound")
    malformed = graph.get("/mailFolders/nonsense")
    assert (malformed.status_code, graph.code(malformed)) == (400, "ErrorInvalidIdMalformed")


def test_folder_delta_tells_new_folders(graph: GraphClient) -> None:
    page = graph.get("/mailFolders/delta", headers={"Prefer": "odata.maxpagesize=100"}).json()
    assert {"Inbox", "Done"} <= {folder["displayName"] for folder in page["value"]}
    graph.post("/mailFolders", {"displayName": "Later"})
    page = graph.get(page["@odata.deltaLink"]).json()
    assert [folder["displayName"] for folder in page["value"]] == ["Later"]
