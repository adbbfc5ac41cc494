"""A real service on loopback that hands out credentials (moto's instance metadata) never hears from the sender."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from moto.server import ThreadedMotoServer

from shared.webhooks.attempt import Reason
from shared.webhooks.sender import Sender
from tests.net.servers import ScriptedNames
from tests.webhooks.helpers import local_sender, post

CREDENTIALS = "/latest/meta-data/iam/security-credentials/default-role"


@dataclass
class Metadata:
    port: int

    def fetch(self, path: str, *, method: str = "GET") -> str:
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return str(answer.read().decode())

    def recorded(self) -> list[str]:
        lines = self.fetch("/moto-api/recorder/download-recording").splitlines()
        return [json.loads(line)["method"] + " " + json.loads(line)["url"] for line in lines]


@pytest.fixture
def metadata(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Metadata]:
    monkeypatch.chdir(tmp_path_factory.mktemp("moto"))  # its recording is written to the current folder
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    service = Metadata(server.get_host_and_port()[1])
    try:
        service.fetch("/moto-api/recorder/reset-recording", method="POST")
        service.fetch("/moto-api/recorder/start-recording", method="POST")
        yield service
        service.fetch("/moto-api/recorder/stop-recording", method="POST")
    finally:
        server.stop()


@pytest.mark.fault("F01", "F02")
async def test_nothing_reaches_a_service_that_hands_out_credentials(metadata: Metadata) -> None:
    # It is what it is taken for, and its recorder works: anybody on this machine gets a key from it.
    given = await asyncio.to_thread(metadata.fetch, CREDENTIALS)
    assert json.loads(given)["SecretAccessKey"] == "test-secret-key"
    assert len(await asyncio.to_thread(metadata.recorded)) == 1

    hosts = ["127.0.0.1", "localhost", "127.1", "0x7f.1", "2130706433", "0177.0.0.1", "[::ffff:127.0.0.1]", "0.0.0.0"]
    async with Sender(allow_http=True) as sender:
        for host in hosts:
            attempt = await post(sender, f"http://{host}:{metadata.port}{CREDENTIALS}")
            assert (attempt.reason, attempt.excerpt) == (Reason.REFUSED, ""), host
    async with Sender(allow_http=True, lookup=ScriptedNames(["127.0.0.1"])) as sender:
        attempt = await post(sender, f"http://hook.example:{metadata.port}{CREDENTIALS}")
        assert (attempt.reason, attempt.excerpt) == (Reason.REFUSED, "")
    assert len(await asyncio.to_thread(metadata.recorded)) == 1

    # The same request with loopback opened does arrive: the guard is what stopped it.
    async with local_sender() as sender:
        await post(sender, f"http://127.0.0.1:{metadata.port}{CREDENTIALS}")
    recorded = await asyncio.to_thread(metadata.recorded)
    assert [line.split()[0] for line in recorded] == ["GET", "POST"]
