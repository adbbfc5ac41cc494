"""Fixtures of the console tests: a browser that reads pages of a whole Postrum."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest

from emulator.server import EmulatorThread
from shared.console.web import web
from tests.flow.conftest import emulator, running_emulator, world  # noqa: F401 - fixtures
from tests.flow.world import MAILBOX, World

type Arrive = Callable[..., Awaitable[list[str]]]


@pytest.fixture
async def browser(world: World) -> AsyncIterator[httpx.AsyncClient]:  # noqa: F811 - the fixture
    transport = httpx.ASGITransport(web(world.app))
    async with httpx.AsyncClient(
        transport=transport, base_url="https://postrum.example", params={"code": "k/ey="}
    ) as client:
        yield client


@pytest.fixture
def arrive(world: World, emulator: EmulatorThread) -> Arrive:  # noqa: F811 - the fixtures
    """Deliver mails and let everything come to rest; answers their messages."""

    async def deliver(*mails: bytes) -> list[str]:
        received = "2026-11-20T08:00:00Z"
        ids = [emulator.control.deliver(MAILBOX, content, received=received)["immutable_id"] for content in mails]
        await world.settle(ticks=3)
        runs = {run.provider_id: run.message async for run in world.app.services.messages.every_run()}
        return [runs[provider] for provider in ids]

    return deliver
