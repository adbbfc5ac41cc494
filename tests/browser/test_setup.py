"""Setting mailboxes up in a browser, from the first page to the end, and every state that a connection can be in on the way."""

from __future__ import annotations

import asyncio
import re
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import trustme
from playwright.async_api import Browser, Locator, Page, expect

from emulator.server import EmulatorThread
from local.azurite import Account
from local.dovecot import Dovecot
from shared.setup.proof import ProofState
from tests.flow.mails import mail
from tests.flow.world import MAILBOX
from tests.support.browser import Console, new_page, running_console, screenshot, violations

pytestmark = [
    pytest.mark.needs("chromium"),
    pytest.mark.needs("dovecot"),
    pytest.mark.asyncio(loop_scope="session"),
]

COMPANY = "fjord-handel"
BASE = f"/companies/{COMPANY}"
BOOKS, FOREIGN, MINE, TEAM = (
    "invoice@fjord.example",
    "invoice@fabrikam.example",
    "plain@postrum.example",
    "team@postrum.example",
)
POST, GMAIL = "post@fjord.example", "invoice@gmail.example"
PASSWORD = "correct horse battery staple"
MOVING = "time, .time, [data-moving], .code pre"


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatorThread]:
    with EmulatorThread(tmp_path_factory.mktemp("emulator")) as running:
        running.control.create_mailbox(MAILBOX)
        running.control.set_exchange_scope([MAILBOX])
        yield running


@pytest.fixture(scope="module")
def mail_server(emulator: EmulatorThread) -> Iterator[Dovecot]:
    """A mail server of its own, which also plays Gmail's."""
    home = Path(emulator.ca_file).parent
    authority = trustme.CA.from_pem((home / "ca.pem").read_bytes(), (home / "ca-key.pem").read_bytes())
    folder = Path(tempfile.mkdtemp(prefix="postrum-mail-"))
    try:
        folder.chmod(0o755)  # as root, mails belong to nobody
        certificate, key = folder / "certificate.pem", folder / "key.pem"
        issued = authority.issue_cert("127.0.0.1", "localhost")
        issued.private_key_pem.write_to_path(key)
        for at, blob in enumerate(issued.cert_chain_pems):
            blob.write_to_path(certificate, append=at > 0)
        introspection = emulator.introspection_url.replace("http://", "http://introspect:s3cret@")
        with Dovecot(
            folder,
            certificate=(certificate, key),
            users={POST: PASSWORD, GMAIL: "not used"},
            introspection=introspection,
        ) as running:
            yield running
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def console(
    emulator: EmulatorThread,
    mail_server: Dovecot,
    tmp_path_factory: pytest.TempPathFactory,
    _fresh_accounts: Iterator[Account],
) -> AsyncIterator[Console]:
    """A deployment with one more company, which has no mailbox yet."""
    folder = tmp_path_factory.mktemp("setup")
    settings = {
        "POSTRUM_GMAIL_IMAP": f"127.0.0.1:{mail_server.imaps_port}",
        "POSTRUM_GOOGLE_CLIENT_ID": emulator.google_client_id,
        "POSTRUM_OUTBOUND_ADDRESSES": "203.0.113.7,203.0.113.8",
    }
    async with running_console(emulator, next(_fresh_accounts).connection_string, folder, **settings) as running:
        emulator.control.set_google_redirects([f"{running.url}/connect/callback"])
        await running.world.app.secrets.put("google-client-secret", emulator.google_client_secret)
        await running.world.app.setup.mailboxes.create_company("Fjord Handel", time_zone="Europe/Copenhagen")
        running.world.app.services.companies.forget()
        yield running


async def good(page: Page) -> None:
    """What every page has to be: free of what axe finds."""
    assert await violations(page) == []


async def text_of(download: Any) -> str:
    """What is in a file that the browser saved."""
    path = await (await download.value).path()
    return await asyncio.to_thread(Path(path).read_text, "utf-8-sig")


def panel(page: Page, kind: str) -> Locator:
    return page.locator(f".panel.{kind}").first


async def add(console: Console, page: Page, kind: str, address: str, **fields: str) -> str:
    """Sign in, and add a mailbox by the form; its path."""
    await console.sign_in(page, "Owner", f"{BASE}/add-mailbox?kind={kind}")
    await page.locator("#address").fill(address)
    for name, value in fields.items():
        await page.locator(f"#{name.replace('_', '-')}").fill(value)
    await page.get_by_role("button", name="Save").click()
    await page.wait_for_url(re.compile(r"/setup/access$"))
    return page.url.removesuffix("/setup/access").removeprefix(console.url)


async def pick(page: Page, user: str) -> None:
    """Pick an account on the page of Microsoft or Google."""
    await page.locator(f'button[name="user"][value="{user}"]').click()


async def answer(page: Page, value: str) -> None:
    """Press a button of the page of Microsoft or Google, where it comes."""
    await page.locator(f'button[name="answer"][value="{value}"]').click()


async def sign_in_account(page: Page, user: str, *, consent: bool = True) -> None:
    """From the access page to Microsoft or Google and back."""
    await page.get_by_role("button", name=re.compile("^(Sign in with|Make new auth)")).click()
    await pick(page, user)
    if consent:
        await answer(page, "allow" if "google" in page.url else "accept")


@pytest.mark.capability("S1.38", "S1.44", "S1.45", "S5.4", "S5.15", "S5.37")
async def test_from_the_first_page_to_the_end(console: Console, page: Page) -> None:
    control = console.emulator.control
    control.create_mailbox(BOOKS)
    await console.sign_in(page, "Owner", f"{BASE}/mailboxes")
    await good(page)
    await page.get_by_role("link", name="Add mailbox").click()
    await good(page)
    await screenshot(page, "setup-way")
    await page.get_by_role("button", name="Go on").click()
    await page.locator("#address").fill("invoice")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("alert")).to_contain_text("Enter the full address")
    await good(page)
    await page.locator("#address").fill(BOOKS)
    await screenshot(page, "setup-mailbox")
    await page.get_by_role("button", name="Save").click()

    await expect(page.get_by_role("heading", name="Not connected yet")).to_be_visible()
    await good(page)
    await screenshot(page, "consent-new", mask=MOVING, whole=False)
    await page.get_by_role("button", name="Test the connection").click()
    await expect(panel(page, "warning")).to_contain_text(
        re.compile(r"Waiting for propagation, next check at \d\d:\d\d")
    )
    await good(page)
    await screenshot(page, "consent-waiting", mask=MOVING, whole=False)
    async with page.expect_download() as download:
        await page.get_by_role("link", name="Download the script").click()
    assert BOOKS in await text_of(download)

    path = page.url.removesuffix("/setup/access")
    await page.goto(f"{path}/setup/folders")
    await expect(page.locator("#imported")).to_be_disabled()
    await page.goto(f"{path}/setup/access")
    control.set_exchange_scope([MAILBOX, BOOKS])
    # somebody else, such as the timer, finds that it works now: the page notices by itself
    await console.world.app.setup.checking.check(COMPANY, "invoice")
    await expect(panel(page, "good")).to_contain_text(f'Access granted to "{BOOKS}"', timeout=30_000)
    await good(page)
    await screenshot(page, "consent-connected", mask=MOVING, whole=False)

    await page.get_by_role("link", name="Go on to the folders").click()
    await expect(page.get_by_text("There is no folder below the inbox yet.")).to_be_visible()
    await good(page)
    await page.get_by_role("button", name="Create the two folders for me").click()
    await expect(page.locator("#imported")).to_have_value(re.compile(".+"))
    await screenshot(page, "setup-folders")
    await good(page)
    await page.get_by_role("button", name="Save the folders").click()

    for number in range(3):
        control.deliver(BOOKS, mail("Invoice", number=number), received="2026-11-20T08:00:00Z")
    await page.get_by_role("button", name="Count, and show what would happen").click()
    await expect(page.get_by_text("3 mails are in it now.")).to_be_visible()
    await good(page)
    await screenshot(page, "setup-backlog", whole=False)
    await page.get_by_role("button", name="Activate the mailbox").click()
    await expect(page.get_by_role("alert")).to_contain_text("Confirm that you know")
    await page.locator("#confirmed").check()
    await page.get_by_role("button", name="Activate the mailbox").click()

    await page.get_by_role("button", name="Send a test mail").click()
    await page.wait_for_url(re.compile("token="))
    token = page.url.rpartition("token=")[2]
    for _ in range(20):  # the host works on the queues too, so nobody can say who finishes
        await console.world.settle()
        if (await console.world.app.setup.proof.look(COMPANY, "invoice", token)).state is not ProofState.ON_ITS_WAY:
            break
    await expect(panel(page, "good")).to_contain_text("Both effects were seen", timeout=30_000)
    await expect(panel(page, "good")).to_contain_text("The mail is in the folder Imported.")
    await good(page)
    await screenshot(page, "setup-proof")
    await page.get_by_role("button", name="Remove the test mail, and finish").click()
    await expect(page.get_by_role("heading", name="The set-up is complete")).to_be_visible()
    await good(page)
    await screenshot(page, "setup-done")

    await page.get_by_role("link", name="To the mailbox").click()
    await good(page)
    await screenshot(page, "mailbox")
    await page.goto(f"{console.url}{BASE}/mailboxes")
    await good(page)
    await screenshot(page, "mailboxes")
    await page.goto(f"{console.url}{BASE}")
    await good(page)
    await screenshot(page, "health")
    await page.goto(f"{console.url}{BASE}/mailboxes/invoice/delete")
    await good(page)
    await page.goto(f"{console.url}/alerts")
    await good(page)


@pytest.mark.capability("S1.16", "S1.18", "S1.20", "S1.25", "S1.28", "S1.29", "S1.31")
async def test_an_administrator_of_another_tenant_consents(console: Console, page: Page, browser: Browser) -> None:
    control, tenant = console.emulator.control, console.emulator.foreign_tenant_id
    control.create_mailbox(FOREIGN, tenant_id=tenant)
    path = await add(console, page, "graph_app", FOREIGN, tenant_id=tenant)
    await page.get_by_role("button", name="Grant access").click()
    await expect(panel(page, "warning")).to_contain_text("Waiting for the consent of an administrator")
    await good(page)
    url = await page.locator("#consent-link code").first.inner_text()
    await page.goto(f"{console.url}{path}/setup/access")
    await screenshot(page, "consent-awaiting", mask=MOVING, whole=False)

    async with new_page(browser) as theirs:
        await theirs.goto(url)
        await expect(theirs.get_by_text("One of these: Application Administrator")).to_be_visible()
        await good(theirs)
        await screenshot(theirs, "consent-page", mask=MOVING, whole=False)
        await theirs.get_by_role("button", name="Go on to Microsoft").click()
        await pick(theirs, "admin@fabrikam.example")
        await answer(theirs, "cancel")
        await expect(panel(theirs, "bad")).to_contain_text("Cancel was chosen")
        await good(theirs)
        await screenshot(theirs, "consent-declined", mask=MOVING)
        await theirs.get_by_role("link", name="Begin again").click()
        await theirs.get_by_role("button", name="Go on to Microsoft").click()
        if await theirs.locator('button[name="user"]').count():
            await pick(theirs, "admin@fabrikam.example")
        await answer(theirs, "accept")
        await expect(theirs.get_by_text("What is left is the step in Exchange.")).to_be_visible()
        await good(theirs)
        await screenshot(theirs, "consent-given", mask=MOVING)
        async with theirs.expect_download() as download:
            await theirs.get_by_role("link", name="Download the script").click()
        assert FOREIGN in await text_of(download)

    await page.goto(f"{console.url}{path}/setup")
    await expect(panel(page, "warning")).to_contain_text("Waiting for propagation, next check at")
    control.set_scope([FOREIGN], tenant_id=tenant)
    await page.get_by_role("button", name="Test the connection").click()
    await expect(panel(page, "good")).to_contain_text(f'Access granted to "{FOREIGN}"')
    await expect(page.get_by_text("may be taken away again")).to_be_visible()


@pytest.mark.capability("S3.2", "S3.3", "S3.5", "S3.21", "S1.19")
@pytest.mark.pain("C37")
async def test_approval_is_requested_given_elsewhere_and_the_account_signs_in_again(
    console: Console, page: Page, browser: Browser
) -> None:
    control = console.emulator.control
    control.create_mailbox(MINE)
    control.set_consent_policy("workflow")
    try:
        path = await add(console, page, "graph_delegated", MINE)
        await good(page)
        await screenshot(page, "consent-account", mask=MOVING, whole=False)
        await page.get_by_role("button", name="Sign in with Microsoft").click()
        await pick(page, MINE)
        await page.locator('[name="justification"]').fill("Postrum files our invoices.")
        await answer(page, "send")
        await expect(page.get_by_role("heading", name="Request sent")).to_be_visible()

        await page.goto(f"{console.url}{path}/setup/access")
        await page.get_by_role("button", name="I have sent a request for approval").click()
        await expect(panel(page, "warning")).to_contain_text("Approval was requested")
        await good(page)
        await screenshot(page, "consent-requested", mask=MOVING, whole=False)
        control.approve_request()
        await sign_in_account(page, MINE, consent=False)
        await expect(panel(page, "good")).to_contain_text(f'Access granted to "{MINE}"')
        await good(page)
        await screenshot(page, "consent-signed-in", mask=MOVING)
    finally:
        control.set_consent_policy("users")
    await page.get_by_role("link", name="Go on to the folders").click()
    await expect(page.get_by_role("heading", name=f"Folders of {MINE}")).to_be_visible()
    await page.goto(f"{console.url}{BASE}/accounts")
    await expect(page.get_by_role("cell", name="connected")).to_be_visible()
    await good(page)
    await screenshot(page, "accounts")


@pytest.mark.capability("S1.19", "S1.21", "S3.5", "S3.6", "S5.18")
async def test_forbidden_approved_by_link_and_the_wrong_account(console: Console, page: Page, browser: Browser) -> None:
    control = console.emulator.control
    control.create_mailbox(TEAM)
    control.revoke_consent(user=MINE)
    control.revoke_consent()
    control.grant_consent(scopes=["openid", "profile", "email", "offline_access"])
    control.set_consent_policy("forbidden")
    control.set_behaviour(forbidden_consent="redirect")
    try:
        path = await add(console, page, "graph_delegated", TEAM)
        await sign_in_account(page, MINE, consent=False)
        await expect(panel(page, "bad")).to_contain_text("may neither give consent nor ask for it")
        await good(page)
        await screenshot(page, "consent-forbidden", mask=MOVING)

        await page.goto(f"{console.url}{path}/setup/access")
        await page.get_by_role("button", name="Grant access").click()
        url = await page.locator("#consent-link code").first.inner_text()
        async with new_page(browser) as theirs:
            await theirs.goto(url)
            await theirs.get_by_role("button", name="Go on to Microsoft").click()
            await pick(theirs, "admin@postrum.example")
            await answer(theirs, "accept")
            await expect(theirs.get_by_text("Your part is done: this window may be closed.")).to_be_visible()
            await good(theirs)
        await page.goto(f"{console.url}{path}/setup/access")
        await expect(panel(page, "warning")).to_contain_text(
            "An administrator has approved: sign in once more to finish"
        )
        await good(page)
        await screenshot(page, "consent-approved", mask=MOVING, whole=False)

        await sign_in_account(page, MINE, consent=False)
        await expect(panel(page, "bad")).to_contain_text(f"Signed in as {MINE}, expected {TEAM}")
        await good(page)
        await screenshot(page, "consent-other-account", mask=MOVING)
    finally:
        control.set_consent_policy("users")
        control.set_behaviour(forbidden_consent="page")
    control.grant_mailbox_access(MINE, TEAM)
    await page.get_by_role("link", name="To the access").click()
    await sign_in_account(page, MINE, consent=False)
    await expect(panel(page, "good")).to_contain_text(f'Access granted to "{TEAM}"')


@pytest.mark.capability("S3.7", "S5.3")
async def test_a_google_account_is_connected(console: Console, page: Page) -> None:
    path = await add(console, page, "google", GMAIL)
    await good(page)
    await screenshot(page, "consent-google", mask=MOVING)
    await sign_in_account(page, GMAIL)
    await expect(panel(page, "good")).to_contain_text(f'Access granted to "{GMAIL}"')
    await good(page)
    await page.get_by_role("link", name="Go on to the folders").click()
    await page.get_by_role("button", name="Create the two folders for me").click()
    await expect(page.locator("#other")).to_have_value(re.compile(".+"))
    await page.goto(f"{console.url}{path}")
    await good(page)


@pytest.mark.capability("S1.6", "S1.40", "S1.41")
async def test_a_mail_server_with_a_password(console: Console, page: Page, mail_server: Dovecot) -> None:
    certificate = (Path(console.emulator.ca_file).parent / "ca.pem").read_text()
    server = {"host": "127.0.0.1", "port": str(mail_server.imaps_port)}
    await console.sign_in(page, "Owner", f"{BASE}/add-mailbox?kind=imap_password")
    await page.locator("#address").fill(POST)
    for name, value in server.items():
        await page.locator(f"#{name}").fill(value)
    await page.locator("#certificate-authority").fill(certificate)
    await good(page)
    await page.get_by_role("button", name="Save").click()
    await page.locator("#password").fill("wrong")
    await page.get_by_role("button", name="Save and test").click()
    await expect(panel(page, "bad")).to_contain_text("Could not connect to the IMAP account")
    await panel(page, "bad").get_by_text("Technical part").click()
    await expect(panel(page, "bad")).to_contain_text("imap_")
    await good(page)
    await screenshot(page, "consent-error", mask=MOVING)
    await page.locator("#password").fill(PASSWORD)
    await page.get_by_role("button", name="Save and test").click()
    await expect(panel(page, "good")).to_contain_text(f'Access granted to "{POST}"')


@pytest.mark.capability("S1.22")
async def test_a_reader_sees_and_cannot_change(console: Console, page: Page) -> None:
    await console.join("Reader", COMPANY)
    await console.sign_in(page, "Reader", f"{BASE}/mailboxes")
    await good(page)
    await expect(page.get_by_role("link", name="Add mailbox")).to_have_count(0)
    await page.goto(f"{console.url}{BASE}/add-mailbox")
    await expect(page.get_by_role("heading", name="Not allowed")).to_be_visible()


async def test_narrow_and_dark_and_danish(console: Console, browser: Browser) -> None:
    async with new_page(browser, viewport={"width": 320, "height": 700}, color_scheme="dark", locale="da") as small:
        await console.sign_in(small, "Owner", f"{BASE}/add-mailbox?kind=imap_password")
        await expect(small.get_by_label("Postkassens adresse")).to_be_visible()
        for path in ("/add-mailbox?kind=imap_password", "/mailboxes", "/accounts"):
            await small.goto(f"{console.url}{BASE}{path}")
            await good(small)
            wide = await small.evaluate(
                "[...document.querySelectorAll('main *')].filter(e => !e.closest('.wide') && e.getBoundingClientRect().right > 321)"
                ".map(e => e.outerHTML.slice(0, 100))"
            )
            assert wide == []
            assert await small.evaluate("document.documentElement.scrollWidth") <= 320
