"""What a client keeps for one event loop: connections, the SDK's adapter and builders. Loads the SDK: import late.

The SDK's default middleware is left out. Its retries repeat calls with an effect, its redirects would carry the token
elsewhere, and its telemetry and inspection handlers cost time on each request. Authentication, adapter and request
builders are the SDK's. HTTP/1.1, because a mailbox has few requests in flight, and a broken connection then ends one
of them only.
"""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import httpx
from kiota_authentication_azure.azure_identity_authentication_provider import AzureIdentityAuthenticationProvider
from kiota_http.observability_options import ObservabilityOptions
from msgraph.graph_request_adapter import GraphRequestAdapter
from msgraph.graph_service_client import GraphServiceClient

from shared.effect import require_effect
from shared.errors import PermanentError

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential

    from shared.sources.graph.client import Credential, Timing

READING = frozenset({"GET", "HEAD", "OPTIONS"})


class GuardedTransport(httpx.AsyncBaseTransport):
    """The last gate before the network: one host only, and no changing request outside `effect(...)`.

    Args:
        inner: what makes the request.
        base_url: the only scheme, host and port that requests go to.
    """

    def __init__(self, inner: httpx.AsyncBaseTransport, base_url: str) -> None:
        self._inner = inner
        url = httpx.URL(base_url)
        self._origin = (url.scheme, url.host, url.port)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Pass the request on, or refuse it."""
        url = request.url
        if (url.scheme, url.host, url.port) != self._origin:
            raise PermanentError("A request to another host than Graph was refused; the token does not leave.")
        if request.method not in READING:
            require_effect(f"{request.method} to Graph")
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        """End the connections."""
        await self._inner.aclose()


@dataclass(frozen=True)
class Session:
    """The parts that belong to one event loop."""

    http: httpx.AsyncClient
    adapter: Any
    provider: Any
    graph: Any


def open_session(
    credential: Credential, *, base_url: str, scopes: Sequence[str], ca_file: Path | None, timing: Timing
) -> Session:
    """Build the parts. Connects to nothing."""
    limits = httpx.Limits(max_connections=timing.connections, max_keepalive_connections=16, keepalive_expiry=15)
    trust = ssl.create_default_context(cafile=str(ca_file)) if ca_file else True
    transport = httpx.AsyncHTTPTransport(
        verify=trust, limits=limits, retries=0, http1=True, http2=False, trust_env=False
    )
    http = httpx.AsyncClient(
        transport=GuardedTransport(transport, base_url),
        timeout=httpx.Timeout(timing.read, connect=timing.connect, pool=timing.connect),
        follow_redirects=False,
        trust_env=False,
        headers={"User-Agent": "Postrum", "Accept-Encoding": "gzip"},
    )
    host = urlsplit(base_url).hostname or ""
    tokens = cast("AsyncTokenCredential", credential)  # of which only get_token is called
    provider = AzureIdentityAuthenticationProvider(tokens, scopes=list(scopes), allowed_hosts=[host])
    adapter = GraphRequestAdapter(provider, client=http)
    adapter.base_url = base_url  # without it, the adapter takes that of the client, with a slash too many
    adapter.observability_options = ObservabilityOptions(include_euii_attributes=False)
    return Session(http=http, adapter=adapter, provider=provider, graph=GraphServiceClient(request_adapter=adapter))
