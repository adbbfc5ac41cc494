"""The frame of the console in a browser: signing in and out, the first pages, keyboard, width, languages."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Page, expect

from tests.flow.mails import mail
from tests.support.browser import Console, new_page, screenshot, violations

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.asyncio(loop_scope="session")]


async def test_signing_in_leads_where_the_person_wanted_to_go(console: Console, page: Page) -> None:
    await console.sign_in(page, "Owner", "/companies/nordlys/messages")

    await expect(page).to_have_url(f"{console.url}/companies/nordlys/messages")
    await page.get_by_text("Olivia Owner").click()
    await screenshot(page, "person")
    await page.get_by_role("button", name="Sign out").click()
    await expect(page).to_have_url(f"{console.url}/sign-in")
    await page.goto(f"{console.url}/")
    await expect(page).to_have_url(f"{console.url}/sign-in")
