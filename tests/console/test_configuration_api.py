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
from emulator.server import EmulatorThread
from shared.app import App
from shared.console.web import web
from shared.model.person import Role
from tests.console.conftest import Browser, Visitors
from tests.flow.world import CONFIGURATION, World
from tests.support.api_token import api_token

CHANGED = CONFIGURATION.replace("%SINK%", "http://127.0.0.1:8444/hook").replace(
    "Nordlys Handel", "Nordlys Handel og Lager"
)


async def put(owner: Browser, content: str | bytes, **parameters: str) -> httpx.Response:
    headers = {"X-CSRF-Token": await owner.token()}
    return await owner.http.put("/api/v1/configuration", content=content, params=parameters, headers=headers)


async def test_a_file_is_loaded_and_told(world: World, owner: Browser) -> None:
    answer = await put(owner, CHANGED)

    assert answer.status_code == 200
    assert {"company": "nordlys", "what": "name", "change": "changed"} in answer.json()["differences"]
    stored = await world.app.configuration.company("nordlys")
    assert stored is not None
    assert stored[0].name == "Nordlys Handel og Lager"
    shown = (await owner.get("/api/v1/configuration")).json()["companies"]
    assert [company["name"] for company in shown] == ["Nordlys Handel og Lager"]
    assert "whsec_" not in str(shown)


async def test_a_dry_run_changes_nothing(world: World, owner: Browser) -> None:
    before = await world.app.configuration.company("nordlys")

    answer = await put(owner, CHANGED, dry_run="true")

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
    world: World,
    owner: Browser,
) -> None:
    before = await world.app.configuration.company("nordlys")

    answer = await put(owner, content)

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert told in str(answer.json()["errors"])
    assert await world.app.configuration.company("nordlys") == before


@pytest.fixture
async def token(world: World, emulator: EmulatorThread, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command has the token of an Owner, as a pipeline would give it."""
    monkeypatch.setenv("POSTRUM_TOKEN", await api_token(world.app, emulator, "owner@postrum.example"))


@pytest.fixture
def address(world: World) -> Iterator[str]:
    """The console behind a real socket, as a host would have it."""
    app = App(world.settings, clock=world.clock)  # its connections belong to the thread's loop

    async def forward(request: aiohttp_web.Request) -> aiohttp_web.Response:
        transport = httpx.ASGITransport(web(app))
        async with httpx.AsyncClient(transport=transport, base_url="http://postrum") as client:
            answer = await client.request(
                request.method, request.path_qs, content=await request.read(), headers=dict(request.headers)
            )
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
    address: str, token: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "postrum.yaml"
    file.write_text(CHANGED, "utf-8")

    status = main(["config", "apply", str(file), "--url", address])

    assert status == 0
    assert "~ nordlys › name: changed" in capsys.readouterr().out


def test_what_the_command_shows_applies_again_without_a_difference(
    address: str, token: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["config", "show", "--url", address]) == 0
    file = tmp_path / "shown.yaml"
    file.write_text(capsys.readouterr().out, "utf-8")

    assert main(["config", "apply", str(file), "--url", address]) == 0
    assert "Nothing differs" in capsys.readouterr().out


def test_the_command_tells_what_the_deployment_refuses(
    address: str, token: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "postrum.yaml"
    file.write_text(CHANGED.replace("field: subject", "field: subjekt"), "utf-8")

    status = main(["config", "apply", str(file), "--url", address])

    assert status == 1
    assert "subjekt" in capsys.readouterr().err


async def test_the_command_tells_who_may_not(
    address: str,
    tmp_path: Path,
    world: World,
    emulator: EmulatorThread,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "postrum.yaml"
    file.write_text(CHANGED, "utf-8")
    reader = await api_token(world.app, emulator, "reader@postrum.example")
    for token, status in (("not-a-token", 401), (reader, 403)):
        monkeypatch.setenv("POSTRUM_TOKEN", token)
        assert await asyncio.to_thread(main, ["config", "apply", str(file), "--url", address]) == 1
        assert f"refused your token ({status})" in capsys.readouterr().err


def test_the_command_without_a_token_asks_the_azure_cli(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An `az` that answers as the real one: with a token for the scope that the deployment names, or that nobody signed in."""
    file = tmp_path / "postrum.yaml"
    file.write_text(CHANGED, "utf-8")
    monkeypatch.delenv("POSTRUM_TOKEN", raising=False)
    az = tmp_path / "bin" / "az"
    az.parent.mkdir()
    az.write_text('#!/bin/sh\necho "$@" > "$0.said"\necho "Please run az login to setup account." >&2\nexit 1\n')
    az.chmod(0o755)
    monkeypatch.setenv("PATH", f"{az.parent}:/usr/bin:/bin")

    assert main(["config", "apply", str(file), "--url", address]) == 1

    assert "az login --tenant" in capsys.readouterr().err
    assert (
        "--scope api://" in az.with_name("az.said").read_text()
        or "--resource api://" in az.with_name("az.said").read_text()
    )


async def test_who_may_not_govern_loads_nothing(world: World, visitor: Visitors) -> None:
    before = await world.app.configuration.company("nordlys")
    operator = await visitor(Role.OPERATOR, "nordlys")
    token = (await operator.get("/companies/nordlys")).text.partition('data-csrf="')[2].partition('"')[0]

    answer = await operator.http.put("/api/v1/configuration", content=CHANGED, headers={"X-CSRF-Token": token})

    assert answer.status_code == 403
    assert await world.app.configuration.company("nordlys") == before
