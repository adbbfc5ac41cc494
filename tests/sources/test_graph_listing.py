"""Pages of Graph, whatever is missing in them."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import pytest

from shared.errors import PermanentError
from shared.sources.graph.listing import mail_page, safe_link

BASE = "https://graph.microsoft.com/v1.0"


def one(**properties: Any) -> Any:
    [mail] = mail_page({"value": [{"id": "AAMk", **properties}]}, BASE).mails
    return mail


def test_any_property_may_be_null_or_absent() -> None:
    bare = one()
    nulls = one(
        **{
            "from": None,
            "subject": None,
            "receivedDateTime": None,
            "isRead": None,
            "isReadReceiptRequested": None,
            "categories": None,
            "internetMessageId": None,
        }
    )
    assert bare == nulls
    assert (bare.sender, bare.subject, bare.is_read, bare.read_receipt_requested) == ("", "", False, False)
    assert one(**{"from": {"emailAddress": None}}).sender == ""
    assert one(**{"from": {"emailAddress": {"name": "Nobody"}}}).sender == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-21T10:00:00Z", datetime(2026, 11, 21, 10, tzinfo=UTC)),
        ("2026-11-21T10:00:00.1234567Z", datetime(2026, 11, 21, 10, 0, 0, 123456, tzinfo=UTC)),
        ("2026-11-21T10:00:00", datetime(2026, 11, 21, 10, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),
        ("yesterday", datetime.fromtimestamp(0, UTC)),
    ],
)
def test_times(text: str, expected: datetime) -> None:
    assert one(receivedDateTime=text).received_at == expected


def test_entries_that_are_no_mails_are_left_out() -> None:
    entries = [{"id": "A", "@removed": {"reason": "deleted"}}, {"subject": "no id"}, "text", None, {"id": "B"}]
    assert [mail.provider_id for mail in mail_page({"value": entries}, BASE).mails] == ["B"]


@pytest.mark.parametrize(
    "link",
    [
        f"{BASE}/users/x/messages?$skip=10",
        "https://graph.microsoft.com:443/v1.0/users/x",
        "https://GRAPH.microsoft.com/v1.0/users('AAA')/mailfolders('B%3D')/messages?$skiptoken=a%2Bb",
    ],
)
def test_a_link_of_graph_is_followed(link: str) -> None:
    assert safe_link(link, BASE) == link


@pytest.mark.fault("B07")
@pytest.mark.parametrize(
    "link",
    [
        "https://graph.microsoft.com.evil.example/v1.0/x",
        "https://evil.example/v1.0/x",
        "https://graph.microsoft.com:8443/v1.0/x",
        "http://graph.microsoft.com/v1.0/x",
        "https://graph.microsoft.com/beta/x",
        "https://x@graph.microsoft.com/v1.0/x",
        "https://graph.microsoft.com/v1.0/x\r\nHost: evil.example",
        "https://gr\u0430ph.microsoft.com/v1.0/x",
        "https://graph.microsoft.com/v1.0/" + "x" * 70_000,
        "/v1.0/x",
        "",
    ],
)
def test_a_link_to_another_place_is_refused(link: str) -> None:
    with pytest.raises(PermanentError):
        safe_link(link, BASE)


def test_the_package_is_cheap_to_import() -> None:
    program = (
        "import sys, shared.sources.graph, shared.identity.credentials\n"
        "from shared.identity.credentials import FederatedCredential\n"
        "c = FederatedCredential(tenant_id='t', client_id='c', identity_client_id='i')\n"
        "shared.sources.graph.GraphSource(shared.sources.graph.GraphClient(c), 'a@b.example')\n"
        "loaded = {m.split('.')[0] for m in sys.modules}\n"
        "print(sorted(loaded & {'msgraph', 'kiota_http', 'httpx', 'azure', 'msal', 'aiohttp'}))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
