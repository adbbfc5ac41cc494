"""Accounts that signed in for a company, so that its mailboxes are read with their rights.

A grant belongs to one company: the same account signs in for each. The row says whose it is and where its secret is; the
refresh token itself is in the secret store and nowhere else.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from datetime import datetime
from enum import StrEnum
from typing import Final

from shared.errors import ConcurrentWrite
from shared.model.base import Identifier, Model
from shared.stores.secret_store import SecretStore
from shared.stores.tables import Row, Table

_GRANT: Final = "grant|"
_ID: Final = re.compile(r"[a-z0-9-]{1,40}\Z")
_AFTER_GRANT: Final = "grant}"


class Provider(StrEnum):
    """Who signs the account in."""

    MICROSOFT = "microsoft"
    GOOGLE = "google"


class GrantState(StrEnum):
    """Whether the grant can be used."""

    PENDING = "pending"
    """Its secret is not stored yet: the process ended in between, or is at it."""
    ACTIVE = "active"
    ENDED = "ended"
    """The provider does not take its refresh token any more; the account has to sign in again."""


class Grant(Model):
    """An account that signed in for a company."""

    id: Identifier
    company: Identifier
    provider: Provider
    account: str
    """What it signs in with, usually an address. For people: names change, so it is not the identity."""
    name: str = ""
    tenant: str = ""
    """Entra tenant of the account; empty at Google."""
    oid: str
    """The provider's own id of the account: Entra's object id, Google's subject."""
    secret_name: str
    scopes: tuple[str, ...] = ()
    state: GrantState = GrantState.PENDING
    created_at: datetime
    created_by: str = ""
    last_refreshed: datetime | None = None
    """When the account signed in last."""


def grant_id(company: str, provider: Provider, tenant: str, oid: str) -> str:
    """The id of an account's grant: the same account signing in again for the same company renews the grant it has."""
    identity = f"{company}\0{provider.value}\0{tenant.casefold()}\0{oid}"
    return f"g-{hashlib.sha256(identity.encode()).hexdigest()[:30]}"


def new_secret_name(grant: str) -> str:
    """A name that no secret had before: a vault does not give a deleted one's name free at once."""
    return f"grant-{grant}-{secrets.token_hex(6)}"


class Grants:
    """The grants of all companies, with their secrets.

    Args:
        table: that of the connections.
        vault: where the refresh tokens are.
    """

    def __init__(self, table: Table, vault: SecretStore) -> None:
        self._table = table
        self._vault = vault

    async def get(self, company: str, grant: str) -> Grant | None:
        """The grant, or None; also for what can be no id, which may come from an address."""
        if not _ID.match(grant):
            return None
        row = await self._table.get(_partition(company), _GRANT + grant)
        return None if row is None else _grant(row)

    async def of(self, company: str) -> list[Grant]:
        """All grants of a company that can be used or renewed, in the order of their ids."""
        rows = await self._table.query(
            "PartitionKey eq @p and RowKey ge @from and RowKey lt @to",
            {"p": _partition(company), "from": _GRANT, "to": _AFTER_GRANT},
        )
        return [grant for grant in map(_grant, rows) if grant.state is not GrantState.PENDING]

    async def keep(self, wanted: Grant, refresh_token: str, now: datetime) -> Grant:
        """Keep what an account granted a moment ago: a new grant, or a renewed one.

        The row comes before the secret and is active only after it: whatever ends the process in between, no secret is left
        that nobody knows of, and no grant that cannot be used is offered.

        Args:
            wanted: as it shall be; `secret_name` and the time of its making are those of the known grant, where there is one.
            refresh_token: goes into the vault.
            now: the time.
        """
        partition, key = _partition(wanted.company), _GRANT + wanted.id
        row = await self._table.get(partition, key)
        if row is None:
            pending = wanted.model_copy(update={"state": GrantState.PENDING})
            await self._table.insert("grant.new", partition, key, _values(pending))
            row = await self._table.get(partition, key)
        if row is None:
            raise ConcurrentWrite("the grant was removed by somebody else meanwhile")
        known = _grant(row)
        active = wanted.model_copy(
            update={
                "secret_name": known.secret_name,
                "created_at": known.created_at,
                "created_by": known.created_by,
                "last_refreshed": now,
                "state": GrantState.ACTIVE,
            }
        )
        await self._vault.put(known.secret_name, refresh_token)
        await self._table.replace("grant.active", row, _values(active))
        return active

    async def ended(self, company: str, grant: str) -> None:
        """The provider does not take the grant any more. Somebody who renews it at the same moment wins."""
        row = await self._table.get(_partition(company), _GRANT + grant)
        if row is None or _grant(row).state is not GrantState.ACTIVE:
            return
        try:
            await self._table.replace(
                "grant.ended", row, _values(_grant(row).model_copy(update={"state": GrantState.ENDED}))
            )
        except ConcurrentWrite:
            return

    async def remove(self, company: str, grant: str) -> None:
        """Remove a grant: the secret first, for a row without a secret harms nobody. A missing one is as good."""
        known = await self.get(company, grant)
        if known is None:
            return
        await self._vault.delete(known.secret_name)
        await self._table.delete("grant.remove", _partition(company), _GRANT + grant)


def _partition(company: str) -> str:
    return f"company|{company}"


def _values(grant: Grant) -> dict[str, str | int | float | bool | bytes | None]:
    return {"grant": grant.model_dump_json()}


def _grant(row: Row) -> Grant:
    return Grant.model_validate_json(row.text("grant"))
