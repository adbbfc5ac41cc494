"""Subscribers that try to hold, fill or confuse the sender. Real servers, short deadlines, no measured times."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Iterable

import pytest

from shared.webhooks.attempt import Attempt, Reason
from shared.webhooks.excerpt import excerpt
from tests.net.servers import hook, raw_server
from tests.webhooks.helpers import local_sender, post

SHORT = 0.4
MIB = 1024 * 1024


async def hang(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(60)


async def trickle_headers(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"a" * 1000:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.05)


async def endless_headers(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    n = 0
    while True:
        n += 1
        writer.write(f"X-{n}: {'a' * 1000}\r\n".encode())
        await writer.drain()


async def endless_continue(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"HTTP/1.1 102 Processing\r\n\r\n")
        await writer.drain()
        await asyncio.sleep(0.001)


async def trickle_body(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 500 Broken\r\nContent-Length: 100000\r\n\r\nfirst")
    while True:
        await writer.drain()
        await asyncio.sleep(0.05)
        writer.write(b".")


async def attempt_against(handler: object, *, deadline: float = SHORT) -> Attempt:
    async with raw_server(handler) as url, local_sender(deadline=deadline) as sender:  # type: ignore[arg-type]
        return await post(sender, url)


@pytest.mark.fault("F04")
@pytest.mark.parametrize("handler", [hang, trickle_headers, endless_continue])
async def test_the_deadline_is_for_all_of_it(handler: object) -> None:
    assert (await attempt_against(handler)).reason is Reason.TIMEOUT


@pytest.mark.fault("F04")
async def test_endless_headers_end_the_attempt() -> None:
    assert (await attempt_against(endless_headers, deadline=10)).reason is Reason.BROKEN_ANSWER


@pytest.mark.fault("F04")
async def test_an_error_whose_body_never_ends_keeps_its_status() -> None:
    attempt = await attempt_against(trickle_body, deadline=1.5)
    assert (attempt.reason, attempt.status) == (Reason.STATUS, 500)
    assert attempt.excerpt.startswith("first")


@pytest.mark.fault("F04")
async def test_a_huge_answer_is_not_read() -> None:
    sent = 0
    hung_up = asyncio.Event()

    async def huge(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 500 Broken\r\nContent-Length: 1073741824\r\n\r\n")
        try:
            while sent < 256 * MIB:
                writer.write(b"x" * MIB)
                await writer.drain()
                sent += MIB
        finally:
            hung_up.set()

    async with raw_server(huge) as url, local_sender(deadline=30) as sender:
        attempt = await post(sender, url)
        await asyncio.wait_for(hung_up.wait(), 30)
    assert attempt.status == 500
    assert len(attempt.excerpt) <= 300
    assert sent < 64 * MIB  # what the kernel holds, and not what was offered


@pytest.mark.fault("F04")
async def test_a_success_is_not_held_by_its_body() -> None:
    async def endless(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"1\r\n.\r\n")
            await writer.drain()
            await asyncio.sleep(0.01)

    assert (await attempt_against(endless, deadline=30)).delivered


@pytest.mark.fault("F04")
@pytest.mark.parametrize("status", [b"200 OK", b"500 Broken"])
async def test_a_compressed_answer_is_not_unpacked(status: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[bytes] = []

    def spy(raw: bytes, encoding: str, *, url: str, hidden: Iterable[str]) -> str:
        read.append(raw)
        return excerpt(raw, encoding, url=url, hidden=hidden)

    monkeypatch.setattr("shared.webhooks.sender.excerpt", spy)
    bomb = gzip.compress(b"boom" * (4 * MIB))

    async def explode(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = b"HTTP/1.1 %b\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % (status, len(bomb))
        writer.write(head + bomb)
        await writer.drain()
        await asyncio.sleep(1)

    attempt = await attempt_against(explode, deadline=10)
    assert attempt.status == int(status[:3])
    assert attempt.excerpt == ""
    assert all(raw.startswith(b"\x1f\x8b") and len(raw) <= 65536 for raw in read)


async def test_others_are_served_while_one_hangs() -> None:
    async with raw_server(hang) as slow, hook() as good, local_sender() as sender:
        held = asyncio.ensure_future(post(sender, slow))
        for _ in range(5):
            assert (await post(sender, good.url())).delivered
        assert not held.done()
        held.cancel()
        await asyncio.gather(held, return_exceptions=True)


GARBAGE = {
    "nothing": b"",
    "not HTTP": b"SSH-2.0-OpenSSH_9.2\r\n",
    "half a status line": b"HTTP/1.1 2",
    "no status": b"HTTP/1.1 \r\n\r\n",
    "an endless status": b"HTTP/1.1 " + b"2" * 70000 + b" OK\r\n\r\n",
    "status 99": b"HTTP/1.1 099 Low\r\nContent-Length: 0\r\n\r\n",
    "status 999": b"HTTP/1.1 999 High\r\nContent-Length: 0\r\n\r\n",
    "version 9": b"HTTP/9.9 200 OK\r\n\r\n",
    "bad length": b"HTTP/1.1 500 x\r\nContent-Length: -5\r\n\r\n",
    "two lengths": b"HTTP/1.1 500 x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
    "bad chunk": b"HTTP/1.1 500 x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "cut chunk": b"HTTP/1.1 500 x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
    "NUL in a header": b"HTTP/1.1 500 x\r\nX-A: \x00\r\n\r\n",
    "folded header": b"HTTP/1.1 500 x\r\nX-A: a\r\n b\r\n\r\n",
    "no UTF-8": b"HTTP/1.1 500 \xff\xfe\r\nX-A: \xff\r\nContent-Length: 2\r\n\r\n\xff\xfe",
    "bad encoding": b"HTTP/1.1 500 x\r\nContent-Encoding: \xff\r\nContent-Length: 1\r\n\r\na",
    "bad type": b"HTTP/1.1 500 x\r\nContent-Type: text/html; charset=\x80nonsense\r\nContent-Length: 1\r\n\r\na",
    "bad retry": b"HTTP/1.1 503 x\r\nRetry-After: \xff\xff\r\nContent-Length: 0\r\n\r\n",
    "bad cookie": b"HTTP/1.1 500 x\r\nSet-Cookie: \x01=\x02; Expires=never\r\nContent-Length: 0\r\n\r\n",
    "CRLF in Location": b"HTTP/1.1 302 x\r\nLocation: /a%0d%0aX-Injected: 1\r\n\tb\r\nContent-Length: 0\r\n\r\n",
    "switching": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
}


@pytest.mark.fault("F04")
@pytest.mark.parametrize("case", GARBAGE)
async def test_garbage_is_a_failure_and_never_an_exception(case: str) -> None:
    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(GARBAGE[case])
        await writer.drain()
        writer.write_eof()
        await asyncio.sleep(0.02)

    attempt = await attempt_against(answer, deadline=5)
    assert not attempt.delivered
    assert attempt.reason in (Reason.BROKEN_ANSWER, Reason.NO_CONNECTION, Reason.STATUS, Reason.REDIRECT)
