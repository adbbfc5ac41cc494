"""A small client for the few answers in JSON that the product asks for by itself: tokens, signing keys, discovery.

The addresses come from the settings of the deployment, never from a mail or a form, so they are not judged as those of
subscribers are; everything else is bounded. Only https is called, nothing is followed, an answer has a size and the whole
call a deadline. A connection is made for each call: they are rare, and so no client has to be closed.

aiohttp repeats a GET once where a kept connection was cut; a POST goes out once.
"""

from __future__ import annotations

import asyncio
import json
import ssl as tls
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp

from shared.effect import require_effect
from shared.errors import ConfigurationError, NetworkFailure, ServiceUnavailable
from shared.remedies import recognise

DEADLINE: Final = 30.0
"""Seconds for a whole call: name, connection, TLS, and the answer."""
ANSWER_LIMIT: Final = 1024 * 1024
"""Bytes of an answer. A tenant's signing keys take about 20 KB."""


@dataclass(frozen=True, slots=True)
class WebAnswer:
    """An answer. Its text may hold tokens, so `repr` shows the status alone."""

    status: int
    text: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    def json(self) -> dict[str, Any]:
        """The body as a JSON object.

        Raises:
            ServiceUnavailable: it is none; what it is stays out of the message.
        """
        try:
            content = json.loads(self.text)
        except (ValueError, RecursionError):
            content = None
        if not isinstance(content, dict):
            raise ServiceUnavailable(f"an answer with status {self.status} is not a JSON object")
        return content


class WebClient:
    """Asks for JSON. Construction connects to nothing, and nothing stays open between two calls.

    Args:
        ca_file: certificates to trust instead of the usual ones; for development.
        deadline: seconds for a call.
        limit: bytes of an answer.
    """

    def __init__(self, *, ca_file: Path | None = None, deadline: float = DEADLINE, limit: int = ANSWER_LIMIT) -> None:
        self._ca_file = ca_file
        self._deadline = deadline
        self._limit = limit
        self._trust: tls.SSLContext | None = None

    async def get(self, url: str, headers: Mapping[str, str] | None = None) -> WebAnswer:
        """Read what is at an address. Any status is an answer.

        Raises:
            ConfigurationError: the address is not an https address.
            NetworkFailure: no answer; `cause` says which of name, connection, certificate or time it was.
            ServiceUnavailable: more than the limit came.
        """
        return await self._call("GET", url, None, headers)

    async def post_form(self, url: str, form: Mapping[str, str], headers: Mapping[str, str] | None = None) -> WebAnswer:
        """Send a form once; call it inside an effect. Errors as `get`."""
        require_effect("a form that is sent")
        return await self._call("POST", url, form, headers)

    async def _call(
        self, method: str, url: str, form: Mapping[str, str] | None, headers: Mapping[str, str] | None
    ) -> WebAnswer:
        parts = urlsplit(url)
        host = parts.hostname or ""
        if parts.scheme != "https" or not host:
            raise ConfigurationError("an address to ask must begin with https://")
        try:
            async with (
                asyncio.timeout(self._deadline),
                aiohttp.ClientSession(
                    connector=aiohttp.TCPConnector(ssl=self._context(), limit=1),
                    auto_decompress=True,
                    cookie_jar=aiohttp.DummyCookieJar(),
                ) as session,
                session.request(
                    method,
                    url,
                    data=dict(form) if form is not None else None,
                    headers={"Accept": "application/json", **(headers or {})},
                    allow_redirects=False,
                ) as response,
            ):
                try:
                    body = await self._body(response, host)
                except BaseException:
                    # Not the polite end of TLS, which would wait for the other side in the background.
                    if response.connection is not None and response.connection.transport is not None:
                        response.connection.transport.abort()
                    raise
                return WebAnswer(response.status, body.decode("utf-8", "replace"), dict(response.headers))
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise _failure(error, host, self._deadline) from None

    async def _body(self, response: aiohttp.ClientResponse, host: str) -> bytes:
        found = bytearray()
        async for chunk in response.content.iter_chunked(65_536):
            found += chunk
            if len(found) > self._limit:
                raise ServiceUnavailable(f"{host} gave an answer of more than {self._limit} bytes")
        return bytes(found)

    def _context(self) -> tls.SSLContext:
        if self._trust is None:
            self._trust = tls.create_default_context(cafile=str(self._ca_file) if self._ca_file else None)
        return self._trust


def _failure(failed: Exception, host: str, deadline: float) -> NetworkFailure:
    """The product's error, with the entry of the catalogue that tells name, connection, certificate and time apart."""
    if isinstance(failed, TimeoutError):
        error = NetworkFailure(f"{host} gave no answer within {deadline:g} seconds.")
    else:
        error = NetworkFailure(f"The connection to {host} could not be made, or broke off.")
    return error.because(recognise.network(failed))
