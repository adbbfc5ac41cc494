"""A person with a browser that runs no scripts: opens the emulated sign-in pages and fills in their forms."""

from __future__ import annotations

import html
import re
import ssl
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl, urljoin, urlsplit

import httpx

from emulator.server import EmulatorThread

_HEADING = re.compile(r"<h1>(.*?)</h1>", re.DOTALL)
_FORM = re.compile(r'<form method="post" action="(.*?)">')
_HIDDEN = re.compile(r'<input type="hidden" name="(.*?)" value="(.*?)">')
_BUTTON = re.compile(r'<button type="submit" name="(.*?)" value="(.*?)"')
_ANSWERED = ("Pick an account", "Choose an account", "Approve sign-in request")


@dataclass(frozen=True)
class Page:
    """What the browser shows, or where it was sent away to."""

    url: str
    status: int
    title: str
    text: str
    location: str
    action: str
    hidden: dict[str, str]
    buttons: list[tuple[str, str]]

    @property
    def answer(self) -> dict[str, str]:
        """The parameters that go back to the app, by redirect or by a form that posts itself."""
        if self.location:
            parts = urlsplit(self.location)
            return dict(parse_qsl(parts.query or parts.fragment))
        return self.hidden if self.title == "Working" else {}


class Visitor:
    """Keeps cookies, so that the second sign-in is silent where the pages allow it."""

    def __init__(self, emulator: EmulatorThread) -> None:
        self.http = httpx.Client(verify=ssl.create_default_context(cafile=emulator.ca_file))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.http.close()

    def open(self, url: str) -> Page:
        """Follow a link."""
        return _page(self.http.get(url))

    def send(self, page: Page, **fields: str) -> Page:
        """Send the page's form with these fields."""
        return _page(self.http.post(page.action, data=page.hidden | fields))

    def sign_in(self, url: str, user: str) -> Page:
        """Follow a link, pick an account and approve a second factor; the page or the redirect that comes then."""
        page = self.open(url)
        while page.title in _ANSWERED:
            page = self.send(page, **({"user": user} if page.title in _ANSWERED[:2] else {"answer": "approve"}))
        return page

    def accept(self, url: str, user: str, answer: str = "accept", **fields: str) -> Page:
        """Sign in and answer the page of consent (Google: ``answer="allow"``)."""
        page = self.sign_in(url, user)
        assert not page.location, f"nobody asked for consent: {page.location}"
        return self.send(page, answer=answer, **fields)


def _page(answer: httpx.Response) -> Page:
    url, body = str(answer.url), answer.text
    title, action = _HEADING.search(body), _FORM.search(body)
    return Page(
        url=url,
        status=answer.status_code,
        title=html.unescape(title[1]) if title else "",
        text=html.unescape(re.sub(r"<[^>]*>", " ", body)),
        location=answer.headers.get("Location", ""),
        action=urljoin(url, html.unescape(action[1])) if action else "",
        hidden={html.unescape(name): html.unescape(value) for name, value in _HIDDEN.findall(body)},
        buttons=[(html.unescape(name), html.unescape(value)) for name, value in _BUTTON.findall(body)],
    )
