"""HTTP triggers and function keys of the development host."""

from __future__ import annotations

import json
import socket
from urllib.parse import urlsplit

import pytest
from aiohttp import ClientSession

from tests.local.conftest import App, RunningHost
from tests.local.waiting import until

ECHO = """
@app.route(route="open/{name}/{number:int?}", auth_level=func.AuthLevel.ANONYMOUS)
async def open_door(req: func.HttpRequest) -> func.HttpResponse:
    told = {
        "method": req.method, "url": req.url, "params": dict(req.params), "route": dict(req.route_params),
        "headers": {k: v for k, v in req.headers.items() if k.startswith("x-")}, "body": req.get_body().decode(),
    }
    answer = {"X-Answer": "yes"}
    return func.HttpResponse(json.dumps(told), status_code=201, mimetype="application/json", headers=answer)

@app.route(route="locked", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
def locked(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("in")

@app.route(route="vault", auth_level=func.AuthLevel.ADMIN)
async def vault(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("gold")

@app.route(route="broken", auth_level=func.AuthLevel.ANONYMOUS)
async def broken(req: func.HttpRequest) -> func.HttpResponse:
    raise RuntimeError("secret detail")

@app.route(route="cookies", auth_level=func.AuthLevel.ANONYMOUS)
async def cookies(req: func.HttpRequest) -> func.HttpResponse:
    response = func.HttpResponse(status_code=204)
    response.headers.add("Set-Cookie", "a=1; Path=/; HttpOnly; Secure; SameSite=Strict; Max-Age=60")
    response.headers.add("Set-Cookie", "b=2")
    return response
"""

ASGI = """
from fastapi import FastAPI, Request, Response

web = FastAPI()

@web.put("/{path:path}")
async def door(path: str, request: Request) -> Response:
    response = Response(f"{path} {(await request.body()).decode()}", media_type="text/plain")
    response.set_cookie("s", "1")
    response.set_cookie("t", "2", httponly=True)
    return response

app = func.AsgiFunctionApp(app=web, http_auth_level=func.AuthLevel.ANONYMOUS)
"""


@pytest.fixture
def host(app: App) -> RunningHost:
    app.write(ECHO)
    return app.start()


async def test_a_request_reaches_the_function_and_its_answer_comes_back(host: RunningHost) -> None:
    async with (
        ClientSession() as session,
        session.post(
            f"{host.url}/api/open/gr%C3%BC%C3%9Fe/7?q=1&q=2&empty=", data="hello", headers={"X-Mine": "Yes"}
        ) as answer,
    ):
        told = await answer.json()
        assert answer.status == 201
        assert answer.headers["X-Answer"] == "yes"
    assert told == {
        "method": "POST",
        "url": f"{host.url}/api/open/gr%C3%BC%C3%9Fe/7?q=1&q=2&empty=",
        "params": {"q": "1,2"},
        "route": {"name": "grüße", "number": "7"},
        "headers": {"x-mine": "Yes"},
        "body": "hello",
    }


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/api/nothing"), ("POST", "/api/locked"), ("GET", "/api/open/name/seven"), ("GET", "/open/name")],
)
async def test_what_no_function_takes_is_404(host: RunningHost, method: str, path: str) -> None:
    async with ClientSession() as session, session.request(method, host.url + path) as answer:
        assert answer.status == 404


async def test_a_chunked_body_arrives_empty_as_in_azure(host: RunningHost) -> None:
    address = urlsplit(host.url)
    request = b"POST /api/open/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    request += b"5\r\nhello\r\n0\r\n\r\n"
    with socket.create_connection((address.hostname, address.port or 0), timeout=30) as connection:
        connection.sendall(request)
        answer = b""
        while part := connection.recv(65536):
            answer += part
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["body"] == ""


async def test_keys(host: RunningHost) -> None:
    function, master = host.ready["keys"]["function"], host.ready["keys"]["master"]
    assert function != master
    cases = [
        ("/api/locked", {}, 401),
        ("/api/locked", {"x-functions-key": "wrong"}, 401),
        ("/api/locked", {"x-functions-key": ""}, 401),
        ("/api/locked", {"x-functions-key": "schlüssel"}, 401),
        ("/api/locked", {"x-functions-key": function}, 200),
        ("/api/locked", {"x-functions-key": master}, 200),
        (f"/api/locked?code={function}", {}, 200),
        ("/api/locked?code=wrong", {}, 401),
        ("/api/vault", {"x-functions-key": function}, 401),
        (f"/api/vault?code={function}", {}, 401),
        ("/api/vault", {"x-functions-key": master}, 200),
        ("/admin/host/status", {"x-functions-key": function}, 401),
        ("/admin/host/status", {"x-functions-key": master}, 200),
        ("/admin/host/ping", {}, 200),
    ]
    found = []
    async with ClientSession() as session:
        for path, headers, _ in cases:
            async with session.get(host.url + path, headers=headers) as answer:
                found.append((path, headers, answer.status))
    assert found == cases


async def test_keys_outlive_a_restart(app: App, host: RunningHost) -> None:
    host.stop()
    assert app.start().ready["keys"] == host.ready["keys"]


async def test_a_failing_function_is_500_and_says_nothing(host: RunningHost) -> None:
    async with ClientSession() as session, session.get(f"{host.url}/api/broken") as answer:
        assert (answer.status, await answer.read()) == (500, b"")
    assert "secret detail" in host.stop()[2]


async def test_cookies_come_through_one_by_one(host: RunningHost) -> None:
    async with ClientSession() as session, session.get(f"{host.url}/api/cookies") as answer:
        assert answer.headers.getall("Set-Cookie") == [
            "a=1; max-age=60; path=/; secure; samesite=strict; httponly",
            "b=2",
        ]


async def test_an_asgi_app_at_the_root(app: App) -> None:
    app.write(ASGI, host_json={"version": "2.0", "extensions": {"http": {"routePrefix": ""}}})
    host = app.start()
    async with ClientSession() as session, session.put(f"{host.url}/any/path", data=b"body") as answer:
        assert await answer.text() == "any/path body"
        assert answer.headers.getall("Set-Cookie") == [
            "s=1; path=/; samesite=lax",
            "t=2; path=/; samesite=lax; httponly",
        ]
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"


async def test_sigterm_waits_for_a_request_under_way(app: App) -> None:
    app.write("""
@app.route(route="slow", auth_level=func.AuthLevel.ANONYMOUS)
async def slow(req: func.HttpRequest) -> func.HttpResponse:
    note("begin")
    while not (FOLDER / "go").exists():
        await asyncio.sleep(0.05)
    return func.HttpResponse("done")
""")
    import asyncio

    host = app.start()
    async with ClientSession() as session:
        request = asyncio.create_task(session.get(f"{host.url}/api/slow"))
        await asyncio.to_thread(until, lambda: app.notes)
        host.process.terminate()
        assert host.process.stdout is not None
        while "stopping: 1 under way" not in await asyncio.to_thread(host.process.stdout.readline):
            pass
        (app.folder / "go").touch()
        answer = await request
        assert await answer.text() == "done"
    assert await asyncio.to_thread(host.process.wait, 60) == 0


async def test_no_port_is_reachable_from_another_machine(host: RunningHost) -> None:
    import psutil

    listening = [one for one in psutil.Process(host.process.pid).net_connections() if one.status == "LISTEN"]
    assert {one.laddr.ip for one in listening} == {"127.0.0.1"}
