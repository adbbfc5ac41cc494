"""The folders of a mailbox as a person picks them."""

from __future__ import annotations

import json

import pytest

from shared.errors import PermanentError, ServiceUnavailable
from shared.sources.graph import GraphClient, GraphSource
from tests.sources.conftest import GraphProvider
from tests.sources.contract import every, found, mail_bytes
from tests.sources.server import add


def in_flight(provider: GraphProvider) -> int:
    lanes = provider.control.counters()["lanes"]
    return max(int(lane["max_in_flight"]) for lane in lanes if lane["mailbox"] == provider.address)


@pytest.mark.pain("C32")
@pytest.mark.capability("S1.10")
async def test_300_nested_localised_folders_are_all_there(source: GraphSource, provider: GraphProvider) -> None:
    expected = {""}
    for number in range(150):
        expected |= {f"Kunde Ærø {number:03}", f"Kunde Ærø {number:03}/Märkte"}
        provider.make_folder(f"Kunde Ærø {number:03}/Märkte")
    deep = "Kunde Ærø 007/Märkte"
    for level in range(10):
        deep += f"/Niveau {level}"
        expected.add(deep)
    provider.make_folder(deep)
    provider.control.reset_counters()
    provider.control.set_latency(folders=5)
    tree = await source.tree()
    provider.control.set_latency(folders=0)
    assert {node.path for node in tree} == expected
    assert len({node.id for node in tree}) == len(tree) == len(expected)
    assert tree[0].name == "Indbakke"
    assert [node.path for node in tree[1:3]] == ["Kunde Ærø 000", "Kunde Ærø 000/Märkte"]
    assert 1 < in_flight(provider) <= 3


@pytest.mark.pain("C32")
@pytest.mark.capability("S1.10")
async def test_nothing_hidden_no_search_folder_and_nothing_beside_the_inbox_is_in_the_tree(
    source: GraphSource, provider: GraphProvider
) -> None:
    provider.make_folder("Shown")
    provider.control.create_folder(provider.address, "inbox/Secret", hidden=True)
    provider.control.create_folder(provider.address, "inbox/Reports", search=True)
    provider.control.create_folder(provider.address, "archive/Beside")
    assert [node.path for node in await source.tree()] == ["", "Shown"]


async def test_a_slash_in_a_name_is_no_level(source: GraphSource, provider: GraphProvider) -> None:
    made = await source.create_folder("Customers/In%2FOut %25/2026")
    names = [folder["display_name"] for folder in provider.control.dump(provider.address)["folders"]]
    assert "In/Out %" in names
    by_path = {node.path: node for node in await source.tree()}
    assert by_path["Customers/In%2FOut %/2026"].id == made.id
    assert by_path["Customers/In%2FOut %"].name == "In/Out %"
    assert await found(source, "Customers/In%2FOut %/2026") == made
    assert await source.folder("Customers/In/Out %") is None
    assert await every(source, made) == []


async def test_what_lies_deeper_than_a_path_can_say_is_left_out(source: GraphSource, provider: GraphProvider) -> None:
    path = "/".join(f"Level {number}" for number in range(1, 24))
    provider.make_folder(path)
    assert [node.name for node in await source.tree()][1:] == [f"Level {number}" for number in range(1, 21)]


async def test_too_many_folders_are_told_and_not_cut_off(
    source: GraphSource, provider: GraphProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.sources.graph.tree.MOST", 10)
    for number in range(10):
        provider.make_folder(f"Folder {number}")
    with pytest.raises(PermanentError, match="more than 10 folders") as caught:
        await source.tree()
    assert caught.value.cause == "graph_too_many_folders"


async def test_a_page_of_folders_that_is_refused_ends_the_tree(source: GraphSource, provider: GraphProvider) -> None:
    for number in range(5):
        provider.make_folder(f"Folder {number}/Below")
    await found(source, "")
    add(provider, "folders", nth=4, status=503)
    with pytest.raises(ServiceUnavailable, match="listing folders"):
        await source.tree()


async def test_folders_that_are_none_are_passed_over_and_a_circle_ends(
    source: GraphSource, provider: GraphProvider, client: GraphClient
) -> None:
    inbox = await found(source, "")
    shown = {"id": inbox.id, "displayName": "Indbakke", "childFolderCount": 1}
    odd = [shown, {"id": "x"}, {"displayName": "y"}, {"id": 5, "displayName": "z"}, "text"]
    add(provider, "folders", nth=2, status=200, body=json.dumps({"value": odd}))
    assert [node.path for node in await source.tree()] == [""]


async def test_mails_are_counted_and_not_items_of_every_kind(source: GraphSource, provider: GraphProvider) -> None:
    for _ in range(3):
        provider.deliver(mail_bytes())
    inbox = await found(source, "")
    assert await source.count(inbox) == 3
    for body in ('{"value": []}', '{"value": [], "@odata.count": "3"}', '{"value": [], "@odata.count": -1}'):
        add(provider, "list", status=200, body=body)
        with pytest.raises(ServiceUnavailable, match="how many mails"):
            await source.count(inbox)


async def test_a_mailbox_without_a_folder_for_junk(source: GraphSource, provider: GraphProvider) -> None:
    add(provider, "folders", status=404, code="ErrorItemNotFound")
    assert await source.junk_count() is None
