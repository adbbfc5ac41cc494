"""The one client for all mailboxes that an application reads in a tenant: sends requests, judges what comes back."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from shared.errors import ConfigurationError, NetworkFailure, PermanentError, PermissionDenied
from shared.sources.graph.errors import Refusal, failure, malformed, refusal, unreachable

if TYPE_CHECKING:
    import httpx
    from azure.core.credentials import AccessToken

    from shared.sources.graph.session import Session

PUBLIC_GRAPH = "https://graph.microsoft.com/v1.0"
APPLICATION = ("https://graph.microsoft.com/.default",)
"""Scopes of an application that acts on its own: what was consented to."""
DELEGATED = ("https://graph.microsoft.com/Mail.ReadWrite.Shared",)
"""Scopes for an account that signed in: its own mailbox, and those that it may open. Graph: permissions-reference."""
CHUNK = 256 * 1024
ANSWER_LIMIT = 32 * 1024 * 1024
"""Bytes of an answer in JSON; a page of 1,000 mails has less than one MiB."""
REFUSAL_LIMIT = 64 * 1024


class Credential(Protocol):
    """Who gives the tokens: a credential of the Azure SDKs that can also forget what it has."""

    async def get_token(
        self,
        *scopes: str,
        claims: str | None = None,
        tenant_id: str | None = None,
        enable_cae: bool = True,
        **kwargs: Any,
    ) -> AccessToken:
        """A token for these scopes."""

    def forget(self) -> None:
        """Drop tokens kept in memory."""


@dataclass(frozen=True)
class Timing:
    """How long Graph may take, in seconds, and how many connections may be open."""

    connect: float = 10
    read: float = 60
    """Between two pieces of an answer."""
    call: float = 90
    """A whole request and its answer."""
    fetch: float = 600
    """A whole mail."""
    connections: int = 64


class GraphClient:
    """Requests to Graph for one application in one tenant, or for one account that signed in.

    Construction connects to nothing and loads no SDK.

    Keep one per process. Connections belong to the event loop in which they were opened, and are opened with the first
    request there. Nothing is repeated, but for one case: after a 401 the same request goes out once more with a new
    token, for a 401 says that nothing took place.

    Args:
        credential: gives the tokens.
        base_url: address of Graph with its version; always https.
        scopes: what tokens are asked for: `APPLICATION` or `DELEGATED`, or those of another cloud.
        ca_file: certificates to trust instead of the usual ones; for development.
        timing: limits of time and connections.
    """

    def __init__(
        self,
        credential: Credential,
        *,
        base_url: str = PUBLIC_GRAPH,
        scopes: Sequence[str] = APPLICATION,
        ca_file: Path | None = None,
        timing: Timing | None = None,
    ) -> None:
        parts = urlsplit(base_url)
        if parts.scheme != "https" or not parts.hostname or parts.query or parts.fragment:
            raise ConfigurationError(f"the address of Graph must be like {PUBLIC_GRAPH}, not {base_url!r}")
        self.base_url = base_url.rstrip("/")
        self.delegated = not all(scope.endswith("/.default") for scope in scopes)
        """Whether requests are made for an account that signed in, and not for the application itself."""
        self.requests = 0
        """Requests sent so far, each of which counts against the limits of a mailbox."""
        self._credential = credential
        self._scopes = tuple(scopes)
        self._ca_file = ca_file
        self._timing = timing or Timing()
        self._sessions: WeakKeyDictionary[asyncio.AbstractEventLoop, Session] = WeakKeyDictionary()

    def session(self) -> Session:
        """The parts for the running event loop, made at the first call."""
        loop = asyncio.get_running_loop()
        known = self._sessions.get(loop)
        if known is None:
            from shared.sources.graph.session import open_session

            known = self._sessions[loop] = open_session(
                self._credential,
                base_url=self.base_url,
                scopes=self._scopes,
                ca_file=self._ca_file,
                timing=self._timing,
            )
        return known

    async def aclose(self) -> None:
        """End the connections of the running event loop."""
        session = self._sessions.pop(asyncio.get_running_loop(), None)
        if session is not None:
            await session.http.aclose()

    async def call(
        self, info: Any, what: str, *, changing: bool = False, expected: Collection[int] = (200,), answered: bool = True
    ) -> dict[str, Any]:
        """Send a request, and read its answer as a JSON object.

        Args:
            info: the request information of the SDK.
            what: the call in words, for error texts: "listing the folder".
            changing: the call changes something; then a failure says that it may have taken place.
            expected: statuses of success.
            answered: whether a success has a body; without one the answer is an empty object.

        Raises:
            RefusedError: the answer is not a success; holds it, and the product's error for it.
            NetworkFailure, ServiceUnavailable: no answer, or one that cannot be read.
        """
        import httpx

        try:
            async with asyncio.timeout(self._timing.call):
                response = await self._send(info)
                try:
                    body = await _body(response, ANSWER_LIMIT)
                finally:
                    await response.aclose()
        except (httpx.HTTPError, OSError) as error:
            raise unreachable(error, what, changing=changing) from None
        if response.status_code not in expected:
            raise RefusedError(refusal(response.status_code, response.headers, body), what, changing=changing)
        if not answered:
            return {}
        try:
            answer = json.loads(body)
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, dict):
            raise malformed(f"Graph gave an answer that is not JSON when {what}.", changing=changing)
        return answer

    @asynccontextmanager
    async def stream(
        self, info: Any, what: str, *, deadline: float | None = None
    ) -> AsyncGenerator[AsyncIterator[bytes]]:
        """Send a request, and pass its answer on in pieces as it comes.

        Args:
            info: the request information of the SDK.
            what: the call in words, for error texts.
            deadline: when the last piece must have come, on the clock of the event loop; by default `fetch_deadline`.

        Raises:
            RefusedError: the answer is not a success.
            NetworkFailure: no answer, or it ended too early; also raised by the iterator.
        """
        import httpx

        deadline = self.fetch_deadline() if deadline is None else deadline
        response: httpx.Response | None = None
        try:
            try:
                async with asyncio.timeout_at(deadline):
                    response = await self._send(info)
                    if response.status_code != 200:
                        body = await _body(response, REFUSAL_LIMIT)
                        raise RefusedError(refusal(response.status_code, response.headers, body), what)
            except (httpx.HTTPError, OSError) as error:
                raise unreachable(error, what) from None
            if not _end_is_known(response):
                text = f"Graph gave an answer whose end cannot be told from a broken connection when {what}."
                raise NetworkFailure(text).because("graph_malformed")
            async with aclosing(_pieces(response, deadline, what)) as pieces:
                yield pieces
        finally:
            if response is not None:
                await response.aclose()

    def fetch_deadline(self) -> float:
        """When a mail that is begun now must be there, on the clock of the event loop."""
        return asyncio.get_running_loop().time() + self._timing.fetch

    async def _send(self, info: Any) -> httpx.Response:
        """Send the request; the body of the answer is still to be read."""
        session = self.session()
        response = await self._send_once(session, info)
        if response.status_code == 403:
            # A consent that was given since shows in a new token only; the next call asks for one.
            self._credential.forget()
        if response.status_code != 401:
            return response
        refused = refusal(401, response.headers, await _body(response, REFUSAL_LIMIT))
        await response.aclose()
        self._credential.forget()
        info.headers.remove("Authorization")
        await session.provider.authenticate_request(
            info, {"claims": refused.claims} if _is_claims(refused.claims) else {}
        )
        return await self._send_once(session, info)

    async def _send_once(self, session: Session, info: Any) -> httpx.Response:
        request: httpx.Request = await session.adapter.convert_to_native_async(info)
        if "authorization" not in request.headers:
            raise PermissionDenied("There is no token for Graph, so nothing was sent.").because("graph_token_refused")
        self.requests += 1
        return await session.http.send(request, stream=True)


class RefusedError(Exception):
    """An answer that is not a success, inside this package. `GraphSource` raises the `error` that it stands for."""

    def __init__(self, refused: Refusal, what: str, *, changing: bool = False) -> None:
        self.refused = refused
        self.error = failure(refused, what, changing=changing)
        super().__init__(str(self.error))


async def _body(response: httpx.Response, limit: int) -> bytes:
    """The whole body.

    Raises:
        PermanentError: it has more bytes than the limit.
    """
    pieces: list[bytes] = []
    size = 0
    async for piece in response.aiter_bytes():
        size += len(piece)
        if size > limit:
            await response.aclose()
            text = f"Graph gave an answer of more than {limit} bytes; it was not read."
            raise PermanentError(text).because("graph_malformed")
        pieces.append(piece)
    return b"".join(pieces)


async def _pieces(response: httpx.Response, deadline: float, what: str) -> AsyncGenerator[bytes]:
    """The body in pieces, until the deadline. Only waiting for Graph is interrupted, never who takes the pieces."""
    import httpx

    async with aclosing(cast("AsyncGenerator[bytes]", response.aiter_bytes(CHUNK))) as body:
        while True:
            try:
                async with asyncio.timeout_at(deadline):
                    piece = await anext(body, None)
            except (httpx.HTTPError, httpx.StreamError, OSError) as error:
                raise unreachable(error, what) from None
            if piece is None:
                return
            yield piece


def _end_is_known(response: httpx.Response) -> bool:
    """Whether the answer says where it ends. Without that, a cut connection looks like the end of the mail."""
    headers = response.headers
    chunked = headers.get("transfer-encoding", "").lower().endswith("chunked")
    return chunked or "content-length" in headers or not response.http_version.startswith("HTTP/1")


def _is_claims(challenge: str) -> bool:
    """Whether the challenge is what the credential can work with: a JSON object in base64."""
    try:
        return isinstance(json.loads(base64.b64decode(challenge, validate=True)), dict)
    except (ValueError, RecursionError):
        return False
