"""The console in a real browser: the Functions app in the development host, the emulator's sign-in, and Chromium.

A test module that wants it begins with::

    pytestmark = [pytest.mark.needs("chromium"), pytest.mark.asyncio(loop_scope="session")]

and takes the fixtures `console` (one deployment for the module) and `page` (a browser of its own for each test).
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from emulator.server import EmulatorThread
from local.ports import free_port
from shared.settings import read
from tests.flow.world import MAILBOX, FakeClock, World, environment_for

ROOT = Path(__file__).parents[2]
IMAGES = ROOT / "docs" / "images" / "console"
VIEWPORT = {"width": 1280, "height": 800}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
"""Of axe: everything that WCAG 2.2 AA asks and a program can see."""
USERS = {
    "Owner": "owner@postrum.example",
    "Operator": "operator@postrum.example",
    "RuleAuthor": "author@postrum.example",
    "Auditor": "auditor@postrum.example",
    "Reader": "reader@postrum.example",
    "ContentReader": "content@postrum.example",
    "none": "plain@postrum.example",
}
"""Accounts of the emulated tenant, by their role in the product."""
_PATIENCE = 60
_NEVER = "0 0 0 1 1 *"
"""The tests tick by themselves, so that they know when everything has come to rest."""


@dataclass
class Console:
    """A deployment on this machine.

    Attributes:
        url: of the console.
        emulator: Entra and Graph behind it.
        world: the product's use cases over the same storage, for what a test has to prepare or to look at.
    """

    url: str
    emulator: EmulatorThread
    world: World
    refused: list[str] = field(default_factory=list)

    async def sign_in(self, page: Page, role: str, path: str = "/") -> None:
        """Sign in as somebody with this role, by the pages, and land on the path."""
        await page.goto(f"{self.url}{path}")
        await page.locator("a.primary").click()
        await page.locator(f'button[name="user"][value="{USERS[role]}"]').click()
        await page.wait_for_url(f"{self.url}/**")

    def object_id(self, role: str) -> str:
        """The id of the account with this role in the emulated tenant."""
        [found] = [user for user in self.emulator.control.users() if user["user_name"] == USERS[role]]
        return str(found["id"])

    async def join(self, role: str, *companies: str) -> None:
        """Make the account with this role a member of these companies."""
        tenant = self.emulator.addresses.tenant_id
        await self.world.app.members.assign(tenant, self.object_id(role), companies)

    async def deliver(self, *mails: bytes, received: str = "2026-11-20T08:00:00Z") -> list[str]:
        """Put mails into the mailbox and work on them; their messages."""
        control = self.emulator.control
        ids = [control.deliver(MAILBOX, content, received=received)["immutable_id"] for content in mails]
        await self.world.settle(ticks=3)
        runs = {run.provider_id: run.message async for run in self.world.app.services.messages.every_run()}
        return [runs[provider] for provider in ids]


@asynccontextmanager
async def running_console(
    emulator: EmulatorThread, connection_string: str, folder: Path, **more: str
) -> AsyncIterator[Console]:
    """The app in the development host, over an emulator and a storage account; `more` are further settings."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    callbacks = ("/sign-in/callback", "/consent/callback", "/connect/callback")
    emulator.control.set_registration(redirect_uris=[f"{url}{path}" for path in callbacks])
    values = environment_for(emulator, connection_string, folder / "secrets.json")
    values |= {
        "FUNCTIONS_WORKER_RUNTIME": "python",
        "POSTRUM_PUBLIC_URL": url,
        "POSTRUM_GOOGLE_SIGN_IN": f"{emulator.addresses.authority}/google/o/oauth2/v2/auth",
        "POSTRUM_GOOGLE_TOKEN": f"{emulator.addresses.authority}/google/token",
        "POSTRUM_TICK_SCHEDULE": _NEVER,
        **more,
    }
    os.environ["IDENTITY_ENDPOINT"] = emulator.addresses.msi_url
    os.environ["IDENTITY_HEADER"] = emulator.addresses.msi_header
    clock = FakeClock(datetime.now(UTC).replace(microsecond=0))
    async with World(read(values), emulator.addresses.sink_url, clock) as world:
        await world.configure()
        async with _host(values, port, folder):
            yield Console(url, emulator, world)


@asynccontextmanager
async def _host(values: dict[str, str], port: int, folder: Path) -> AsyncIterator[None]:
    settings, ready, log = folder / "local.settings.json", folder / "ready.json", folder / "host.log"
    settings.write_text(json.dumps({"IsEncrypted": False, "Values": values}))
    options = ["--app", str(ROOT), "--port", str(port), "--settings", str(settings), "--ready-file", str(ready)]
    foreign = ("POSTRUM_", "IDENTITY_", "AzureWebJobs", "DATA_STORAGE", "AZURE_")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    with log.open("wb") as sink:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "local.host", *options, cwd=ROOT, env=clean, stdout=sink, stderr=sink
        )
        try:
            async with asyncio.timeout(_PATIENCE):
                while not ready.exists():
                    if process.returncode is not None:
                        raise AssertionError(log.read_text())
                    await asyncio.sleep(0.05)
            yield
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
            await process.wait()


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Debian's Chromium. In a container it runs as root, where its own sandbox cannot."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
        )
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def new_page(browser: Browser, *, strict: bool = True, **options: Any) -> AsyncIterator[Page]:
    """A browser window of its own, with nothing remembered. Errors of scripts and of the content policy fail a strict test."""
    settings: dict[str, Any] = {
        "viewport": VIEWPORT,
        "device_scale_factor": 1,
        "locale": "en-GB",
        "reduced_motion": "reduce",
        "ignore_https_errors": True,  # the emulator's certificate is its own
    }
    context: BrowserContext = await browser.new_context(**settings | options)
    try:
        page = await context.new_page()
        wrong: list[str] = []
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: wrong.append(said.text) if "Content Security Policy" in said.text else None)
        yield page
        assert not strict or wrong == []
    finally:
        await context.close()


async def violations(page: Page) -> list[str]:
    """What axe finds against WCAG 2.2 AA on the page as it is, as lines."""
    result = await Axe().run(page, options={"runOnly": {"type": "tag", "values": RULES}})
    return [
        f"{found['id']} ({found['impact']}): {node['html'][:160]} {node.get('failureSummary', '')[:300]}"
        for found in result.response["violations"]
        for node in found["nodes"]
    ]


_STEADY = """([selector, moment]) => {
  for (const place of document.querySelectorAll(selector)) {
    const texts = document.createTreeWalker(place, NodeFilter.SHOW_TEXT)
    for (let text; (text = texts.nextNode()); ) {
      if (!/[0-9]/.test(text.data)) continue
      text.data = place.closest("code, pre") ? text.data.replace(/consent\\/.*/s, "consent/…") : moment
    }
  }
}"""
"""Puts one moment in place of every time, and shortens links: a picture changes only when the page does."""


async def screenshot(page: Page, name: str, *, mask: str = "time, .time, [data-moving]", whole: bool = True) -> None:
    """Write docs/images/console/NAME.png, where POSTRUM_SCREENSHOTS=1 asks for it.

    Args:
        page: as it is now; its times are other ones afterwards.
        name: of the picture.
        mask: selects what changes with the clock.
        whole: the whole page; else its upper part.
    """
    if os.environ.get("POSTRUM_SCREENSHOTS") != "1":
        return
    IMAGES.mkdir(parents=True, exist_ok=True)
    await page.evaluate(_STEADY, [mask, "21 Nov 2026, 09:00"])
    await page.screenshot(
        path=IMAGES / f"{name}.png",
        full_page=whole,
        clip=None if whole else {"x": 0, "y": 0, "width": VIEWPORT["width"], "height": 640},
        animations="disabled",
    )
