"""Which addresses may be called: pure classification, with the reason.

A URL that a customer typed is untrusted, and so is what its name resolves to. Only ordinary public unicast addresses
are accepted; everything that leads back into a network, a machine or a tunnel is refused, unless the deployment
allows it by name.

Forms that carry an IPv4 address inside an IPv6 one are refused whole, whatever they carry: which machine answers on
them is decided by routers that we do not know.

Sources: the IANA special-purpose registries (RFC 6890, https://www.iana.org/assignments/iana-ipv4-special-registry and
.../iana-ipv6-special-registry); RFC 6052 and 8215 (NAT64), 4380 (Teredo), 3056 (6to4), 5214 (ISATAP), 4291 (mapped and
compatible), 9637 (documentation); 168.63.129.16 is Azure's host agent
(https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16); numeric hosts as in the WHATWG URL
standard (https://url.spec.whatwg.org/#concept-ipv4-parser), which is also what libc accepts.
"""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from shared.errors import PermanentError

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


class Refusal(StrEnum):
    """Why an address or a host may not be called."""

    METADATA = "metadata"
    PLATFORM = "platform"
    UNSPECIFIED = "unspecified"
    LOOPBACK = "loopback"
    PRIVATE = "private"
    SHARED = "shared"
    LINK_LOCAL = "link_local"
    SITE_LOCAL = "site_local"
    MULTICAST = "multicast"
    BROADCAST = "broadcast"
    DOCUMENTATION = "documentation"
    BENCHMARK = "benchmark"
    PROTOCOL = "protocol"
    RESERVED = "reserved"
    MAPPED = "mapped"
    SIX_TO_FOUR = "six_to_four"
    NAT64 = "nat64"
    TEREDO = "teredo"
    ISATAP = "isatap"
    OWN = "own"
    MALFORMED = "malformed"


class AddressRefused(PermanentError):
    """The address may not be called. The text is the same for every reason: nobody can map a network with it."""

    code = "address_refused"

    def __init__(self, reason: Refusal) -> None:
        super().__init__(
            "The address leads to a network that may not be called from here.",
            remedy="Use an address that is reachable from the public internet.",
        )
        self.reason = reason


_NETWORKS: Final[tuple[tuple[Network, Refusal], ...]] = tuple(
    (ip_network(text), refusal)
    for text, refusal in (
        # IPv4. Single addresses come before the networks that hold them.
        ("168.63.129.16/32", Refusal.PLATFORM),
        ("169.254.169.254/32", Refusal.METADATA),  # Azure, AWS, Google, and most others
        ("169.254.170.2/32", Refusal.METADATA),  # AWS container credentials
        ("169.254.170.23/32", Refusal.METADATA),  # AWS pod identity
        ("100.100.100.200/32", Refusal.METADATA),  # Alibaba
        ("192.0.0.192/32", Refusal.METADATA),  # Oracle
        ("0.0.0.0/32", Refusal.UNSPECIFIED),
        ("0.0.0.0/8", Refusal.UNSPECIFIED),
        ("10.0.0.0/8", Refusal.PRIVATE),
        ("100.64.0.0/10", Refusal.SHARED),
        ("127.0.0.0/8", Refusal.LOOPBACK),
        ("169.254.0.0/16", Refusal.LINK_LOCAL),
        ("172.16.0.0/12", Refusal.PRIVATE),
        ("192.0.0.0/24", Refusal.PROTOCOL),
        ("192.0.2.0/24", Refusal.DOCUMENTATION),
        ("192.31.196.0/24", Refusal.PROTOCOL),  # AS112
        ("192.52.193.0/24", Refusal.PROTOCOL),  # AMT
        ("192.88.99.0/24", Refusal.SIX_TO_FOUR),  # relay anycast, deprecated by RFC 7526
        ("192.168.0.0/16", Refusal.PRIVATE),
        ("192.175.48.0/24", Refusal.PROTOCOL),  # AS112
        ("198.18.0.0/15", Refusal.BENCHMARK),
        ("198.51.100.0/24", Refusal.DOCUMENTATION),
        ("203.0.113.0/24", Refusal.DOCUMENTATION),
        ("224.0.0.0/4", Refusal.MULTICAST),
        ("255.255.255.255/32", Refusal.BROADCAST),
        ("240.0.0.0/4", Refusal.RESERVED),
        # IPv6.
        ("fd00:ec2::/32", Refusal.METADATA),  # AWS
        ("fd20:ce::/32", Refusal.METADATA),  # Google
        ("::/128", Refusal.UNSPECIFIED),
        ("::1/128", Refusal.LOOPBACK),
        ("::ffff:0:0/96", Refusal.MAPPED),
        ("::ffff:0:0:0/96", Refusal.MAPPED),  # SIIT, RFC 2765
        ("::/96", Refusal.MAPPED),  # IPv4-compatible, deprecated
        ("64:ff9b::/96", Refusal.NAT64),
        ("64:ff9b:1::/48", Refusal.NAT64),
        ("100::/64", Refusal.RESERVED),  # discard only
        ("2001::/32", Refusal.TEREDO),
        ("2001:2::/48", Refusal.BENCHMARK),
        ("2001:db8::/32", Refusal.DOCUMENTATION),
        ("2001::/23", Refusal.PROTOCOL),
        ("2002::/16", Refusal.SIX_TO_FOUR),
        ("2620:4f:8000::/48", Refusal.PROTOCOL),  # AS112
        ("3fff::/20", Refusal.DOCUMENTATION),
        ("5f00::/16", Refusal.RESERVED),  # segment routing
        ("fc00::/7", Refusal.PRIVATE),
        ("fe80::/10", Refusal.LINK_LOCAL),
        ("fec0::/10", Refusal.SITE_LOCAL),
        ("ff00::/8", Refusal.MULTICAST),
    )
)

_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")
"""The only part of IPv6 that is given out; all else is reserved (RFC 4291 §2.4)."""

_ISATAP: Final = (0x0000_5EFE, 0x0200_5EFE)
_LOOPBACK_NAME: Final = IPv4Address("127.0.0.1")
_NUMBER = re.compile(r"(?:0[xX][0-9a-fA-F]*|[0-9]+)\Z", re.ASCII)


def judge(address: Address, allowed: tuple[Network, ...] = ()) -> Refusal | None:
    """Why this address may not be called, or None when it may.

    Args:
        address: what a name resolved to, or a literal.
        allowed: networks that the deployment opens. An address is compared as it is written: allowing 127.0.0.0/8
            does not allow ::ffff:127.0.0.1, and allowing a NAT64 prefix allows everything behind that translator.
    """
    if isinstance(address, IPv6Address) and address.scope_id is not None:
        return Refusal.LINK_LOCAL  # a zone belongs to one machine's interface, whatever the address
    if any(address.version == network.version and address in network for network in allowed):
        return None
    for network, refusal in _NETWORKS:
        if address.version == network.version and address in network:
            return refusal
    if isinstance(address, IPv6Address):
        if address not in _GLOBAL_UNICAST:
            return Refusal.RESERVED
        if (int(address) >> 32) & 0xFFFF_FFFF in _ISATAP:
            return Refusal.ISATAP
    return None


def check_address(address: Address, allowed: tuple[Network, ...] = ()) -> None:
    """Let a good address pass.

    Raises:
        AddressRefused: it may not be called.
    """
    refusal = judge(address, allowed)
    if refusal is not None:
        raise AddressRefused(refusal)


def plain_host(host: str) -> str:
    """The host as one lower case name: full-width forms folded, ideographic dots made dots, a trailing dot dropped."""
    folded = unicodedata.normalize("NFKC", host).replace("\u3002", ".").lower()
    return folded.removeprefix("[").removesuffix("]").removesuffix(".")


def literal(host: str) -> Address | None:
    """The address that `host` spells, or None where it is a name.

    Reads what a resolver would read: `127.1`, `0x7f.1`, `2130706433`, `0177.0.0.1` all are 127.0.0.1.

    Raises:
        AddressRefused: it looks like a number and is no address, or it names a zone.
    """
    name = plain_host(host)
    if not name or "%" in name:
        raise AddressRefused(Refusal.MALFORMED)
    if ":" in name:
        try:
            return ip_address(name)
        except ValueError:
            raise AddressRefused(Refusal.MALFORMED) from None
    parts = name.split(".")
    if not _NUMBER.match(parts[-1]):
        return None
    return _numeric(parts)


def _numeric(parts: list[str]) -> IPv4Address:
    """One to four numbers, decimal, octal or hexadecimal, the last of which fills what is left of the 32 bits."""
    if len(parts) > 4 or not all(_NUMBER.match(part) and len(part) <= 40 for part in parts):
        raise AddressRefused(Refusal.MALFORMED)
    try:
        *heads, last = [_number(part) for part in parts]
    except ValueError:
        raise AddressRefused(Refusal.MALFORMED) from None
    if any(head > 255 for head in heads) or last >= 256 ** (4 - len(heads)):
        raise AddressRefused(Refusal.MALFORMED)
    return IPv4Address(sum(head << (24 - 8 * index) for index, head in enumerate(heads)) + last)


def _number(text: str) -> int:
    if text[:2] in ("0x", "0X"):
        return int(text[2:] or "0", 16)
    return int(text, 8) if len(text) > 1 and text[0] == "0" else int(text)


def check_host(host: str, *, allowed: tuple[Network, ...] = (), own_hosts: tuple[str, ...] = ()) -> Address | None:
    """Judge a host before any name is resolved.

    Args:
        host: as it stands in a URL or a setting.
        allowed: networks that the deployment opens.
        own_hosts: names that this deployment itself answers on; their SCM site is refused with them.

    Returns:
        The address that the host spells, or None where it is a name that has to be resolved and judged then.

    Raises:
        AddressRefused: it may not be called.
    """
    address = literal(host)
    if address is not None:
        check_address(address, allowed)
        return address
    name = plain_host(host)
    for own in own_hosts:
        first, _, rest = plain_host(own).partition(".")
        if name in (f"{first}.{rest}".removesuffix("."), f"{first}.scm.{rest}"):
            raise AddressRefused(Refusal.OWN)
    if name == "localhost" or name.endswith(".localhost"):  # RFC 6761 §6.3: always the machine itself
        check_address(_LOOPBACK_NAME, allowed)
    return None
