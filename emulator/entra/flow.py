"""One visit of a person to the sign-in pages, and how it goes back to the app."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlencode, urlsplit

from aiohttp import web

from emulator.entra.scopes import GRAPH, Scopes, role_resource
from emulator.pages import post_back
from emulator.tenants import App, Tenant
from emulator.users import User

Purpose = Literal["authorize", "admin_consent", "admin_consent_v1"]
_LOOPBACK = ("localhost", "127.0.0.1")
_MOST = 2000


@dataclass
class Flow:
    """What the app asked for, and how far the person has come."""

    purpose: Purpose
    app: App
    redirect_uri: str
    state: str
    tenant: Tenant | None = None
    """The tenant that the address names; none for ``organizations`` and ``common``."""
    scopes: Scopes = field(default_factory=lambda: Scopes(frozenset()))
    defaults: frozenset[str] = frozenset()
    """Resources whose ``.default`` was asked for: an administrator grants the manifest's application permissions too."""
    response_mode: str = "query"
    prompt: str = ""
    login_hint: str = ""
    domain_hint: str = ""
    nonce: str = ""
    challenge: str = ""
    challenge_method: str = ""
    user: User | None = None
    second_factor: bool = False
    id: str = field(default_factory=lambda: secrets.token_urlsafe(24))

    @property
    def application_permissions(self) -> list[str]:
        """The application permissions that an administrator is asked for."""
        if self.purpose == "authorize":
            return []
        return [role for role in self.app.required_roles if role_resource(role) in self.defaults]

    @property
    def graph_permissions(self) -> bool:
        """Whether one of them is Microsoft Graph's, which takes the highest directory roles."""
        return any(role_resource(role) == GRAPH for role in self.application_permissions)

    def back(self, **parameters: str) -> web.Response:
        """Send the browser back to the app with these parameters and the state."""
        if self.state:
            parameters["state"] = self.state
        if self.response_mode == "form_post":
            return post_back(self.redirect_uri, parameters)
        mark = "#" if self.response_mode == "fragment" else "&" if "?" in self.redirect_uri else "?"
        return web.Response(status=302, headers={"Location": f"{self.redirect_uri}{mark}{urlencode(parameters)}"})


class Flows:
    """The visits that are under way; the oldest is forgotten when there are too many."""

    def __init__(self) -> None:
        self._all: dict[str, Flow] = {}

    def clear(self) -> None:
        """Forget all."""
        self._all.clear()

    def add(self, flow: Flow) -> Flow:
        """Remember one."""
        if len(self._all) >= _MOST:
            del self._all[next(iter(self._all))]
        self._all[flow.id] = flow
        return flow

    def get(self, identifier: str) -> Flow | None:
        """The visit that a form names."""
        return self._all.get(identifier)

    def end(self, flow: Flow) -> None:
        """It has gone back to the app."""
        self._all.pop(flow.id, None)


class Sessions:
    """Who is signed in to which browser, by cookie: the next visit of the same person asks nothing."""

    COOKIE = "ESTSAUTHPERSISTENT"

    def __init__(self) -> None:
        self._users: dict[str, User] = {}

    def clear(self) -> None:
        """Sign everybody out."""
        self._users.clear()

    def user(self, cookies: Mapping[str, str]) -> User | None:
        """Who is signed in."""
        return self._users.get(cookies.get(self.COOKIE, ""))

    def keep(self, answer: web.Response, user: User) -> None:
        """Sign a person in to this browser."""
        identifier = secrets.token_urlsafe(24)
        self._users[identifier] = user
        answer.set_cookie(self.COOKIE, identifier, path="/", secure=True, httponly=True, samesite="None")

    def end(self, cookies: Mapping[str, str], answer: web.Response) -> None:
        """Sign this browser out."""
        self._users.pop(cookies.get(self.COOKIE, ""), None)
        answer.del_cookie(self.COOKIE, path="/", secure=True, httponly=True, samesite="None")


def registered(app: App, redirect_uri: str) -> bool:
    """Whether a redirect is one of the app's, exactly; only the port of a loopback address is not looked at (Entra:
    reply-url, localhost exceptions)."""
    if redirect_uri in app.redirect_uris:
        return True
    given = urlsplit(redirect_uri)
    if given.scheme != "http" or given.hostname not in _LOOPBACK or given.username is not None:
        return False
    return any(
        (own.scheme, own.hostname, own.path, own.query) == (given.scheme, given.hostname, given.path, given.query)
        for own in map(urlsplit, app.redirect_uris)
    )
