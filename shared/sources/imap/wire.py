"""One IMAP connection, blocking, in a thread of its own: commands go out, answers come back whole and within limits.

Whatever is read or allocated goes through `Stream`, which has the limits. What the answers mean is told by the parser of IMAPClient
(`parse.py`). Its client is not used: it reads through `imaplib`, which allocates literals as they are announced, knows no deadline for
a whole call, and does not look at what was slipped in before TLS.

RFC 3501 and 9051 (commands and answers), 7888 (literals that need no asking), 4959 (SASL-IR).
"""

from __future__ import annotations

import base64
import re
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from shared.sources.imap.stream import LimitExceeded, Stream

_UNTAGGED = re.compile(
    rb"\* (?:(?P<number>\d{1,20}) )?(?P<kind>[A-Za-z][A-Za-z0-9-]{0,40})(?: (?P<rest>.*))?\Z", re.DOTALL
)
_LITERAL = re.compile(rb"\{(\d{1,20})\}\Z")
_CODE = re.compile(rb"\[([!-Z\\^-~]{1,40})(?: ([^\]\r\n]{0,2000}))?\] ?")
_STATUS = frozenset({"OK", "NO", "BAD", "BYE", "PREAUTH"})
_MOST_CHALLENGES: Final = 3


class Closed(Exception):
    """The server said BYE. The text is the server's."""


class NotImap(Exception):
    """What greets there is no IMAP server."""


class Injected(Exception):
    """Somebody sent data in plain text behind the answer to STARTTLS (CVE-2021-33515 and its kin)."""


@dataclass(frozen=True, slots=True)
class Literal:
    """An argument of a command that is sent as a literal."""

    content: bytes = field(repr=False)


Untagged = bytes | tuple[bytes, bytes]
"""One piece of an untagged response: a line, or what came before a literal and the literal."""


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a command.

    Attributes:
        status: OK, NO or BAD.
        text: what the server said with it, for people, without the response code.
        code: the response code in capitals (RFC 5530), or empty.
        argument: what stands behind the code.
        untagged: untagged responses, and the arguments of response codes, by their kind.
    """

    status: str
    text: bytes = b""
    code: str = ""
    argument: bytes = b""
    untagged: dict[str, list[Untagged]] = field(default_factory=dict, repr=False)

    def lines(self, kind: str) -> list[Untagged]:
        """The pieces of the untagged responses of one kind."""
        return self.untagged.get(kind, [])

    def number(self, kind: str) -> int | None:
        """The number of an untagged response such as `UIDNEXT`; None where there is none that is one."""
        for piece in reversed(self.lines(kind)):
            if isinstance(piece, bytes) and piece.isdigit() and len(piece) <= 20:
                return int(piece)
        return None


class Wire:
    """A connection. `greet` has to be the first call.

    Args:
        stream: connected, encrypted already or still to be encrypted by `encrypt`.
        host: name that the certificate must be for.
    """

    def __init__(self, stream: Stream, host: str) -> None:
        self.stream = stream
        self.host = host
        self.capabilities: tuple[str, ...] = ()
        self._untagged: dict[str, list[Untagged]] = {}
        self._answers: dict[bytes, bytes | None] = {}  # to the commands that are under way, by their tags
        self._number = 0
        self._challenge = b""

    def greet(self) -> None:
        """Read the greeting.

        Raises:
            NotImap: what answers speaks something else.
            Closed: the server wants no connection now.
            LimitExceeded: it lets everybody in.
        """
        try:
            kind = self._receive()
        except LimitExceeded:
            raise NotImap from None
        if kind == "PREAUTH":
            # somebody who is signed in before saying a name is somebody else, and STARTTLS would not be possible any more
            raise LimitExceeded("the server lets everybody in without a password")
        if kind != "OK":
            raise NotImap
        self._learn(self._untagged)
        if not self.capabilities:
            self.ask_capabilities()

    def encrypt(self, context: ssl.SSLContext) -> Reply:
        """Begin TLS by STARTTLS, and forget everything that was said before (RFC 9051 section 6.2.1).

        Raises:
            Injected: there was data behind the answer.
            OSError: no TLS was agreed on.
        """
        reply = self.command(b"STARTTLS")
        if reply.status == "OK":
            if self.stream.pending:
                raise Injected
            self.stream.wrap(context, self.host)
            self.capabilities = ()
            self.ask_capabilities()
        return reply

    def ask_capabilities(self) -> None:
        """Ask what the server can do."""
        self._learn(self.command(b"CAPABILITY").untagged)

    def can(self, name: str) -> bool:
        """Whether the server has a capability."""
        return name in self.capabilities

    def command(self, *parts: bytes | Literal) -> Reply:
        """Send one command and read its whole answer.

        Args:
            parts: the command and its arguments as they go over the wire, without the spaces between them.

        Raises:
            Closed: the server said BYE.
            LimitExceeded: the answer is too large, or none at all.
            OSError: the connection ended, or the time is up.
        """
        return self.commands([parts])[0]

    def commands(self, several: Sequence[Sequence[bytes | Literal]]) -> list[Reply]:
        """Send several short commands at once, and read all answers. What was said without a tag stands in each of them."""
        self._untagged = {}
        tags = [self._send(parts) for parts in several]
        replies = [self._complete(tag) for tag in tags]
        self._untagged = {}  # a part of a mail is not kept here until the next command
        return replies

    def authenticate(self, mechanism: str, response: bytes) -> tuple[Reply, bytes]:
        """AUTHENTICATE with a mechanism in which the client speaks first (RFC 4422, 7628).

        A server that refuses a token says why in a challenge, which is answered with an empty line so that it ends the exchange.

        Args:
            mechanism: PLAIN, XOAUTH2 or OAUTHBEARER.
            response: the client's answer, before base64.

        Returns:
            The reply, and what the challenge said, decoded.
        """
        self._untagged = {}
        encoded = base64.b64encode(response)
        sent = self.can("SASL-IR")
        tag = self._send([b"AUTHENTICATE", mechanism.encode(), *([encoded] if sent else [])])
        said = b""
        for _ in range(_MOST_CHALLENGES):
            if not self._continues(tag):
                break
            if sent:
                said = _decoded(self._challenge)
            self.stream.send(b"\r\n" if sent else encoded + b"\r\n")
            sent = True
        return self._signed_in(tag), said

    def login(self, user: str, password: str) -> Reply:
        """LOGIN, with both as literals, so that any character can be in them (RFC 3501 section 6.2.3)."""
        self._untagged = {}
        return self._signed_in(self._send([b"LOGIN", Literal(user.encode()), Literal(password.encode())]))

    def farewell(self) -> None:
        """Say that we go, without waiting for an answer, and go."""
        try:
            self.stream.send(b"P0 LOGOUT\r\n")
        finally:
            self.stream.close()

    def _signed_in(self, tag: bytes) -> Reply:
        reply = self._complete(tag)
        if reply.status == "OK":
            self.capabilities = ()
            self._learn(self._untagged)
            if not self.capabilities:
                self.ask_capabilities()
        return reply

    def _send(self, parts: Sequence[bytes | Literal]) -> bytes:
        self._number += 1
        tag = b"P%d" % self._number
        self._answers[tag] = None
        line = tag
        for part in parts:
            if isinstance(part, bytes):
                line += b" " + part
                continue
            plus = self.can("LITERAL+") or (self.can("LITERAL-") and len(part.content) <= 4096)
            line += b" {%d%s}\r\n" % (len(part.content), b"+" if plus else b"")
            if not plus:
                self.stream.send(line)
                if not self._continues(tag):
                    return tag  # refused before the literal was sent
                line = b""
            line += part.content
        self.stream.send(line + b"\r\n")
        return tag

    def _continues(self, tag: bytes) -> bool:
        """Wait until the server asks for more (True), or has answered."""
        while self._answers[tag] is None:
            if self._receive() == "+":
                return True
        return False

    def _complete(self, tag: bytes) -> Reply:
        while (answer := self._answers[tag]) is None:
            if self._receive() == "+":
                raise LimitExceeded("the server asks for more when there is nothing more")
        del self._answers[tag]
        status, _, text = answer.partition(b" ")
        if status.upper() not in (b"OK", b"NO", b"BAD"):
            raise LimitExceeded("the server gave an answer that IMAP does not know")
        code, argument, text = _coded(text)
        return Reply(status.decode("ascii").upper(), text, code, argument, self._untagged)

    def _receive(self) -> str:
        """Read one response; its kind: that of an untagged one, `+`, or empty for the answer to a command."""
        line = self._line()
        if line.startswith(b"+"):
            self._challenge = line[1:].strip()
            return "+"
        tag, _, answer = line.partition(b" ")
        if tag in self._answers:
            self._answers[tag] = answer
            self._note(answer.partition(b" ")[2])
            return ""
        found = _UNTAGGED.match(line)
        if found is None:
            raise LimitExceeded("the server gave an answer that is none")
        kind = found["kind"].decode("ascii").upper()
        rest: bytes = found["rest"] or b""
        if kind in _STATUS:
            self._note(rest)
            if kind == "BYE":
                raise Closed(_coded(rest)[2][:500].decode("utf-8", "replace"))
            return kind
        if found["number"]:
            rest = found["number"] + (b" " + rest if rest else b"")
        pieces = self._untagged.setdefault(kind, [])
        while literal := _LITERAL.search(rest):
            pieces.append((rest, self.stream.read(int(literal[1]))))
            rest = self._line()
        pieces.append(rest)
        return kind

    def _note(self, text: bytes) -> None:
        """Keep the response code of a text."""
        code, argument, _ = _coded(text)
        if code:
            self._untagged.setdefault(code, []).append(argument)

    def _line(self) -> bytes:
        return self.stream.readline().removesuffix(b"\n").removesuffix(b"\r")

    def _learn(self, untagged: dict[str, list[Untagged]]) -> None:
        """Keep the capabilities that the server told with or without being asked."""
        pieces = [piece for piece in untagged.get("CAPABILITY", []) if isinstance(piece, bytes)]
        if pieces:
            self.capabilities = tuple(dict.fromkeys(pieces[-1].decode("ascii", "replace").upper().split()))[:500]


def _coded(text: bytes) -> tuple[str, bytes, bytes]:
    """Response code in capitals, its argument, and the text behind it."""
    found = _CODE.match(text)
    return (found[1].decode("ascii").upper(), found[2] or b"", text[found.end() :]) if found else ("", b"", text)


def _decoded(challenge: bytes) -> bytes:
    try:
        return base64.b64decode(challenge[:4096])
    except ValueError:
        return b""
