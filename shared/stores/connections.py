"""How each mailbox is connected: one row per mailbox, changed only by whoever read it last, with the steps that led there."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from shared.errors import ConcurrentWrite
from shared.model.base import Model, stamp
from shared.model.connection import Connection, ConnectionState
from shared.stores.tables import Row, Table

STEPS: Final = 50
"""States that are remembered per mailbox; the oldest go first."""
_DUE: Final = "due"
_MAILBOX: Final = "mailbox|"
_AFTER_MAILBOX: Final = "mailbox}"


class Step(Model):
    """A state that a connection was in."""

    state: ConnectionState
    code: str = ""
    since: datetime
    by: str = ""
    """Who brought it there, where it was a person."""


@dataclass(frozen=True, slots=True)
class StoredConnection:
    """A connection with its steps, newest last, and the row it was read from."""

    connection: Connection
    history: tuple[Step, ...]
    row: Row


class Connections:
    """The rows of all connections.

    Beside them stands a small index of those that shall be checked again by themselves. It is written before the row and may
    name what is not due any more; `due` looks at the row itself.
    """

    def __init__(self, table: Table) -> None:
        self._table = table

    async def get(self, company: str, mailbox: str) -> StoredConnection | None:
        """The connection of a mailbox, or None where nothing was ever noted."""
        row = await self._table.get(_partition(company), _MAILBOX + mailbox)
        return None if row is None else _stored(row)

    async def save(self, stored: StoredConnection | None, connection: Connection, *, by: str = "") -> StoredConnection:
        """Note how it is connected now.

        Args:
            stored: what was read before; None where there was nothing.
            connection: as it is now.
            by: who did it, where it was a person.

        Raises:
            ConcurrentWrite: somebody else noted something meanwhile.
        """
        history = stored.history if stored else ()
        before = stored.connection if stored else None
        if before is None or (before.state, before.code) != (connection.state, connection.code):
            step = Step(state=connection.state, code=connection.code, since=connection.since, by=by)
            history = (*history, step)[-STEPS:]
        values = {
            "state": connection.state.value,
            "connection": connection.model_dump_json(),
            "history": json.dumps([step.model_dump(mode="json") for step in history]),
        }
        planned = before.next_check_at if before else None
        wanted = connection.next_check_at
        if wanted is not None and wanted != planned:
            await self._table.put("connection.plan", _DUE, _due_key(connection, wanted), {})
        partition, key = _partition(connection.company), _MAILBOX + connection.mailbox
        if stored is None:
            if not await self._table.insert("connection.new", partition, key, values):
                raise ConcurrentWrite("the connection was noted by somebody else meanwhile")
            row = await self._table.get(partition, key)
            if row is None:
                raise ConcurrentWrite("the connection was removed by somebody else meanwhile")
        else:
            row = await self._table.replace("connection.change", stored.row, values)
        if planned is not None and planned != wanted:
            await self._table.delete("connection.planned", _DUE, _due_key(connection, planned))
        return StoredConnection(connection, history, row)

    async def of(self, company: str) -> list[StoredConnection]:
        """All connections of a company."""
        rows = await self._table.query(
            "PartitionKey eq @p and RowKey ge @from and RowKey lt @to",
            {"p": _partition(company), "from": _MAILBOX, "to": _AFTER_MAILBOX},
        )
        return [_stored(row) for row in rows]

    async def every(self) -> list[Connection]:
        """All connections of all companies, without their steps."""
        rows = await self._table.query(
            "PartitionKey ge @a and PartitionKey lt @b and RowKey ge @from and RowKey lt @to",
            {"a": "company|", "b": "company}", "from": _MAILBOX, "to": _AFTER_MAILBOX},
            select=["connection"],
        )
        return [Connection.model_validate_json(row.text("connection")) for row in rows]

    async def due(self, now: datetime, *, limit: int = 100) -> list[Connection]:
        """Connections that shall be checked again by now, the longest waiting first; one request where there is none."""
        rows = await self._table.query(
            "PartitionKey eq @p and RowKey lt @now", {"p": _DUE, "now": f"{stamp(now)}~"}, limit=limit, select=["op"]
        )
        found: list[Connection] = []
        for row in rows:
            time, company, mailbox = row.key.split("|")
            stored = await self.get(company, mailbox)
            planned = stored.connection.next_check_at if stored else None
            if stored is None or planned is None or stamp(planned) != time:
                await self._table.delete("connection.planned", _DUE, row.key)
            else:
                found.append(stored.connection)
        return found

    async def remove(self, company: str, mailbox: str) -> None:
        """Forget a connection, because its mailbox was removed."""
        stored = await self.get(company, mailbox)
        if stored is None:
            return
        await self._table.delete("connection.remove", _partition(company), _MAILBOX + mailbox)
        planned = stored.connection.next_check_at
        if planned is not None:
            await self._table.delete("connection.planned", _DUE, _due_key(stored.connection, planned))


def _partition(company: str) -> str:
    return f"company|{company}"


def _due_key(connection: Connection, planned: datetime) -> str:
    return f"{stamp(planned)}|{connection.company}|{connection.mailbox}"


def _stored(row: Row) -> StoredConnection:
    return StoredConnection(
        connection=Connection.model_validate_json(row.text("connection")),
        history=tuple(Step.model_validate(step) for step in json.loads(row.text("history") or "[]")),
        row=row,
    )
