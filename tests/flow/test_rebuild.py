"""`postrum rebuild`: the projections come out of the message partitions as they were; nothing is sent, nothing decided."""

from __future__ import annotations

from typing import Any

import pytest
from azure.data.tables.aio import TableServiceClient

from emulator.server import EmulatorThread
from shared.effect import Moment, observe
from shared.errors import PermanentError
from shared.model.task import ClassifyTask, Queue
from shared.stores.layout import TableName
from tests.flow.failing import fail
from tests.flow.mails import PDF, mail
from tests.flow.seeing import events, places, runs
from tests.flow.world import MAILBOX, World

PROJECTIONS = (TableName.OPEN, TableName.TIMELINE, TableName.LOOKUP)


def _tables(world: World) -> TableServiceClient:
    return TableServiceClient.from_connection_string(world.settings.data_storage.connection_string or "")


async def _rows(world: World, *tables: TableName) -> list[str]:
    found: list[str] = []
    async with _tables(world) as service:
        for table in tables:
            async for entity in service.get_table_client(table).list_entities():
                found.append(f"{table} {sorted((name, str(value)) for name, value in entity.items())}")
    return sorted(found)


async def _delete(world: World, *tables: TableName) -> int:
    deleted = 0
    async with _tables(world) as service:
        for table in tables:
            client = service.get_table_client(table)
            async for entity in client.list_entities():
                await client.delete_entity(entity["PartitionKey"], entity["RowKey"])
                deleted += 1
    return deleted


async def test_deleted_projections_come_back_as_they_were_and_nothing_else_happens(
    world: World, emulator: EmulatorThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    emulator.control.deliver(MAILBOX, mail("Invoice for relatienr 000123", number=1, pdf=PDF))
    emulator.control.deliver(MAILBOX, mail("Lunch", number=2))
    emulator.control.deliver(MAILBOX, mail("Lunch", number=2))  # the same again: a duplicate
    emulator.control.deliver(MAILBOX, mail("Purchase order", number=3))
    withdrawn = emulator.control.deliver(MAILBOX, mail("Withdrawn", number=4))["immutable_id"]
    fault = {"match": {"kind": "value", "message": withdrawn}, "status": 404, "code": "ErrorItemNotFound"}
    emulator.control.add_faults([fault])
    await world.until_rest()
    emulator.control.delete_message(MAILBOX, withdrawn, permanently=True)
    await world.until_rest()
    others = [table for table in TableName if table not in PROJECTIONS]
    before, rest, told = await _rows(world, *PROJECTIONS), await _rows(world, *others), len(events(emulator))
    assert await _delete(world, *PROJECTIONS) == len(before) > 12
    assert (await world.app.status()).messages == ()

    names: list[str] = []
    stop = observe(lambda name, moment: names.append(name) if moment is Moment.BEFORE else None)
    try:
        done = await world.app.rebuild()
    finally:
        stop()
    assert done.messages == 5
    assert {".".join(name.split(".")[:2]) for name in names} <= {"table.timeline", "table.lookup", "table.open"}
    assert await _rows(world, *PROJECTIONS) == before
    assert await _rows(world, *others) == rest
    await world.until_rest()
    assert len(events(emulator)) == told
    assert await _rows(world, *PROJECTIONS) == before

    # and over what is there it changes nothing
    await world.app.rebuild()
    assert await _rows(world, *PROJECTIONS) == before


@pytest.mark.pain("C2")
async def test_what_was_on_its_way_is_open_again_and_goes_on(
    world: World, emulator: EmulatorThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail(monkeypatch, "Broken", PermanentError("a reason"))
    subjects = ["Archived", "Acted", "Broken", "Never fetched"]
    for number, subject in enumerate(subjects, 1):
        emulator.control.deliver(MAILBOX, mail(subject, number=number, pdf=PDF + subject.encode()))
    ids = {message["subject"]: message["immutable_id"] for message in emulator.control.dump(MAILBOX)["messages"]}
    faults: list[dict[str, Any]] = [
        {"match": {"kind": "value", "message": ids["Never fetched"]}, "times": 1, "status": 503},
        {"match": {"kind": "move"}, "times": 2, "status": 503},
    ]
    emulator.control.add_faults(faults)
    await world.app.tick()
    await world.drain([Queue.MAILBOX])
    found = await runs(world)
    for body, delete in await world.take(Queue.CLASSIFY):
        if found["Archived"].message not in body:
            await world.app.advance(ClassifyTask.decode(body))
        await delete()
    await world.drain([Queue.MAILBOX])
    stages = {subject: run.stage.value for subject, run in (await runs(world)).items()}
    assert stages == {"Archived": "archived", "Acted": "acted", "Broken": "parked", "Never fetched": "found"}
    assert set(places(emulator).values()) == {""}

    await _delete(world, *PROJECTIONS)
    done = await world.app.rebuild()
    assert done.opened == 4
    await world.until_rest()
    assert places(emulator) == {
        "Archived": "Imported",
        "Acted": "Imported",
        "Broken": "Follow up",
        "Never fetched": "Imported",
    }
