"""The end state of a story, made comparable: everything that is stored and everything the outside saw, without times and random marks."""

from __future__ import annotations

import json
import re
from typing import Any

from azure.data.tables.aio import TableServiceClient

from emulator.server import EmulatorThread
from shared.stores.configuration import INDEX
from shared.stores.deliveries import HEALTH
from shared.stores.layout import TableName
from shared.stores.packing import unpack
from tests.flow.world import MAILBOX, World

_TIMES = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)?")
_PASSING = {"op", "until", "tries", "wanted", "wanted_at", "blocked_until", "epoch", "attempts", "received_at"}
_NOT_COMPARED = {TableName.LANES, TableName.CONNECTIONS}
"""The lane's row says how often it was held, and that of a connection when it last answered, which differs; that nothing is wanted or
held in a lane is asked before."""


async def stored_state(world: World) -> dict[str, Any]:
    """All rows and blobs."""
    rows: list[str] = []
    async with TableServiceClient.from_connection_string(world.host) as service:
        for table in TableName:
            if table in _NOT_COMPARED:
                continue
            async for entity in service.get_table_client(table).list_entities():
                if table == TableName.DELIVERIES and entity["RowKey"] == HEALTH:
                    continue  # counts what the subscriber answered, which a crash cuts off in the middle
                if table == TableName.CONFIG and entity["PartitionKey"] == INDEX:
                    entity.pop("revision", None)  # a hint, which comes after what it hints at: see `Companies`
                rows.append(f"{table} {entity['PartitionKey']} {entity['RowKey']} {_values(dict(entity))}")
    blobs: list[str] = []
    async for path in world.app.services.archive.paths():
        stored = await world.app.services.archive.stored(path)
        assert stored is not None
        blobs.append(f"{path} {stored.size} {stored.sha256}")
    return {"rows": sorted(rows), "blobs": sorted(blobs)}


def _values(entity: dict[str, Any]) -> str:
    values = {name: value for name, value in entity.items() if name not in ("PartitionKey", "RowKey", *_PASSING)}
    if "p0" in values:
        text = unpack(values)
        values = {
            "packed": _plain(json.loads(text)),
            **{name: value for name, value in values.items() if not re.fullmatch(r"p\d+", name)},
        }
    for name in ("data", "body"):
        if name in values:
            values[name] = _plain(json.loads(values[name]))
    if isinstance(values.get("data"), dict):
        values["data"].pop("revision", None)
    return _TIMES.sub("<time>", json.dumps(values, sort_keys=True, default=str))


def _plain(value: Any) -> Any:
    """Without what may differ after a crash: tries, and whether a mail had to be looked for."""
    if isinstance(value, dict):
        kept = {name: _plain(item) for name, item in value.items() if name not in _PASSING}
        if kept.get("placement") == "found_there":
            kept["placement"] = "moved"
        if "next_at" in kept:
            kept = {name: item for name, item in kept.items() if name in ("event_id", "sequence", "state")}
        return kept
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


def outside_state(emulator: EmulatorThread) -> dict[str, Any]:
    """The mailbox, and what the subscriber got."""
    dump = emulator.control.dump(MAILBOX)
    messages = [
        [
            message["subject"],
            message["folder"],
            message["is_read"],
            message["categories"],
            message["moves"],
            message["patches"],
        ]
        for message in dump["messages"]
    ]
    folders = sorted(folder["path"] for folder in dump["folders"])
    events: dict[str, str] = {}
    for record in emulator.control.sink("ledger"):
        identifier = next(value for name, value in record["headers"] if name == "webhook-id")
        text = _TIMES.sub("<time>", record["text"])
        assert events.setdefault(identifier, text) == text, f"two bodies under one webhook-id {identifier}"
    return {"messages": sorted(messages), "folders": folders, "events": events}
