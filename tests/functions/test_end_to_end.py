"""The function app in the real development host with Microsoft's library: mail in, webhook out, and garbage shown."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from azure.storage.queue import QueueClient
from standardwebhooks.webhooks import Webhook

from emulator.server import EmulatorThread
from local.azurite import Account
from shared.app import App
from shared.configuration.yaml_file import companies
from shared.model.person import Person, Role
from shared.settings import read
from shared.stores.layout import create_all
from tests.flow.mails import PDF, mail
from tests.flow.seeing import events, places
from tests.flow.world import CONFIGURATION, MAILBOX, environment_for
from tests.local.waiting import LIMIT_SECONDS, until

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Running:
    """The host, and where it answers."""

    url: str
    session: str
    account: Account
    secrets: Path

    def page(self, path: str) -> str:
        """A page as an Owner sees it."""
        request = urllib.request.Request(f"{self.url}{path}", headers={"Cookie": f"__Host-postrum={self.session}"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return str(answer.read().decode())


async def _prepare(environment: dict[str, str], sink: str) -> str:
    """Storage, configuration, and the session of an Owner; answers its id."""
    settings = read(environment)
    await create_all(settings.data_storage, settings.host_storage)
    product = App(settings)
    await product.configure.apply(companies(CONFIGURATION.replace("%SINK%", sink)))
    owner = Person(tenant_id="t", object_id="o", name="Olivia", user_name="olivia", roles=(Role.OWNER,))
    session = await product.sessions.begin(owner, datetime.now(UTC))
    await product.aclose()
    return session


@pytest.fixture
def host(emulator: EmulatorThread, storage_account: Account, tmp_path: Path) -> Iterator[Running]:
    secrets = tmp_path / "secrets.json"
    environment = environment_for(emulator, storage_account.connection_string, secrets)
    session = asyncio.run(_prepare(environment, emulator.addresses.sink_url))
    values = environment | {"FUNCTIONS_WORKER_RUNTIME": "python", "POSTRUM_TICK_SCHEDULE": "* * * * * *"}
    settings, ready = tmp_path / "local.settings.json", tmp_path / "ready.json"
    settings.write_text(json.dumps({"IsEncrypted": False, "Values": values}))
    clean = {name: value for name, value in os.environ.items() if name not in values}
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "local.host",
            "--app",
            str(ROOT),
            "--port",
            "0",
            "--settings",
            str(settings),
            "--ready-file",
            str(ready),
        ],
        cwd=ROOT,
        env=clean,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        until(lambda: ready.exists() or process.poll() is not None)
        assert process.poll() is None, process.communicate()
        document = json.loads(ready.read_text())
        yield Running(document["url"], session, storage_account, secrets)
    finally:
        process.terminate()
        said, _ = process.communicate(timeout=LIMIT_SECONDS)
    assert process.returncode == 0, said


@pytest.mark.fault("A05")
def test_a_mail_comes_in_a_webhook_goes_out_and_garbage_is_shown(host: Running, emulator: EmulatorThread) -> None:
    with QueueClient.from_connection_string(host.account.connection_string, "classify") as queue:
        queue.send_message(base64.b64encode(b'{"v": 9, "message": "from another program"}').decode())
        queue.send_message("<never encoded>")  # the host itself gives it up
    emulator.control.deliver(MAILBOX, mail("Invoice for relatienr 000123", pdf=PDF))

    until(lambda: any(event["type"] == "postrum.message.filed" for event in events(emulator)))
    assert places(emulator) == {"Invoice for relatienr 000123": "Imported"}
    secret = json.loads(host.secrets.read_text())["nordlys-subscriber-ledger"]
    for record in emulator.control.sink("ledger"):
        headers = {name.lower(): value for name, value in record["headers"]}
        verified = Webhook(secret).verify(record["text"], headers)
        assert verified["company"] == "nordlys"

    page = until(lambda: found if "never encoded" in (found := host.page("/")) else "")
    assert "Invoice for relatienr 000123" in host.page("/companies/nordlys/messages")
    assert "version 9 of a classify task is not one that this program reads" in page
    assert "from another program" in page
    assert "<never encoded>" not in page  # what anybody could have written is shown as text
    assert "&lt;never encoded&gt;" in page
