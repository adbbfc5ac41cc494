"""The storage account behind a connection setting, and whether it answers."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from azure.core.exceptions import AzureError, HttpResponseError
from azure.storage.blob.aio import BlobServiceClient, ContainerClient
from azure.storage.queue.aio import QueueServiceClient

from local.host.errors import STORAGE_UNREACHABLE, HostError

if TYPE_CHECKING:
    from azure.identity.aio import ManagedIdentityCredential

# The account that every storage emulator ships with; its key is printed in Microsoft's documentation.
_EMULATOR_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
_EMULATOR = (
    f"DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey={_EMULATOR_KEY};"
    "BlobEndpoint=http://127.0.0.1:10000/devstoreaccount1;QueueEndpoint=http://127.0.0.1:10001/devstoreaccount1;"
    "TableEndpoint=http://127.0.0.1:10002/devstoreaccount1;"
)
_PATIENCE_SECONDS = 3
_SCOPE = "https://storage.azure.com/.default"


def connection_string(name: str, settings: Mapping[str, str]) -> str:
    """The connection string that a binding's `connection` names."""
    found = settings.get(name) or settings.get(f"AzureWebJobs{name}")
    if not found:
        raise HostError(
            f"The setting {name} is missing: give a storage connection string, such as UseDevelopmentStorage=true."
        )
    return _EMULATOR if found.strip().rstrip(";").lower() == "usedevelopmentstorage=true" else found


@dataclass(frozen=True)
class Endpoints:
    """An account that a managed identity opens.

    Attributes:
        queues: address of its queues.
        blobs: address of its blobs, where it is given.
        client_id: of a user-assigned identity.
    """

    queues: str
    blobs: str | None = None
    client_id: str | None = None


def connection(name: str, settings: Mapping[str, str]) -> str | Endpoints:
    """What a binding's `connection` names: a connection string, or endpoints with an identity.

    https://learn.microsoft.com/azure/azure-functions/functions-reference#connecting-to-host-storage-with-an-identity
    """
    if settings.get(name) or settings.get(f"AzureWebJobs{name}"):
        return connection_string(name, settings)
    for prefix in (name, f"AzureWebJobs{name}"):
        queues, blobs = (settings.get(f"{prefix}__{service}ServiceUri") for service in ("queue", "blob"))
        if not queues:
            continue
        for uri in (queues, blobs or queues):
            if not uri.startswith("https://"):
                raise HostError(f"{uri} of {prefix} is not an https address, and tokens are sent over nothing else.")
        if settings.get(f"{prefix}__credential", "managedidentity").lower() != "managedidentity":
            raise HostError(f"The development host opens {prefix} with a managed identity only: {prefix}__credential.")
        return Endpoints(queues, blobs or None, settings.get(f"{prefix}__clientId") or None)
    return connection_string(name, settings)


def error_code(error: HttpResponseError) -> str:
    """The storage service's own name for what went wrong; the SDK attaches it without declaring it."""
    return str(getattr(error, "error_code", "") or "")


class Storage:
    """Clients of one storage account, opened once and closed together.

    Args:
        setting: its name, for error texts.
        connection: a connection string, or endpoints.
        ca_file: a certificate authority to trust instead of the public ones.
    """

    def __init__(self, setting: str, connection: str | Endpoints, ca_file: Path | None = None) -> None:
        self._setting = setting
        self._credential: ManagedIdentityCredential | None = None
        self.blobs: BlobServiceClient | None = None
        # the SDK's own repeats would hide an outage for minutes; the listeners ask again by themselves
        options: dict[str, Any] = {
            "connection_timeout": _PATIENCE_SECONDS,
            "retry_total": 2,
            "retry_connect": 0,
            "initial_backoff": 1,
            "increment_base": 1,
        }
        if ca_file is not None:
            options["connection_verify"] = str(ca_file)
        if isinstance(connection, Endpoints):
            from azure.identity.aio import ManagedIdentityCredential

            self._credential = credential = ManagedIdentityCredential(client_id=connection.client_id, retry_total=1)
            self.queues = QueueServiceClient(connection.queues, credential, **options)
            if connection.blobs:
                self.blobs = BlobServiceClient(connection.blobs, credential, **options)
            return
        try:
            self.queues = QueueServiceClient.from_connection_string(connection, **options)
            self.blobs = BlobServiceClient.from_connection_string(connection, **options)
        except ValueError as error:
            raise HostError(f"The setting {setting} is not a storage connection string: {error}.") from None

    async def check(self) -> None:
        """Ask once whether the account answers; a HostError says what to do."""
        if self._credential is not None:
            try:
                await self._credential.get_token(_SCOPE)
            except AzureError as error:
                raise HostError(
                    f"The managed identity gives no token for {self._setting}; check IDENTITY_ENDPOINT, IDENTITY_HEADER "
                    f"and {self._setting}__clientId: {str(error)[:300]}",
                    STORAGE_UNREACHABLE,
                ) from None
        try:
            await self.queues.get_service_properties(
                timeout=_PATIENCE_SECONDS, retry_total=0, read_timeout=_PATIENCE_SECONDS
            )
        except HttpResponseError as error:
            raise HostError(
                f"The storage account of {self._setting} at {self.queues.url} refuses the request "
                f"({error.status_code} {error_code(error) or error.reason}); check the account's name and key, or the identity's roles.",
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
        if self.blobs is None:
            raise HostError(
                f"The setting {self._setting}__blobServiceUri is missing: the host keeps its keys in blobs."
            )
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
        if self.blobs is not None:
            await self.blobs.close()
        if self._credential is not None:
            await self._credential.close()
