"""From a name to addresses that were judged: resolved once, and one bad answer refuses all.

Whoever connects uses the addresses from here and never the name again; a name that is public when it is looked at and
private when it is called (DNS rebinding) gains nothing. A mixed answer is refused whole, because which of the
addresses is called would be the attacker's choice.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import ip_address

from shared.errors import NetworkFailure
from shared.net.guard import Address, AddressRefused, Network, Refusal, check_address, check_host, plain_host

Lookup = Callable[[str, int], Awaitable[Sequence[str]]]
"""From a name and a port to addresses as text; raises OSError where there are none."""

MOST_ADDRESSES = 64
"""An answer with more addresses than this is cut; all that are kept are judged."""


async def system_lookup(host: str, port: int) -> Sequence[str]:
    """What the operating system's resolver says, in a thread."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


async def resolve(
    host: str,
    port: int,
    *,
    allowed: tuple[Network, ...] = (),
    own_hosts: tuple[str, ...] = (),
    lookup: Lookup = system_lookup,
) -> tuple[Address, ...]:
    """The addresses of `host`, each of them judged.

    Raises:
        AddressRefused: the host, or any address that it has, may not be called.
        NetworkFailure: there is no such name, or no answer.
    """
    spelled = check_host(host, allowed=allowed, own_hosts=own_hosts)
    if spelled is not None:
        return (spelled,)
    try:
        texts = await lookup(plain_host(host), port)
    except UnicodeError:  # a label that is empty, too long, or no internationalised name
        raise AddressRefused(Refusal.MALFORMED) from None
    except OSError:
        raise _unknown("The name of the other side could not be resolved.") from None
    if not texts:
        raise _unknown("The name of the other side has no address.")
    addresses: list[Address] = []
    for text in texts[:MOST_ADDRESSES]:
        try:
            address = ip_address(text)
        except ValueError:
            raise AddressRefused(Refusal.MALFORMED) from None
        check_address(address, allowed)
        addresses.append(address)
    return tuple(addresses)


def _unknown(message: str) -> NetworkFailure:
    failure = NetworkFailure(message)
    failure.cause = "network_dns"
    return failure
