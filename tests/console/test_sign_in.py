"""Signing in to the console against the emulated tenant, and everything that may come back instead of a person."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from emulator.server import EmulatorThread
from shared.identity.sign_in import console_path
from shared.model.person import Role
from tests.console.conftest import URL, Browser, Visitors, app_with
from tests.emulator.visitor import Visitor
from tests.flow.world import World

OWNER = "owner@postrum.example"


@pytest.fixture(autouse=True)
def _registered(emulator: EmulatorThread) -> None:
    emulator.control.set_registration(redirect_uris=[f"{URL}/sign-in/callback"])


async def answered(emulator: EmulatorThread, url: str, user: str) -> dict[str, str]:
    """Sign in on the tenant's pages; what the browser brings back."""

    def work() -> dict[str, str]:
        with Visitor(emulator) as visitor:
            return visitor.sign_in(url, user).answer

    return await asyncio.to_thread(work)


async def begin(browser: Browser, **parameters: str) -> str:
    """Press the button; where it leads."""
    pressed = await browser.get("/sign-in/start", params=parameters)
    assert pressed.status_code == 303
    return pressed.headers["location"]


async def come_back(browser: Browser, answer: dict[str, Any]) -> httpx.Response:
    return await browser.get("/sign-in/callback", params=answer)


@pytest.mark.capability("S3.15")
async def test_the_button_leads_to_the_tenant_and_lets_choose_the_account(visitor: Visitors, world: World) -> None:
    query = parse_qs(urlsplit(await begin(await visitor(None))).query)

    assert query["prompt"] == ["select_account"]
    assert query["code_challenge_method"] == ["S256"]
    assert query["redirect_uri"] == [f"{URL}/sign-in/callback"]
    assert query["client_id"] == [world.settings.app_client_id]
    assert "client_secret" not in query


async def test_signing_in_and_out(visitor: Visitors, world: World, emulator: EmulatorThread) -> None:
    browser = await visitor(None)
    assert (await browser.get("/people")).headers["location"] == "/sign-in?return=%2Fpeople"

    answer = await come_back(browser, await answered(emulator, await begin(browser, **{"return": "/people"}), OWNER))

    assert (answer.status_code, answer.headers["location"]) == (303, "/people")
    [cookie] = answer.headers.get_list("set-cookie")
    assert cookie.startswith("__Host-postrum=")
    assert {part.strip().lower() for part in cookie.split(";")[1:]} >= {"secure", "httponly", "samesite=lax", "path=/"}
    assert "domain" not in cookie.lower()
    page = await browser.get("/people")
    assert page.status_code == 200
    assert "Olivia Owner" in page.text

    token = page.text.partition('data-csrf="')[2].partition('"')[0]
    session = browser.http.cookies["__Host-postrum"]
    left = await browser.http.post("/sign-out", data={"csrf": token})
    assert left.headers["location"] == "/sign-in"
    browser.http.cookies.set("__Host-postrum", session)  # somebody kept it
    assert (await browser.get("/people")).status_code == 303


async def test_who_signed_in_is_noted(visitor: Visitors, world: World, emulator: EmulatorThread) -> None:
    browser = await visitor(None)
    await come_back(browser, await answered(emulator, await begin(browser), "reader@postrum.example"))

    [noted] = await world.app.members.every()

    assert (noted.user_name, noted.roles, noted.companies) == ("reader@postrum.example", (Role.READER,), ())
    assert noted.signed_in_at == world.clock()


async def test_an_account_without_a_role_does_not_come_in(visitor: Visitors, emulator: EmulatorThread) -> None:
    browser = await visitor(None)

    answer = await come_back(browser, await answered(emulator, await begin(browser), "plain@postrum.example"))

    assert answer.status_code == 403
    assert "sign_in_no_role" in answer.text
    assert "__Host-postrum=" not in answer.headers.get("set-cookie", "")


@pytest.mark.fault("G01")
async def test_an_account_of_another_tenant_does_not_come_in(
    visitor: Visitors, world: World, emulator: EmulatorThread
) -> None:
    # the app of this deployment is used with the sign-in page of a tenant that is not its own
    emulator.control.grant_consent(scopes=["openid", "profile"], tenant_id=emulator.addresses.foreign_tenant_id)
    browser = await visitor(None)
    url = (await begin(browser)).replace(world.settings.tenant_id, emulator.addresses.foreign_tenant_id)

    back = await answered(emulator, url, "admin@fabrikam.example")
    answer = await come_back(browser, back)

    assert back.get("code")
    assert answer.status_code == 403
    assert (await browser.get("/people")).status_code == 303


@pytest.mark.fault("G02")
@pytest.mark.parametrize("state", ["", "forged", "x" * 5000, "a|b'", "\0"])
async def test_a_state_that_is_none_of_ours(state: str, visitor: Visitors, emulator: EmulatorThread) -> None:
    browser = await visitor(None)
    back = await answered(emulator, await begin(browser), OWNER)

    answer = await come_back(browser, back | {"state": state})

    assert answer.status_code == 403
    assert "sign_in_state" in answer.text
    assert (await browser.get("/people")).status_code == 303


@pytest.mark.fault("G02")
async def test_a_state_is_good_once(visitor: Visitors, emulator: EmulatorThread) -> None:
    browser = await visitor(None)
    back = await answered(emulator, await begin(browser), OWNER)
    assert (await come_back(browser, back)).status_code == 303
    browser.http.cookies.delete("__Host-postrum")

    again = await come_back(browser, back)

    assert again.status_code == 403
    assert (await browser.get("/people")).status_code == 303


@pytest.mark.fault("G02")
async def test_a_state_is_good_in_the_browser_that_began(visitor: Visitors, emulator: EmulatorThread) -> None:
    victim, attacker = await visitor(None), await visitor(None)
    await victim.get("/sign-in")
    back = await answered(emulator, await begin(attacker), OWNER)

    assert (await come_back(victim, back)).status_code == 403
    assert (await victim.get("/people")).status_code == 303
    # and the attempt did not use it up
    assert (await come_back(attacker, back)).status_code == 303


@pytest.mark.fault("G02")
async def test_a_code_of_another_sign_in_is_refused(visitor: Visitors, emulator: EmulatorThread) -> None:
    mine, other = await visitor(None), await visitor(None)
    stolen = await answered(emulator, await begin(other), OWNER)
    back = await answered(emulator, await begin(mine), OWNER)

    answer = await come_back(mine, back | {"code": stolen["code"]})  # PKCE: its verifier is in the other sign-in

    assert answer.status_code == 403
    assert (await mine.get("/people")).status_code == 303


@pytest.mark.fault("G02")
async def test_what_the_other_side_says_stays_text(visitor: Visitors) -> None:
    browser = await visitor(None)
    state = parse_qs(urlsplit(await begin(browser)).query)["state"][0]
    said = "AADSTS65004: <script>alert(1)</script>"

    answer = await come_back(browser, {"error": "<b>access_denied", "error_description": said, "state": state})

    assert answer.status_code == 403
    assert "<script>alert" not in answer.text
    assert "<b>access" not in answer.text


async def test_a_sign_in_that_took_too_long(visitor: Visitors, world: World, emulator: EmulatorThread) -> None:
    browser = await visitor(None)
    back = await answered(emulator, await begin(browser), OWNER)
    world.clock.advance(minutes=16)

    assert (await come_back(browser, back)).status_code == 403


@pytest.mark.fault("G02")
@pytest.mark.parametrize(
    "wanted",
    [
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "https://evil.example/",
        "/\t/evil.example",
        "/\n/evil.example",
        "evil",
        "",
        "/%2F/evil\r\nSet-Cookie: a=b",
        "/sign-in/start",
        "/sign-out",
        "/x" * 2000,
        "/ü",
    ],
)
async def test_nobody_is_led_elsewhere_after_signing_in(
    wanted: str, visitor: Visitors, emulator: EmulatorThread
) -> None:
    browser = await visitor(None)

    answer = await come_back(browser, await answered(emulator, await begin(browser, **{"return": wanted}), OWNER))

    assert answer.headers["location"] == "/"
    assert (await (await visitor(Role.OWNER)).get("/sign-in", params={"return": wanted})).headers["location"] == "/"


@pytest.mark.parametrize("path", ["/", "/people", "/companies/nordlys/messages?month=2026-11", "/a//b"])
def test_paths_of_the_console_are_kept(path: str) -> None:
    assert console_path(path) == path


async def test_without_an_address_of_its_own_nobody_is_sent_away(world: World) -> None:
    from shared.console.web import web

    app = app_with(world, public_url="")
    try:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(web(app)), base_url=URL) as http:
            answer = await http.get("/sign-in/start")
    finally:
        await app.aclose()
    assert answer.status_code == 503
    assert "POSTRUM_PUBLIC_URL" not in answer.text, "settings are told in the log"


async def test_signing_in_clears_away_what_is_over(visitor: Visitors, world: World, emulator: EmulatorThread) -> None:
    browser = await visitor(None)
    await begin(browser)  # never finished
    world.clock.advance(hours=1)

    await come_back(browser, await answered(emulator, await begin(browser), OWNER))

    assert await world.app.sessions.purge(world.clock()) == 0


async def test_a_tenant_that_does_not_answer_is_a_clear_page(visitor: Visitors, emulator: EmulatorThread) -> None:
    browser = await visitor(None)
    back = await answered(emulator, await begin(browser), OWNER)
    emulator.control.fail_tokens(90033, times=1, status=503)

    answer = await come_back(browser, back)

    assert answer.status_code == 503
    assert answer.headers["retry-after"]


async def test_signing_in_again_ends_the_session_before(visitor: Visitors, emulator: EmulatorThread) -> None:
    browser = await visitor(None)
    await come_back(browser, await answered(emulator, await begin(browser), OWNER))
    before = browser.http.cookies["__Host-postrum"]

    await come_back(browser, await answered(emulator, await begin(browser), OWNER))
    assert (await browser.get("/people")).status_code == 200
    browser.http.cookies.delete("__Host-postrum")
    browser.http.cookies.set("__Host-postrum", before)  # somebody kept it
    assert (await browser.get("/people")).status_code == 303
