"""The storage account behind a connection setting, and whether it answers."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from azure.core.exceptions import AzureError, HttpResponseError
from azure.storage.blob.aio import BlobServiceClient, ContainerClient
from azure.storage.queue.aio import QueueServiceClient

from local.host.errors import STORAGE_UNREACHABLE, HostError

# The account that every storage emulator ships with; its key is printed in Microsoft's documentation.
_EMULATOR_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
_EMULATOR = (
    f"DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey={_EMULATOR_KEY};"
    "BlobEndpoint=http://127.0.0.1:10000/devstoreaccount1;QueueEndpoint=http://127.0.0.1:10001/devstoreaccount1;"
    "TableEndpoint=http://127.0.0.1:10002/devstoreaccount1;"
)
_PATIENCE_SECONDS = 3


def connection_string(name: str, settings: Mapping[str, str]) -> str:
    """The connection string that a binding's `connection` names."""
    found = settings.get(name) or settings.get(f"AzureWebJobs{name}")
    if not found:
        raise HostError(
            f"The setting {name} is missing: give a storage connection string, such as UseDevelopmentStorage=true."
        )
    return _EMULATOR if found.strip().rstrip(";").lower() == "usedevelopmentstorage=true" else found


def error_code(error: HttpResponseError) -> str:
    """The storage service's own name for what went wrong; the SDK attaches it without declaring it."""
    return str(getattr(error, "error_code", "") or "")


class Storage:
    """Clients of one storage account, opened once and closed together."""

    def __init__(self, setting: str, connection: str) -> None:
        self._setting = setting
        # the SDK's own repeats would hide an outage for minutes; the listeners ask again by themselves
        options: dict[str, Any] = {
            "connection_timeout": _PATIENCE_SECONDS,
            "retry_total": 2,
            "retry_connect": 0,
            "initial_backoff": 1,
            "increment_base": 1,
        }
        try:
            self.queues = QueueServiceClient.from_connection_string(connection, **options)
            self.blobs = BlobServiceClient.from_connection_string(connection, **options)
        except ValueError as error:
            raise HostError(f"The setting {setting} is not a storage connection string: {error}.") from None

    async def check(self) -> None:
        """Ask once whether the account answers; a HostError says what to do."""
        try:
            await self.queues.get_service_properties(
                timeout=_PATIENCE_SECONDS, retry_total=0, read_timeout=_PATIENCE_SECONDS
            )
        except HttpResponseError as error:
            raise HostError(
                f"The storage account of {self._setting} at {self.queues.url} refuses the request "
                f"({error.status_code} {error_code(error) or error.reason}); check the account's name and key.",
                STORAGE_UNREACHABLE,
            ) from None
        except AzureError:
            raise HostError(
                f"The storage account of {self._setting} does not answer at {self.queues.url}; "
                "start Azurite (`make run` does), or correct the setting.",
                STORAGE_UNREACHABLE,
            ) from None

    async def container(self, name: str) -> ContainerClient:
        """A container, made when it is missing."""
        client = self.blobs.get_container_client(name)
        if not await client.exists():
            with contextlib.suppress(HttpResponseError):  # another start was quicker
                await client.create_container()
        return client

    async def __aenter__(self) -> Self:
        """Open the connections."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        await self.queues.close()
        await self.blobs.close()
