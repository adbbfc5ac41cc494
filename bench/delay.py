"""A network that is as far away as a data centre: a TCP proxy on this machine that delivers everything later, and counts the bytes.

It knows nothing of what passes, so TLS stays between client and server. The bandwidth is not limited. Opening a connection takes one
round trip, as a TCP handshake does: the client's first bytes wait for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from local.setup import ROOT

ONE_WAY_MS = 12.5
_CHUNK = 64 * 1024
_MOST_CHUNKS = 256
"""Under way in one direction of a connection; whoever sends more waits."""


@dataclass(frozen=True)
class Passed:
    """Bytes that went through, with those of TLS."""

    sent: int
    received: int

    def __sub__(self, before: Passed) -> Passed:
        return Passed(self.sent - before.sent, self.received - before.received)


class Delay:
    """The proxy as a process of its own. Use it as a context manager.

    Args:
        port: where it listens, on loopback.
        target: the port that it leads to.
        milliseconds: each way.
    """

    def __init__(self, port: int, target: int, milliseconds: float = ONE_WAY_MS) -> None:
        self.port = port
        command = [sys.executable, "-m", "bench.delay", str(port), str(target), str(milliseconds)]
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        )
        self.passed()

    def passed(self) -> Passed:
        """Bytes so far."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(b"\n")
        self._process.stdin.flush()
        return Passed(**json.loads(self._process.stdout.readline()))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()


class _Proxy:
    def __init__(self, target: int, seconds: float) -> None:
        self._target = target
        self._seconds = seconds
        self.sent = 0
        self.received = 0

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A client came."""
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._target)

        def sent(size: int) -> None:
            self.sent += size

        def received(size: int) -> None:
            self.received += size

        await asyncio.gather(
            _carry(reader, there_writer, self._seconds, sent, held=2 * self._seconds),
            _carry(there_reader, writer, self._seconds, received),
        )


async def _carry(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    seconds: float,
    count: Callable[[int], None],
    *,
    held: float = 0,
) -> None:
    """Everything of one direction, so many seconds later, and nothing of it before `held` seconds."""
    loop = asyncio.get_running_loop()
    opened = loop.time() + held
    under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_MOST_CHUNKS)

    async def deliver() -> None:
        while True:
            due, data = await under_way.get()
            await asyncio.sleep(max(0, due - loop.time()))
            if not data:
                return
            with contextlib.suppress(ConnectionError):
                writer.write(data)
                await writer.drain()

    delivering = asyncio.create_task(deliver())
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(_CHUNK):
            count(len(data))
            await under_way.put((max(loop.time(), opened) + seconds, data))
    await under_way.put((loop.time() + seconds, b""))
    await delivering
    writer.close()


async def _serve(port: int, target: int, milliseconds: float) -> None:
    proxy = _Proxy(target, milliseconds / 1000)
    server = await asyncio.start_server(proxy.connected, "127.0.0.1", port, limit=_CHUNK)
    loop = asyncio.get_running_loop()
    async with server:
        while await loop.run_in_executor(None, sys.stdin.readline):
            print(json.dumps({"sent": proxy.sent, "received": proxy.received}), flush=True)
        server.abort_clients()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
