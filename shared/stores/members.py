"""Who belongs to which companies, and who was seen at the door."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime

from shared.errors import ConcurrentWrite
from shared.model.base import Identifier, Model, stamp
from shared.model.person import Person, Role, known_roles
from shared.stores.tables import Row, Table

_KEY = "member"


class Member(Model):
    """One account with the companies that it may see."""

    tenant_id: str
    object_id: str
    name: str = ""
    user_name: str = ""
    roles: tuple[Role, ...] = ()
    """At the last sign-in; what counts is the token of each sign-in."""
    companies: tuple[Identifier, ...] = ()
    signed_in_at: datetime | None = None

    @property
    def key(self) -> str:
        """As `Person.key`."""
        return f"{self.tenant_id}|{self.object_id}"


class Members:
    """One row an account."""

    def __init__(self, table: Table) -> None:
        self._table = table

    async def get(self, key: str) -> Member | None:
        """An account, named by `Person.key`."""
        row = await self._table.get(_partition(key), _KEY)
        return None if row is None else _member(row)

    async def every(self, *, limit: int = 1000) -> list[Member]:
        """All accounts, by name."""
        rows = await self._table.query("RowKey eq @k", {"k": _KEY}, limit=limit)
        return sorted((_member(row) for row in rows), key=lambda member: (member.name.casefold(), member.object_id))

    async def companies(self, key: str) -> tuple[str, ...]:
        """Ids of the companies that an account may see."""
        member = await self.get(key)
        return () if member is None else member.companies

    async def signed_in(self, person: Person, now: datetime) -> None:
        """Note that somebody signed in, so that an Owner finds them in the list."""
        await self._change(
            person.tenant_id,
            person.object_id,
            {
                "name": person.name[:200],
                "user_name": person.user_name[:320],
                "roles": json.dumps([role.value for role in person.roles]),
                "signed_in_at": stamp(now),
            },
        )

    async def assign(self, tenant_id: str, object_id: str, companies: Sequence[str]) -> Member:
        """Say which companies an account may see: exactly these."""
        row = await self._change(tenant_id, object_id, {"companies": json.dumps(sorted(set(companies)))})
        return _member(row)

    async def _change(self, tenant_id: str, object_id: str, values: dict[str, str]) -> Row:
        partition = _partition(f"{tenant_id}|{object_id}")
        identity = {"tenant_id": tenant_id, "object_id": object_id}
        for _ in range(5):
            row = await self._table.get(partition, _KEY)
            if row is None:
                if await self._table.insert("member.add", partition, _KEY, identity | values):
                    return Row(partition, _KEY, identity | values)
                continue
            try:
                return await self._table.replace("member.change", row, row.values | values)
            except ConcurrentWrite:
                continue
        raise ConcurrentWrite("the list of people was changed meanwhile", remedy="Try again.")


def _partition(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def _member(row: Row) -> Member:
    signed_in = row.text("signed_in_at")
    return Member(
        tenant_id=row.text("tenant_id"),
        object_id=row.text("object_id"),
        name=row.text("name"),
        user_name=row.text("user_name"),
        roles=known_roles(json.loads(row.text("roles", "[]"))),
        companies=tuple(json.loads(row.text("companies", "[]"))),
        signed_in_at=datetime.fromisoformat(signed_in) if signed_in else None,
    )
