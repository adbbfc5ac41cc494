"""`postrum doctor`: check a deployment from outside and from inside, as green, yellow and red lines with remedies."""

from __future__ import annotations

import argparse
import asyncio
import json
import ssl
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

import aiohttp
from pydantic import ValidationError

from cli.product import reported
from cli.remote import TIMEOUT, Target, UnreachableError, add_target, ask, session, target_of, token_for
from cli.table import cut, padded, width
from shared.doctor.model import VERSION, Finding, Report, State, green, red, worst, yellow
from shared.doctor.outside import judge_certificate, judge_health, judge_refusal, judge_skew, judge_version

REPORT_TIMEOUT: Final = 150.0
"""Seconds for the checks from inside."""
_COLOURS = {State.GREEN: "32", State.YELLOW: "33", State.RED: "31"}
_LINE = 110
_WRONG_USE = 2
_REPORT = "/api/v1/doctor"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_target(parser, required=True)
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Check. 0: nothing is red. 1: something is. 2: wrong use, or nothing answers."""
    try:
        target = target_of(arguments)
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
    async with session(target, seconds=REPORT_TIMEOUT) as http:
        health = await ask(http, target, "/healthz")
        now = datetime.now(UTC)
        outside = [await _encryption(target), judge_health("health", health.status, health.text)]
        outside.append(judge_skew("clock of the app", now, health.at, "the app"))
        for path, token, name in (
            ("/", "", "no token"),
            (_REPORT, "", "no token"),
            (_REPORT, "not-a-token", "wrong token"),
        ):
            answer = await ask(http, target, path, token=token)
            outside.append(judge_refusal(name, path, answer.status, answer.location))
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
    answer = await ask(http, target, _REPORT, token=await token_for(http, target), seconds=REPORT_TIMEOUT)
    if answer.status in (401, 403):
        text = f"the app refused your token ({answer.status})"
        return [red(name, text, "Sign in as an Owner of Postrum; roles are given in Entra.")]
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
