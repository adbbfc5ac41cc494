"""Whether the sender's server handed the mail over through TLS: by our own provider's Received line, and no other.

Inside a provider every hop is encrypted, and what stands further down was written by whoever sent the mail: both say
nothing. One line counts: the one that our provider wrote when it took the mail from outside. Received lines are put on
top, so it is found by going down from the top for as long as our provider wrote.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Set as AbstractSet

from shared.mail.headers import Headers

__all__ = ["transport_tls"]

MOST_HOPS = 50
LONGEST = 4000
_EXCHANGE = ("outlook.com", "exchangelabs.com", "office365.com", "office365.us", "partner.outlook.cn")
_FRONT_DOORS = (".mail.protection.outlook.com", ".mail.protection.office365.us", ".mail.protection.partner.outlook.cn")
"""Where Exchange Online takes mail from the internet: whoever comes here is not of its own."""
_EXCHANGE_INSIDE = tuple(ipaddress.ip_network(f"2603:10{part}6::/32") for part in "9abcd")
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
    domains = [_domain(name) for name in trust if name != "exchange"]
    exchange = "exchange" in trust
    for raw in headers.all("received")[:MOST_HOPS]:
        line = raw[:LONGEST].decode("latin-1")
        by = _BY.search(line)
        if not by:
            if re.match(r"\s*by\b", line, re.I):
                continue
            return None
        server = by[1].lower().rstrip(".")
        ours = any(_under(server, domain) for domain in domains)
        of_exchange = exchange and any(_under(server, domain) for domain in _EXCHANGE)
        if not ours and not of_exchange:
            return None
        if _is_front_door(server) or not _is_inside(line[: by.start()], exchange=of_exchange):
            return _TLS.search(line, by.start()) is not None
    return None


def _domain(authserv_id: str) -> str:
    """The domain that a provider's servers share: `mx.example.com` gives `example.com`."""
    labels = authserv_id.lower().rstrip(".").split(".")
    return ".".join(labels[1:]) if len(labels) > 2 else ".".join(labels)


def _under(host: str, domain: str) -> bool:
    return host == domain or host.endswith("." + domain)


def _is_front_door(server: str) -> bool:
    return server.endswith(_FRONT_DOORS)


def _is_inside(origin: str, *, exchange: bool) -> bool:
    """Whether a hop came from the provider itself, by the address that it noted; names are what a client says it is."""
    found = _ADDRESS.findall(origin)
    if not found:
        return True  # no network hop: handed on within one machine
    try:
        address = ipaddress.ip_address(found[-1])
    except ValueError:
        return False
    if exchange and isinstance(address, ipaddress.IPv6Address) and any(address in net for net in _EXCHANGE_INSIDE):
        return True
    return address.is_private or address.is_loopback
