"""Consent and access in the console: what is said before anybody is sent anywhere, and what a page ends on."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from emulator.server import EmulatorThread
from shared.identity.connection_state import Event, Happened
from shared.model.person import Role
from tests.console.conftest import URL, Visitors
from tests.console.setting_up import ADDRESS, COMPANY, Desk, at_work, text_of
from tests.emulator.visitor import Visitor
from tests.flow.world import World

FOREIGN = "invoice@fabrikam.example"
IMAP = {"host": "mail.fjord.example", "port": 993}


@pytest.fixture
async def desk(visitor: Visitors, world: World, emulator: EmulatorThread) -> Desk:
    return await at_work(await visitor(Role.OPERATOR, COMPANY, "nordlys"), world, emulator)


async def link_of(desk: Desk, mailbox: str, **wish: object) -> str:
    """A consent link, as its path."""
    made = await desk.call("POST", f"/mailboxes/{mailbox}/consent-link", wish)
    return str(made.json()["url"]).removeprefix(URL)


async def told(desk: Desk, mailbox: str, event: Event) -> None:
    """Something happened to the connection of a mailbox."""
    company = await desk.world.app.configuration.company(COMPANY)
    assert company is not None
    box = company[0].mailbox(mailbox)
    assert box is not None
    await desk.world.app.connection_keeper.note(COMPANY, box, event)


@pytest.mark.capability("S1.4", "S1.25")
async def test_s1_25_the_page_before_names_permissions_reasons_and_roles(
    desk: Desk, visitor: Visitors, emulator: EmulatorThread
) -> None:
    mailbox = await desk.make(FOREIGN, tenant_id=emulator.foreign_tenant_id)
    link = await link_of(desk, mailbox)
    administrator = await visitor(None)

    page = text_of(await administrator.get(link))

    assert "openid, profile" in page
    assert "No mailbox and no data" in page
    assert "Application Administrator, Cloud Application Administrator" in page
    assert "Mail.ReadWrite" not in page
    assert emulator.foreign_tenant_id in page
    assert "another tenant than that of this deployment" in page
    assert "open the link in a private window" in page
    assert "role Exchange Administrator" in page
    script = await administrator.get(f"{link}/script")
    assert FOREIGN in script.text
    tenant_wide = text_of(await administrator.get(await link_of(desk, mailbox, tenant_wide=True)))
    assert "Mail.ReadWrite" in tenant_wide
    assert "This opens every mailbox of the tenant." in tenant_wide
    assert "Privileged Role Administrator, Global Administrator" in tenant_wide


@pytest.mark.capability("S1.16", "S1.23", "S1.28", "S1.31")
@pytest.mark.fault("G02")
async def test_s1_28_consent_ends_on_a_page_that_says_so(
    desk: Desk, visitor: Visitors, emulator: EmulatorThread
) -> None:
    emulator.control.create_mailbox(FOREIGN, tenant_id=emulator.foreign_tenant_id)
    mailbox = await desk.make(FOREIGN, tenant_id=emulator.foreign_tenant_id)
    administrator, thief = await visitor(None), await visitor(None)
    link = await link_of(desk, mailbox, tenant_wide=True)
    sent = await administrator.post(link)
    assert sent.status_code == 303
    with Visitor(emulator) as person:
        answer = person.accept(sent.headers["location"], "admin@fabrikam.example").answer

    assert (await thief.get("/consent/callback", params=answer)).status_code == 409
    again = await administrator.post(link)
    state = parse_qs(urlsplit(again.headers["location"]).query)["state"][0]
    with Visitor(emulator) as person:
        answer = person.accept(again.headers["location"], "admin@fabrikam.example").answer
    assert answer["state"] == state
    done = await administrator.get("/consent/callback", params=answer)

    assert done.status_code == 200
    page = text_of(done)
    assert f'Access granted to "{FOREIGN}"' in page
    assert 'class="panel good"' in done.text
    assert "this window may be closed" in page
    assert "may be taken away again" in page
    used = await administrator.get("/consent/callback", params=answer)
    assert used.status_code == 409
    assert "does not belong to a sign-in that was begun in this browser" in used.text
    assert (await desk.call("GET", f"/mailboxes/{mailbox}/status")).json()["consent"]["tone"] == "good"


@pytest.mark.capability("S1.19", "S3.21")
async def test_s1_19_a_refusal_is_red_and_says_whose_task_it_is(
    desk: Desk, visitor: Visitors, emulator: EmulatorThread
) -> None:
    mailbox = await desk.make(FOREIGN, tenant_id=emulator.foreign_tenant_id)
    link = await link_of(desk, mailbox)
    administrator = await visitor(None)
    with Visitor(emulator) as person:
        sent = await administrator.post(link)
        answer = person.accept(sent.headers["location"], "admin@fabrikam.example", "cancel").answer

    refused = await administrator.get("/consent/callback", params=answer)

    assert refused.status_code == 409
    assert 'class="panel bad"' in refused.text
    page = text_of(refused)
    assert "Cancel was chosen" in page
    assert "Whose task this is: You, on this page" in page
    assert f'href="{link}">Begin again<' in refused.text


@pytest.mark.fault("G02", "G03")
async def test_what_the_address_says_is_text_and_nothing_else(
    desk: Desk, visitor: Visitors, emulator: EmulatorThread
) -> None:
    mailbox = await desk.make(FOREIGN, tenant_id=emulator.foreign_tenant_id)
    administrator = await visitor(None)
    sent = await administrator.post(await link_of(desk, mailbox))
    state = parse_qs(urlsplit(sent.headers["location"]).query)["state"][0]
    hostile = "<script>alert(1)</script><img src=x onerror=alert(2)>"
    answer = {
        "state": state,
        "error": "access_denied",
        "error_description": f"AADSTS65004: {hostile}",
        "admin_consent": "True",
        "tenant": hostile,
    }

    page = await administrator.get("/consent/callback", params=answer)

    assert "<script>alert" not in page.text
    assert "<img" not in page.text.replace('<img src="/static/', "")
    for path in ("/consent/x.y", "/consent/" + "a" * 3000, "/consent/callback", "/connect/callback?state=x&code=y"):
        assert (await administrator.get(path)).status_code == 409


@pytest.mark.capability("S1.26", "S3.3", "S3.4", "S1.21", "S3.15")
@pytest.mark.pain("C37")
async def test_s3_3_everything_for_a_request_is_there_to_copy(desk: Desk, emulator: EmulatorThread) -> None:
    mailbox = await desk.make("plain@postrum.example", connection="graph_delegated")
    base = f"/mailboxes/{mailbox}/setup/access"
    page = (await desk.browser.get(f"/companies/{COMPANY}{base}")).text
    assert f"<code>{emulator.client_id}</code>" in page
    assert "<code>Postrum</code>" in page
    assert "StartboardApplicationsMenuBlade/~/AccessRequests" in page
    assert f"appId/{emulator.client_id}" in page
    assert "Postrum reads the mailbox plain@postrum.example for Fjord Handel" in page
    assert "private window" in page

    linked = await desk.post(f"{base}/consent-link")
    shown = await desk.browser.get(linked.headers["location"])
    [url] = re.findall(rf"<code>({URL}/consent/[\w.-]+)</code>", shown.text)
    [letter] = re.findall(r'href="(mailto:[^"]+)"', shown.text)
    assert url in unquote(letter)
    assert "Mail.ReadWrite.Shared" in unquote(letter)
    assert "AccessRequests" in unquote(letter)
    other = await desk.make("other@fjord.example")
    token = url.rpartition("/")[2]
    assert (
        await desk.browser.get(f"/companies/{COMPANY}/mailboxes/{other}/setup/access?link={token}")
    ).status_code == 404
    begun = await desk.post(f"{base}/sign-in")
    query = parse_qs(urlsplit(begun.headers["location"]).query)
    assert query["prompt"] == ["select_account"]
    assert query["login_hint"] == ["plain@postrum.example"]


@pytest.mark.capability("S1.24")
async def test_s1_24_nobody_is_told_to_weaken_a_second_factor(desk: Desk, emulator: EmulatorThread) -> None:
    emulator.control.create_mailbox("mfa@postrum.example")
    mailbox = await desk.make("mfa@postrum.example", connection="graph_delegated")
    pages = [
        await desk.page(f"/mailboxes/{mailbox}/setup/access"),
        await desk.page("/add-mailbox", params={"kind": "graph_delegated"}),
    ]
    begun = (await desk.call("POST", f"/mailboxes/{mailbox}/sign-in", {})).json()["url"]
    state = parse_qs(urlsplit(begun).query)["state"][0]
    error = {"state": state, "error": "interaction_required", "error_description": "AADSTS50076: second factor"}
    answer = await desk.browser.get("/connect/callback", params=error)
    assert answer.status_code == 409
    pages.append(text_of(answer))
    assert "second factor" in pages[-1]
    for page in pages:
        assert not re.search(r"(switch|turn) off|disable|exempt|without a second factor", page, re.IGNORECASE)


@pytest.mark.capability("S1.27")
async def test_s1_27_waiting_says_when_it_looks_again(desk: Desk, emulator: EmulatorThread) -> None:
    mailbox = await desk.make()
    emulator.control.create_mailbox(ADDRESS)

    await desk.post(f"/mailboxes/{mailbox}/setup/access/check")

    answer = await desk.browser.get(f"/companies/{COMPANY}/mailboxes/{mailbox}/setup/access")
    page = text_of(answer)
    assert "Waiting for propagation, next check at 10:01" in page  # 09:01 UTC in Copenhagen
    assert 'hx-trigger="every 10s"' in answer.text
    assert "Run the script of Postrum as an Exchange administrator" in page
    emulator.control.set_exchange_scope([ADDRESS])
    await desk.post(f"/mailboxes/{mailbox}/setup/access/check")
    done = await desk.browser.get(f"/companies/{COMPANY}/mailboxes/{mailbox}/setup/access")
    assert f'Access granted to "{ADDRESS}"' in text_of(done)
    assert "hx-trigger" not in done.text


@pytest.mark.capability("S1.40", "S1.6", "S1.41")
@pytest.mark.parametrize(
    ("language", "red"),
    [
        ("en", "Could not connect to the IMAP account"),
        ("da", "Kunne ikke oprette forbindelse til IMAP-konto"),
        ("nl", "Kan geen verbinding maken met het IMAP-account"),
        ("de", "Die Verbindung zum IMAP-Konto konnte nicht hergestellt werden"),
        ("sv", "Det gick inte att ansluta till IMAP-kontot"),
    ],
)
async def test_s1_40_red_with_the_cause_to_unfold(desk: Desk, language: str, red: str) -> None:
    server = {"host": "127.0.0.1", "port": 1}
    mailbox = await desk.make(connection="imap_password", imap=server)
    await desk.call("POST", f"/mailboxes/{mailbox}/password", {"password": "secret"})
    desk.world.app.settings = desk.world.settings.model_copy(update={"outbound_addresses": ("203.0.113.7",)})
    await desk.call("POST", f"/mailboxes/{mailbox}/check")

    answer = await desk.browser.get(
        f"/companies/{COMPANY}/mailboxes/{mailbox}/setup/access", headers={"accept-language": language}
    )

    assert 'class="panel bad"' in answer.text
    assert red in text_of(answer)
    assert "203.0.113.7" in answer.text
    [unfold] = re.findall(r"<details class=\"more\">.*?</details>", answer.text, re.DOTALL)[:1]
    assert "network_refused" in unfold


@pytest.mark.capability("S3.18")
async def test_s3_18_a_banner_asks_to_reconnect_and_goes_away(desk: Desk, emulator: EmulatorThread) -> None:
    address = "plain@postrum.example"
    emulator.control.create_mailbox(address)
    mailbox = await desk.make(address, connection="graph_delegated")
    await desk.sign_in(mailbox, address)
    await desk.folders(mailbox)
    assert (await desk.activate(mailbox)).status_code == 200
    banner = f"{address} is not connected. Open the mailbox and connect it again."
    assert banner not in await desk.page("/messages")

    await told(desk, mailbox, Event(Happened.SIGN_IN_NEEDED, code="entra_50173"))

    for path in ("", "/messages", "/mailboxes", f"/mailboxes/{mailbox}"):
        page = await desk.browser.get(f"/companies/{COMPANY}{path}")
        assert banner in text_of(page), path
        assert f'href="/companies/{COMPANY}/mailboxes/{mailbox}"' in page.text
    await desk.sign_in(mailbox, address)
    assert banner not in await desk.page("/messages")
