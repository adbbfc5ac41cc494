"""What an exception says about the network, however deep a library has wrapped it."""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import trustme

from shared.remedies.recognise import network as network_cause


async def of_connecting(url: str, trust: ssl.SSLContext | None = None) -> str:
    async with httpx.AsyncClient(verify=trust or ssl.create_default_context(), trust_env=False) as client:
        with pytest.raises(httpx.HTTPError) as caught:
            await client.get(url)
    return network_cause(caught.value)


async def of_certificate(certificate: trustme.LeafCert, trust: ssl.SSLContext) -> str:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)

    async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context) as server:
        return await of_connecting(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/", trust)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def trust(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


async def test_certificates(authority: trustme.CA, trust: ssl.SSLContext) -> None:
    old = datetime.now(UTC) - timedelta(days=2)
    good = authority.issue_cert("127.0.0.1")
    assert await of_certificate(authority.issue_cert("127.0.0.1", not_after=old), trust) == "tls_expired"
    assert await of_certificate(authority.issue_cert("mail.example"), trust) == "tls_wrong_name"
    assert await of_certificate(good, ssl.create_default_context()) == "tls_unknown_authority"


async def test_a_server_that_signed_its_certificate_itself(tmp_path: Path) -> None:
    own = trustme.CA()
    (tmp_path / "own.pem").write_bytes(own.private_key_pem.bytes() + own.cert_pem.bytes())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "own.pem")

    async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context) as server:
        port = server.sockets[0].getsockname()[1]
        assert await of_connecting(f"https://127.0.0.1:{port}/") == "tls_self_signed"


async def test_no_tls_at_all_and_nobody_there() -> None:
    async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example ready\r\n")
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        assert await of_connecting(f"https://127.0.0.1:{port}/") in ("tls_not_spoken", "network_broken")
    assert await of_connecting(f"http://127.0.0.1:{port}/") == "network_refused"


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (socket.gaierror(socket.EAI_NONAME, "unknown"), "network_dns"),
        (ConnectionRefusedError(), "network_refused"),
        (OSError(errno.ENETUNREACH, "unreachable"), "network_unreachable"),
        (OSError(errno.EHOSTUNREACH, "unreachable"), "network_unreachable"),
        (TimeoutError(), "network_timeout"),
        (httpx.ConnectTimeout("late"), "network_timeout"),
        (ConnectionResetError(), "network_broken"),
        (ExceptionGroup("all", [ConnectionRefusedError(), TimeoutError()]), "network_refused"),
        (ssl.SSLError(1, "handshake"), "tls_failed"),
    ],
)
def test_what_lies_below_is_what_counts(error: Exception, cause: str) -> None:
    outer = OSError("all attempts failed")
    outer.__cause__ = error
    outermost = httpx.ConnectError("failed")
    outermost.__context__ = outer
    assert network_cause(error) == cause
    assert network_cause(outermost) == cause


def test_a_circle_of_causes_ends() -> None:
    first, second = OSError("one"), OSError("two")
    first.__cause__, second.__cause__ = second, first
    assert network_cause(first) == "network_broken"
