"""Fixtures of the doctor's tests: a whole Postrum at the real time, for tokens and clocks are judged by it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime

import httpx
import pytest

from emulator.server import EmulatorThread
from shared.app import App
from shared.console.web import web
from shared.doctor.model import Finding, Report
from tests.flow.conftest import emulator, proxied, proxy, running_emulator, second, world  # noqa: F401 - fixtures
from tests.flow.world import World
from tests.support.api_token import api_token

PROBE = "director@nordlys.example"
type Examine = Callable[..., Awaitable[dict[str, list[Finding]]]]


_TOKENS: dict[str, str] = {}
"""The token of an Owner, by the address of the emulator that gave it: signing in once is enough."""


async def report(app: App, token: str) -> Report:
    """What the endpoint answers to an Owner."""
    transport = httpx.ASGITransport(web(app))
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(transport=transport, base_url="https://postrum.example", headers=headers) as client:
        answer = await client.get("/api/v1/doctor")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    return Report.model_validate_json(answer.text)


@pytest.fixture
async def owner_token(world: World, emulator: EmulatorThread) -> str:  # noqa: F811 - the fixtures
    authority = emulator.addresses.authority
    if authority not in _TOKENS:
        _TOKENS[authority] = await api_token(world.app, emulator, "owner@postrum.example")
    return _TOKENS[authority]


@pytest.fixture
async def examine(
    world: World,  # noqa: F811 - the fixture
    emulator: EmulatorThread,  # noqa: F811 - the fixture
    owner_token: str,
) -> AsyncIterator[Examine]:
    """Ask the endpoint; findings by name. Settings may be changed for it."""
    emulator.control.create_mailbox(PROBE)
    world.clock.now = datetime.now(UTC)
    made: list[App] = []

    async def ask(**settings: object) -> dict[str, list[Finding]]:
        app = App(world.settings.model_copy(update={"probe_mailbox": PROBE, **settings}), clock=world.clock)
        made.append(app)
        found: dict[str, list[Finding]] = {}
        for finding in (await report(app, owner_token)).findings:
            found.setdefault(finding.name, []).append(finding)
        return found

    yield ask
    for app in made:
        await app.aclose()
