"""Is a URL fit to be saved as an address that Postrum calls? In plain words, all problems at once.

It is read with yarl, which is what aiohttp calls with, so that both see the same host. What a name resolves to is not
looked at here: that is judged each time it is called.
"""

from __future__ import annotations

import re
from typing import Final

from shared.net.guard import AddressRefused, Network, check_host, plain_host

LONGEST: Final = 2000
_NOT_IN_A_URL = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029\\<>\"`{}|^]")
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)\Z", re.ASCII)
_PRIVATE_NAMES: Final = ("internal", "local", "localdomain", "lan", "home.arpa", "home", "corp", "test", "invalid")
"""Endings that never lead to the public internet (RFC 6761, 6762, 8375, and ICANN's reservations)."""

_REFUSED: Final = "The URL must lead to an address that is reachable from the public internet."


def url_problems(
    url: str,
    *,
    allow_http: bool = False,
    allowed: tuple[Network, ...] = (),
    own_hosts: tuple[str, ...] = (),
) -> tuple[str, ...]:
    """What is wrong with `url`, one sentence each; empty when nothing is.

    Args:
        url: as a person typed it.
        allow_http: whether the deployment lets webhooks go unencrypted; for development.
        allowed: networks that the deployment opens.
        own_hosts: names that this deployment itself answers on.
    """
    if len(url) > LONGEST:
        return (f"The URL has {len(url)} characters; at most {LONGEST} are possible.",)
    if _NOT_IN_A_URL.search(url):
        return ("The URL holds a space, a line break, a backslash or another character that no URL may have.",)
    from yarl import URL  # 50 ms of imports that signing and the pure models do without

    try:
        parsed = URL(url)
        host = parsed.raw_host or ""
        port = parsed.port
    except ValueError:
        return ("This is not a URL such as https://example.com/postrum.",)
    if not host or parsed.scheme not in ("https", "http") or not url.lower().startswith(f"{parsed.scheme}://"):
        start = "https:// or http://" if allow_http else "https://"
        return (f"The URL must start with {start} and name a host, such as https://example.com/postrum.",)
    problems: list[str] = []
    if parsed.scheme == "http" and not allow_http:
        problems.append("The URL must start with https://: what is sent must be encrypted on the way.")
    if "@" in url.split("://", 1)[1].split("/", 1)[0].split("?", 1)[0]:
        problems.append("The URL must not hold a user name or a password; the signature proves who sent the message.")
    if "#" in url:
        problems.append("The URL must not have a part after #; it would never be sent.")
    if port is None or not (port == (443 if parsed.scheme == "https" else 80) or 1024 <= port <= 65535):
        problems.append("The port must be the usual one, or between 1024 and 65535.")
    problem = _host_problem(host, allowed, own_hosts)
    if problem:
        problems.append(problem)
    return tuple(problems)


def _host_problem(host: str, allowed: tuple[Network, ...], own_hosts: tuple[str, ...]) -> str:
    try:
        if check_host(host, allowed=allowed, own_hosts=own_hosts) is not None:
            return ""
    except AddressRefused:
        return _REFUSED
    name = plain_host(host)
    labels = name.split(".")
    if len(name) > 253 or not all(_LABEL.match(label) for label in labels):
        return "The host of the URL is not a possible name."
    private = len(labels) == 1 or any(name == ending or name.endswith(f".{ending}") for ending in _PRIVATE_NAMES)
    return _REFUSED if private and not allowed else ""
