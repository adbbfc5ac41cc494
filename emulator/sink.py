"""A receiver of webhooks that records what comes, and answers as it is told: errors, delays, redirects, floods,
silence."""

from __future__ import annotations

import asyncio
import base64
import html
from dataclasses import asdict, dataclass, field
from typing import Any

from aiohttp import web

from emulator.clock import Clock, iso

_SHOWN = 50
_FLOOD = b"x" * 65536


@dataclass
class Program:
    """How one name answers."""

    statuses: list[int] = field(default_factory=lambda: [200])
    """One after the other; the last one for ever."""
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    retry_after: str | None = None
    location: str | None = None
    delay_ms: int = 0
    hang: bool = False
    """Record, and never answer."""
    body_bytes: int = 0
    """An answer of so many bytes; -1 never ends."""
    chunk_delay_ms: int = 0
    """With ``body_bytes``: one byte, then so long a wait."""
    drop: bool = False
    """Record, then cut the connection without an answer."""
    validate: bool = True
    """Echo ``validationToken`` of Graph's handshake."""


@dataclass
class Record:
    """One request that came."""

    number: int
    name: str
    received: str
    method: str
    path: str
    query: dict[str, str]
    headers: list[tuple[str, str]]
    body: bytes
    status: int

    def json(self) -> dict[str, Any]:
        """With the body as text and as base64."""
        shown = {key: value for key, value in asdict(self).items() if key != "body"}
        return shown | {"text": self.body.decode("utf-8", "replace"), "base64": base64.b64encode(self.body).decode()}


class Sink:
    """The names and what came to them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.records: list[Record] = []
        self.programs: dict[str, Program] = {}
        self._answered: dict[str, int] = {}
        self._serial = 0
        self._released = asyncio.Event()

    def routes(self) -> list[web.RouteDef]:
        """What the listener serves."""
        return [
            web.get("/hook", self.page),
            web.get("/hook/", self.page),
            web.get("/hook/{name}", self.page),
            web.route("*", "/hook/{name}", self.receive),
        ]

    def clear(self, name: str | None = None) -> None:
        """Forget records and programs, of one name or of all."""
        self.records = [record for record in self.records if name is not None and record.name != name]
        for store in (self.programs, self._answered):
            for key in [key for key in store if name in (None, key)]:
                del store[key]

    def program(self, name: str, program: Program) -> None:
        """Set how a name answers from now on."""
        self.programs[name] = program
        self._answered.pop(name, None)

    def release(self) -> None:
        """Let hanging requests go (when the emulator stops)."""
        self._released.set()

    def recorded(self, name: str) -> list[dict[str, Any]]:
        """What came to a name, oldest first."""
        return [record.json() for record in self.records if record.name == name]

    async def receive(self, request: web.Request) -> web.StreamResponse:
        """Record, then answer as programmed."""
        name = request.match_info["name"]
        program = self.programs.get(name) or Program()
        body = await request.read()
        token = request.query.get("validationToken")
        validating = token is not None and program.validate
        status = 200 if validating else self._next_status(name, program)
        self._serial += 1
        received = iso(self._clock.utc())
        headers = list(request.headers.items())
        query = dict(request.query)
        self.records.append(
            Record(self._serial, name, received, request.method, request.path, query, headers, body, status)
        )
        if program.hang:
            await self._released.wait()
        if program.delay_ms:
            await asyncio.sleep(program.delay_ms / 1000)
        if program.drop or program.hang:
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=503)
        if validating:
            return web.Response(text=token)
        answer_headers = dict(program.headers)
        if program.retry_after is not None:
            answer_headers["Retry-After"] = program.retry_after
        if program.location is not None:
            answer_headers["Location"] = program.location
        if program.body_bytes:
            return await self._flood(request, status, answer_headers, program)
        return web.Response(status=status, headers=answer_headers, text=program.body)

    def _next_status(self, name: str, program: Program) -> int:
        answered = self._answered.get(name, 0)
        self._answered[name] = answered + 1
        return program.statuses[min(answered, len(program.statuses) - 1)]

    async def _flood(
        self, request: web.Request, status: int, headers: dict[str, str], program: Program
    ) -> web.StreamResponse:
        response = web.StreamResponse(status=status, headers=headers)
        response.enable_chunked_encoding()
        await response.prepare(request)
        remaining = program.body_bytes
        size = 1 if program.chunk_delay_ms else len(_FLOOD)
        try:
            while remaining and not self._released.is_set():
                piece = _FLOOD[: size if remaining < 0 else min(size, remaining)]
                await response.write(piece)
                remaining -= len(piece) if remaining > 0 else 0
                await asyncio.sleep(program.chunk_delay_ms / 1000)
            await response.write_eof()
        except ConnectionResetError:
            pass
        return response

    async def page(self, request: web.Request) -> web.Response:
        """For people: what came in, newest first."""
        name = request.match_info.get("name")
        chosen = [record for record in reversed(self.records) if name in (None, record.name)][:_SHOWN]
        heading = f"Webhook sink: {html.escape(name)}" if name else "Webhook sink"
        entries = "".join(map(_entry, chosen)) or "<p>Nothing has come in yet.</p>"
        text = (
            "<!doctype html><html lang=en><meta charset=utf-8><title>Webhook sink</title>"
            "<style>body{font:15px system-ui;margin:2rem auto;max-width:60rem}pre{background:#f3f3f3;padding:.7rem;"
            "white-space:pre-wrap;overflow-wrap:anywhere}article{border-top:1px solid #ccc}</style>"
            f"<h1>{heading}</h1><p>{len(self.records)} in all, newest first.</p>{entries}"
        )
        headers = {
            "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
            "X-Content-Type-Options": "nosniff",
        }
        return web.Response(text=text, content_type="text/html", headers=headers)


def _entry(record: Record) -> str:
    headers = html.escape("\n".join(f"{name}: {value}" for name, value in record.headers))
    body = html.escape(record.body[:20000].decode("utf-8", "replace"))
    title = html.escape(
        f"{record.number}. {record.method} {record.path} at {record.received}, answered {record.status}"
    )
    details = f"<details><summary>Headers</summary><pre>{headers}</pre></details>"
    return f"<article><h2>{title}</h2>{details}<pre>{body}</pre></article>"
