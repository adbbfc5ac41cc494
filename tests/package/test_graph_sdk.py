"""With the few modules of the Graph SDK that are packed, every request can be made."""

from __future__ import annotations

import json
from pathlib import Path

from local.package.archive import SITE
from local.package.graph_sdk import GENERATED
from tests.package.conftest import Unpacked

MAKE_EVERY_REQUEST = """
import asyncio, datetime, inspect, json, sys, warnings
warnings.simplefilter("error")
from shared.sources.graph.client import Timing
from shared.sources.graph.requests import Requests
from shared.sources.graph.session import open_session
from azure.core.credentials import AccessToken

class Credential:
    async def get_token(self, *scopes, **more):
        return AccessToken("token", 4102444800)

WHEN = datetime.datetime(2026, 11, 21, tzinfo=datetime.UTC)
VALUES = {"size": 10, "since": WHEN, "before": WHEN, "unread": True, "content": b"Subject: x", "properties": {"isRead": True}}
VALUES["url"] = "https://graph.example/v1.0/users/a@b.example/messages?x=1"

async def main():
    session = open_session(
        Credential(), base_url="https://graph.example/v1.0", scopes=["https://graph.example/.default"], ca_file=None, timing=Timing()
    )
    requests = Requests(session, "a@b.example")
    made = {}
    for name, method in inspect.getmembers(requests, inspect.ismethod):
        if not name.startswith("_"):
            arguments = {each: VALUES.get(each, each) for each in inspect.signature(method).parameters}
            native = await session.adapter.convert_to_native_async(method(**arguments))
            made[name] = f"{native.method} {native.url}"
    await session.http.aclose()
    print(json.dumps(made))

asyncio.run(main())
"""


def test_every_request_can_be_made(unpacked: Unpacked) -> None:
    made = json.loads(unpacked.run(MAKE_EVERY_REQUEST))
    assert {"folder", "page", "content", "move", "change", "create_folder"} <= made.keys()
    assert made["move"].startswith("POST https://graph.example/v1.0/users/")
    assert all("graph.example" in request for request in made.values())


def test_few_modules_are_left_and_a_note_says_so(unpacked: Unpacked) -> None:
    generated = unpacked.folder / SITE / GENERATED
    modules = list(generated.rglob("*.py"))
    assert 10 < len(modules) < 60
    assert not (generated / "models").exists()
    assert "--whole-graph-sdk" in (generated / "LEFT_OUT.txt").read_text("utf-8")


def test_what_is_kept_is_what_is_loaded(unpacked: Unpacked) -> None:
    """Nothing is written down that could be forgotten: the code is asked."""
    code = """
import sys, warnings
warnings.simplefilter("ignore")
import shared.sources.graph.requests, shared.sources.graph.session
print("\\n".join(m.__file__ for n, m in sys.modules.items() if n.startswith("msgraph.generated") and m.__file__))
"""
    loaded = {Path(line).resolve() for line in unpacked.run(code).split()}
    packed = {path.resolve() for path in (unpacked.folder / SITE / GENERATED).rglob("*.py")}
    assert loaded == packed
