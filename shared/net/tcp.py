"""A plain TCP connection to a judged address, for protocols that are not HTTP (IMAP, SMTP).

The name is resolved once, every address is judged, and what is connected to is one of those addresses; TLS is begun by the
caller with the configured name (`shared/net/tls.py`).
"""

from __future__ import annotations

import asyncio
import socket

from shared.errors import NetworkFailure
from shared.net.guard import Address, Network
from shared.net.resolve import Lookup, resolve, system_lookup
from shared.remedies.recognise import network as network_cause


async def connect(
    host: str, port: int, *, allowed: tuple[Network, ...] = (), seconds: float, lookup: Lookup = system_lookup
) -> socket.socket:
    """A connected socket that does not block.

    Args:
        host: name or address.
        port: where.
        allowed: networks that the deployment opens.
        seconds: for everything: the name, and all of its addresses that are tried, one after the other.
        lookup: how names are resolved.

    Raises:
        AddressRefused: the host, or any address that it has, may not be called.
        NetworkFailure: there is no such name, or nobody answers; `cause` says which.
    """
    failure: OSError | None = None
    try:
        async with asyncio.timeout(seconds):
            for address in await resolve(host, port, allowed=allowed, lookup=lookup):
                try:
                    return await _open(address, port)
                except OSError as error:
                    if isinstance(error, TimeoutError):
                        raise
                    failure = error
    except TimeoutError as error:
        raise _failed("The mail server did not answer in time.", error) from None
    # `resolve` gives at least one address, so there is a failure here
    raise _failed("The mail server could not be reached.", failure or OSError()) from None


async def _open(address: Address, port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET if address.version == 4 else socket.AF_INET6, socket.SOCK_STREAM)
    try:
        made.setblocking(False)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await asyncio.get_running_loop().sock_connect(made, (str(address), port))
    except BaseException:
        made.close()
        raise
    return made


def _failed(message: str, error: OSError) -> NetworkFailure:
    failure = NetworkFailure(message, remedy="Check server and port, and that no firewall is in the way.")
    failure.cause = network_cause(error)
    return failure
