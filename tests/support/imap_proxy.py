"""A relay in front of a mail server that loses the answer to a command which the server carried out.

::

    with ImapProxy(server.imaps_port, certificate, trusted) as proxy:
        proxy.lose("MOVE", 1)   # the first MOVE takes place; the client hears nothing of it, and the connection is cut
        ...                     # a source that connects to proxy.port
        proxy.changing          # how many changing commands of each kind there were since `reset`

It speaks TLS on both sides, with a certificate of its own, because otherwise it would not see where a command begins.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl
import threading
from collections import Counter
from dataclasses import dataclass
from types import TracebackType
from typing import Self

CHANGING = frozenset({"APPEND", "COPY", "CREATE", "DELETE", "EXPUNGE", "MOVE", "RENAME", "STORE", "SUBSCRIBE"})
"""Commands that change something, without the UID before them."""
_COMMAND = re.compile(rb"(?P<tag>[^ \r\n]+) (?:UID )?(?P<name>[A-Za-z]+)", re.IGNORECASE)
_LITERAL = re.compile(rb"\{(\d+)\+?\}\r\n\Z")
_LONGEST_LINE = 1024 * 1024


@dataclass
class _Conversation:
    """One client."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    lost: bytes = b""
    """Tag of the command whose answer the client never sees."""


class ImapProxy:
    """Use it as a context manager; it runs in a thread of its own. All of its methods can be called from any thread.

    Args:
        target: TLS port of the server, on 127.0.0.1. It may be stopped and started again meanwhile.
        context: with the certificate that is shown to clients.
        trusted: to check that of the server with.
    """

    def __init__(self, target: int, context: ssl.SSLContext, trusted: ssl.SSLContext) -> None:
        self.port = 0
        self._target = target
        self._context = context
        self._trusted = trusted
        self._loop = asyncio.new_event_loop()
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._losing: tuple[str, int] | None = None
        self._fired = 0
        self._server: asyncio.Server | None = None
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    @property
    def changing(self) -> dict[str, int]:
        """How many changing commands of each kind there were since `reset`."""
        with self._lock:
            return dict(self._counts)

    @property
    def fired(self) -> int:
        """How many answers were lost since `reset`."""
        with self._lock:
            return self._fired

    def lose(self, name: str, nth: int) -> None:
        """Cut the connection once the server has answered the nth command of a kind from now on, counted from 1."""
        with self._lock:
            self._losing = (name, nth + self._counts[name])

    def reset(self) -> None:
        """Forget what was to be lost, and the counts."""
        with self._lock:
            self._counts.clear()
            self._losing, self._fired = None, 0

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(30)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(30)
        self._loop.close()

    async def _start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._context, limit=_LONGEST_LINE)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _stop(self) -> None:
        assert self._server is not None
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = _Conversation(reader, writer)
        behind: asyncio.StreamWriter | None = None
        try:
            answers, behind = await asyncio.open_connection(
                "127.0.0.1", self._target, ssl=self._trusted, limit=_LONGEST_LINE
            )
            ways = {
                asyncio.create_task(self._forward(client, behind)),
                asyncio.create_task(self._answer(client, answers)),
            }
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)
        except OSError:
            pass  # the server is not there
        finally:
            for end in (writer, behind):
                if end is not None:
                    end.transport.abort()

    async def _forward(self, client: _Conversation, behind: asyncio.StreamWriter) -> None:
        """What the client says, command by command."""
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            begins = True
            while line := await client.reader.readline():
                if begins and (command := _COMMAND.match(line)):
                    self._judge(client, command["tag"], command["name"].decode().upper())
                behind.write(line)
                literal = _LITERAL.search(line)
                begins = literal is None
                if literal:
                    await behind.drain()
                    behind.write(await client.reader.readexactly(int(literal[1])))
                await behind.drain()

    async def _answer(self, client: _Conversation, answers: asyncio.StreamReader) -> None:
        """What the server says, until it answers the command whose answer is lost."""
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while line := await answers.readline():
                literal = _LITERAL.search(line)
                whole = line + (await answers.readexactly(int(literal[1])) if literal else b"")
                if client.lost and line.startswith(client.lost + b" "):
                    with self._lock:
                        self._fired += 1
                    return
                # a client may have to wait for leave to send the rest of the command
                if not client.lost or line.startswith(b"+"):
                    client.writer.write(whole)
                    await client.writer.drain()

    def _judge(self, client: _Conversation, tag: bytes, name: str) -> None:
        if name not in CHANGING:
            return
        with self._lock:
            self._counts[name] += 1
            if self._losing == (name, self._counts[name]):
                client.lost, self._losing = tag, None
