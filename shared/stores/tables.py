"""One table: typed access with the house's rules for conditional writes.

Every conditional or insert-only write carries a random `op`. When the service answers 409 or 412, the row is read again: the same
`op` means that our own write was stored and answered late, so it counts as done.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from azure.core import MatchConditions
from azure.core.exceptions import (
    AzureError,
    HttpResponseError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
)
from azure.data.tables import TableTransactionError, UpdateMode
from azure.data.tables.aio import TableClient

from shared.effect import effect
from shared.errors import ConcurrentWrite
from shared.stores.connection import Credential, StorageConnection, client_options, endpoint, once_more, translated

if TYPE_CHECKING:
    from azure.data.tables import TableEntity

Value = str | int | float | bool | bytes | None
TRANSACTION_LIMIT = 100
"""Rows that one transaction can hold."""


@dataclass(frozen=True, slots=True)
class Row:
    """A stored row: its keys, its values, and the ETag it had when it was read."""

    partition: str
    key: str
    values: dict[str, Any]
    etag: str = ""

    def text(self, name: str, default: str = "") -> str:
        """A value as text; the default where it is missing."""
        value = self.values.get(name)
        return default if value is None else str(value)

    def number(self, name: str, default: int = 0) -> int:
        """A whole number; the default where it is missing."""
        value = self.values.get(name)
        return default if value is None else int(value)


@dataclass(frozen=True, slots=True)
class Write:
    """One row of a transaction: `insert` (must be new), `replace` (If-Match), `put` (whatever is there) or `delete`."""

    kind: Literal["insert", "replace", "put", "delete"]
    row: Row


class Table:
    """One table of the data account. Connects at the first call."""

    def __init__(self, connection: StorageConnection, credential: Credential, name: str) -> None:
        self._connection = connection
        self._credential = credential
        self.name = name
        self._client: TableClient | None = None

    async def get(self, partition: str, key: str) -> Row | None:
        """The row, or None."""
        try:
            return _row(await once_more(lambda: self._table().get_entity(partition, key)))
        except ResourceNotFoundError:
            return None
        except AzureError as error:
            raise translated(error, f"read from {self.name}") from None

    async def query(
        self,
        condition: str,
        parameters: dict[str, Any] | None = None,
        *,
        limit: int | None = None,
        select: Sequence[str] | None = None,
    ) -> list[Row]:
        """Rows that meet an OData condition with `@name` parameters, in key order.

        Args:
            condition: such as `PartitionKey eq @p and RowKey lt @k`.
            parameters: values for the names; never put into the condition by hand.
            limit: end after so many rows.
            select: names of the values that are needed; all where None.
        """
        rows: list[Row] = []
        async for row in self.stream(condition, parameters, select=select, page=min(limit or 1000, 1000)):
            rows.append(row)
            if limit is not None and len(rows) >= limit:
                break
        return rows

    async def stream(
        self,
        condition: str,
        parameters: dict[str, Any] | None = None,
        *,
        select: Sequence[str] | None = None,
        page: int = 1000,
    ) -> AsyncIterator[Row]:
        """As `query`, one row after the other."""
        names = ["PartitionKey", "RowKey", *select] if select else None
        try:
            found = self._table().query_entities(condition, parameters=parameters, select=names, results_per_page=page)
            async for entity in found:
                yield _row(entity)
        except AzureError as error:
            raise translated(error, f"read from {self.name}") from None

    async def insert(self, name: str, partition: str, key: str, values: Mapping[str, Value]) -> bool:
        """Write a row that must be new.

        Args:
            name: of the effect, below `table.`.
            partition: its partition.
            key: its key in the partition.
            values: everything else.

        Returns:
            True when the row is ours, False when one with this key was there before.
        """
        mark = secrets.token_hex(8)
        async with effect(f"table.{name}"):
            try:
                await self._table().create_entity(_entity(partition, key, {**values, "op": mark}))
            except ResourceExistsError:
                return await self._is_ours(partition, key, mark)
            except AzureError as error:
                raise translated(error, f"write to {self.name}") from None
        return True

    async def replace(self, name: str, row: Row, values: Mapping[str, Value]) -> Row:
        """Replace the values of a row that must not have changed since it was read.

        Raises:
            ConcurrentWrite: somebody else changed or deleted it.
        """
        mark = secrets.token_hex(8)
        async with effect(f"table.{name}"):
            try:
                answer = await self._table().update_entity(
                    _entity(row.partition, row.key, {**values, "op": mark}),
                    mode=UpdateMode.REPLACE,
                    etag=row.etag,
                    match_condition=MatchConditions.IfNotModified,
                )
                return Row(row.partition, row.key, {**values, "op": mark}, str(answer["etag"]))
            except (ResourceModifiedError, ResourceNotFoundError):
                current = await self.get(row.partition, row.key)
                if current is not None and current.values.get("op") == mark:
                    return current
                raise ConcurrentWrite(f"a row of {self.name} was changed meanwhile") from None
            except AzureError as error:
                raise translated(error, f"write to {self.name}") from None

    async def put(self, name: str, partition: str, key: str, values: Mapping[str, Value]) -> None:
        """Write a row whatever was there before: only for rows that every writer would write alike."""
        async with effect(f"table.{name}"):
            try:
                await self._table().upsert_entity(_entity(partition, key, values), mode=UpdateMode.REPLACE)
            except AzureError as error:
                raise translated(error, f"write to {self.name}") from None

    async def delete(self, name: str, partition: str, key: str) -> None:
        """Delete a row; a missing one is as good."""
        async with effect(f"table.{name}"):
            try:
                await self._table().delete_entity(partition, key)
            except ResourceNotFoundError:
                return
            except AzureError as error:
                raise translated(error, f"delete from {self.name}") from None

    async def transact(self, name: str, writes: Sequence[Write]) -> list[str]:
        """All writes or none, in one partition, at most 100.

        Returns:
            The new ETags, in order; empty texts where they are not known.

        Raises:
            ConcurrentWrite: a row that had to be new was there, or one had changed. Where the stored rows carry our mark, the
                transaction was ours, answered late, and counts as done.
        """
        if not writes:
            return []
        mark = secrets.token_hex(8)
        operations: list[Any] = []
        for write in writes:
            entity = _entity(write.row.partition, write.row.key, {**write.row.values, "op": mark})
            match write.kind:
                case "insert":
                    operations.append(("create", entity))
                case "replace":
                    conditions = {
                        "mode": UpdateMode.REPLACE,
                        "etag": write.row.etag,
                        "match_condition": MatchConditions.IfNotModified,
                    }
                    operations.append(("update", entity, conditions))
                case "put":
                    operations.append(("upsert", entity, {"mode": UpdateMode.REPLACE}))
                case "delete":
                    operations.append(("delete", {"PartitionKey": write.row.partition, "RowKey": write.row.key}))
        async with effect(f"table.{name}"):
            try:
                answers = await self._table().submit_transaction(operations)
                return [str(answer.get("etag") or "") for answer in answers]
            except (TableTransactionError, HttpResponseError) as error:
                await self._judge(error, writes, mark)
                return ["" for _ in writes]
            except AzureError as error:
                raise translated(error, f"write to {self.name}") from None

    async def aclose(self) -> None:
        """End connections."""
        if self._client is not None:
            await self._client.close()
            self._client = None

    async def _judge(self, error: HttpResponseError, writes: Sequence[Write], mark: str) -> None:
        if error.status_code not in (404, 409, 412):
            raise translated(error, f"write to {self.name}") from None
        kept = next((write.row for write in writes if write.kind != "delete"), None)
        if kept is not None and await self._is_ours(kept.partition, kept.key, mark):
            return
        raise ConcurrentWrite(f"rows of {self.name} were changed meanwhile") from None

    async def _is_ours(self, partition: str, key: str, mark: str) -> bool:
        current = await self.get(partition, key)
        return current is not None and current.values.get("op") == mark

    def _table(self) -> TableClient:
        if self._client is None:
            options = client_options(self._connection)
            if self._connection.connection_string:
                self._client = TableClient.from_connection_string(
                    self._connection.connection_string, self.name, **options
                )
            else:
                uri = endpoint(self._connection.table_uri, "table")
                self._client = TableClient(uri, self.name, credential=self._credential(), **options)
        return self._client


def _entity(partition: str, key: str, values: Mapping[str, Value]) -> dict[str, Any]:
    entity: dict[str, Any] = {"PartitionKey": partition, "RowKey": key}
    entity.update({name: value for name, value in values.items() if value is not None})
    return entity


def _row(entity: TableEntity) -> Row:
    values = {name: value for name, value in entity.items() if name not in ("PartitionKey", "RowKey")}
    return Row(entity["PartitionKey"], entity["RowKey"], values, str(entity.metadata.get("etag", "")))
