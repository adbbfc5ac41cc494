"""Azurite as tests and `make run` use it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from azure.data.tables import TableServiceClient
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueClient, QueueServiceClient

from local.azurite import Account, Azurite, AzuriteError
from tests.local.waiting import until


def test_all_three_services_answer_with_the_current_sdks(storage_account: Account) -> None:
    connection = storage_account.connection_string
    with BlobServiceClient.from_connection_string(connection) as blobs:
        blobs.create_container("box").upload_blob("name", b"content")
        assert blobs.get_blob_client("box", "name").download_blob().readall() == b"content"
    with QueueServiceClient.from_connection_string(connection) as queues:
        queue = queues.create_queue("line")
        queue.send_message("hello")
        assert [message.content for message in queue.receive_messages()] == ["hello"]
    with TableServiceClient.from_connection_string(connection) as tables:
        table = tables.create_table("rows")
        table.create_entity({"PartitionKey": "p", "RowKey": "r", "value": 1})
        assert table.get_entity("p", "r")["value"] == 1


def test_accounts_do_not_see_each_other(azurite: Azurite, storage_account: Account) -> None:
    other = next(account for account in reversed(azurite.accounts) if account != storage_account)
    with (
        BlobServiceClient.from_connection_string(storage_account.connection_string) as mine,
        BlobServiceClient.from_connection_string(other.connection_string) as theirs,
    ):
        mine.create_container("mine")
        assert [box.name for box in mine.list_containers()] == ["mine"]
        assert list(theirs.list_containers()) == []


@pytest.mark.parametrize("turn", [1, 2])
def test_each_test_gets_a_fresh_account(storage_account: Account, turn: int) -> None:
    with QueueServiceClient.from_connection_string(storage_account.connection_string) as queues:
        assert list(queues.list_queues()) == []
        queues.create_queue(f"turn-{turn}")


def test_a_folder_keeps_what_was_stored(tmp_path: Path) -> None:
    with Azurite(["keeper"], folder=tmp_path / "data") as azurite:
        QueueClient.from_connection_string(azurite.accounts[0].connection_string, "kept").create_queue()
    with (
        Azurite(["keeper"], folder=tmp_path / "data") as azurite,
        QueueServiceClient.from_connection_string(azurite.accounts[0].connection_string) as queues,
    ):
        assert [queue.name for queue in queues.list_queues()] == ["kept"]


def test_stopping_leaves_no_process() -> None:
    azurite = Azurite().start()
    assert azurite.pid is not None
    process = psutil.Process(azurite.pid)
    family = [process, *process.children(recursive=True)]
    azurite.stop()
    azurite.stop()
    assert not any(one.is_running() for one in family)


def test_it_ends_when_the_program_that_started_it_is_killed() -> None:
    code = "import time; from local.azurite import Azurite; print(Azurite().start().pid, flush=True); time.sleep(600)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        node = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    until(lambda: not node.is_running() or node.status() == psutil.STATUS_ZOMBIE)


def test_a_port_in_use_is_one_line(azurite: Azurite) -> None:
    taken = int(azurite.accounts[0].blob_url.split(":")[2].split("/")[0])
    with pytest.raises(AzuriteError, match=f"{taken} is in use"), Azurite(ports=(taken, 0, 0)):
        pass


def test_https_with_bearer_tokens(tmp_path: Path) -> None:
    import trustme
    from azure.core.credentials import AccessToken

    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    files = tmp_path / "server.pem", tmp_path / "server.key", tmp_path / "ca.pem"
    certificate.cert_chain_pems[0].write_to_path(files[0])
    certificate.private_key_pem.write_to_path(files[1])
    authority.cert_pem.write_to_path(files[2])

    class Credential:
        def get_token(self, *scopes: str, **options: object) -> AccessToken:
            return AccessToken(_token(), int(time.time()) + 3600)

    with Azurite(certificate=(files[0], files[1]), oauth=True) as azurite:
        url = azurite.accounts[0].blob_url
        assert url.startswith("https://")
        with BlobServiceClient(url, Credential(), connection_verify=str(files[2])) as blobs:
            blobs.create_container("box")
            assert [box.name for box in blobs.list_containers()] == ["box"]


def _token() -> str:
    import base64
    import json

    def part(value: dict[str, object]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    now = int(time.time())
    issuer = "https://sts.windows.net/00000000-0000-0000-0000-000000000001/"
    claims = {"aud": "https://storage.azure.com", "iss": issuer, "iat": now - 60, "nbf": now - 60, "exp": now + 3600}
    return f"{part({'alg': 'RS256', 'typ': 'JWT'})}.{part(claims)}.c2lnbmF0dXJl"


def test_bearer_tokens_without_https_are_refused() -> None:
    with pytest.raises(ValueError, match="https"):
        Azurite(oauth=True)


def test_the_environment_of_the_caller_stays_as_it_was(azurite: Azurite) -> None:
    assert "AZURITE_ACCOUNTS" not in os.environ
