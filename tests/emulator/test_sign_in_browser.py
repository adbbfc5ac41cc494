"""The pages in a real browser: they hold without their script being anything but a convenience."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from emulator.server import EmulatorThread
from tests.emulator.app import SHARED_MAIL, authorize_url

pytestmark = pytest.mark.needs("chromium")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, emulator: EmulatorThread) -> Iterator[Page]:
    # the sink plays the app: it takes whatever is posted to it, and needs no certificate
    emulator.control.set_registration(redirect_uris=[f"{emulator.sink_url}/app"])
    with browser.new_context(ignore_https_errors=True) as context:
        yield context.new_page()


def test_an_answer_is_posted_to_the_app(emulator: EmulatorThread, page: Page) -> None:
    url = authorize_url(emulator, redirect_uri=f"{emulator.sink_url}/app", response_mode="form_post")
    page.goto(url)
    with page.expect_response(f"{emulator.sink_url}/app"):
        page.get_by_role("button", name="Olivia Owner").click()
    [posted] = emulator.control.sink("app")
    assert "code=1." in posted["text"]
    assert "state=s+t%26te" in posted["text"]


def test_a_request_for_approval_ends_on_its_page(emulator: EmulatorThread, page: Page) -> None:
    emulator.control.set_consent_policy("workflow")
    page.goto(authorize_url(emulator, redirect_uri=f"{emulator.sink_url}/app", scope=f"openid {SHARED_MAIL}"))
    page.get_by_role("button", name="Mona Multifactor").click()
    page.get_by_role("button", name="Approve").click()
    page.get_by_label("Enter justification").fill("Invoices arrive there.")
    page.get_by_role("button", name="Request approval").click()
    assert page.get_by_role("heading", level=1).inner_text() == "Request sent"
    assert emulator.control.sink("app") == []
    page.goto(f"{emulator.authority}/{emulator.tenant_id}/consent-requests")
    page.get_by_role("button", name="Approve").click()
    page.get_by_text("approved").wait_for()
    assert emulator.control.consent_requests()[0]["status"] == "approved"
