"""Whether the sender's server handed the mail over through TLS: by our own provider's Received line, and no other.

Inside a provider every hop is encrypted, and what stands further down was written by whoever sent the mail: both say
nothing. One line counts: the one that our provider wrote when it took the mail from outside. Received lines are put on
top, so it is found by going down from the top for as long as our provider wrote.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Set as AbstractSet

from shared.mail.authentication import organisation
from shared.mail.headers import Headers

__all__ = ["transport_tls"]

MOST_HOPS = 50
LONGEST = 4000
_EXCHANGE = ("outlook.com", "exchangelabs.com", "office365.com", "office365.us", "partner.outlook.cn")
_FRONT_DOORS = (".mail.protection.outlook.com", ".mail.protection.office365.us", ".mail.protection.partner.outlook.cn")
"""Where Exchange Online takes mail from the internet: whoever comes here is not of its own."""
_EXCHANGE_INSIDE = tuple(ipaddress.ip_network(f"2603:10{part}6::/32") for part in "9abcd")
_PRIVATE = tuple(
    ipaddress.ip_network(text)
    for text in (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "::1/128",
        "fc00::/7",
        "fe80::/10",
    )
)
_BY = re.compile(r"(?:^|\s)by\s+([\w.-]{1,255})", re.I)
_ADDRESS = re.compile(r"[\[(]\s*(?:IPv6:)?([0-9a-f:.]{3,45})(?:%\w+)?\s*[\])]", re.I)
_TLS = re.compile(
    r"\(version=TLS|\(using TLS|\bwith\s+(?:UTF8)?(?:E?SMTP|LMTP)S(?:A)?\b|\(TLS[v ]?1|\bversion=TLS|\bcipher=TLS_|\bwith\s+HTTPS\b",
    re.I,
)


def transport_tls(headers: Headers, trust: AbstractSet[str]) -> bool | None:
    """True or false as our provider noted it; None where no line of our provider tells.

    Args:
        headers: of the mail.
        trust: as for `authentication_of`: `exchange`, or names whose domain our provider's servers have.
    """
    domains = [organisation(name) or name for name in trust if name != "exchange"]
    exchange = "exchange" in trust
    for raw in headers.all("received")[:MOST_HOPS] if trust else []:
        line = raw[:LONGEST].decode("latin-1")
        by = _BY.search(line)
        server = by[1].lower().rstrip(".") if by else ""
        of_exchange = exchange and any(_under(server, domain) for domain in _EXCHANGE)
        if not by or not (of_exchange or any(_under(server, domain) for domain in domains)):
            return None
        origin = line[: by.start()].strip()
        if not origin and not server.endswith(_FRONT_DOORS):
            continue  # handed on within one machine
        addresses = _addresses(origin)
        if server.endswith(_FRONT_DOORS) or any(not _is_inside(one, exchange=of_exchange) for one in addresses):
            return _TLS.search(line, by.start()) is not None
        if not addresses:
            return None  # nobody noted from where it came
    return None


def _under(host: str, domain: str) -> bool:
    return host == domain or host.endswith("." + domain)


def _addresses(origin: str) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    """The addresses in a `from` clause. The server noted one of them; others are what the client called itself."""
    found: list[ipaddress.IPv4Address | ipaddress.IPv6Address] = []
    for text in _ADDRESS.findall(origin)[:10]:
        try:
            found.append(ipaddress.ip_address(text))
        except ValueError:
            continue
    return found


def _is_inside(address: ipaddress.IPv4Address | ipaddress.IPv6Address, *, exchange: bool) -> bool:
    """Whether a host with this address is the provider's own; names count for nothing."""
    networks = (*_PRIVATE, *_EXCHANGE_INSIDE) if exchange else _PRIVATE
    return any(address in network for network in networks)
