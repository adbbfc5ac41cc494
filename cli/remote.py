"""Talking to a deployment over HTTP: which one, with which key, and one request at a time."""

from __future__ import annotations

import argparse
import asyncio
import ipaddress
import ssl
import sys
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlsplit

import aiohttp

TIMEOUT: Final = 30.0
"""Seconds for an answer; an app that was asleep needs some to wake."""
LARGEST: Final = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Target:
    """Which deployment, and the key that opens it."""

    url: str
    key: str
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


class UnreachableError(Exception):
    """Nothing answers there; the text says why."""


def add_target(parser: argparse.ArgumentParser, *, required: bool) -> None:
    """Declare how a deployment is named, and the key that opens it."""
    parser.add_argument(
        "--url", required=required, metavar="URL", help="address of the app, as https://NAME.azurewebsites.net"
    )
    parser.add_argument(
        "--key",
        metavar="KEY",
        help="a function key of the app; - reads it from standard input (default: the code in the URL)",
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
    key: str,
    seconds: float = TIMEOUT,
    method: str = "GET",
    body: bytes | None = None,
) -> Answer:
    """One request. Redirects are not followed: the key goes to nobody else.

    Raises:
        UnreachableError: no answer came.
    """
    headers = {"x-functions-key": key} if key else {}
    try:
        async with (
            asyncio.timeout(seconds),
            http.request(method, f"{target.url}{path}", headers=headers, data=body, allow_redirects=False) as response,
        ):
            answer = await response.content.read(LARGEST)
            while len(answer) < LARGEST and (more := await response.content.read(LARGEST - len(answer))):
                answer += more
            return Answer(response.status, answer.decode("utf-8", "replace"), _date(response.headers.get("Date", "")))
    except TimeoutError:
        raise UnreachableError(f"{target.url} did not answer within {seconds:g} seconds.") from None
    except aiohttp.ClientConnectorCertificateError:
        raise UnreachableError(f"The certificate of {target.url} is not trusted, so the key was not sent.") from None
    except (aiohttp.ClientError, OSError) as error:
        raise UnreachableError(f"Nothing answers at {target.url} ({type(error).__name__}).") from None


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
        raise ValueError("--url must begin with https://: the key would go over the network for all to read")
    key = arguments.key if arguments.key is not None else "".join(parse_qs(parts.query).get("code", [])[:1])
    if key == "-":
        key = sys.stdin.readline().strip()
    if not key or not key.isascii() or not key.isprintable():
        raise ValueError("--key is missing: take a function key of the app (docs/operations.md says where it is)")
    if arguments.ca_file and not arguments.ca_file.is_file():
        raise ValueError(f"--ca-file names {str(arguments.ca_file)!r}, which is no file")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return Target(f"{parts.scheme}://{host}{f':{port}' if port else ''}", key, arguments.ca_file)


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
