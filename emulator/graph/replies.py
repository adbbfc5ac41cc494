"""Putting an answer on the wire: JSON, bytes, or a file in chunks; and cutting it where a fault wants that."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

from aiohttp import web

from emulator.faults import Fault
from emulator.graph.call import Answer, FileBody

_CHUNK = 65536


class ConnectionCut(Exception):
    """The connection is to be cut without an answer."""


async def send_answer(request: web.Request, answer: Answer, fault: Fault | None) -> web.StreamResponse:
    """Send the answer to its last byte."""
    body = answer.body
    cut = fault is not None and fault.mode == "cut_body"
    slow = fault is not None and fault.chunk_delay_ms > 0
    if isinstance(body, FileBody) or cut or slow:
        return await _stream(request, answer, fault)
    headers = answer.headers
    if isinstance(body, bytes):
        response = web.Response(status=answer.status, body=body, headers=headers)
    elif body is None:
        response = web.Response(status=answer.status, headers=headers)
    else:
        text = json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
        headers.setdefault("Content-Type", "application/json;odata.metadata=minimal;odata.streaming=true;charset=utf-8")
        response = web.Response(status=answer.status, body=text, headers=headers)
    await response.prepare(request)
    await response.write_eof()
    return response


def _pieces(answer: Answer, size: int) -> Iterator[bytes]:
    if isinstance(answer.body, FileBody):
        with answer.body.path.open("rb") as file:
            while piece := file.read(size):
                yield piece
        return
    body = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body or {}).encode()
    for start in range(0, len(body), size):
        yield body[start : start + size]


def _length(answer: Answer) -> int:
    if isinstance(answer.body, FileBody):
        return answer.body.path.stat().st_size
    return sum(map(len, _pieces(answer, _CHUNK)))


async def _stream(request: web.Request, answer: Answer, fault: Fault | None) -> web.StreamResponse:
    """Chunked, without a length."""
    response = web.StreamResponse(status=answer.status, headers=answer.headers)
    if isinstance(answer.body, FileBody):
        response.content_type = answer.body.content_type
    elif not isinstance(answer.body, bytes):
        response.content_type = "application/json"
    response.enable_chunked_encoding()
    await response.prepare(request)
    remaining: int | None = None
    pause = 0.0
    size = _CHUNK
    if fault is not None:
        if fault.mode == "cut_body":
            remaining = fault.after_bytes if fault.after_bytes is not None else _length(answer) // 2
        pause, size = fault.chunk_delay_ms / 1000, fault.chunk_bytes
    pieces = _pieces(answer, size)
    try:
        for piece in pieces:
            if remaining is not None:
                piece = piece[:remaining]
                remaining -= len(piece)
            if piece:
                await response.write(piece)
            if remaining == 0:
                await asyncio.sleep(0.01)  # let what was written reach the client before the cut
                raise ConnectionCut
            if pause:
                await asyncio.sleep(pause)
    finally:
        close = getattr(pieces, "close", None)
        if close:
            close()
    await response.write_eof()
    return response


def read_file(path: Path) -> bytes:
    """The whole file, for batches."""
    return path.read_bytes()
