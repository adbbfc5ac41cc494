"""Talking to a deployment over HTTP: which one, with whose token, and one request at a time.

The token is one of Entra for the deployment's own API: that of the Azure CLI (`az login`), or what POSTRUM_TOKEN holds.
"""

from __future__ import annotations

import argparse
import asyncio
import ipaddress
import json
import os
import ssl
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import aiohttp

from shared.errors import ServiceUnavailable
from shared.identity.command_line import command_line_token

TIMEOUT: Final = 30.0
"""Seconds for an answer; an app that was asleep needs some to wake."""
LARGEST: Final = 4 * 1024 * 1024
TOKEN: Final = "POSTRUM_TOKEN"  # noqa: S105 - the name of a variable
"""Environment variable that may hold an access token, for where there is no Azure CLI: a pipeline."""
WELL_KNOWN: Final = "/.well-known/postrum"


@dataclass(frozen=True, slots=True)
class Target:
    """Which deployment."""

    url: str
    ca_file: Path | None

    @property
    def secure(self) -> bool:
        """Whether it is called with TLS."""
        return self.url.startswith("https://")

    def trust(self) -> ssl.SSLContext:
        """Whose certificates are good."""
        return ssl.create_default_context(cafile=str(self.ca_file) if self.ca_file else None)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    text: str
    at: datetime | None
    """The server's `Date`."""
    location: str = ""
    """Where a redirect leads; it is not followed."""


class UnreachableError(Exception):
    """Nothing answers there; the text says why."""


def add_target(parser: argparse.ArgumentParser, *, required: bool) -> None:
    """Declare how a deployment is named."""
    parser.add_argument(
        "--url", required=required, metavar="URL", help="address of the app, as https://NAME.azurewebsites.net"
    )
    parser.add_argument(
        "--ca-file", type=Path, metavar="FILE", help="PEM file with an authority to trust beside the public ones"
    )


def session(target: Target, *, seconds: float = TIMEOUT) -> aiohttp.ClientSession:
    """Connections to the deployment."""
    connector = aiohttp.TCPConnector(ssl=target.trust() if target.secure else True)
    timeout = aiohttp.ClientTimeout(total=seconds)
    return aiohttp.ClientSession(connector=connector, timeout=timeout, trust_env=target.secure)


async def ask(
    http: aiohttp.ClientSession,
    target: Target,
    path: str,
    *,
    token: str = "",
    seconds: float = TIMEOUT,
    method: str = "GET",
    body: bytes | None = None,
) -> Answer:
    """One request. Redirects are not followed: the token goes to nobody else.

    Raises:
        UnreachableError: no answer came.
    """
    headers = {"authorization": f"Bearer {token}"} if token else {}
    try:
        async with (
            asyncio.timeout(seconds),
            http.request(method, f"{target.url}{path}", headers=headers, data=body, allow_redirects=False) as response,
        ):
            answer = await response.content.read(LARGEST)
            while len(answer) < LARGEST and (more := await response.content.read(LARGEST - len(answer))):
                answer += more
            return Answer(
                response.status,
                answer.decode("utf-8", "replace"),
                _date(response.headers.get("Date", "")),
                response.headers.get("Location", ""),
            )
    except TimeoutError:
        raise UnreachableError(f"{target.url} did not answer within {seconds:g} seconds.") from None
    except aiohttp.ClientConnectorCertificateError:
        raise UnreachableError(f"The certificate of {target.url} is not trusted, so no token was sent.") from None
    except (aiohttp.ClientError, OSError) as error:
        raise UnreachableError(f"Nothing answers at {target.url} ({type(error).__name__}).") from None


async def token_for(http: aiohttp.ClientSession, target: Target) -> str:
    """The token to show there.

    Raises:
        UnreachableError: no answer came.
        ServiceUnavailable: what answers there is no Postrum.
        SignInNeeded: nobody is signed in.
    """
    given = os.environ.get(TOKEN, "").strip()
    if given:
        return given
    answer = await ask(http, target, WELL_KNOWN)
    try:
        document = json.loads(answer.text)
        scope, tenant = str(document["scope"]), str(document["tenant_id"])
    except (ValueError, KeyError, TypeError):
        raise ServiceUnavailable(
            f"{target.url}{WELL_KNOWN} answered {answer.status}, which is not what Postrum answers",
            remedy="Check the address; a version before this one asked for a function key.",
        ) from None
    return await command_line_token(scope, tenant)


def target_of(arguments: argparse.Namespace) -> Target:
    """What the arguments name.

    Raises:
        ValueError: it cannot be used; the text says why.
    """
    try:
        parts = urlsplit(arguments.url)
        port = parts.port
    except ValueError:
        raise ValueError(f"{arguments.url!r} is not an address such as https://NAME.azurewebsites.net") from None
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.username or parts.path not in ("", "/"):
        raise ValueError("--url takes an address such as https://NAME.azurewebsites.net, without a path")
    if parts.scheme == "http" and not _loopback(parts.hostname):
        raise ValueError("--url must begin with https://: the token would go over the network for all to read")
    if arguments.ca_file and not arguments.ca_file.is_file():
        raise ValueError(f"--ca-file names {str(arguments.ca_file)!r}, which is no file")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return Target(f"{parts.scheme}://{host}{f':{port}' if port else ''}", arguments.ca_file)


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _date(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text)
    except ValueError:
        return None
