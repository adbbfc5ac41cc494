"""Fixtures of the console tests: browsers of people who are signed in to a whole Postrum."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import httpx
import pytest

from emulator.server import EmulatorThread
from shared.app import App
from shared.console.guard import AsgiApp
from shared.console.web import web
from shared.model.person import Person, Role
from tests.flow.conftest import emulator, running_emulator  # noqa: F401 - fixtures
from tests.flow.world import MAILBOX, World, settings_for

URL = "https://postrum.example"

type Arrive = Callable[..., Awaitable[list[str]]]


@dataclass
class Browser:
    """Somebody's browser: keeps cookies, follows no redirect, and posts forms with the token of the page."""

    http: httpx.AsyncClient
    person: Person | None

    async def get(self, path: str, **keywords: Any) -> httpx.Response:
        return await self.http.get(path, **keywords)

    async def token(self) -> str:
        """The token against forged requests of this browser's pages."""
        page = await self.http.get("/people" if self.person else "/sign-in")
        found = re.search(r'data-csrf="([^"]+)"', page.text)
        return found[1] if found else ""

    async def post(self, path: str, fields: dict[str, Any] | None = None, **keywords: Any) -> httpx.Response:
        """Send a form as a page of ours would."""
        return await self.http.post(path, data={"csrf": await self.token(), **(fields or {})}, **keywords)


def person(role: Role | None, *, number: int = 0) -> Person:
    """Somebody with a role; another one for each number."""
    name = f"{role.value if role else 'Nobody'} {number}"
    return Person(
        tenant_id="11111111-1111-1111-1111-111111111111",
        object_id=str(uuid5(NAMESPACE_URL, name)),
        name=name,
        user_name=f"{name.replace(' ', '.').lower()}@nordlys.example",
        roles=(role,) if role else (),
    )


@pytest.fixture
async def world(emulator: EmulatorThread, storage_account: Any, tmp_path: Any) -> AsyncIterator[World]:  # noqa: F811
    """A whole Postrum that is configured and knows its own address."""
    settings = settings_for(emulator, storage_account.connection_string, tmp_path / "secrets.json")
    settings = settings.model_copy(update={"public_url": URL})
    async with World(settings, emulator.addresses.sink_url) as one:
        await one.configure()
        yield one


@pytest.fixture
def application(world: World) -> AsgiApp:
    return web(world.app)


type Visitors = Callable[..., Awaitable[Browser]]


@pytest.fixture
async def visitor(world: World, application: AsgiApp) -> AsyncIterator[Visitors]:
    """Opens a browser: `await visitor(Role.READER, "nordlys")` for somebody who may see these companies, `None` for nobody."""
    async with AsyncExitStack() as stack:

        async def opened(role: Role | None, *companies: str, number: int = 0) -> Browser:
            http = await stack.enter_async_context(
                httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url=URL)
            )
            if role is None:
                return Browser(http, None)
            someone = person(role, number=number)
            if companies:
                await world.app.members.assign(someone.tenant_id, someone.object_id, companies)
            session = await world.app.sessions.begin(someone, world.clock())
            http.cookies.set("__Host-postrum", session)
            return Browser(http, someone)

        yield opened


@pytest.fixture
async def owner(visitor: Visitors) -> Browser:
    return await visitor(Role.OWNER)


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


def app_with(world: World, **settings: Any) -> App:
    """Another App over the same storage, with other settings; close it."""
    return App(world.settings.model_copy(update=settings), clock=world.clock)
