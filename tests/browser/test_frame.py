"""The frame of the console in a browser: signing in and out, keyboard, narrow windows, languages, and pages without script."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from playwright.async_api import Browser, Dialog, Page, Request, expect

from tests.flow.mails import PDF, mail
from tests.support.browser import USERS, Console, new_page, screenshot, violations

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.asyncio(loop_scope="session")]

COMPANY = "/companies/nordlys"
MESSAGES = f"{COMPANY}/messages"
HOSTILE = "<script>alert(1)</script><img src=//evil.example/x onerror=alert(2)><svg onload=alert(3)>\"'></title>{{7*7}}"


async def test_signing_in_leads_where_the_person_wanted_to_go(console: Console, page: Page) -> None:
    await page.goto(f"{console.url}/people")
    await expect(page).to_have_url(f"{console.url}/sign-in?return=%2Fpeople")
    assert await violations(page) == []
    await screenshot(page, "sign-in")

    await console.sign_in(page, "Owner", "/people")

    await expect(page).to_have_url(f"{console.url}/people")
    cookies = {cookie["name"]: cookie for cookie in await page.context.cookies(console.url)}
    assert cookies["postrum"]["httpOnly"]
    assert cookies["postrum"]["sameSite"] == "Lax"
    assert await page.evaluate("document.cookie") == ""
    await page.get_by_text("Olivia Owner", exact=True).first.click()
    await page.get_by_role("button", name="Sign out", exact=True).click()
    await expect(page).to_have_url(f"{console.url}/sign-in")
    await page.goto(f"{console.url}/people")
    await expect(page).to_have_url(f"{console.url}/sign-in?return=%2Fpeople")


async def test_somebody_without_a_role_reads_why_and_what_to_do(console: Console, page: Page) -> None:
    await page.goto(f"{console.url}/sign-in")
    await page.locator("a.primary").click()
    await page.locator(f'button[name="user"][value="{USERS["none"]}"]').click()

    await expect(page.get_by_role("heading", name="You are not signed in")).to_be_visible()
    await expect(page.get_by_text("sign_in_no_role")).to_be_visible()
    assert await violations(page) == []
    await screenshot(page, "sign-in-refused")


async def test_every_page_is_accessible_in_both_colours(console: Console, browser: Browser) -> None:
    [message, *_] = await console.deliver(mail("Invoice 4711", pdf=PDF), mail("Purchase order 12", number=2))
    await console.join("Reader", "nordlys")
    pages = {
        "health": "/",
        "company": COMPANY,
        "messages": MESSAGES,
        "message": f"{MESSAGES}/{message}",
        "people": "/people",
        "person": f"/people/{console.object_id('Reader')}",
        "not-found": "/nothing",
    }
    for scheme in ("light", "dark"):
        async with new_page(browser, color_scheme=scheme) as page:
            await console.sign_in(page, "Owner")
            for name, path in pages.items():
                await page.goto(f"{console.url}{path}")
                assert await violations(page) == [], f"{name}, {scheme}"
                assert await page.title() != " · Postrum"
                assert await page.locator("h1").count() == 1
                if scheme == "light":
                    await screenshot(page, name)


@pytest.mark.parametrize("role", ["Operator", "RuleAuthor", "Auditor", "Reader", "ContentReader"])
async def test_each_role_sees_its_companies_and_no_more(role: str, console: Console, page: Page) -> None:
    await console.join(role, "nordlys")

    await console.sign_in(page, role)

    await expect(page).to_have_url(f"{console.url}{COMPANY}")
    await expect(page.get_by_role("link", name="People", exact=True)).to_have_count(0)
    answer = await page.goto(f"{console.url}/people")
    assert answer is not None
    assert answer.status == 403
    await expect(page.get_by_role("heading", name="Not allowed")).to_be_visible()


async def test_with_the_keyboard_alone(console: Console, page: Page) -> None:
    await console.sign_in(page, "Owner", MESSAGES)

    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("main")).to_be_focused()

    menu = page.locator("header details").first
    await menu.locator("summary").focus()
    await page.keyboard.press("Enter")
    await expect(menu.get_by_role("link", name="Nordlys Handel")).to_be_visible()
    await page.keyboard.press("Tab")
    await page.keyboard.press("Escape")
    await expect(menu.get_by_role("link", name="Nordlys Handel")).to_be_hidden()
    await expect(menu.locator("summary")).to_be_focused()


async def test_what_can_be_pressed_is_large_enough(console: Console, page: Page) -> None:
    await console.sign_in(page, "Owner", MESSAGES)
    for path in (MESSAGES, "/people"):
        await page.goto(f"{console.url}{path}")
        for element in await page.locator("button:visible, a.button:visible, summary:visible, input:visible").all():
            box = await element.bounding_box()
            assert box is not None
            assert min(box["width"], box["height"]) >= 24, await element.evaluate("e => e.outerHTML")


async def test_in_a_narrow_window_nothing_is_cut_off(console: Console, browser: Browser) -> None:
    [message] = await console.deliver(mail("Averylongwordthathasnoplacetobebroken" * 4, pdf=PDF, number=3))
    async with new_page(browser, viewport={"width": 320, "height": 640}) as page:
        await console.sign_in(page, "Owner")
        for path in ("/", COMPANY, MESSAGES, f"{MESSAGES}/{message}", "/people"):
            await page.goto(f"{console.url}{path}")
            assert await page.evaluate("document.documentElement.scrollWidth") == 320, path
        assert await violations(page) == []
        await page.goto(f"{console.url}{MESSAGES}")
        await screenshot(page, "messages-narrow")
        for summary in await page.locator("header summary").all():
            await summary.click()
            assert await page.evaluate("document.documentElement.scrollWidth") == 320
            await page.keyboard.press("Escape")


@pytest.mark.parametrize(
    ("locale", "heading"), [("da", "Personer"), ("nl", "Personen"), ("de", "Personen"), ("sv", "Personer")]
)
async def test_in_the_language_of_the_browser(locale: str, heading: str, console: Console, browser: Browser) -> None:
    async with new_page(browser, locale=locale) as page:
        await console.sign_in(page, "Owner", "/people")
        await expect(page.get_by_role("heading", level=1)).to_have_text(heading)
        assert await page.locator("html").get_attribute("lang") == locale
        assert await violations(page) == []
        await screenshot(page, f"people-{locale}")


async def test_another_language_is_chosen_and_kept(console: Console, page: Page) -> None:
    await console.sign_in(page, "Owner", "/people")
    await page.locator("summary").filter(has_text="Language").click()
    await page.get_by_role("button", name="Svenska").click()

    await expect(page).to_have_url(f"{console.url}/people")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Personer")
    await page.goto(f"{console.url}{MESSAGES}")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Meddelanden")


async def test_a_form_with_a_problem_begins_with_it(console: Console, page: Page) -> None:
    await console.sign_in(page, "Owner", "/people")
    await page.get_by_label("Object id").fill("not an id")
    await page.get_by_role("button", name="Go on").click()

    summary = page.get_by_role("alert")
    await expect(summary).to_be_focused()
    assert await violations(page) == []
    await screenshot(page, "problem")
    await summary.get_by_role("link").click()
    await expect(page.get_by_label("Object id")).to_be_focused()
    await expect(page.get_by_label("Object id")).to_have_value("not an id")


async def test_what_was_typed_is_not_lost_unawares(console: Console, page: Page) -> None:
    await console.sign_in(page, "Owner", f"/people/{console.object_id('Auditor')}")
    asked: list[str] = []

    async def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        await dialog.dismiss()

    page.on("dialog", stay)
    await page.get_by_label("Nordlys Handel").click()
    await page.get_by_role("link", name="Health").click(no_wait_after=True)
    await expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert asked == ["beforeunload"]
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("status")).to_contain_text("are saved")
    assert asked == ["beforeunload"], "saving is no leaving"


async def test_everything_works_without_script(console: Console, browser: Browser) -> None:
    [message] = await console.deliver(mail("Without script", pdf=PDF, number=4))
    async with new_page(browser, java_script_enabled=False) as page:
        await console.sign_in(page, "Owner", f"{MESSAGES}/{message}")
        await page.get_by_role("button", name="Run again").click()
        await expect(page.get_by_role("status")).to_contain_text("The message runs again.")
        await page.locator("summary").filter(has_text="Language").click()
        await page.get_by_role("button", name="Deutsch").click()
        await expect(page.get_by_role("link", name="Nachrichten").first).to_be_visible()


@pytest.mark.fault("G03")
async def test_what_a_sender_wrote_does_nothing(console: Console, page: Page) -> None:
    content = mail("SUBJECT", pdf=PDF, number=5).replace(b"SUBJECT", HOSTILE.encode())
    [message] = await console.deliver(content.replace(b"invoice-5.pdf", b"<img src=x onerror=alert(4)>.pdf"))
    dialogs: list[str] = []
    foreign: list[str] = []

    async def note(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        await dialog.dismiss()

    def look(request: Request) -> None:
        if not request.url.startswith((console.url, console.emulator.addresses.authority)):
            foreign.append(request.url)

    page.on("dialog", note)
    page.on("request", look)
    await console.sign_in(page, "Owner", MESSAGES)
    await expect(page.get_by_role("link", name="<script>alert(1)</script>").first).to_be_visible()
    await page.goto(f"{console.url}{MESSAGES}/{message}")
    await expect(page.get_by_role("heading", level=1)).to_contain_text("<script>alert(1)</script>")
    await expect(page.get_by_text("onerror=alert(4)").first).to_be_visible()

    assert (dialogs, foreign) == ([], [])


@pytest.mark.fault("G03")
async def test_a_script_that_got_into_a_page_would_not_run(console: Console, browser: Browser) -> None:
    async with new_page(browser, strict=False) as page:  # the policy's complaints are what is wanted here
        await console.sign_in(page, "Owner")
        ran = await page.evaluate(
            """() => {
                window.ran = [];
                const broken = document.createElement("img");
                broken.setAttribute("onerror", "ran.push('handler')");
                document.body.append(broken);
                const script = document.createElement("div");
                script.innerHTML = "<a id='link' href='javascript:ran.push(1)'>x</a>";
                document.body.append(script);
                broken.dispatchEvent(new Event("error"));
                document.getElementById("link").click();
                return window.ran;
            }"""
        )
        assert ran == []


@pytest.mark.fault("G02")
@pytest.mark.parametrize("wanted", ["//evil.example", "/\\evil.example", "javascript:alert(1)", "https://evil.example"])
async def test_nobody_is_led_elsewhere_after_signing_in(wanted: str, console: Console, page: Page) -> None:
    await console.sign_in(page, "Owner", f"/sign-in?return={quote(wanted)}")
    await expect(page).to_have_url(f"{console.url}/")


@pytest.mark.fault("G01")
async def test_headers_of_a_proxy_open_nothing(console: Console, browser: Browser) -> None:
    headers = {"X-MS-CLIENT-PRINCIPAL": "eyJjbGFpbXMiOltdfQ==", "X-MS-CLIENT-PRINCIPAL-NAME": "owner@postrum.example"}
    async with new_page(browser, extra_http_headers=headers) as page:
        await page.goto(f"{console.url}{COMPANY}")
        await expect(page).to_have_url(f"{console.url}/sign-in?return=%2Fcompanies%2Fnordlys")
