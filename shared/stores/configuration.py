"""Configuration as it is stored: one row a company, replaced as a whole, with every earlier revision kept beside it."""

from __future__ import annotations

from shared.errors import ConcurrentWrite
from shared.model.config import Company
from shared.stores.packing import pack, unpack
from shared.stores.tables import Row, Table, Write

INDEX = "index"
CURRENT = "company"


class Configuration:
    """The configuration of all companies."""

    def __init__(self, table: Table) -> None:
        self._table = table

    async def company(self, company: str) -> tuple[Company, int] | None:
        """A company with its revision, or None."""
        row = await self._table.get(company, CURRENT)
        return None if row is None else (Company.model_validate_json(unpack(row.values)), row.number("revision"))

    async def companies(self) -> list[str]:
        """Ids of all companies."""
        return list(await self.revisions())

    async def revisions(self) -> dict[str, int]:
        """Ids of all companies with the revision that was saved last; an older one where a crash kept the last out of the index."""
        rows = await self._table.query("PartitionKey eq @p", {"p": INDEX}, select=["revision"])
        return {row.key: row.number("revision") for row in rows}

    async def save(self, company: Company, *, expected: int) -> int:
        """Store a company whose revision is still the expected one (0: it is new). Returns the new revision.

        Raises:
            ConcurrentWrite: somebody else saved it meanwhile.
        """
        row = await self._table.get(company.id, CURRENT)
        found = 0 if row is None else row.number("revision")
        if found != expected:
            raise ConcurrentWrite(
                f"the configuration of {company.id} was changed meanwhile",
                remedy="Read it again and apply your change once more.",
            )
        packed = pack(company.model_dump_json(by_alias=True))
        revision = expected + 1
        if row is None:
            # Before the company: one that nobody finds would be worse than a name without a company.
            await self._table.put("config.index", INDEX, company.id, {})
        current = Row(company.id, CURRENT, {**packed, "revision": revision}, "" if row is None else row.etag)
        history = Row(company.id, f"revision|{revision:08d}", dict(packed))
        await self._table.transact(
            "config.save", [Write("insert" if row is None else "replace", current), Write("insert", history)]
        )
        await self._table.put("config.index", INDEX, company.id, {"revision": revision})
        return revision
