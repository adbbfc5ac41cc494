"""Plain connections go to judged addresses only, and say why they failed."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from ipaddress import ip_network

import pytest

from shared.errors import NetworkFailure
from shared.net.guard import AddressRefused
from shared.net.tcp import connect

LOOPBACK = (ip_network("127.0.0.0/8"),)


def says(*addresses: str):  # type: ignore[no-untyped-def]
    async def lookup(host: str, port: int) -> Sequence[str]:
        return addresses

    return lookup


async def test_each_address_of_a_name_is_tried_until_one_answers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        lookup = says("127.0.0.2", "127.0.0.1")
        made = await connect("mail.example", port, allowed=LOOPBACK, seconds=10, lookup=lookup)
        assert made.getpeername() == ("127.0.0.1", port)
        made.close()


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1"])
async def test_one_bad_address_refuses_the_name(address: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        lookup = says("93.184.216.34", address)
        with pytest.raises(AddressRefused):
            await connect("mail.example", server.getsockname()[1], seconds=10, lookup=lookup)
        with pytest.raises(BlockingIOError):
            server.accept()


async def test_causes_are_told_apart() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    async def failure(lookup) -> str:  # type: ignore[no-untyped-def]
        with pytest.raises(NetworkFailure) as caught:
            await connect("mail.example", port, allowed=LOOPBACK, seconds=0.2, lookup=lookup)
        return caught.value.cause

    async def never(host: str, port: int) -> Sequence[str]:
        await asyncio.Event().wait()
        return ()

    async def unknown(host: str, port: int) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    assert await failure(says("127.0.0.1")) == "network_refused"
    assert await failure(says()) == "network_dns"
    assert await failure(unknown) == "network_dns"
    assert await failure(never) == "network_timeout"
