"""The guard at connect time, with a scripted resolver and real servers."""

from __future__ import annotations

import socket
import ssl
from ipaddress import ip_address, ip_network

import aiohttp
import pytest
import trustme

from shared.errors import NetworkFailure
from shared.net.connector import guarded_connector
from shared.net.guard import AddressRefused, Network, Refusal
from shared.net.resolve import Lookup, resolve, system_lookup
from tests.net.servers import ScriptedNames, hook

LOOPBACK = (ip_network("127.0.0.0/8"),)
PUBLIC_STAND_IN = (ip_network("127.0.0.2/32"),)
"""In these tests 127.0.0.2 plays the public address and 127.0.0.1 the internal one: no packet leaves the machine."""


async def post(url: str, *, allowed: tuple[Network, ...], lookup: Lookup, tls: ssl.SSLContext | None = None) -> int:
    connector = guarded_connector(allowed=allowed, lookup=lookup, ssl=tls)
    async with aiohttp.ClientSession(connector=connector) as session, session.post(url) as response:
        return response.status


@pytest.mark.fault("F02")
async def test_a_name_that_is_rebound_is_refused_at_its_next_connection() -> None:
    names = ScriptedNames(["127.0.0.2"], ["127.0.0.1"])
    async with hook(host="127.0.0.2") as public, hook(port=public.port) as internal:
        url = public.url(host="rebound.example")
        assert await post(url, allowed=PUBLIC_STAND_IN, lookup=names) == 204
        with pytest.raises(AddressRefused):
            await post(url, allowed=PUBLIC_STAND_IN, lookup=names)
    assert (len(public.requests), len(internal.requests)) == (1, 0)


@pytest.mark.fault("F02")
async def test_a_name_is_resolved_once_for_a_connection_and_never_again() -> None:
    names = ScriptedNames(["127.0.0.2"], ["127.0.0.1"])
    async with hook(host="127.0.0.2") as public, hook(port=public.port) as internal:
        await post(public.url(host="rebound.example"), allowed=PUBLIC_STAND_IN, lookup=names)
    assert names.asked == ["rebound.example"]
    assert internal.requests == []


@pytest.mark.fault("F02")
@pytest.mark.parametrize(
    "answer",
    [
        ["127.0.0.2", "127.0.0.1"],
        ["127.0.0.1", "127.0.0.2"],
        ["127.0.0.2", "::1"],
        ["127.0.0.2", "::ffff:127.0.0.1"],
        ["127.0.0.2"] * 40 + ["10.0.0.1"],
        ["127.0.0.2", "fe80::1%1"],
    ],
)
async def test_one_bad_address_among_good_ones_refuses_all(answer: list[str]) -> None:
    async with hook(host="127.0.0.2") as public:
        with pytest.raises(AddressRefused):
            await post(public.url(host="mixed.example"), allowed=PUBLIC_STAND_IN, lookup=ScriptedNames(answer))
    assert public.requests == []


@pytest.mark.fault("F01")
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.0.0.1."])
async def test_literals_and_odd_spellings_are_judged_when_connecting(host: str) -> None:
    async with hook() as internal:
        with pytest.raises((AddressRefused, aiohttp.InvalidURL)):
            await post(internal.url(host=host), allowed=(), lookup=system_lookup)
    assert internal.requests == []


async def test_ipv6_literals_are_judged_too() -> None:
    for host in ("[::1]", "[::ffff:127.0.0.1]", "[fe80::1%251]"):
        with pytest.raises(AddressRefused):
            await post(f"http://{host}:9/", allowed=(), lookup=system_lookup)


async def test_the_socket_itself_is_judged_even_if_the_resolver_were_not() -> None:
    connector = guarded_connector()
    factory = connector._socket_factory
    assert factory is not None
    with pytest.raises(AddressRefused):
        factory((socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("10.0.0.1", 80)))
    await connector.close()


@pytest.mark.fault("F02")
async def test_host_header_and_server_name_stay_those_of_the_url() -> None:
    authority = trustme.CA()
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("hook.example").configure_cert(server)
    named: list[str | None] = []
    server.sni_callback = lambda _socket, name, _context: named.append(name)
    client = ssl.create_default_context()
    authority.configure_trust(client)
    async with hook(tls=server) as receiver:
        url = receiver.url(host="hook.example", scheme="https")
        assert await post(url, allowed=LOOPBACK, lookup=ScriptedNames(["127.0.0.1"]), tls=client) == 204
    assert named == ["hook.example"]
    assert receiver.requests[0].headers["host"] == f"hook.example:{receiver.port}"


async def test_names_without_an_answer_are_a_network_failure() -> None:
    answers: tuple[list[str] | Exception, ...] = (socket.gaierror(socket.EAI_NONAME, "no such name"), [])
    for answer in answers:
        with pytest.raises(NetworkFailure):
            await resolve("nowhere.example", 443, lookup=ScriptedNames(answer))


async def test_an_answer_that_is_no_address_is_refused() -> None:
    with pytest.raises(AddressRefused) as refused:
        await resolve("odd.example", 443, lookup=ScriptedNames(["not an address"]))
    assert refused.value.reason is Refusal.MALFORMED


async def test_names_that_cannot_be_encoded_are_refused() -> None:
    with pytest.raises(AddressRefused):
        await resolve("a..example", 443)
    with pytest.raises(AddressRefused):
        await resolve("a" * 64 + ".example", 443)


async def test_literals_are_not_looked_up() -> None:
    names = ScriptedNames(["8.8.8.8"])
    assert await resolve("0x7f.1", 443, allowed=LOOPBACK, lookup=names) == (ip_address("127.0.0.1"),)
    assert names.asked == []


async def test_the_deployment_itself_is_refused_by_name() -> None:
    names = ScriptedNames(["8.8.8.8"])
    with pytest.raises(AddressRefused):
        await resolve("rooms.scm.azurewebsites.net", 443, own_hosts=("rooms.azurewebsites.net",), lookup=names)
    assert names.asked == []
