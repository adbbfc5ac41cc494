"""What the app finds about itself: a good deployment, and each thing that can be wrong with it."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from azure.data.tables.aio import TableServiceClient
from azure.storage.blob.aio import BlobServiceClient
from azure.storage.queue.aio import QueueServiceClient

from emulator.server import EmulatorThread
from shared.doctor.model import Finding, State, worst
from shared.effect import Moment, effect, observe
from shared.model.config import Company
from shared.model.task import Queue
from shared.stores.configuration import Configuration
from shared.stores.connection import client_options
from shared.stores.inspection import PROBE_BLOB, PROBE_PARTITION
from shared.stores.layout import CONTAINERS, TableName
from tests.doctor.conftest import PROBE, Examine, report
from tests.flow.world import CONFIGURATION, MAILBOX, World
from tests.stores.vault import running_vault

OUT = "mailbox out of scope"
BOX = f"mailbox {MAILBOX}"


def one(found: dict[str, list[Finding]], name: str) -> Finding:
    [finding] = found[name]
    return finding


def storage(world: World) -> str:
    return world.settings.data_storage.connection_string or ""


async def test_a_good_deployment(examine: Examine) -> None:
    found = await examine()

    assert list(found) == [
        "configuration",
        "settings",
        "identity for storage",
        "identity for Graph",
        "tables",
        "archive",
        "queues",
        "poison queues",
        "clock",
        "secrets",
        BOX,
        OUT,
        "subscriber nordlys/ledger",
    ]
    findings = [finding for group in found.values() for finding in group]
    assert [finding for finding in findings if finding.state is State.RED] == []
    assert one(found, "identity for Graph").found.startswith("a token without application roles")
    assert one(found, OUT).found == "it was refused (403)"
    assert one(found, "tables").found == f"{len(TableName)} tables can be read; a row was written, read and deleted"
    for finding in findings:
        assert bool(finding.remedy) is (finding.state is not State.GREEN), finding


async def test_what_development_does_is_yellow(examine: Examine) -> None:
    found = await examine()
    yellow = {name for name, group in found.items() if worst(group) is State.YELLOW}
    assert yellow == {"settings", "identity for storage", "secrets", BOX}
    assert "not there yet: Imported, Follow up" in one(found, BOX).found


async def test_folders_that_are_there(examine: Examine, emulator: EmulatorThread) -> None:
    for name in ("Imported", "Follow up"):
        emulator.control.create_folder(MAILBOX, f"inbox/{name}")
    emulator.control.deliver(MAILBOX, b"Subject: one\r\n\r\nText")
    finding = one(await examine(), BOX)
    assert (finding.state, finding.found) == (State.GREEN, "can be read; 1 mail in the inbox; folders found")


async def test_nothing_stays_behind(examine: Examine, world: World) -> None:
    seen: list[str] = []
    end = observe(lambda name, moment: seen.append(name) if moment is Moment.BEFORE else None)
    try:
        await examine()
    finally:
        end()

    assert sorted(seen) == [
        "blob.doctor.delete",
        "blob.doctor.probe",
        "secret.put",
        "table.doctor.delete",
        "table.doctor.probe",
    ]
    assert [path async for path in world.app.services.archive.paths("doctor/")] == []
    options = client_options(world.settings.data_storage)
    async with TableServiceClient.from_connection_string(storage(world), **options) as tables:
        table = tables.get_table_client(TableName.LOOKUP)
        rows = [row async for row in table.query_entities(f"PartitionKey eq '{PROBE_PARTITION}'")]
    assert rows == []


async def test_nothing_secret_is_told(world: World, emulator: EmulatorThread, owner_token: str) -> None:
    await world.configure(CONFIGURATION.replace("%SINK%/ledger", "%SINK%/ledger?token=hidden-in-the-url"))
    emulator.control.set_consent(["Mail.ReadWrite"])
    signing = await world.app.secrets.get("nordlys-subscriber-ledger")

    text = (await report(world.app, owner_token)).model_dump_json()

    key = storage(world).partition("AccountKey=")[2].partition(";")[0]
    assert key
    assert signing
    for secret in (key, signing, "hidden-in-the-url", "eyJ", emulator.msi_header):
        assert secret not in text


class TestMailboxOutOfScope:
    async def test_opened_by_a_role(self, examine: Examine, emulator: EmulatorThread) -> None:
        emulator.control.set_consent(["Mail.ReadWrite", "User.Read.All"])
        emulator.control.deliver(PROBE, b"Subject: private\r\n\r\nText")

        found = await examine()

        finding = one(found, OUT)
        assert finding.state is State.RED
        assert finding.found == (
            "it can be read: mails in its inbox: 1. "
            "The token carries Mail.ReadWrite, which opens every mailbox of the tenant."
        )
        token = one(found, "identity for Graph")
        assert token.state is State.YELLOW
        assert "Mail.ReadWrite, User.Read.All: Mail.ReadWrite opens every mailbox" in token.found

    async def test_opened_by_the_scope(self, examine: Examine, emulator: EmulatorThread) -> None:
        emulator.control.set_exchange_scope([MAILBOX, PROBE])
        finding = one(await examine(), OUT)
        assert finding.state is State.RED
        assert "the scope in Exchange holds this mailbox" in finding.found

    async def test_none_named(self, examine: Examine) -> None:
        finding = one(await examine(probe_mailbox=None), OUT)
        assert finding.state is State.YELLOW
        assert "POSTRUM_PROBE_MAILBOX" in finding.remedy

    async def test_one_that_is_configured(self, examine: Examine) -> None:
        assert one(await examine(probe_mailbox=MAILBOX.upper()), OUT).state is State.RED

    async def test_one_that_does_not_exist(self, examine: Examine, emulator: EmulatorThread) -> None:
        emulator.control.set_consent(["Mail.ReadWrite"])  # the emulator looks at rights before it plays faults
        emulator.control.add_faults(
            [{"match": {"mailbox": PROBE}, "times": -1, "status": 404, "code": "ErrorInvalidUser"}]
        )
        assert one(await examine(), OUT).state is State.YELLOW

    async def test_a_failure_of_graph_is_no_refusal(self, examine: Examine, emulator: EmulatorThread) -> None:
        emulator.control.set_consent(["Mail.ReadWrite"])
        emulator.control.add_faults([{"match": {"mailbox": PROBE}, "times": -1, "status": 503}])
        assert one(await examine(), OUT).state is State.RED

    async def test_a_role_that_opens_no_mailbox(self, examine: Examine, emulator: EmulatorThread) -> None:
        emulator.control.set_consent(["User.Read.All"])
        found = await examine()
        assert one(found, OUT).state is State.GREEN
        assert "which Postrum does not need" in one(found, "identity for Graph").found


async def test_token_refused(examine: Examine, emulator: EmulatorThread) -> None:
    emulator.control.fail_tokens(7000112, times=-1, client_id=emulator.addresses.client_id)
    try:
        found = await examine()
    finally:
        emulator.control.fail_tokens(0, times=0)

    for name in ("identity for Graph", BOX, OUT):
        finding = one(found, name)
        assert finding.state is State.RED
        assert "AADSTS7000112" in finding.found
        assert finding.remedy == "Enable it again under Properties of the enterprise application."
    assert one(found, "tables").state is State.GREEN


async def test_mailbox_that_cannot_be_read(examine: Examine, emulator: EmulatorThread) -> None:
    emulator.control.set_exchange_scope([])
    finding = one(await examine(), BOX)
    assert finding.state is State.RED
    assert "403 ErrorAccessDenied" in finding.found
    assert "Exchange scope" in finding.remedy


async def test_source_folder_that_is_missing(examine: Examine, world: World) -> None:
    await world.configure(CONFIGURATION.replace("imported: Imported", "source: In, imported: Imported"))
    finding = one(await examine(), BOX)
    assert (finding.state, finding.found) == (State.RED, "the folder 'In' was not found")


async def test_missing_table_queue_and_container(examine: Examine, world: World) -> None:
    options = client_options(world.settings.data_storage)
    async with effect("test"), TableServiceClient.from_connection_string(storage(world), **options) as tables:
        await tables.delete_table(TableName.SERIES)
    options = client_options(world.settings.data_storage)
    async with effect("test"), QueueServiceClient.from_connection_string(storage(world), **options) as queues:
        await queues.delete_queue(Queue.DELIVER)
    options = client_options(world.settings.data_storage)
    async with effect("test"), BlobServiceClient.from_connection_string(storage(world), **options) as blobs:
        await blobs.delete_container(CONTAINERS[0])

    found = await examine()

    for name, missing in (("tables", "series"), ("queues", "deliver"), ("archive", "archive")):
        finding = one(found, name)
        assert (finding.state, finding.found) == (State.RED, f"missing: {missing}")
        assert finding.remedy


async def test_the_table_of_the_configuration_is_missing(examine: Examine, world: World) -> None:
    options = client_options(world.settings.data_storage)
    async with effect("test"), TableServiceClient.from_connection_string(storage(world), **options) as tables:
        await tables.delete_table(TableName.CONFIG)
    found = await examine()
    assert one(found, "configuration").state is State.RED
    assert one(found, "tables").found == "missing: config"
    assert one(found, OUT).state is State.GREEN


async def test_storage_that_does_not_answer(examine: Examine, world: World) -> None:
    nowhere = {"connection_string": None, "table_uri": "https://127.0.0.1:9", "blob_uri": "https://127.0.0.1:9"}
    away = world.settings.data_storage.model_copy(update=nowhere)
    found = await examine(data_storage=away)
    for name in ("configuration", "tables", "archive", "clock"):
        assert one(found, name).state is State.RED
    assert one(found, "queues").state is State.GREEN


async def test_poison_queue(examine: Examine, world: World) -> None:
    options = client_options(world.settings.host_storage)
    async with effect("test"), QueueServiceClient.from_connection_string(storage(world), **options) as queues:
        await queues.create_queue("act-poison")
        await queues.get_queue_client("act-poison").send_message("what nobody could work on")
    finding = one(await examine(), "poison queues")
    assert (finding.state, finding.found) == (State.YELLOW, "not empty: act-poison 1")


async def test_tasks_that_wait_are_counted(examine: Examine, world: World) -> None:
    await world.app.tick()
    assert one(await examine(), "queues").found == "tasks that wait: mailbox 1, imap 0, classify 0, act 0, deliver 0"


@pytest.mark.parametrize(("seconds", "state"), [(5, State.GREEN), (60, State.YELLOW), (-400, State.RED)])
async def test_clock(examine: Examine, world: World, seconds: float, state: State) -> None:
    world.clock.now += timedelta(seconds=seconds)
    finding = one(await examine(), "clock")
    assert finding.state is state
    if state is State.RED:
        assert "seconds behind the storage account" in finding.found


class TestSubscribers:
    async def test_a_private_address(self, examine: Examine) -> None:
        finding = one(await examine(allowed_networks=()), "subscriber nordlys/ledger")
        assert finding.state is State.RED
        assert "public internet" in finding.found
        assert "127.0.0.1" not in finding.found

    async def test_nobody_listens(self, examine: Examine, world: World) -> None:
        await world.configure(CONFIGURATION.replace("%SINK%/ledger", "http://127.0.0.1:1999/in"))
        finding = one(await examine(), "subscriber nordlys/ledger")
        assert (finding.state, finding.found) == (State.RED, "127.0.0.1:1999 took no connection")

    async def test_no_event_is_sent(self, examine: Examine, emulator: EmulatorThread) -> None:
        assert one(await examine(), "subscriber nordlys/ledger").state is State.GREEN
        assert emulator.control.sink("ledger") == []

    async def test_one_that_is_switched_off_is_left_alone(self, examine: Examine, world: World) -> None:
        await world.configure(CONFIGURATION.replace('/ledger"}', '/ledger", active: false}'))
        assert "subscriber nordlys/ledger" not in await examine()


class TestSecrets:
    async def test_a_subscriber_without_its_secret(self, examine: Examine, world: World) -> None:
        assert world.settings.secrets_file is not None
        world.settings.secrets_file.unlink()
        finding = one(await examine(), "secrets")
        assert (finding.state, finding.found) == (State.RED, "missing: nordlys-subscriber-ledger")

    async def test_no_place_for_them(self, examine: Examine) -> None:
        found = await examine(secrets_file=None)
        assert one(found, "secrets").state is State.RED
        assert State.RED in {finding.state for finding in found["settings"]}

    async def test_a_vault(
        self, examine: Examine, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with running_vault(tmp_path / "vault") as vault:
            monkeypatch.setattr("shared.app_core.managed_identity", lambda _: vault)
            vault.secrets["nordlys-subscriber-ledger"] = "whsec_x"
            trusted = tmp_path / "trusted.pem"
            known = [Path(vault.ca_file), Path(world.settings.ca_file or "")]
            trusted.write_text("".join(file.read_text("ascii") for file in known), "ascii")
            given = {"secrets_file": None, "key_vault_uri": vault.uri, "ca_file": str(trusted)}
            finding = one(await examine(**given), "secrets")
            assert (finding.state, finding.found) == (
                State.GREEN,
                "a secret was written and read; 1 subscriber with a signing key",
            )
            vault.fail = (403, {})
            finding = one(await examine(**given), "secrets")
            assert finding.state is State.RED
            assert "Key Vault Secrets Officer" in finding.remedy


async def test_nothing_is_configured(examine: Examine, world: World) -> None:
    assert world.app.services.companies is not None
    options = client_options(world.settings.data_storage)
    async with effect("test"), TableServiceClient.from_connection_string(storage(world), **options) as tables:
        await tables.get_table_client(TableName.CONFIG).delete_entity("index", "nordlys")
    finding = one(await examine(), "configuration")
    assert (finding.state, finding.found) == (State.RED, "no active mailbox is configured")


async def test_a_configuration_of_another_version(examine: Examine, monkeypatch: pytest.MonkeyPatch) -> None:
    async def unread(_: Configuration, company: str) -> None:
        Company.model_validate({"id": company, "colour": "red"})

    monkeypatch.setattr(Configuration, "company", unread)
    found = await examine()
    assert one(found, "configuration").state is State.RED
    assert one(found, "tables").state is State.GREEN


async def test_an_older_probe_in_the_archive_is_no_harm(examine: Examine, world: World) -> None:
    options = client_options(world.settings.data_storage)
    async with effect("test"), BlobServiceClient.from_connection_string(storage(world), **options) as blobs:
        await blobs.get_blob_client(CONTAINERS[0], PROBE_BLOB).upload_blob(b"left by a crash")
    assert one(await examine(), "archive").state is State.GREEN


async def test_no_identity_is_set(examine: Examine) -> None:
    found = await examine(identity_client_id=None)
    for name in ("identity for Graph", BOX, OUT):
        assert one(found, name).state is State.RED


async def test_the_report_is_json_that_the_command_reads(world: World, owner_token: str) -> None:
    found = await report(world.app, owner_token)
    assert json.loads(found.model_dump_json())["version"] == found.version
