"""Looking at storage itself, for the doctor: is everything there, can it be written, and what time does it have."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from azure.core import MatchConditions
from azure.core.exceptions import (
    AzureError,
    HttpResponseError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
)
from azure.data.tables.aio import TableClient
from azure.storage.blob.aio import ContainerClient
from azure.storage.queue.aio import QueueClient

from shared.effect import effect
from shared.errors import ServiceUnavailable
from shared.stores.connection import Credential, StorageConnection, client_options, endpoint, translated

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential

STORAGE_SCOPE = "https://storage.azure.com/.default"
PROBE_BLOB = "doctor/probe"
"""Beside the mails, which are below `m/`: nothing else looks at it."""
PROBE_PARTITION = "doctor"
_PROBE = b"postrum doctor"


@dataclass(frozen=True, slots=True)
class Probe:
    """What came of writing, reading and deleting: whether an older probe was in the way, and whether ours is gone again."""

    fresh: bool
    deleted: bool


async def storage_token(credential: AsyncTokenCredential) -> None:
    """Get a token for storage.

    Raises:
        ServiceUnavailable: there is none.
    """
    try:
        await credential.get_token(STORAGE_SCOPE)
    except AzureError as error:
        raise ServiceUnavailable(
            f"the managed identity gave no token for storage ({type(error).__name__})",
            remedy="Assign the identity to the function app and check AzureWebJobsStorage__clientId.",
        ) from None


async def count(connection: StorageConnection, credential: Credential, queue: str) -> int | None:
    """About how many messages a queue holds; None where there is no such queue."""
    try:
        async with _queue(connection, credential, queue) as client:
            return int((await client.get_queue_properties()).approximate_message_count or 0)
    except ResourceNotFoundError:
        return None
    except AzureError as error:
        raise translated(error, f"look at queue {queue}") from None


async def table_exists(connection: StorageConnection, credential: Credential, name: str) -> bool:
    """Whether the table is there and can be read."""
    try:
        async with _table(connection, credential, name) as client:
            pages = client.query_entities("PartitionKey eq ''", results_per_page=1).by_page()
            async for page in pages:
                async for _ in page:
                    break
                break
    except ResourceNotFoundError:
        return False
    except AzureError as error:
        raise translated(error, f"read from {name}") from None
    return True


async def container_exists(connection: StorageConnection, credential: Credential, name: str) -> bool:
    """Whether the container is there and can be seen."""
    try:
        async with _container(connection, credential, name) as client:
            await client.get_container_properties()
    except ResourceNotFoundError:
        return False
    except AzureError as error:
        raise translated(error, "look at the archive") from None
    return True


async def probe_table(connection: StorageConnection, credential: Credential, name: str, mark: str) -> bool:
    """Write a row that nobody looks at, read it, delete it; whether it came back as it was."""
    try:
        async with _table(connection, credential, name) as client:
            async with effect("table.doctor.probe"):
                await client.upsert_entity({"PartitionKey": PROBE_PARTITION, "RowKey": mark, "mark": mark})
            read = await client.get_entity(PROBE_PARTITION, mark)
            async with effect("table.doctor.delete"):
                await client.delete_entity(PROBE_PARTITION, mark)
            return bool(read.get("mark") == mark)
    except AzureError as error:
        raise translated(error, f"write to {name}") from None


async def probe_container(connection: StorageConnection, credential: Credential, name: str) -> Probe:
    """Write a blob that nobody looks at, read it, delete it. An immutability policy may keep it."""
    try:
        async with _container(connection, credential, name) as client:
            blob = client.get_blob_client(PROBE_BLOB)
            fresh = True
            try:
                async with effect("blob.doctor.probe"):
                    await blob.upload_blob(_PROBE, overwrite=False, match_condition=MatchConditions.IfMissing)
            except (ResourceExistsError, ResourceModifiedError):
                fresh = False
            await (await blob.download_blob()).readall()
            return Probe(fresh=fresh, deleted=await _deleted(blob))
    except AzureError as error:
        raise translated(error, "write to the archive") from None


async def service_time(connection: StorageConnection, credential: Credential, table: str) -> datetime | None:
    """The time as the table service tells it in an answer."""
    told: list[str] = []

    def look(response: Any) -> None:
        told.append(str(response.http_response.headers.get("Date", "")))

    try:
        async with _table(connection, credential, table) as client:
            await client.get_entity("doctor", "no such row", raw_response_hook=look)
    except HttpResponseError as error:
        if error.status_code != 404:
            raise translated(error, f"read from {table}") from None
        headers: Any = getattr(error.response, "headers", None) or {}
        told.append(str(headers.get("Date", "")))
    except AzureError as error:
        raise translated(error, f"read from {table}") from None
    for text in told:
        try:
            return parsedate_to_datetime(text)
        except ValueError:
            continue
    return None


async def _deleted(blob: Any) -> bool:
    try:
        async with effect("blob.doctor.delete"):
            await blob.delete_blob()
    except ResourceNotFoundError:
        return True  # another doctor was quicker
    except (ResourceExistsError, ResourceModifiedError):
        return False  # 409: the container is immutable
    return True


def _table(connection: StorageConnection, credential: Credential, name: str) -> TableClient:
    options = client_options(connection)
    if connection.connection_string:
        return TableClient.from_connection_string(connection.connection_string, name, **options)
    return TableClient(endpoint(connection.table_uri, "table"), name, credential=credential(), **options)


def _container(connection: StorageConnection, credential: Credential, name: str) -> ContainerClient:
    options = client_options(connection)
    if connection.connection_string:
        return ContainerClient.from_connection_string(connection.connection_string, name, **options)
    return ContainerClient(endpoint(connection.blob_uri, "blob"), name, credential=credential(), **options)


def _queue(connection: StorageConnection, credential: Credential, name: str) -> QueueClient:
    options = client_options(connection)
    if connection.connection_string:
        return QueueClient.from_connection_string(connection.connection_string, name, **options)
    return QueueClient(endpoint(connection.queue_uri, "queue"), name, credential=credential(), **options)
