"""How the development host opens storage, beside connection strings."""

from __future__ import annotations

import pytest

from local.host.errors import HostError
from local.host.storage import Endpoints, connection

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
