"""Webhooks: each subscriber's host resolves to addresses that may be called, and takes a connection. No event is sent."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from urllib.parse import urlsplit

from shared.doctor.model import Finding, green, red
from shared.net.guard import AddressRefused, Network
from shared.net.resolve import Lookup, resolve, system_lookup
from shared.net.url import url_problems

CONNECT_SECONDS = 10.0


async def subscriber(
    name: str,
    url: str,
    *,
    allowed: tuple[Network, ...],
    allow_http: bool,
    lookup: Lookup = system_lookup,
    trust: ssl.SSLContext | None = None,
) -> Sequence[Finding]:
    """Resolve, judge, connect, and end the connection.

    Args:
        name: of the finding.
        url: the subscriber's; of it only host and port are told, for the rest may hold a key.
        allowed: networks that the deployment opens.
        allow_http: whether unencrypted URLs may be called.
        lookup: how names are resolved.
        trust: certificates to trust; None for the system's.
    """
    problems = url_problems(url, allow_http=allow_http, allowed=allowed)
    if problems:
        return [red(name, text, "Correct the URL of the subscriber in the configuration.") for text in problems]
    parts = urlsplit(url)
    host, secure = parts.hostname or "", parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    place = f"{host}:{port}"
    try:
        addresses = await resolve(host, port, allowed=allowed, lookup=lookup)
    except AddressRefused as error:
        return [red(name, f"{place}: {error.message}", error.remedy)]
    context = (trust or ssl.create_default_context()) if secure else None
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            _, writer = await asyncio.open_connection(
                str(addresses[0]), port, ssl=context, server_hostname=host if secure else None
            )
            writer.close()
    except TimeoutError:
        return [
            red(name, f"{place} took no connection in time", "Ask the subscriber whether its firewall lets Azure in.")
        ]
    except ssl.SSLError as error:
        reason = error.reason or type(error).__name__
        return [
            red(
                name,
                f"{place} has no good certificate ({reason})",
                "Ask the subscriber for a certificate that is trusted.",
            )
        ]
    except OSError:
        return [red(name, f"{place} took no connection", "Ask the subscriber whether it is up and lets Azure in.")]
    return [green(name, f"{place} takes {'encrypted ' if secure else ''}connections")]
