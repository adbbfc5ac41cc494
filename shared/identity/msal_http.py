"""How the library msal reaches the directory: from its own thread, through our client, and nowhere else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from shared.errors import ServiceUnavailable
from shared.net.web import WebAnswer, WebClient


class MsalHttp:
    """What msal calls from its thread; the work is done by our client on the event loop.

    It calls no host but the authority's, whatever the discovery document says, and remembers what that document says of
    issuer and tenant.

    Args:
        web: makes the calls.
        loop: where they are made; not the one of the calling thread, which waits.
        host: name and port of the authority.

    Attributes:
        issuer: what the discovery document says that tokens are from.
        tenant: id of the tenant, as the document's token endpoint has it.
        status: of the last answer to a form.
    """

    def __init__(self, web: WebClient, loop: asyncio.AbstractEventLoop, host: str) -> None:
        self._web = web
        self._loop = loop
        self._host = host
        self.issuer = ""
        self.tenant = ""
        self.status: int | None = None

    def get(self, url: str, params: Mapping[str, str] | None = None, **keywords: Any) -> _Answer:
        """Read an address."""
        address = f"{url}?{urlencode(params)}" if params else url
        answer = self._wait(url, lambda: self._web.get(address))
        if answer.status == 200 and url.endswith("/.well-known/openid-configuration"):
            document = answer.json()
            self.issuer = str(document.get("issuer") or "")
            parts = urlsplit(str(document.get("token_endpoint") or "")).path.split("/")
            self.tenant = parts[1] if len(parts) > 1 else ""
        return _Answer(answer)

    def post(
        self, url: str, data: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None, **keywords: Any
    ) -> _Answer:
        """Send a form once."""
        form = {name: str(value) for name, value in (data or {}).items()}
        answer = self._wait(url, lambda: self._web.post_form(url, form, headers))
        self.status = answer.status
        if answer.status < 500:
            answer.json()  # msal would log the text of what is no JSON
        return _Answer(answer)

    def close(self) -> None:
        """Nothing is open."""

    def _wait(self, url: str, call: Callable[[], Coroutine[Any, Any, WebAnswer]]) -> WebAnswer:
        if urlsplit(url).netloc != self._host:
            raise ServiceUnavailable("the directory's discovery document names another host")
        return asyncio.run_coroutine_threadsafe(call(), self._loop).result()


class _Answer:
    """The shape that msal expects of an answer."""

    def __init__(self, answer: WebAnswer) -> None:
        self.status_code = answer.status
        self.text = answer.text
        self.headers = dict(answer.headers)
