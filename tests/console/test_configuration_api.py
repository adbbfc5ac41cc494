"""Loading the configuration over HTTP, which is how it gets into a deployment: by API and by `postrum config apply --url`."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from aiohttp import web as aiohttp_web

from cli.main import main
from shared.app import App
from shared.console.web import web
from tests.console.conftest import emulator, running_emulator, world  # noqa: F401 - fixtures
from tests.flow.world import CONFIGURATION, World

CHANGED = CONFIGURATION.replace("%SINK%", "http://127.0.0.1:8444/hook").replace(
    "Nordlys Handel", "Nordlys Handel og Lager"
)


async def test_a_file_is_loaded_and_told(world: World, browser: httpx.AsyncClient) -> None:  # noqa: F811
    answer = await browser.put("/api/v1/configuration", content=CHANGED)

    assert answer.status_code == 200
    assert {"company": "nordlys", "what": "name", "change": "changed"} in answer.json()["differences"]
    stored = await world.app.configuration.company("nordlys")
    assert stored is not None
    assert stored[0].name == "Nordlys Handel og Lager"
    shown = (await browser.get("/api/v1/configuration")).json()["companies"]
    assert [company["name"] for company in shown] == ["Nordlys Handel og Lager"]
    assert "whsec_" not in str(shown)


async def test_a_dry_run_changes_nothing(world: World, browser: httpx.AsyncClient) -> None:  # noqa: F811
    before = await world.app.configuration.company("nordlys")

    answer = await browser.put("/api/v1/configuration", params={"dry_run": "true"}, content=CHANGED)

    assert answer.json()["differences"]
    assert await world.app.configuration.company("nordlys") == before


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (CHANGED.replace("field: subject", "field: subjekt"), "subjekt"),
        ("companies: [", "line 1"),
        (b"\xff\xfe", "UTF-8"),
    ],
)
async def test_a_wrong_file_is_answered_with_its_problems(
    content: str | bytes,
    told: str,
    world: World,  # noqa: F811
    browser: httpx.AsyncClient,
) -> None:
    before = await world.app.configuration.company("nordlys")

    answer = await browser.put("/api/v1/configuration", content=content)

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert told in str(answer.json()["problems"])
    assert await world.app.configuration.company("nordlys") == before


@pytest.fixture
def address(world: World) -> Iterator[str]:  # noqa: F811
    """The console behind a real socket, as a host would have it."""
    app = App(world.settings, clock=world.clock)  # its connections belong to the thread's loop

    async def forward(request: aiohttp_web.Request) -> aiohttp_web.Response:
        transport = httpx.ASGITransport(web(app))
        async with httpx.AsyncClient(transport=transport, base_url="http://postrum") as client:
            answer = await client.request(request.method, request.path_qs, content=await request.read())
        return aiohttp_web.Response(body=answer.content, status=answer.status_code)

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def start() -> tuple[aiohttp_web.AppRunner, int]:
        server = aiohttp_web.Application()
        server.router.add_route("*", "/{path:.*}", forward)
        runner = aiohttp_web.AppRunner(server)
        await runner.setup()
        site = aiohttp_web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        return runner, runner.addresses[0][1]

    runner, port = asyncio.run_coroutine_threadsafe(start(), loop).result(30)
    yield f"http://127.0.0.1:{port}"

    async def stop() -> None:
        await runner.cleanup()
        await app.aclose()

    asyncio.run_coroutine_threadsafe(stop(), loop).result(30)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(30)
    loop.close()


def test_the_command_loads_a_file_into_a_deployment(
    address: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "postrum.yaml"
    file.write_text(CHANGED, "utf-8")

    status = main(["config", "apply", str(file), "--url", address, "--key", "k"])

    assert status == 0
    assert "~ nordlys › name: changed" in capsys.readouterr().out


def test_what_the_command_shows_applies_again_without_a_difference(
    address: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["config", "show", "--url", address, "--key", "k"]) == 0
    file = tmp_path / "shown.yaml"
    file.write_text(capsys.readouterr().out, "utf-8")

    assert main(["config", "apply", str(file), "--url", address, "--key", "k"]) == 0
    assert "Nothing differs" in capsys.readouterr().out


def test_the_command_tells_what_the_deployment_refuses(
    address: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "postrum.yaml"
    file.write_text(CHANGED.replace("field: subject", "field: subjekt"), "utf-8")

    status = main(["config", "apply", str(file), "--url", address, "--key", "k"])

    assert status == 1
    assert "subjekt" in capsys.readouterr().err
