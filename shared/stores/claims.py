"""Claims: uniqueness by insert. The value is the deterministic id, so winner and loser both know what to create if absent."""

from __future__ import annotations

from shared.stores.tables import Table

KEY = "claim"


class Claims:
    """Insert-only rows: who was first."""

    def __init__(self, table: Table) -> None:
        self._table = table

    async def claim(self, company: str, kind: str, key: str, holder: str, place: str = "") -> tuple[str, str]:
        """Claim a key.

        Args:
            company: whose key.
            kind: of thing, such as `cluster`.
            key: safe in a table key: a hash.
            holder: id that gets it when it is free.
            place: anything the holder wants later claimants to know.

        Returns:
            Holder and place of whoever was first.
        """
        partition = f"{company}|{kind}|{key}"
        if await self._table.insert(f"claim.{kind}", partition, KEY, {"holder": holder, "place": place}):
            return holder, place
        row = await self._table.get(partition, KEY)
        return (holder, place) if row is None else (row.text("holder"), row.text("place"))
