"""Every route of the console asks who is there: a route that forgets it fails here before anybody finds it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from shared.console import api, pages, web
from shared.console.visit import anybody, of_company, proven

OPEN = frozenset(
    {
        ("GET", "/sign-in"),
        ("GET", "/sign-in/start"),
        ("GET", "/sign-in/callback"),
        ("POST", "/sign-out"),
        ("POST", "/language"),
        # Whoever has the link of a consent is who it was sent to; what comes back is bound to the browser that went.
        ("GET", "/consent/callback"),
        ("GET", "/consent/{token}"),
        ("POST", "/consent/{token}"),
        ("GET", "/consent/{token}/script"),
        ("GET", "/connect/callback"),
    }
)
"""Routes for people who have not signed in. They look at the caller all the same: a change needs a token of our own form."""
STATIC = frozenset({("GET", "/healthz"), ("GET", "/.well-known/postrum"), ("GET", "/static/{name}")})
"""Routes that say the same to everybody, and change nothing."""


def routes() -> Iterator[tuple[str, str, Dependant]]:
    """Method, path and dependencies of every route."""
    for router in (*pages.ROUTERS, web._open):
        for route in router.routes:
            assert isinstance(route, APIRoute), "a mount would go past every guard"
            yield from ((method, route.path, route.dependant) for method in route.methods or ())
    for router in api.ROUTERS:
        for route in router.routes:
            assert isinstance(route, APIRoute)
            yield from ((method, f"{api.PREFIX}{route.path}", route.dependant) for method in route.methods or ())


def calls(dependant: Dependant) -> Iterator[object]:
    """Everything that is called before the route is."""
    for inner in dependant.dependencies:
        yield inner.call
        yield from calls(inner)


ROUTES = list(routes())


@pytest.mark.fault("G01")
@pytest.mark.parametrize(
    ("method", "path", "dependant"), ROUTES, ids=[f"{method} {path}" for method, path, _ in ROUTES]
)
def test_a_route_is_guarded(method: str, path: str, dependant: Dependant) -> None:
    called = list(calls(dependant))
    if (method, path) in STATIC:
        assert method == "GET"
        return
    assert anybody in called, "the caller, and with it the token against forged requests, is looked at"
    if (method, path) in OPEN:
        return
    assert proven in called, "somebody is signed in, or shows a token"
    if "{company}" in path:
        assert of_company in called, "a company that the caller may not see is not there"
    if method != "GET":
        rights = [call for call in called if getattr(call, "__qualname__", "").startswith("needs.")]
        lists = path == f"{api.PREFIX}/companies"
        assert rights or lists, "a change needs a right"


def test_the_lists_name_what_is_there() -> None:
    assert {(method, path) for method, path, _ in ROUTES} >= OPEN | STATIC
