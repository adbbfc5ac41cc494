"""Tokens of Graph: which are renewed, and where they never go."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Awaitable
from pathlib import Path

import pytest

from shared.errors import (
    MessageGone,
    PermanentError,
    PermissionDenied,
    PostrumError,
)
from shared.identity.credentials import FederatedCredential
from shared.sources.base import SourceFolder
from shared.sources.graph import GraphClient, GraphSource
from tests.sources.conftest import GraphProvider
from tests.sources.contract import every, found, mail_bytes, whole
from tests.sources.server import FakeCredential, add, raw_server

FOREVER = -1


# -- tokens


@pytest.mark.fault("B05")
@pytest.mark.parametrize("claims", [False, True])
async def test_a_revoked_token_is_replaced_once(
    source: GraphSource, provider: GraphProvider, client: GraphClient, claims: bool
) -> None:
    mail = provider.deliver(mail_bytes())
    imported = await source.create_folder("Imported")
    provider.control.refuse_tokens(claims_challenge=claims)
    before = client.requests
    assert await source.move(mail, imported) == mail
    assert client.requests == before + 2
    assert provider.moves(mail) == 1
    assert await whole(source, mail)
    assert client.requests == before + 3


@pytest.mark.fault("B05")
async def test_a_token_that_is_refused_again_is_a_permanent_error_and_no_loop(
    source: GraphSource, provider: GraphProvider, client: GraphClient
) -> None:
    inbox = await found(source, "")
    add(provider, "list", status=401, code="InvalidAuthenticationToken", times=FOREVER)
    before = client.requests
    with pytest.raises(PermissionDenied, match="InvalidAuthenticationToken"):
        await source.list(inbox)
    assert client.requests == before + 2


@pytest.mark.fault("B05")
async def test_the_claims_of_a_challenge_go_into_the_next_token(tmp_path: Path) -> None:
    wanted = '{"access_token":{"nbf":{"essential":true,"value":"17"}}}'
    claims = base64.b64encode(wanted.encode()).decode()
    answer = (
        "HTTP/1.1 401 No\r\nConnection: close\r\nContent-Length: 0\r\n"
        f'WWW-Authenticate: Bearer realm="", error="insufficient_claims", claims="{claims}"\r\n\r\n'
    )
    credential = FakeCredential()
    async with raw_server(answer.encode(), tmp_path, credential=credential) as (source, _):
        with pytest.raises(PermissionDenied):
            await source.locate("AAMk")
    assert credential.claims == [None, wanted]


@pytest.mark.fault("B05")
@pytest.mark.parametrize("claims", ["e30", "W10=", "%%%", "4pyT4pyT=", ""])
async def test_a_broken_claims_challenge_is_no_accident(tmp_path: Path, claims: str) -> None:
    answer = (
        "HTTP/1.1 401 No\r\nConnection: close\r\nContent-Length: 0\r\n"
        f'WWW-Authenticate: Bearer claims="{claims}"\r\n\r\n'
    ).encode()
    async with raw_server(answer, tmp_path) as (source, requests):
        with pytest.raises(PermissionDenied):
            await source.folder("")
    assert len(requests) == 2


@pytest.mark.fault("B05")
async def test_withdrawn_consent_names_the_remedy(
    source: GraphSource, provider: GraphProvider, credential: FederatedCredential
) -> None:
    provider.control.set_consent([])
    credential.forget()
    with pytest.raises(PermissionDenied, match=r"403 ErrorAccessDenied.*Exchange scope"):
        await source.folder("")


async def test_a_mailbox_in_the_exchange_scope_needs_no_consent(
    source: GraphSource, provider: GraphProvider, credential: FederatedCredential
) -> None:
    provider.control.set_consent([])
    provider.control.set_exchange_scope([provider.address])
    credential.forget()
    assert await source.folder("") is not None


# -- where the token goes


@pytest.mark.fault("B07")
@pytest.mark.parametrize(
    "link",
    [
        "https://127.0.0.1:{other}/v1.0/users/x/messages?$skip=10",
        "https://localhost:{other}/v1.0/users/x/messages",
        "http://127.0.0.1:{port}/v1.0/users/x/messages",
        "https://127.0.0.1:{port}@localhost:{other}/v1.0/users/x",
        "https://user@127.0.0.1:{port}/v1.0/users/x",
        "https://127.0.0.1:{port}/evil",
        "https://127.0.0.1:{port}/v1.0x/users",
        "//localhost:{other}/v1.0/x",
        "https://127.0.0.1:{port}\\@localhost:{other}/v1.0/x",
        "https://127.0.0.1:{port}/v1.0/ x",
        "https://[::1/v1.0/x",
        "https://127.0.0.1:x/v1.0/x",
    ],
)
async def test_a_next_link_to_another_place_is_refused(
    source: GraphSource, provider: GraphProvider, client: GraphClient, link: str
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
        add(provider, "list", status=200, body=json.dumps({"value": [], "@odata.nextLink": link}))
        add(provider, "folders", status=200, body=json.dumps({"value": [], "@odata.nextLink": link}))
        before = client.requests
        with pytest.raises(PermanentError, match="leads to another place"):
            await source.list(inbox)
        with pytest.raises(PermanentError, match="leads to another place"):
            await source.folder("Imported")
        assert client.requests == before + 2
        with pytest.raises(PermanentError, match="leads to another place"):
            await source.list(inbox, page=link)
        assert client.requests == before + 2
    assert connections == 0


@pytest.mark.fault("B07")
async def test_an_empty_page_with_a_next_link_is_not_the_end(source: GraphSource, provider: GraphProvider) -> None:
    mail = provider.deliver(mail_bytes())
    inbox = await found(source, "")
    link = f"{source._client.base_url}/users/{provider.address}/mailFolders/{inbox.id}/messages?$top=5"
    add(provider, "list", status=200, body=json.dumps({"value": [], "@odata.nextLink": link}))
    assert [listed.provider_id for listed in await every(source, inbox)] == [mail]


@pytest.mark.fault("B07")
async def test_a_redirect_is_not_followed(tmp_path: Path) -> None:
    answer = (
        b"HTTP/1.1 302 Found\r\nConnection: close\r\nLocation: https://127.0.0.1:9/v1.0/x\r\nContent-Length: 0\r\n\r\n"
    )
    async with raw_server(answer, tmp_path) as (source, requests):
        with pytest.raises(PermanentError, match="Redirects are not followed"):
            await source.folder("")
        with pytest.raises(PermanentError, match="Redirects are not followed"):
            await whole(source, "AAMkAGI2")
    assert len(requests) == 2


@pytest.mark.fault("B07")
async def test_no_token_is_given_to_another_host_even_by_the_client_itself(client: GraphClient) -> None:
    http = client.session().http
    for url in ("https://localhost:9/v1.0/x", "https://127.0.0.1:9/v1.0/x", "http://127.0.0.1/v1.0/x"):
        with pytest.raises(PermanentError, match="another host"):
            await http.get(url, headers={"Authorization": "Bearer secret"})


async def test_an_answer_without_end_is_not_read_to_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.sources.graph.client.ANSWER_LIMIT", 1000)
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b"x" * 100_000
    async with raw_server(answer, tmp_path) as (source, _):
        with pytest.raises(PermanentError, match="more than 1000 bytes"):
            await source.folder("")


async def test_every_request_asks_for_immutable_ids_and_has_the_token_once(tmp_path: Path) -> None:
    body = json.dumps({"id": "x", "parentFolderId": "y", "value": []}).encode()
    answer = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    async with raw_server(answer, tmp_path) as (source, requests):
        inbox = await found(source, "")
        await source.folder("Imported")
        page = await source.list(inbox)
        assert page.next is None
        await source.list(inbox, page=f"{source._client.base_url}/users/x/messages?$skiptoken=abc%3D")
        await whole(source, "AAMk+/=")
        await source.locate("AAMk")
        await source.move("AAMk", inbox)
        await source.change("AAMk", mark_read=True)
        await source.create_folder("New")
        await source.append(inbox, b"Subject: x\r\n\r\n")
        for call in (source.count(inbox), source.delete("AAMk")):
            with pytest.raises(PostrumError):  # the answer is that of another call
                await call
        await source.junk_count()
        await source.tree()
    assert len(requests) == 17
    for request in requests:
        assert request.lower().count(b'prefer: idtype="immutableid"\r\n') == 1
        assert request.lower().count(b"authorization: bearer a-token-that-must-not-travel\r\n") == 1
    assert b"/messages/AAMk%2B%2F%3D/$value " in requests[4]
    assert b"accept-encoding: identity\r\n" in requests[4].lower()
    assert b"?$skiptoken=abc%3D " in requests[3]


async def test_no_error_text_holds_a_token_or_an_address(tmp_path: Path) -> None:
    answer = b"HTTP/1.1 418 No\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    async with raw_server(answer, tmp_path) as (source, _):
        calls: list[Awaitable[object]] = [source.folder(""), whole(source, "AAMk"), source.locate("AAMk")]
        calls.append(source.move("AAMk", SourceFolder(id="x", path="")))
        for call in calls:
            with pytest.raises(PostrumError) as caught:
                await call
            assert not isinstance(caught.value, MessageGone)
            assert "must-not-travel" not in str(caught.value)
            assert "company.example" not in str(caught.value)
