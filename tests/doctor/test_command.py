"""`postrum doctor`: against the app in the development host, and against servers that are not as they should be."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from aiohttp import web

from cli.doctor import lines
from cli.main import main
from emulator.certificates import server_context
from emulator.server import EmulatorThread
from local.azurite import Account
from shared.app import App
from shared.configuration.yaml_file import companies
from shared.doctor.model import VERSION, Finding, Report, green, red, yellow
from shared.settings import read
from shared.stores.layout import create_all
from tests.doctor.conftest import PROBE
from tests.flow.world import CONFIGURATION, MAILBOX, environment_for
from tests.local.waiting import until
from tests.support.api_token import api_token

ROOT = Path(__file__).parents[2]
TOKEN = "a-token"


@pytest.fixture(autouse=True)
def _token(monkeypatch: pytest.MonkeyPatch) -> None:
    """The token of the command, as a pipeline gives it."""
    monkeypatch.setenv("POSTRUM_TOKEN", TOKEN)


@pytest.fixture
def host(
    emulator: EmulatorThread, storage_account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[str, str]]:
    """Address of the app in the development host, and the token of an Owner."""
    emulator.control.create_mailbox(PROBE)
    values = environment_for(emulator, storage_account.connection_string, tmp_path / "secrets.json")
    values |= {"FUNCTIONS_WORKER_RUNTIME": "python", "POSTRUM_PROBE_MAILBOX": PROBE}
    settings = tmp_path / "local.settings.json"
    settings.write_text(json.dumps({"IsEncrypted": False, "Values": values}))

    for name in ("IDENTITY_ENDPOINT", "IDENTITY_HEADER"):
        monkeypatch.setenv(name, values[name])  # where the library looks for the managed identity

    async def configure() -> str:
        app = App(read(values))
        await create_all(app.settings.data_storage, app.settings.host_storage)
        await app.configure.apply(companies(CONFIGURATION.replace("%SINK%", emulator.addresses.sink_url)))
        try:
            return await api_token(app, emulator, "owner@postrum.example")
        finally:
            await app.aclose()

    token = asyncio.run(configure())
    ready = tmp_path / "ready.json"
    options = ["--app", str(ROOT), "--port", "0", "--settings", str(settings), "--ready-file", str(ready)]
    foreign = ("POSTRUM_", "IDENTITY_", "AzureWebJobs", "DATA_STORAGE", "AZURE_")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "local.host", *options], cwd=ROOT, env=clean, stdout=log, stderr=log
        )
    try:
        until(lambda: ready.exists() or process.poll() is not None)
        assert process.poll() is None, (tmp_path / "log").read_text()
        document = json.loads(ready.read_text())
        yield document["url"], token
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def told(captured: pytest.CaptureFixture[str]) -> dict[str, str]:
    """State by the name of the finding, of a report in JSON."""
    return {finding["name"]: finding["state"] for finding in json.loads(captured.readouterr().out)}


def test_the_app_on_this_machine(
    host: tuple[str, str],
    emulator: EmulatorThread,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    url, token = host
    monkeypatch.setenv("POSTRUM_TOKEN", token)

    assert main(["doctor", "--url", url]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert [line for line in shown if line.startswith("red")] == []
    assert any(
        line.startswith("green   no token") and line.endswith("/api/v1/doctor was refused (401)") for line in shown
    )
    assert any(line.startswith("green   mailbox out of scope") for line in shown)
    assert any(line.startswith("yellow  encryption") for line in shown)
    assert shown[-1].endswith(" 0 red")
    assert "\x1b" not in "".join(shown)

    assert main(["doctor", "--url", f"{url}/", "--json"]) == 0
    assert told(capsys)[f"mailbox {MAILBOX}"] in ("green", "yellow")

    emulator.control.set_exchange_scope([MAILBOX, PROBE])
    emulator.control.fail_tokens(7000112, times=-1, client_id=emulator.addresses.msi_client_id)
    try:
        assert main(["doctor", "--url", url, "--json"]) == 1
    finally:
        emulator.control.fail_tokens(0, times=0)
    assert told(capsys)["mailbox out of scope"] == "red"

    monkeypatch.setenv("POSTRUM_TOKEN", "wrong")
    assert main(["doctor", "--url", url]) == 1
    assert "the app refused your token (401)" in capsys.readouterr().out


type Answer = Callable[[web.Request], Awaitable[web.Response]]


def findings(*more: Finding) -> str:
    return Report(
        version=VERSION, at="2026-11-21T09:00:00.000+00:00", findings=(green("tables", "fine"), *more)
    ).model_dump_json()


async def good(request: web.Request) -> web.Response:
    """An app as it should be."""
    if request.path == "/healthz":
        return web.Response(text="ok\n")
    if request.path == "/":
        return web.Response(status=303, headers={"Location": "/sign-in"})
    if request.headers.get("authorization") != f"Bearer {TOKEN}":
        return web.Response(status=401)
    return web.Response(text=findings(), content_type="application/json")


@asynccontextmanager
async def serving(answer: Answer, context: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    try:
        yield f"{'https' if context else 'http'}://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def asked(url: str, *more: str) -> int:
    """The exit status; the command has an event loop of its own, so it runs in a thread."""
    return await asyncio.to_thread(main, ["doctor", "--url", url, *more])


async def test_an_app_as_it_should_be(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    context, ca_file = server_context(tmp_path)
    async with serving(good, context) as url:
        assert await asked(url, "--ca-file", str(ca_file), "--json") == 0
    states = told(capsys)
    assert set(states.values()) == {"green"}
    assert set(states) == {"encryption", "health", "clock of the app", "no token", "wrong token", "version", "tables"}


async def test_a_certificate_that_is_not_trusted_and_the_token_stays_here(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked_for: list[str] = []

    async def note(request: web.Request) -> web.Response:
        asked_for.append(request.path)
        return await good(request)

    context, _ = server_context(tmp_path)
    async with serving(note, context) as url:
        assert await asked(url) == 2
    assert "is not trusted" in capsys.readouterr().err
    assert asked_for == []


async def test_a_console_that_is_open(capsys: pytest.CaptureFixture[str]) -> None:
    async def open_to_all(request: web.Request) -> web.Response:
        request = request.clone(headers={"authorization": f"Bearer {TOKEN}"})
        return await good(request)

    async with serving(open_to_all) as url:
        assert await asked(url) == 1
    out = capsys.readouterr().out
    assert "red     no token" in out
    assert "red     wrong token" in out
    assert "→ Stop the app" in out


async def test_a_red_finding_from_inside(capsys: pytest.CaptureFixture[str]) -> None:
    async def answer(request: web.Request) -> web.Response:
        known = await good(request)
        more = findings(red("mailbox out of scope", "it can be read", "Close it."))
        return web.Response(text=more) if known.status == 200 and request.path != "/healthz" else known

    async with serving(answer) as url:
        assert await asked(url) == 1
    assert "red     mailbox out of scope  it can be read" in capsys.readouterr().out


async def test_a_clock_that_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    async def answer(request: web.Request) -> web.Response:
        known = await good(request)
        known.headers["Date"] = format_datetime(datetime.now(UTC) - timedelta(hours=1), usegmt=True)
        return known

    async with serving(answer) as url:
        assert await asked(url, "--json") == 1
    assert told(capsys)["clock of the app"] == "red"


async def test_another_version_and_a_report_of_another_time(capsys: pytest.CaptureFixture[str]) -> None:
    report = findings()

    async def answer(request: web.Request) -> web.Response:
        known = await good(request)
        return web.Response(text=report) if known.status == 200 and request.path != "/healthz" else known

    async with serving(answer) as url:
        report = findings().replace(f'"{VERSION}"', '"7.0.0"')
        assert await asked(url, "--json") == 0
        assert told(capsys)["version"] == "yellow"
        report = '{"something": "else"}'
        assert await asked(url, "--json") == 1
        assert told(capsys)["checks from inside"] == "red"


@pytest.mark.parametrize("status", [404, 500, 302])
async def test_an_app_that_has_no_report(status: int, capsys: pytest.CaptureFixture[str]) -> None:
    async def answer(request: web.Request) -> web.Response:
        known = await good(request)
        if known.status == 200 and request.path != "/healthz":
            return web.Response(status=status, headers={"Location": "https://elsewhere.invalid/"})
        return known

    async with serving(answer) as url:
        assert await asked(url, "--json") == 1
    assert told(capsys)["checks from inside"] == "red"


async def test_settings_that_are_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    """The host answers 500 to all when the app cannot be built; the log has the reason."""

    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=500)

    async with serving(answer) as url:
        assert await asked(url) == 1
    assert "the first lines name every problem" in capsys.readouterr().out


async def test_nobody_answers(capsys: pytest.CaptureFixture[str]) -> None:
    assert await asked("http://127.0.0.1:9") == 2
    assert "Nothing answers at http://127.0.0.1:9" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--url", "http://postrum.azurewebsites.net"], "must begin with https://"),
        (["--url", "postrum.azurewebsites.net"], "takes an address"),
        (["--url", "https://u:p@x.example"], "takes an address"),
        (["--url", "https://x.example/api"], "without a path"),
        (["--url", "https://x.example:99999"], "is not an address"),
        (["--url", "https://x.example", "--ca-file", "/no/such"], "which is no file"),
    ],
)
def test_wrong_use(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", *arguments]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    "scope",
    [
        "https://management.azure.com/.default",
        "api://x/.default",
        "api://{id}/.default https://graph.microsoft.com/.default",
    ],
)
async def test_whoever_answers_gets_no_token_for_something_else(
    scope: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    guid = "11111111-1111-1111-1111-111111111111"
    monkeypatch.delenv("POSTRUM_TOKEN")
    monkeypatch.setenv("PATH", "/nowhere")

    async def answer(request: web.Request) -> web.Response:
        if request.path == "/.well-known/postrum":
            return web.json_response({"scope": scope.replace("{id}", guid), "tenant_id": guid})
        return await good(request)

    async with serving(answer) as url:
        assert await asked(url) == 1
    assert "names no application to sign in to" in capsys.readouterr().err


async def test_nobody_is_signed_in(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    guid = "11111111-1111-1111-1111-111111111111"
    monkeypatch.delenv("POSTRUM_TOKEN")
    monkeypatch.setenv("PATH", "/nowhere")

    async def answer(request: web.Request) -> web.Response:
        if request.path == "/.well-known/postrum":
            return web.json_response({"scope": f"api://{guid}/.default", "tenant_id": guid})
        return await good(request)

    async with serving(answer) as url:
        assert await asked(url) == 1
    assert f"az login --tenant {guid}" in capsys.readouterr().err


def test_colours_and_what_a_terminal_would_obey() -> None:
    found = [green("a", "fine"), yellow("name", "odd\x1b[2J\u202ethere", "Do it."), red("b", "bad\nline", "Mend it.")]
    plain, coloured = lines(found, colour=False), lines(found, colour=True)
    assert plain == [
        "green   a     fine",
        "yellow  name  odd [2J there",
        "              → Do it.",
        "red     b     bad line",
        "              → Mend it.",
        "",
        "1 green, 1 yellow, 1 red",
    ]
    assert coloured[0] == "\x1b[32mgreen \x1b[0m  a     fine"
    assert "\x1b[2J" not in "".join(coloured)
