"""The small client for JSON: everything that an answer can do wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from emulator.certificates import server_context
from shared.effect import UnnamedEffect, effect
from shared.errors import ConfigurationError, NetworkFailure, ServiceUnavailable
from shared.net.web import WebAnswer, WebClient

Handler = Callable[[web.Request], Coroutine[Any, Any, web.StreamResponse]]


@asynccontextmanager
async def serving(handler: Handler, directory: Path) -> AsyncIterator[tuple[str, Path]]:
    """A server on a free port of this machine: its address, and the certificate to trust."""
    directory.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240 - a test
    context, ca_file = server_context(directory)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    try:
        yield f"https://127.0.0.1:{runner.addresses[0][1]}", ca_file
    finally:
        await runner.cleanup()


def answering(text: str = "{}", status: int = 200, headers: dict[str, str] | None = None) -> Handler:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(text=text, status=status, headers=headers)

    return handler


async def test_any_status_is_an_answer(tmp_path: Path) -> None:
    async with serving(answering('{"error": "invalid_grant"}', 400), tmp_path) as (url, ca_file):
        answer = await WebClient(ca_file=ca_file).get(f"{url}/a?b=c")
    assert answer.status == 400
    assert answer.json() == {"error": "invalid_grant"}


async def test_a_form_goes_out_as_it_is_and_only_inside_an_effect(tmp_path: Path) -> None:
    seen: list[dict[str, Any]] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append({**await request.post(), "cookie": request.headers.get("Cookie")})
        answer = web.json_response({})
        answer.set_cookie("stolen", "1")
        return answer

    async with serving(handler, tmp_path) as (url, ca_file):
        client = WebClient(ca_file=ca_file)
        with pytest.raises(UnnamedEffect):
            await client.post_form(url, {"a": "b"})
        async with effect("test.post"):
            await client.post_form(url, {"a": "ø&=", "c": "d"})
            await client.post_form(url, {"a": "again"})
    assert seen == [{"a": "ø&=", "c": "d", "cookie": None}, {"a": "again", "cookie": None}]


@pytest.mark.parametrize("text", ["", "<html>", "[]", '"text"', "[" * 100_000, '{"a": '])
async def test_what_is_no_json_object_is_told_without_its_text(tmp_path: Path, text: str) -> None:
    async with serving(answering(text), tmp_path) as (url, ca_file):
        answer = await WebClient(ca_file=ca_file).get(url)
    with pytest.raises(ServiceUnavailable) as failed:
        answer.json()
    assert "html" not in str(failed.value)


async def test_a_redirect_is_an_answer_and_not_followed(tmp_path: Path) -> None:
    async with serving(answering(status=302, headers={"Location": "https://127.0.0.1:1/"}), tmp_path) as (url, ca_file):
        assert (await WebClient(ca_file=ca_file).get(url)).status == 302


@pytest.mark.parametrize("packed", [False, True])
async def test_an_endless_answer_ends_at_the_limit(tmp_path: Path, packed: bool) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        if packed:
            answer.enable_compression(web.ContentCoding.gzip)
        await answer.prepare(request)
        for _ in range(200):
            await answer.write(b" " * 65_536)
        return answer

    async with serving(handler, tmp_path) as (url, ca_file):
        with pytest.raises(ServiceUnavailable):
            await WebClient(ca_file=ca_file, limit=100_000).get(url)


@pytest.mark.fault("B04")
async def test_an_answer_that_never_ends_is_cut_by_the_total_deadline(tmp_path: Path) -> None:
    release = asyncio.Event()

    async def handler(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        await answer.write(b"{")
        await release.wait()
        return answer

    async with serving(handler, tmp_path) as (url, ca_file):
        with pytest.raises(NetworkFailure) as failed:
            await WebClient(ca_file=ca_file, deadline=0.5).get(url)
        release.set()
    assert failed.value.cause == "network_timeout"


async def test_a_certificate_of_nobody_is_refused(tmp_path: Path) -> None:
    async with serving(answering(), tmp_path / "a") as (url, _):
        _, other = server_context(_made(tmp_path / "b"))
        with pytest.raises(NetworkFailure) as failed:
            await WebClient(ca_file=other).get(url)
    assert failed.value.cause.startswith("tls_")


async def test_nobody_there_and_no_such_name(tmp_path: Path) -> None:
    client = WebClient()
    with pytest.raises(NetworkFailure) as refused:
        await client.get("https://127.0.0.1:1/")
    assert refused.value.cause == "network_refused"


@pytest.mark.parametrize("url", ["http://127.0.0.1/", "ftp://a.example/", "/a", "", "https://"])
async def test_only_https_is_called(url: str) -> None:
    with pytest.raises(ConfigurationError):
        await WebClient().get(url)


def test_an_answer_does_not_show_its_text() -> None:
    assert "secret" not in repr(WebAnswer(200, '{"access_token": "secret"}', {"x": "secret"}))


def _made(directory: Path) -> Path:
    directory.mkdir()
    return directory
