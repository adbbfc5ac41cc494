"""Help for the tests of setting up: a company with nothing in it, and the API and pages as an Operator uses them."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import Any

import httpx

from emulator.server import EmulatorThread
from tests.console.conftest import URL, Browser
from tests.emulator.visitor import Visitor
from tests.flow.world import World

COMPANY = "fjord-handel"
ADDRESS = "invoice@fjord.example"
CALLBACKS = ("/sign-in/callback", "/consent/callback", "/connect/callback")


@dataclass
class Desk:
    """Somebody at work on the set-up of one company.

    Attributes:
        browser: of that person.
        world: the product.
        emulator: what is around it.
    """

    browser: Browser
    world: World
    emulator: EmulatorThread

    async def call(self, method: str, path: str, content: Any = None, **headers: str) -> httpx.Response:
        """A request to the API, by the path below the company."""
        token = {"x-csrf-token": await self.browser.token()} if method != "GET" else {}
        return await self.browser.http.request(
            method, f"/api/v1/companies/{COMPANY}{path}", json=content, headers=token | headers
        )

    async def page(self, path: str, **keywords: Any) -> str:
        """A page as text without markup, by its path below the company."""
        return text_of(await self.browser.get(f"/companies/{COMPANY}{path}", **keywords))

    async def post(self, path: str, fields: dict[str, Any] | None = None, **keywords: Any) -> httpx.Response:
        """Send a form, by its path below the company."""
        return await self.browser.post(f"/companies/{COMPANY}{path}", fields, **keywords)

    async def make(self, address: str = ADDRESS, *, connected: bool = False, **values: Any) -> str:
        """Make a mailbox; where it shall be connected, it is opened in the emulator and tested."""
        answer = await self.call("POST", "/mailboxes", {"address": address, **values})
        assert answer.status_code == 201, answer.text
        name = str(answer.json()["id"])
        if connected:
            self.open(address)
            assert (await self.call("POST", f"/mailboxes/{name}/check")).json()["connection"]["state"] == "connected"
        return name

    def open(self, address: str = ADDRESS) -> None:
        """Create the mailbox in the emulator, and name it in the scope."""
        self.emulator.control.create_mailbox(address)
        self.emulator.control.set_exchange_scope([address])

    async def folders(self, mailbox: str) -> dict[str, str]:
        """Have the two folders made and chosen; ids by path."""
        made = (await self.call("POST", f"/mailboxes/{mailbox}/folders", {})).json()["folders"]
        ids = {node["path"]: node["id"] for node in made}
        chosen = {"imported": ids["Imported"], "other": ids["Follow up"]}
        assert (await self.call("PUT", f"/mailboxes/{mailbox}/folders", chosen)).status_code == 200
        return ids

    async def activate(self, mailbox: str, choice: str = "import") -> httpx.Response:
        """Activate with the number of a preview."""
        path = f"/mailboxes/{mailbox}"
        seen = (await self.call("POST", f"{path}/backlog", {"choice": choice})).json()
        wish = {"choice": choice, "confirmed_mails": seen["mails"], "as_of": seen["as_of"]}
        return await self.call("POST", f"{path}/activate", wish)

    async def active(self, address: str = ADDRESS) -> str:
        """A mailbox that is connected, has its folders, and is active."""
        mailbox = await self.make(address, connected=True)
        await self.folders(mailbox)
        answer = await self.activate(mailbox)
        assert answer.status_code == 200, answer.text
        return mailbox

    async def sign_in(self, mailbox: str, user: str, *, accept: bool = True, **wish: Any) -> httpx.Response:
        """Sign an account in for a mailbox by the pages of the emulator; the page that the console shows then."""
        begun = await self.call("POST", f"/mailboxes/{mailbox}/sign-in", wish)
        assert begun.status_code == 200, begun.text
        with Visitor(self.emulator) as person:
            page = person.sign_in(begun.json()["url"], user)
            if not page.location and accept:
                page = person.send(page, answer="accept")
            return await self.browser.get("/connect/callback", params=page.answer)


async def at_work(browser: Browser, world: World, emulator: EmulatorThread) -> Desk:
    """A desk; makes the company, and registers the addresses that sign-ins lead back to."""
    emulator.control.set_registration(redirect_uris=[f"{URL}{path}" for path in CALLBACKS])
    await world.app.setup.mailboxes.create_company("Fjord Handel", time_zone="Europe/Copenhagen")
    world.app.services.companies.forget()
    return Desk(browser, world, emulator)


def text_of(answer: httpx.Response) -> str:
    """What a page says, without markup, on one line."""
    body = re.sub(r"<(script|style)\b.*?</\1>", " ", answer.text, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", body)).split())
