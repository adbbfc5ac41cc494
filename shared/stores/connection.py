"""How the storage accounts are reached, and the transport that lets no unnamed change through.

A connection is a connection string (development) or endpoints with a managed identity (Azure); the code above does not know
which. Nothing connects before the first call. Retries of the SDK are off: a stored write that is answered late would otherwise
be sent again behind our back, and the caller could not tell its own row from another's.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from azure.core.exceptions import AzureError, HttpResponseError, ServiceRequestError, ServiceResponseError
from azure.core.pipeline.transport import AioHttpTransport

from shared.effect import require_effect
from shared.errors import NetworkFailure, PermissionDenied, PostrumError, ServiceUnavailable, Throttled
from shared.model.base import Model

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential

READS = frozenset({"GET", "HEAD", "OPTIONS"})
CONNECT_SECONDS = 10
READ_SECONDS = 60


class StorageConnection(Model):
    """One storage account: either `connection_string`, or the endpoints that are used with a credential."""

    connection_string: str | None = None
    blob_uri: str | None = None
    queue_uri: str | None = None
    table_uri: str | None = None
    ca_file: str | None = None
    """PEM file with further authorities to trust; None for the system's."""

    def __repr__(self) -> str:
        return "StorageConnection(...)"


class NamedEffectsTransport(AioHttpTransport):  # type: ignore[misc] # the SDK loads it late, so mypy sees no type
    """Refuses a changing request that is not inside `effect(...)`. One for all clients of an event loop: they share connections.

    The last client that is closed ends the connections. Proxies and netrc of the environment are left out: looking for them
    costs two hops to a thread for each request.
    """

    def __init__(self, ca_file: str | None) -> None:
        super().__init__(connection_timeout=CONNECT_SECONDS, read_timeout=READ_SECONDS, use_env_settings=False)
        # The base class would make a context for each request, and with it a connection for each.
        self._trust = ssl.create_default_context(cafile=ca_file) if ca_file else None
        self.clients = 0

    async def send(self, request: Any, **config: Any) -> Any:
        """Send the request; see the base class."""
        if request.method not in READS:
            require_effect(f"{request.method} to storage")
        if self._trust is not None:
            config |= {"connection_verify": True, "ssl": self._trust}
        return await super().send(request, **config)

    async def close(self) -> None:
        """One client less; without any, end the connections."""
        self.clients -= 1
        if self.clients <= 0:
            for shared in _transports.values():
                for ca_file in [known for known, transport in shared.items() if transport is self]:
                    del shared[ca_file]
            await super().close()


_transports: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str | None, NamedEffectsTransport]] = WeakKeyDictionary()
"""By event loop and by what is trusted beside the public authorities."""


def client_options(connection: StorageConnection) -> dict[str, Any]:
    """Keyword arguments for one SDK client, which has to be closed. Call it inside the event loop that will use the client."""
    shared = _transports.setdefault(asyncio.get_running_loop(), {})
    transport = shared.get(connection.ca_file)
    if transport is None:
        transport = shared[connection.ca_file] = NamedEffectsTransport(connection.ca_file)
    transport.clients += 1
    return {"transport": transport, "retry_total": 0, "logging_enable": False}


def endpoint(uri: str | None, service: str) -> str:
    """The endpoint, or a clear error where the settings do not give one.

    Raises:
        ServiceUnavailable: neither a connection string nor this endpoint is configured.
    """
    if not uri:
        raise ServiceUnavailable(f"no endpoint for the {service} service is configured", remedy="See docs/settings.md.")
    return uri


async def once_more[T](call: Callable[[], Awaitable[T]]) -> T:
    """Make a reading call; after a passing failure make it a second time, at once."""
    try:
        return await call()
    except (ServiceRequestError, ServiceResponseError):
        return await call()
    except HttpResponseError as error:
        if (error.status_code or 0) < 500:
            raise
        return await call()


STORAGE = "storage"
"""Entry of the catalogue of errors for our own storage."""


def translated(error: AzureError, doing: str) -> PostrumError:
    """The product's error for an SDK error; its `cause` says that it is our own storage, and not a mailbox.

    Args:
        error: from azure-core.
        doing: what was tried, for the text: `read the lane`.
    """
    return _translated(error, doing).because(STORAGE)


def _translated(error: AzureError, doing: str) -> PostrumError:
    if isinstance(error, HttpResponseError):
        status = error.status_code or 0
        wait = _retry_after(error)
        if status == 429 or (status == 503 and wait is not None):
            return Throttled(f"the storage account is busy: could not {doing}", retry_after=wait)
        if status in (401, 403):
            return PermissionDenied(
                f"the storage account refused to {doing} ({getattr(error, 'error_code', None) or status})",
                remedy="Check the role assignments of the managed identity; docs/settings.md lists them.",
            )
        return ServiceUnavailable(f"the storage account could not {doing} (status {status})")
    return NetworkFailure(f"no answer from the storage account: could not {doing}")


def _retry_after(error: HttpResponseError) -> float | None:
    headers = getattr(error.response, "headers", None) or {}
    value = str(headers.get("Retry-After", ""))
    return float(value) if value.isdigit() else None


Credential = Callable[[], "AsyncTokenCredential"]
"""Makes the credential when it is first needed; not called where a connection string is used."""
