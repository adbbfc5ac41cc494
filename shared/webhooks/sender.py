"""One POST to a subscriber, and nothing that the subscriber does can hurt.

The answer's status line is what counts: a 2xx within the deadline is success and its body is not waited for. The body
of an error is read up to 64 KB within the same deadline, for the first line that a person sees in the delivery log.
Nothing is followed, decoded, remembered or taken from the environment.

aiohttp itself repeats only idempotent methods after a lost connection (`client.py`, `_retry_connection`), so a POST
goes out once; whether it is repeated is decided in `deliver.py`.
"""

from __future__ import annotations

import asyncio
import ssl as tls
from collections.abc import Sequence
from datetime import datetime
from typing import Final, Self

import aiohttp

from shared.effect import effect
from shared.errors import NetworkFailure
from shared.net.connector import guarded_connector
from shared.net.guard import AddressRefused, Network
from shared.net.resolve import Lookup, system_lookup
from shared.net.url import url_problems
from shared.webhooks.attempt import Attempt, Reason
from shared.webhooks.excerpt import excerpt
from shared.webhooks.schedule import retry_after
from shared.webhooks.signing import signed_headers

DEADLINE: Final = 15.0
"""Seconds for everything: resolving, connecting, sending, and the answer."""

ANSWER_LIMIT: Final = 64 * 1024
CONTENT_TYPE: Final = "application/cloudevents+json; charset=utf-8"
USER_AGENT: Final = "Postrum-Webhooks/1"


class Sender:
    """Sends signed events. One per worker and event loop; use it as an async context manager.

    Args:
        allowed: networks that the deployment opens; empty in production, 127.0.0.0/8 in development.
        allow_http: whether unencrypted URLs may be called; for development.
        own_hosts: names that this deployment itself answers on.
        lookup: how names are resolved.
        ssl: trust store; None for the system's.
        deadline: seconds for one attempt.
        answer_limit: bytes of an answer's body that are read.
    """

    def __init__(
        self,
        *,
        allowed: tuple[Network, ...] = (),
        allow_http: bool = False,
        own_hosts: tuple[str, ...] = (),
        lookup: Lookup = system_lookup,
        ssl: tls.SSLContext | None = None,
        deadline: float = DEADLINE,
        answer_limit: int = ANSWER_LIMIT,
    ) -> None:
        self._allowed = allowed
        self._allow_http = allow_http
        self._own_hosts = own_hosts
        self._lookup = lookup
        self._ssl = ssl
        self._deadline = deadline
        self._answer_limit = answer_limit
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """End all connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def post(self, url: str, *, event_id: str, body: bytes, secrets: Sequence[str], now: datetime) -> Attempt:
        """Sign `body` and send it once.

        Args:
            url: the subscriber's.
            event_id: goes into `webhook-id`.
            body: the event's bytes; exactly these are signed and sent.
            secrets: the current one first, and during a rotation the previous one.
            now: the time of this attempt.

        Returns:
            What came of it; a failure of the subscriber is never an exception.

        Raises:
            ConfigurationError: a secret is malformed; nothing was sent.
        """
        headers = signed_headers(secrets, id_=event_id, now=now, body=body)
        headers |= {"content-type": CONTENT_TYPE, "accept-encoding": "identity", "user-agent": USER_AGENT}
        if url_problems(url, allow_http=self._allow_http, allowed=self._allowed, own_hosts=self._own_hosts):
            return Attempt(reason=Reason.REFUSED)
        try:
            async with asyncio.timeout(self._deadline), effect("webhook.post"):
                return await self._exchange(url, headers, body, secrets, now)
        except TimeoutError:
            return Attempt(reason=Reason.TIMEOUT)
        except AddressRefused:
            return Attempt(reason=Reason.REFUSED)
        except NetworkFailure:
            return Attempt(reason=Reason.NO_SUCH_NAME)
        except (aiohttp.ClientSSLError, tls.SSLError):
            return Attempt(reason=Reason.TLS)
        except (aiohttp.ClientPayloadError, aiohttp.ClientResponseError):
            return Attempt(reason=Reason.BROKEN_ANSWER)
        except (aiohttp.ClientError, OSError):
            return Attempt(reason=Reason.NO_CONNECTION)

    async def _exchange(
        self, url: str, headers: dict[str, str], body: bytes, secrets: Sequence[str], now: datetime
    ) -> Attempt:
        started = asyncio.get_running_loop().time()
        response = await self._opened().post(url, data=body, headers=headers, allow_redirects=False)
        try:
            status = response.status
            if 200 <= status <= 299:
                response.release()  # keeps the connection where the whole answer is there, and closes it otherwise
                return Attempt(reason=Reason.DELIVERED, status=status)
            if not 100 <= status <= 999:
                return Attempt(reason=Reason.BROKEN_ANSWER)
            left = self._deadline - (asyncio.get_running_loop().time() - started)
            raw = await self._beginning(response, left * 0.9)
            hidden = [*headers["webhook-signature"].split(" "), *secrets]
            return Attempt(
                reason=_reason(status),
                status=status,
                retry_after=retry_after(response.headers.get("retry-after"), now),
                excerpt=excerpt(raw, response.headers.get("content-encoding", ""), url=url, hidden=hidden),
            )
        finally:
            response.close()

    async def _beginning(self, response: aiohttp.ClientResponse, seconds: float) -> bytes:
        """As much of the body as comes in time and within the limit; the status is known, so nothing here fails."""
        found = bytearray()
        try:
            async with asyncio.timeout(seconds):
                while len(found) < self._answer_limit:
                    chunk = await response.content.read(self._answer_limit - len(found))
                    if not chunk:
                        break
                    found += chunk
        except (TimeoutError, aiohttp.ClientError, OSError):
            pass
        return bytes(found)

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=guarded_connector(
                    allowed=self._allowed, own_hosts=self._own_hosts, lookup=self._lookup, ssl=self._ssl
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=self._deadline),
                trust_env=False,
                auto_decompress=False,
                read_bufsize=16 * 1024,
            )
        return self._session


def _reason(status: int) -> Reason:
    if status == 410:
        return Reason.GONE
    return Reason.REDIRECT if 300 <= status <= 399 else Reason.STATUS
