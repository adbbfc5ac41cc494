"""What came into a folder since a cursor, and everything that Graph does to such a cursor."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from shared.errors import CursorLost, NotFound, PermanentError, ServiceUnavailable, Throttled
from shared.sources.base import SourceFolder
from shared.sources.graph import GraphClient, GraphSource
from tests.sources.conftest import GraphProvider
from tests.sources.contract import added, every, found, mail_bytes
from tests.sources.server import add, raw_server


def delivered(provider: GraphProvider, number: int, start: int = 0) -> list[str]:
    return [provider.deliver(mail_bytes(f"Mail {start + index}")) for index in range(number)]


@pytest.fixture
def other(provider: GraphProvider) -> str:
    provider.make_folder("Elsewhere")
    return "Elsewhere"


@pytest.mark.fault("B02")
@pytest.mark.pain("C12")
async def test_a_sync_state_that_was_forgotten_is_told_as_such_and_reading_again_gives_the_same_ids(
    source: GraphSource, provider: GraphProvider
) -> None:
    ids = delivered(provider, 5)
    inbox = await found(source, "")
    first, cursor, _ = await added(source, inbox, None)
    provider.control.expire_delta(provider.address)
    with pytest.raises(CursorLost) as caught:
        await source.changes(inbox, cursor=cursor)
    assert caught.value.cause == "graph_delta_lost"
    again, fresh, _ = await added(source, inbox, None)
    assert set(again) == set(first) == set(ids)
    [late] = delivered(provider, 1, 5)
    assert (await added(source, inbox, fresh))[0] == [late]


@pytest.mark.fault("B02")
async def test_a_page_of_a_round_that_was_forgotten_in_the_middle(source: GraphSource, provider: GraphProvider) -> None:
    delivered(provider, 5)
    inbox = await found(source, "")
    page = await source.changes(inbox, cursor=None, size=2)
    assert page.next is not None
    provider.control.expire_delta(provider.address)
    with pytest.raises(CursorLost):
        await source.changes(inbox, cursor=None, page=page.next, size=2)


@pytest.mark.fault("B02")
@pytest.mark.pain("C12")
@pytest.mark.parametrize(
    ("status", "code"),
    [
        (410, "SyncStateNotFound"),
        (410, "resyncRequired"),
        (410, ""),
        (400, "syncstatenotfound"),
        (400, "SyncStateInvalid"),
        (400, "ResyncChangesApplyDifferences"),
        (404, "SYNCSTATENOTFOUND"),
    ],
)
async def test_every_form_of_begin_again(source: GraphSource, provider: GraphProvider, status: int, code: str) -> None:
    inbox = await found(source, "")
    _, cursor, _ = await added(source, inbox, None)
    add(provider, "delta", status=status, code=code)
    with pytest.raises(CursorLost):
        await source.changes(inbox, cursor=cursor)


async def test_another_bad_request_is_not_begin_again(source: GraphSource, provider: GraphProvider) -> None:
    inbox = await found(source, "")
    add(provider, "delta", status=400, code="BadRequest")
    with pytest.raises(PermanentError, match="BadRequest"):
        await source.changes(inbox, cursor=None)


@pytest.mark.fault("B03")
@pytest.mark.parametrize(("told", "seconds"), [(None, 900), (60, 60)])
async def test_a_mailbox_without_room_for_a_sync_state_is_left_alone_for_a_while(
    source: GraphSource, provider: GraphProvider, told: float | None, seconds: float
) -> None:
    inbox = await found(source, "")
    fault: dict[str, Any] = {"status": 403, "code": "ErrorQuotaExceeded"}
    add(provider, "delta", **fault, retry_after=told)
    with pytest.raises(Throttled) as caught:
        await source.changes(inbox, cursor=None)
    assert caught.value.retry_after == seconds
    assert caught.value.cause == "graph_delta_quota"


@pytest.mark.fault("B07")
async def test_empty_pages_and_duplicates_lose_and_double_nothing(source: GraphSource, provider: GraphProvider) -> None:
    provider.control.set_behaviour(delta_empty_pages=True, delta_duplicates=True, delta_top="rejected")
    ids = delivered(provider, 7)
    inbox = await found(source, "")
    first = await source.changes(inbox, cursor=None, size=3)
    assert first.mails == ()
    assert first.next is not None
    given, cursor, pages = await added(source, inbox, None, size=3)
    assert sorted(given) == sorted(ids)
    assert pages == 4
    more = delivered(provider, 2, 7)
    given, _, _ = await added(source, inbox, cursor, size=3)
    assert sorted(given) == sorted(more)


@pytest.mark.fault("B07")
async def test_a_page_gives_a_mail_once(source: GraphSource, provider: GraphProvider, client: GraphClient) -> None:
    [mail] = delivered(provider, 1)
    inbox = await found(source, "")
    end = f"{client.base_url}/users/x/mailFolders/y/messages/delta?$deltatoken=z"
    entry = {"id": mail, "receivedDateTime": "2026-11-02T08:15:00Z", "subject": "Mail 0"}
    removed = {"id": mail, "@removed": {"reason": "deleted"}}
    body = {"value": [entry, removed, entry, "no entry", {"id": 5}], "@odata.deltaLink": end}
    add(provider, "delta", status=200, body=json.dumps(body))
    page = await source.changes(inbox, cursor=None)
    assert [listed.provider_id for listed in page.mails] == [mail]
    assert page.cursor == end


# -- A to B and back to A


@pytest.mark.pain("C14")
@pytest.mark.fault("B07")
async def test_a_mail_told_as_removed_that_is_in_the_folder_is_given_again(
    source: GraphSource, provider: GraphProvider, other: str
) -> None:
    provider.control.set_behaviour(delta_created_tells_removed=True)
    back, moved, deleted = delivered(provider, 3)
    inbox = await found(source, "")
    _, cursor, _ = await added(source, inbox, None)
    provider.move(back, other)
    provider.move(back, "")
    provider.move(moved, other)
    provider.delete(deleted)
    page = await source.changes(inbox, cursor=cursor)
    assert [mail.provider_id for mail in page.mails] == [back]
    assert page.mails[0].subject == "Mail 0"
    assert page.cursor


@pytest.mark.pain("C14")
async def test_a_mail_of_which_graph_tells_nothing_is_found_by_the_listing(
    source: GraphSource, provider: GraphProvider, other: str
) -> None:
    [mail] = delivered(provider, 1)
    inbox = await found(source, "")
    _, cursor, _ = await added(source, inbox, None)
    provider.move(mail, other)
    provider.move(mail, "")
    assert (await added(source, inbox, cursor))[0] == []
    assert [listed.provider_id for listed in await every(source, inbox)] == [mail]


@pytest.mark.parametrize("told", [False, True])
async def test_a_mail_that_leaves_during_the_first_round_is_not_given(
    source: GraphSource, provider: GraphProvider, other: str, told: bool
) -> None:
    provider.control.set_behaviour(delta_removed_in_first_round=told)
    ids = delivered(provider, 4)
    inbox = await found(source, "")
    first = await source.changes(inbox, cursor=None, size=2)
    given = {mail.provider_id for mail in first.mails}
    for mail in set(ids) - given:
        provider.move(mail, other)
    rest = await source.changes(inbox, cursor=None, page=first.next, size=2)
    assert rest.mails == ()


async def test_so_many_that_left_are_not_looked_up_one_by_one(
    source: GraphSource, provider: GraphProvider, client: GraphClient
) -> None:
    inbox = await found(source, "")
    gone = [{"id": f"AAkA{number}", "@removed": {"reason": "deleted"}} for number in range(501)]
    link = f"{client.base_url}/users/x/mailFolders/y/messages/delta?$deltatoken=z"
    add(provider, "delta", status=200, body=json.dumps({"value": gone, "@odata.deltaLink": link}))
    before = client.requests
    with pytest.raises(CursorLost, match="read anew"):
        await source.changes(inbox, cursor=None)
    assert client.requests == before + 1


# -- links


@pytest.mark.fault("B07")
@pytest.mark.parametrize("name", ["@odata.nextLink", "@odata.deltaLink"])
@pytest.mark.parametrize(
    "link",
    [
        "https://localhost:{other}/v1.0/users/x/mailFolders/y/messages/delta?$deltatoken=1",
        "http://127.0.0.1:{port}/v1.0/users/x",
        "https://127.0.0.1:{port}@localhost:{other}/v1.0/users/x",
        "https://127.0.0.1:{port}/elsewhere",
    ],
)
async def test_a_link_to_another_place_is_refused_and_the_token_stays(
    source: GraphSource, provider: GraphProvider, client: GraphClient, name: str, link: str
) -> None:
    connections = 0

    async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        writer.close()

    inbox = await found(source, "")
    port = client.base_url.rpartition(":")[2].partition("/")[0]
    async with await asyncio.start_server(serve, "localhost", 0) as server:
        link = link.format(other=server.sockets[0].getsockname()[1], port=port)
        add(provider, "delta", status=200, body=json.dumps({"value": [], name: link}))
        before = client.requests
        with pytest.raises(PermanentError, match="leads to another place"):
            await source.changes(inbox, cursor=None)
        # one that was kept since Graph had another address
        with pytest.raises(CursorLost, match="another address"):
            await source.changes(inbox, cursor=link)
        with pytest.raises(CursorLost, match="another address"):
            await source.changes(inbox, cursor=None, page=link)
        assert client.requests == before + 1
    assert connections == 0


@pytest.mark.parametrize("name", ["@odata.nextLink", "@odata.deltaLink"])
async def test_a_link_that_is_too_long_to_be_kept(
    source: GraphSource, provider: GraphProvider, client: GraphClient, name: str
) -> None:
    inbox = await found(source, "")
    link = f"{client.base_url}/users/x/mailFolders/y/messages/delta?$deltatoken={'a' * 8192}"
    add(provider, "delta", status=200, body=json.dumps({"value": [], name: link}))
    with pytest.raises(CursorLost, match="too long"):
        await source.changes(inbox, cursor=None)


@pytest.mark.parametrize(
    "links", [{}, {"@odata.nextLink": "{base}/users/a", "@odata.deltaLink": "{base}/users/b"}, {"@odata.deltaLink": 5}]
)
async def test_a_page_that_neither_ends_nor_goes_on_is_no_end(
    source: GraphSource, provider: GraphProvider, client: GraphClient, links: dict[str, Any]
) -> None:
    inbox = await found(source, "")
    shown = {name: link.format(base=client.base_url) if isinstance(link, str) else link for name, link in links.items()}
    add(provider, "delta", status=200, body=json.dumps({"value": [], **shown}))
    with pytest.raises(ServiceUnavailable):
        await source.changes(inbox, cursor=None)


async def test_a_folder_that_is_gone_is_told_as_such(source: GraphSource, provider: GraphProvider) -> None:
    inbox = await found(source, "")
    add(provider, "delta", status=404, code="ErrorItemNotFound")
    with pytest.raises(NotFound) as caught:
        await source.changes(SourceFolder(id=inbox.id, path="Gone"), cursor=None)
    assert caught.value.cause == "graph_folder_gone"


async def test_both_preferences_are_on_every_request_of_a_round(tmp_path: Path) -> None:
    body = b'{"value": []}'
    answer = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    async with raw_server(answer, tmp_path) as (source, requests):
        folder = SourceFolder(id="AQMk=", path="")
        link = f"{source._client.base_url}/users/x/mailFolders/y/messages/delta?$deltatoken=abc%3D"
        for cursor, page in ((None, None), (link, None), (link, f"{link}&more=1")):
            with pytest.raises(ServiceUnavailable):  # the page has no link
                await source.changes(folder, cursor=cursor, page=page, size=50)
    assert len(requests) == 3
    for request in requests:
        [prefer] = [line for line in request.lower().split(b"\r\n") if line.startswith(b"prefer: ")]
        assert set(prefer.removeprefix(b"prefer: ").split(b", ")) == {b'idtype="immutableid"', b"odata.maxpagesize=50"}
    assert b"/messages/delta?changeType=created&$select=" in requests[0]
    assert b"top" not in requests[0].split(b"\r\n")[0]
    assert b"?$deltatoken=abc%3D " in requests[1]
    assert b"?$deltatoken=abc%3D&more=1 " in requests[2]
