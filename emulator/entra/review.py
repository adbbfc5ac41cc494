"""The page where administrators decide about requests for consent, in place of the portal's (Entra:
review-admin-consent-requests)."""

from __future__ import annotations

import contextlib

from aiohttp import web

from emulator.entra import views
from emulator.entra.consent import Consent
from emulator.entra.ends import Ends
from emulator.entra.errors import EntraError
from emulator.errors import EmulatorError
from emulator.tenants import Directory


class Review:
    """Serves the page; nobody has to sign in to it."""

    def __init__(self, directory: Directory, consent: Consent, ends: Ends) -> None:
        self._directory = directory
        self._consent = consent
        self._ends = ends

    def routes(self) -> list[web.RouteDef]:
        """What the TLS listener serves."""
        return [
            web.get("/{tenant}/consent-requests", self.requests),
            web.post("/{tenant}/consent-requests", self.decide),
        ]

    async def requests(self, request: web.Request) -> web.Response:
        """GET /{tenant}/consent-requests."""
        name = request.match_info["tenant"]
        tenant = self._directory.named(name)
        return views.requests(tenant) if tenant else self._ends.error_page(EntraError(90002, tenant=name))

    async def decide(self, request: web.Request) -> web.Response:
        """POST of the page, with the id of the ``request`` and the ``answer``."""
        form = {key: str(value) for key, value in (await request.post()).items()}
        with contextlib.suppress(EmulatorError):  # decided in another window; the page shows it
            self._consent.review(form.get("request", ""), "approved" if form.get("answer") == "approve" else "denied")
        return web.Response(status=303, headers={"Location": request.path})
