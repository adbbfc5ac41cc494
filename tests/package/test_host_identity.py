"""How the development host opens storage, beside connection strings."""

from __future__ import annotations

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from local.host.errors import STORAGE_UNREACHABLE, HostError
from local.host.storage import Endpoints, Storage, connection

QUEUES, BLOBS = "https://a.queue.example", "https://a.blob.example"


def test_endpoints_with_an_identity() -> None:
    settings = {
        "X__queueServiceUri": QUEUES,
        "X__blobServiceUri": BLOBS,
        "X__credential": "managedIdentity",
        "X__clientId": "i",
    }
    assert connection("X", settings) == Endpoints(QUEUES, BLOBS, "i")


def test_the_prefix_of_azure_is_tried_too() -> None:
    assert connection("X", {"AzureWebJobsX__queueServiceUri": QUEUES}) == Endpoints(QUEUES)


def test_a_connection_string_comes_first() -> None:
    assert connection("X", {"X": "AccountName=a", "X__queueServiceUri": QUEUES}) == "AccountName=a"


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({}, "The setting X is missing"),
        ({"X__blobServiceUri": BLOBS}, "The setting X is missing"),
        ({"X__queueServiceUri": "http://a.queue.example"}, "not an https address"),
        ({"X__queueServiceUri": QUEUES, "X__blobServiceUri": "http://a"}, "http://a of X is not an https address"),
        ({"X__queueServiceUri": QUEUES, "X__credential": "secret"}, "with a managed identity only"),
    ],
)
def test_what_cannot_be_opened_is_told(settings: dict[str, str], told: str) -> None:
    with pytest.raises(HostError, match=told):
        connection("X", settings)


@pytest.mark.parametrize("status", [None, 500])
async def test_an_identity_that_gives_no_token_is_told(status: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(_: web.Request) -> web.Response:
        return web.Response(status=status or 200, text="no")

    application = web.Application()
    application.add_routes([web.get("/", refuse)])
    async with TestServer(application) as server:
        url = str(server.make_url("/"))
        if status is None:
            await server.close()
        monkeypatch.setenv("IDENTITY_ENDPOINT", url)
        monkeypatch.setenv("IDENTITY_HEADER", "x")
        async with Storage("X", Endpoints("https://127.0.0.1:9/a")) as storage:
            with pytest.raises(HostError) as caught:
                await storage.check()
    assert caught.value.status == STORAGE_UNREACHABLE
    assert str(caught.value).startswith("The managed identity gives no token for X; check IDENTITY_ENDPOINT")
