"""`postrum doctor`: check a deployment from outside and from inside, as green, yellow and red lines with remedies."""

from __future__ import annotations

import argparse
import asyncio
import ipaddress
import json
import ssl
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlsplit

import aiohttp
from pydantic import ValidationError

from cli.product import reported
from cli.table import cut, padded, width
from shared.doctor.model import VERSION, Finding, Report, State, green, red, worst, yellow
from shared.doctor.outside import judge_certificate, judge_health, judge_refusal, judge_skew, judge_version

TIMEOUT: Final = 30.0
"""Seconds for an answer; an app that was asleep needs some to wake."""
REPORT_TIMEOUT: Final = 150.0
"""Seconds for the checks from inside."""
LARGEST: Final = 4 * 1024 * 1024
_COLOURS = {State.GREEN: "32", State.YELLOW: "33", State.RED: "31"}
_LINE = 110
_WRONG_USE = 2
_REPORT = "/api/v1/doctor"


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


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "--url", required=True, metavar="URL", help="address of the app, as https://NAME.azurewebsites.net"
    )
    parser.add_argument(
        "--key",
        metavar="KEY",
        help="a function key of the app; - reads it from standard input (default: the code in the URL)",
    )
    parser.add_argument(
        "--ca-file", type=Path, metavar="FILE", help="PEM file with an authority to trust beside the public ones"
    )
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Check. 0: nothing is red. 1: something is. 2: wrong use, or nothing answers."""
    try:
        target = _target(arguments)
    except ValueError as error:
        print(f"postrum: {error}", file=sys.stderr)
        return _WRONG_USE
    try:
        return reported(lambda: asyncio.run(_examined(target, as_json=arguments.json)))
    except UnreachableError as error:
        print(f"postrum: {error}", file=sys.stderr)
        return _WRONG_USE


async def _examined(target: Target, *, as_json: bool) -> int:
    findings = await examine(target)
    if as_json:
        print(json.dumps([finding.model_dump(mode="json") for finding in findings], indent=2, ensure_ascii=False))
    else:
        print("\n".join(lines(findings, colour=sys.stdout.isatty())))
    return 1 if worst(findings) is State.RED else 0


async def examine(target: Target) -> list[Finding]:
    """All findings, those from outside first.

    Raises:
        UnreachableError: nothing answers there.
    """
    timeout = aiohttp.ClientTimeout(total=REPORT_TIMEOUT)
    connector = aiohttp.TCPConnector(ssl=target.trust() if target.secure else True)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout, trust_env=target.secure) as http:
        health = await _ask(http, target, "/healthz", key=target.key)
        now = datetime.now(UTC)
        outside = [await _encryption(target), judge_health("health", health.status, health.text)]
        outside.append(judge_skew("clock of the app", now, health.at, "the app"))
        for path, key, name in (
            ("/", "", "no key"),
            (_REPORT, "", "no key"),
            (_REPORT, "not-a-key", "wrong key"),
        ):
            answer = await _ask(http, target, path, key=key)
            outside.append(judge_refusal(name, path, answer.status))
        if outside[1].state is State.RED:
            return outside
        return [*outside, *await _inside(http, target)]


def lines(findings: Sequence[Finding], *, colour: bool) -> list[str]:
    """The report for a person."""
    names = min(max((width(finding.name) for finding in findings), default=0), 40)
    shown: list[str] = []
    for finding in findings:
        state = padded(finding.state.value, 6)
        mark = f"\x1b[{_COLOURS[finding.state]}m{state}\x1b[0m" if colour else state
        shown.append(f"{mark}  {padded(cut(finding.name, names), names)}  {cut(finding.found, 500)}")
        if finding.remedy and finding.state is not State.GREEN:
            shown.append(f"{' ' * (names + 10)}→ {cut(finding.remedy, 300)}")
    counts = {state: sum(finding.state is state for finding in findings) for state in State}
    return [*shown, "", ", ".join(f"{count} {state.value}" for state, count in counts.items())]


async def _inside(http: aiohttp.ClientSession, target: Target) -> list[Finding]:
    """What the app finds about itself."""
    name = "checks from inside"
    answer = await _ask(http, target, _REPORT, key=target.key, seconds=REPORT_TIMEOUT)
    if answer.status != 200:
        text = f"the app gave {answer.status} to {_REPORT}"
        return [red(name, text, "Look at its log; a version before this one has no such address.")]
    try:
        report = Report.model_validate_json(answer.text)
    except ValidationError:
        return [
            red(
                name,
                "the app gave a report that cannot be read",
                f"Use the command of its version; this one is {VERSION}.",
            )
        ]
    return [judge_version("version", report.version), *report.findings]


async def _ask(http: aiohttp.ClientSession, target: Target, path: str, *, key: str, seconds: float = TIMEOUT) -> Answer:
    """One request. Redirects are not followed: the key goes to nobody else."""
    headers = {"x-functions-key": key} if key else {}
    try:
        async with (
            asyncio.timeout(seconds),
            http.get(f"{target.url}{path}", headers=headers, allow_redirects=False) as response,
        ):
            body = await response.content.read(LARGEST)
            while len(body) < LARGEST and (more := await response.content.read(LARGEST - len(body))):
                body += more
            return Answer(response.status, body.decode("utf-8", "replace"), _date(response.headers.get("Date", "")))
    except TimeoutError:
        raise UnreachableError(f"{target.url} did not answer within {seconds:g} seconds.") from None
    except aiohttp.ClientConnectorCertificateError:
        raise UnreachableError(f"The certificate of {target.url} is not trusted, so the key was not sent.") from None
    except (aiohttp.ClientError, OSError) as error:
        raise UnreachableError(f"Nothing answers at {target.url} ({type(error).__name__}).") from None


async def _encryption(target: Target) -> Finding:
    name = "encryption"
    parts = urlsplit(target.url)
    if not target.secure:
        return yellow(name, "none, and it is this machine", "Use https:// for everything but a try on this machine.")
    try:
        async with asyncio.timeout(TIMEOUT):
            _, writer = await asyncio.open_connection(parts.hostname, parts.port or 443, ssl=target.trust())
    except (TimeoutError, OSError):
        return green(name, "the certificate is trusted")  # it was a moment ago; through a proxy it cannot be looked at
    connection: ssl.SSLObject = writer.get_extra_info("ssl_object")
    certificate = connection.getpeercert() or {}
    ends = certificate.get("notAfter")
    moment = datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), UTC) if isinstance(ends, str) else None
    version = connection.version() or "TLS"
    writer.close()
    return judge_certificate(name, version, moment, datetime.now(UTC))


def _target(arguments: argparse.Namespace) -> Target:
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
