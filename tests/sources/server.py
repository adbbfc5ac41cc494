"""A server that gives one answer to everything, and what else the tests of Graph need to break things."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import trustme
from azure.core.credentials import AccessToken

from shared.sources.graph import GraphClient, GraphSource, Timing
from tests.sources.conftest import GraphProvider


def add(provider: GraphProvider, kind: str, **fault: Any) -> None:
    provider.control.add_faults([{"match": {"kind": kind}, **fault}])


class FakeCredential:
    """Gives a token to anybody who asks."""

    def __init__(self) -> None:
        self.claims: list[str | None] = []

    async def get_token(self, *scopes: str, claims: str | None = None, **_: Any) -> AccessToken:
        self.claims.append(claims)
        return AccessToken("a-token-that-must-not-travel", int(time.time()) + 3600)

    def forget(self) -> None:
        pass


@asynccontextmanager
async def raw_server(
    answer: bytes, directory: Path, *, abort: bool = False, credential: FakeCredential | None = None
) -> AsyncIterator[tuple[GraphSource, list[bytes]]]:
    """A source in front of a server that gives this answer to everything, and closes (or resets) the connection."""
    requests: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answer)
        await writer.drain()
        if abort:
            await asyncio.sleep(0.05)
            writer.transport.abort()
        writer.close()

    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(directory / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    client = GraphClient(
        credential or FakeCredential(),
        base_url=f"https://127.0.0.1:{port}/v1.0",
        ca_file=directory / "ca.pem",
        timing=Timing(call=5),
    )
    async with server:
        yield GraphSource(client, "invoice@company.example"), requests
        await client.aclose()
