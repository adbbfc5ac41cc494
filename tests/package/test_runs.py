"""The package runs by itself: unpacked into an empty folder, opened by identity alone, with nothing else on the path.

Microsoft's worker library lies in a folder of its own, as in Azure, with our development host that calls it. Storage is Azurite
over https, which takes the tokens of the managed identity; the tokens are the emulator's.
"""

from __future__ import annotations

import importlib.util
import json
import shutil
import ssl
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import trustme

from emulator.server import EmulatorThread
from local.azurite import Account, Azurite
from local.ports import free_port
from local.sample_mailbox import sample_mails
from shared.app import App
from shared.configuration.yaml_file import companies
from shared.settings import read
from shared.stores.layout import create_all
from tests.emulator.visitor import Visitor
from tests.flow.seeing import events, places
from tests.flow.world import CONFIGURATION, MAILBOX
from tests.local.waiting import LIMIT_SECONDS, until
from tests.package.conftest import ROOT, Unpacked

HOST = """
import runpy, sys
sys.path[:0] = sys.argv.pop(1).split("\\n")
del sys.argv[0]
runpy.run_module("local.host", run_name="__main__", alter_sys=True)
"""


@dataclass
class Place:
    """What runs around the app."""

    emulator: EmulatorThread
    account: Account
    secrets: Path
    port: int

    @property
    def url(self) -> str:
        """Where the app will be."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def common(self) -> dict[str, str]:
        """Settings that do not say how storage is opened."""
        addresses = self.emulator.addresses
        return {
            "POSTRUM_TENANT_ID": addresses.tenant_id,
            "POSTRUM_APP_CLIENT_ID": addresses.client_id,
            "POSTRUM_IDENTITY_CLIENT_ID": addresses.msi_client_id,
            "POSTRUM_GRAPH_URL": addresses.graph_url,
            "POSTRUM_AUTHORITY": addresses.authority,
            "POSTRUM_CA_FILE": addresses.ca_file,
            "POSTRUM_ALLOWED_NETWORKS": "127.0.0.0/8",
            "POSTRUM_ALLOW_HTTP_WEBHOOKS": "true",
            "POSTRUM_SECRETS_FILE": str(self.secrets),
            "POSTRUM_TICK_SCHEDULE": "*/2 * * * * *",
            "POSTRUM_PUBLIC_URL": self.url,
        }

    @property
    def by_identity(self) -> dict[str, str]:
        """The whole environment of the app: as the template sets it, and no key in it."""
        addresses, account = self.emulator.addresses, self.account
        return self.common | {
            "FUNCTIONS_WORKER_RUNTIME": "python",
            "AzureWebJobsStorage__queueServiceUri": account.queue_url,
            "AzureWebJobsStorage__blobServiceUri": account.blob_url,
            "AzureWebJobsStorage__tableServiceUri": account.table_url,
            "AzureWebJobsStorage__credential": "managedidentity",
            "AzureWebJobsStorage__clientId": addresses.msi_client_id,
            "DATA_STORAGE__blobServiceUri": account.blob_url,
            "DATA_STORAGE__tableServiceUri": account.table_url,
            "IDENTITY_ENDPOINT": addresses.msi_url,
            "IDENTITY_HEADER": addresses.msi_header,
        }

    def app(self) -> App:
        """The product in this process, opened by the key: it does what the template and an administrator do."""
        key = self.account.connection_string
        return App(read(self.common | {"AzureWebJobsStorage": key, "DATA_STORAGE": key}))


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with EmulatorThread(tmp_path / "emulator") as emulator:
        emulator.control.create_mailbox(MAILBOX)
        emulator.control.set_exchange_scope([MAILBOX])
        authority = trustme.CA.from_pem(
            Path(emulator.ca_file).read_bytes(), (tmp_path / "emulator" / "ca-key.pem").read_bytes()
        )
        issued = authority.issue_cert("127.0.0.1")
        certificate, key = tmp_path / "azurite.pem", tmp_path / "azurite.key"
        issued.private_key_pem.write_to_path(key)
        certificate.write_bytes(b"".join(part.bytes() for part in issued.cert_chain_pems))
        with Azurite(certificate=(certificate, key), oauth=True) as azurite:
            place = Place(emulator, azurite.accounts[0], tmp_path / "secrets.json", free_port())
            emulator.control.set_registration(redirect_uris=[f"{place.url}/sign-in/callback"])
            yield place


@pytest.fixture
def worker(tmp_path: Path) -> Path:
    """What Azure brings: the worker library with what it needs beside the app's packages, and here the development host."""
    folder = tmp_path / "worker"
    for name in ("azure_functions_runtime", "azurefunctions"):
        spec = importlib.util.find_spec(name)
        assert spec is not None
        [source] = spec.submodule_search_locations or [None]
        assert source is not None
        shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "local" / "host", folder / "local" / "host", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def sign_in(visitor: Visitor, url: str) -> None:
    """As the Owner, by the pages of Entra; the visitor's browser keeps the session."""
    start = visitor.open(f"{url}/sign-in/start")
    back = visitor.sign_in(start.location, "owner@postrum.example")
    assert back.location.startswith(f"{url}/sign-in/callback?"), back.text
    home = visitor.open(back.location)
    assert (home.status, home.location) == (303, "/"), home.text


def snapshot(folder: Path) -> dict[str, tuple[int, int]]:
    found = {path: path.stat() for path in folder.rglob("*") if path.is_file()}
    return {str(path.relative_to(folder)): (stat.st_size, stat.st_mtime_ns) for path, stat in found.items()}


@dataclass
class Running:
    process: subprocess.Popen[str]
    url: str


@pytest.fixture
def start(unpacked: Unpacked, place: Place, worker: Path, tmp_path: Path) -> Iterator[Any]:
    processes: list[subprocess.Popen[str]] = []

    def start() -> Running:
        ready = tmp_path / "ready.json"
        command = [str(unpacked.python), "-I", "-c", HOST, "\n".join([*unpacked.path, str(worker)]), "local.host"]
        command += ["--app", str(unpacked.folder), "--port", str(place.port), "--ca-file", place.emulator.ca_file]
        command += ["--ready-file", str(ready), "--invocations", str(tmp_path / "invocations.jsonl")]
        with (tmp_path / "host.log").open("w") as log:
            process = subprocess.Popen(command, cwd="/", env=place.by_identity, stdout=log, stderr=log, text=True)
        processes.append(process)
        until(lambda: ready.exists() or process.poll() is not None)
        assert process.poll() is None, (tmp_path / "host.log").read_text()
        return Running(process, json.loads(ready.read_text())["url"])

    yield start
    for process in processes:
        if process.poll() is None:
            process.kill()
        process.wait()


async def test_a_mail_is_filed_and_announced_by_the_package_alone(
    unpacked: Unpacked, place: Place, start: Any, tmp_path: Path
) -> None:
    assert "AccountKey" not in str(place.by_identity)
    product = place.app()
    await create_all(product.settings.data_storage, product.settings.host_storage)
    sink = place.emulator.addresses.sink_url
    await product.configure.apply(companies(CONFIGURATION.replace("%SINK%", sink)))
    invoice = next(mail for mail in sample_mails() if mail.name == "de-facturx")
    place.emulator.control.deliver(MAILBOX, b"".join(invoice.content))
    before = snapshot(unpacked.folder)

    running = start()

    def done() -> bool:  # the announcement and the move do not wait for each other
        return bool(events(place.emulator)) and set(places(place.emulator).values()) == {"Imported"}

    until(lambda: done() or running.process.poll() is not None)
    log = (tmp_path / "host.log").read_text()
    assert set(places(place.emulator).values()) == {"Imported"}, log
    assert [event["type"] for event in events(place.emulator)], log

    with Visitor(place.emulator) as visitor:
        stranger = visitor.open(running.url + "/")
        assert (stranger.status, stranger.location.partition("?")[0]) == (303, "/sign-in")
        sign_in(visitor, running.url)
        page = visitor.open(running.url + "/companies/nordlys/messages")
        assert (page.status, "Ihre Rechnung" in page.text) == (200, True), page.text
    running.process.terminate()
    assert running.process.wait(LIMIT_SECONDS) == 0

    [document] = await product.services.documents.every("nordlys")
    assert document.total, "the e-invoice inside the PDF was not read"
    await product.aclose()
    outcomes = [json.loads(line) for line in (tmp_path / "invocations.jsonl").read_text().splitlines()]
    assert {one["outcome"] for one in outcomes} == {"succeeded"}, log
    assert {"tick", "mailbox", "classify", "deliver", "console"} <= {one["function"] for one in outcomes}
    assert snapshot(unpacked.folder) == before, "a read-only file system would have hindered it"


def test_storage_refuses_a_stranger(place: Place) -> None:
    """What the test above proves nothing without: Azurite looks at the token."""
    trust = ssl.create_default_context(cafile=place.emulator.ca_file)
    headers = {"Authorization": "Bearer e30.e30.e30", "x-ms-version": "2024-11-04"}
    request = urllib.request.Request(f"{place.account.queue_url}?comp=list", headers=headers)
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, context=trust)
    caught.value.close()
    assert caught.value.code in (401, 403)
