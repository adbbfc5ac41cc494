"""Names of everything that is stored. Bicep creates these in Azure; `create_all` creates them for development and tests."""

from __future__ import annotations

from enum import StrEnum

from azure.core.exceptions import AzureError, ResourceExistsError
from azure.data.tables.aio import TableServiceClient
from azure.storage.blob.aio import BlobServiceClient
from azure.storage.queue.aio import QueueServiceClient

from shared.effect import effect
from shared.model.task import Queue
from shared.stores.archive import CONTAINER
from shared.stores.connection import StorageConnection, client_options, translated


class TableName(StrEnum):
    """Tables of the data account."""

    ALERTS = "alerts"
    CLAIMS = "claims"
    CONFIG = "config"
    CONNECTIONS = "connections"
    DELIVERIES = "deliveries"
    DOCUMENTS = "documents"
    DUE = "due"
    LANES = "lanes"
    LOOKUP = "lookup"
    MEMBERS = "members"
    MESSAGES = "messages"
    OPEN = "open"
    PARKED = "parked"
    SERIES = "series"
    SESSIONS = "sessions"
    TIMELINE = "timeline"


CONTAINERS = (CONTAINER,)
QUEUES = tuple(Queue)


async def create_all(data: StorageConnection, host: StorageConnection) -> None:
    """Create what is missing; needs connection strings.

    Raises:
        NetworkFailure: the storage does not answer.
    """
    try:
        async with effect("storage.create"):
            async with TableServiceClient.from_connection_string(
                data.connection_string or "", **client_options(data)
            ) as tables:
                for table in TableName:
                    await tables.create_table_if_not_exists(table)
            async with BlobServiceClient.from_connection_string(
                data.connection_string or "", **client_options(data)
            ) as blobs:
                for container in CONTAINERS:
                    try:
                        await blobs.create_container(container)
                    except ResourceExistsError:
                        continue
            async with QueueServiceClient.from_connection_string(
                host.connection_string or "", **client_options(host)
            ) as queues:
                for queue in QUEUES:
                    try:
                        await queues.create_queue(queue)
                    except ResourceExistsError:
                        continue
    except AzureError as error:
        raise translated(error, "create tables, queues and containers") from None
