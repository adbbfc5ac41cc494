"""An IMAP server that says what a test wants it to say, and otherwise behaves like one with a single mail in its inbox."""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Answer = bytes | Callable[["Conversation", bytes], Awaitable[None]]
"""What to say to a command: `TAG` stands for its tag. Or something that says it."""

HEADER = b"Subject: One\r\nMessage-ID: <one@company.example>\r\n\r\n"
MARK_ITEM = b"BODY[HEADER.FIELDS (SUBJECT FROM DATE MESSAGE-ID DISPOSITION-NOTIFICATION-TO)]<0>"


def fetched(uid: int, *, number: int = 1, header: bytes = HEADER, rest: bytes = b"") -> bytes:
    """A FETCH response with everything that a listing asks for."""
    return (
        b'* %d FETCH (UID %d FLAGS () INTERNALDATE "02-Nov-2026 08:15:30 +0000" RFC822.SIZE %d %s {%d}\r\n%s%s)\r\n'
        % (number, uid, len(header), MARK_ITEM, len(header), header, rest)
    )


CAPABILITIES = b"IMAP4rev1 SASL-IR LITERAL+ UIDPLUS MOVE AUTH=PLAIN AUTH=XOAUTH2"
DEFAULTS: dict[str, Answer] = {
    "CAPABILITY": b"* CAPABILITY " + CAPABILITIES + b"\r\nTAG OK done\r\n",
    "AUTHENTICATE": b"TAG OK [CAPABILITY " + CAPABILITIES + b"] in\r\n",
    "LOGIN": b"TAG OK in\r\n",
    "LIST": b'* LIST () "/" INBOX\r\n* LIST () "/" INBOX/Imported\r\nTAG OK done\r\n',
    "STATUS": b"* STATUS INBOX (MESSAGES 1)\r\nTAG OK done\r\n",
    "SELECT": (
        b"* FLAGS (\\Seen \\Deleted)\r\n* 1 EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\n* OK [UIDNEXT 6] ok\r\nTAG OK done\r\n"
    ),
    "UID SEARCH": b"* SEARCH 5\r\nTAG OK done\r\n",
    "UID FETCH": fetched(5, rest=b" BODY[]<0> {%d}\r\n%s" % (len(HEADER), HEADER)) + b"TAG OK done\r\n",
    "UID MOVE": b"* OK [COPYUID 9 5 1] moved\r\n* 1 EXPUNGE\r\nTAG OK done\r\n",
    "NOOP": b"TAG OK done\r\n",
}  # fmt: skip


@dataclass
class Conversation:
    """One connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    context: ssl.SSLContext
    commands: list[str]

    async def say(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()


@dataclass
class HostileImap:
    """A running server. `answers` may be changed while it runs."""

    port: int
    answers: dict[str, Answer]
    commands: list[str] = field(default_factory=list)
    """Commands of all connections, without their tags."""


@asynccontextmanager
async def hostile_imap(
    authority: trustme.CA | None = None,
    answers: dict[str, Answer] | None = None,
    *,
    greeting: bytes = b"* OK [CAPABILITY " + CAPABILITIES + b"] ready\r\n",
    implicit: bool = True,
    context: ssl.SSLContext | None = None,
) -> AsyncIterator[HostileImap]:
    """A server on a free port.

    Args:
        authority: gives it a certificate for 127.0.0.1.
        answers: what differs from `DEFAULTS`.
        greeting: what it says first; empty for nothing.
        implicit: it begins with TLS.
        context: certificate and key in place of those.
    """
    if context is None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        (authority or trustme.CA()).issue_cert("127.0.0.1").configure_cert(context)
    server = HostileImap(0, DEFAULTS | (answers or {}))
    talks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        talks.add(task)
        conversation = Conversation(reader, writer, context, server.commands)
        plain = writer.transport  # that of STARTTLS is another one
        with contextlib.suppress(OSError, EOFError, asyncio.CancelledError):
            await conversation.say(greeting)
            while line := await reader.readline():
                tag, _, command = line.rstrip(b"\r\n").partition(b" ")
                text = command.decode("utf-8", "replace")
                server.commands.append(text)
                while literal := re.search(rb"\{(\d+)\+?\}\r\n\Z", line):
                    content = await reader.readexactly(int(literal[1]))
                    line = content + await reader.readline()
                    server.commands[-1] += " " + line.decode("utf-8", "replace").strip()
                await _answer(conversation, server, tag, text)
        writer.transport.abort()
        plain.abort()
        talks.discard(task)

    listening = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context if implicit else None, limit=1 << 20)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        for task in list(talks):
            task.cancel()
        await asyncio.gather(*talks, return_exceptions=True)
        await asyncio.sleep(0)  # transports that were aborted close in the next round of the loop


async def _answer(conversation: Conversation, server: HostileImap, tag: bytes, text: str) -> None:
    word = next((word for word in sorted(server.answers, key=len, reverse=True) if text.upper().startswith(word)), None)
    answer = server.answers[word] if word else b"TAG BAD unknown\r\n"
    if isinstance(answer, bytes):
        await conversation.say(answer.replace(b"TAG", tag))
    else:
        await answer(conversation, tag)


def certificate(
    *, host: str = "127.0.0.1", days: tuple[int, int] = (-1, 30), authority: bool = False
) -> tuple[ssl.SSLContext, str]:
    """A server's context with a certificate that it signed itself, and that certificate as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a mail server")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=days[0]))
        .not_valid_after(now + timedelta(days=days[1]))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address(host))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM).decode()
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    from tempfile import NamedTemporaryFile

    with NamedTemporaryFile("w", suffix=".pem") as file:
        file.write(private + pem)
        file.flush()
        context.load_cert_chain(file.name)
    return context, pem
