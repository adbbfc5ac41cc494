"""The partition of a message: its run, facts and decisions. The truth about a message is here; all else can be made again.

Rows: `run`; `evidence|g` (the mail as it was read, and what was known around it, compressed); `decision|g` (inserted once).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from shared.errors import NotFound
from shared.model.decision import Decision
from shared.model.evidence import Evidence
from shared.model.run import Run
from shared.stores.packing import pack, unpack
from shared.stores.tables import Row, Table, Write

RUN = "run"
EVIDENCE = "evidence"


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A run with the row it was read from."""

    run: Run
    row: Row


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """Everything that is stored of a message, as far as it exists."""

    stored: StoredRun
    decision: Decision | None
    evidence: str | None
    """JSON of the Evidence of the current generation, not yet read: most callers do not need it."""


def _decision_key(generation: int) -> str:
    return f"decision|{generation:05d}"


def _evidence_key(generation: int) -> str:
    return f"{EVIDENCE}|{generation:05d}"


class Messages:
    """All message partitions."""

    def __init__(self, table: Table) -> None:
        self._table = table

    async def run(self, message: str) -> StoredRun | None:
        """The run of a message, or None where it was never seen."""
        row = await self._table.get(message, RUN)
        return None if row is None else _stored(row)

    async def message(self, message: str) -> StoredMessage | None:
        """Run, decision and evidence of the current generation, read in one request."""
        rows = {row.key: row for row in await self._table.query("PartitionKey eq @p", {"p": message})}
        if RUN not in rows:
            return None
        stored = _stored(rows[RUN])
        decision = rows.get(_decision_key(stored.run.generation))
        evidence = rows.get(_evidence_key(stored.run.generation))
        return StoredMessage(
            stored,
            None if decision is None else Decision.model_validate_json(unpack(decision.values)),
            None if evidence is None else unpack(evidence.values),
        )

    async def insert(self, name: str, run: Run) -> bool:
        """Write the first row of a message; False when it was there before."""
        return await self._table.insert(f"run.{name}", run.message, RUN, _values(run))

    async def move_on(self, name: str, stored: StoredRun, run: Run) -> StoredRun:
        """Replace the run.

        Raises:
            ConcurrentWrite: somebody else moved it on meanwhile.
        """
        return StoredRun(run, await self._table.replace(f"run.{name}", stored.row, _values(run)))

    async def decide(self, stored: StoredRun, run: Run, evidence: Evidence, decision: Decision) -> StoredRun:
        """Freeze Evidence and Decision and move the run on, all or nothing. Returns the run as it is stored now.

        Raises:
            ConcurrentWrite: the generation is decided already, or the run moved on.
        """
        message = run.message
        etags = await self._table.transact(
            "run.decided",
            [
                Write(
                    "insert", Row(message, _decision_key(decision.generation), dict(pack(decision.model_dump_json())))
                ),
                Write("put", Row(message, _evidence_key(decision.generation), dict(pack(evidence.model_dump_json())))),
                Write("replace", Row(message, RUN, dict(_values(run)), stored.row.etag)),
            ],
        )
        if etags[-1]:
            return StoredRun(run, Row(message, RUN, dict(_values(run)), etags[-1]))
        fresh = await self.run(message)
        return fresh or stored

    async def evidence(self, message: str, generation: int) -> Evidence:
        """The frozen Evidence of a generation.

        Raises:
            NotFound: that generation was never decided.
        """
        row = await self._table.get(message, _evidence_key(generation))
        if row is None:
            raise NotFound(f"message {message} was not decided in generation {generation}")
        return Evidence.model_validate_json(unpack(row.values))

    async def every_run(self) -> AsyncIterator[Run]:
        """Every run there is: for rebuilding the projections."""
        async for row in self._table.stream("RowKey eq @k", {"k": RUN}):
            yield _stored(row).run


def _values(run: Run) -> dict[str, str | int | float | bool | bytes | None]:
    return {"stage": run.stage, "data": run.model_dump_json()}


def _stored(row: Row) -> StoredRun:
    return StoredRun(Run.model_validate_json(row.text("data")), row)
