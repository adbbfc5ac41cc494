"""An aiohttp connector that can only reach judged addresses.

Two places judge, and both are public interfaces of aiohttp: the resolver refuses a name when any of its addresses is
refused, and the socket factory looks once more at the address that is about to be connected. aiohttp does not ask the
resolver about literal addresses, so the socket factory is what stops those. Host header and TLS server name stay
those of the URL.

Sources: https://docs.aiohttp.org/en/stable/client_advanced.html#custom-socket-creation and `aiohttp/connector.py`
(`_resolve_host`, `_create_direct_connection`).
"""

from __future__ import annotations

import socket
import ssl as tls
from ipaddress import ip_address

from aiohttp import AddrInfoType, TCPConnector
from aiohttp.abc import AbstractResolver, ResolveResult

from shared.net.guard import AddressRefused, Network, Refusal, check_address
from shared.net.resolve import Lookup, resolve, system_lookup


class GuardedResolver(AbstractResolver):
    """Resolves names and refuses what may not be called."""

    def __init__(
        self, *, allowed: tuple[Network, ...] = (), own_hosts: tuple[str, ...] = (), lookup: Lookup = system_lookup
    ) -> None:
        self._allowed = allowed
        self._own_hosts = own_hosts
        self._lookup = lookup

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The judged addresses of `host`.

        Raises:
            AddressRefused: any of them may not be called.
            NetworkFailure: there are none.
        """
        addresses = await resolve(host, port, allowed=self._allowed, own_hosts=self._own_hosts, lookup=self._lookup)
        return [
            ResolveResult(
                hostname=host,
                host=str(address),
                port=port,
                family=socket.AF_INET if address.version == 4 else socket.AF_INET6,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
            for address in addresses
        ]

    async def close(self) -> None:
        """Nothing is held."""


def guarded_connector(
    *,
    allowed: tuple[Network, ...] = (),
    own_hosts: tuple[str, ...] = (),
    lookup: Lookup = system_lookup,
    ssl: tls.SSLContext | None = None,
    limit: int = 64,
) -> TCPConnector:
    """A connector for one `aiohttp.ClientSession`; must be made while an event loop runs.

    Args:
        allowed: networks that the deployment opens; empty in production.
        own_hosts: names that this deployment itself answers on.
        lookup: how names are resolved.
        ssl: trust store; None for the system's.
        limit: connections at the same time.
    """

    def judged_socket(info: AddrInfoType) -> socket.socket:
        family, kind, protocol, _, target = info
        try:
            address = ip_address(str(target[0]))
        except ValueError:
            raise AddressRefused(Refusal.MALFORMED) from None
        check_address(address, allowed)
        return socket.socket(family, kind, protocol)

    return TCPConnector(
        resolver=GuardedResolver(allowed=allowed, own_hosts=own_hosts, lookup=lookup),
        socket_factory=judged_socket,
        use_dns_cache=False,  # each connection is resolved and judged for itself
        ssl=ssl if ssl is not None else True,
        limit=limit,
    )
