"""Access tokens of the emulated tenant, got as a person gets them: by signing in."""

from __future__ import annotations

import asyncio

from emulator.server import EmulatorThread
from shared.app import App
from shared.identity.authorisation_code import EntraAuthorisation
from tests.emulator.visitor import Visitor

REDIRECT = "http://localhost/signed-in"


async def api_token(app: App, emulator: EmulatorThread, user: str, *, scope: str = "") -> str:
    """A token for the product's API.

    Args:
        app: whose application asks.
        emulator: the tenant.
        user: name of the account.
        scope: another resource instead of the product's own API.
    """
    emulator.control.set_registration(redirect_uris=[REDIRECT, f"{app.settings.public_url}/sign-in/callback"])
    authorisation: EntraAuthorisation = app.sign_in.authorisation
    wanted = scope or f"api://{app.settings.app_client_id}/.default"
    request = await authorisation.begin(scopes=[wanted], redirect_uri=REDIRECT)

    def sign_in() -> dict[str, str]:
        with Visitor(emulator) as visitor:
            return visitor.sign_in(request.url, user).answer

    return (await authorisation.finish(request.flow, await asyncio.to_thread(sign_in))).access_token
