"""The pages of connecting mailboxes: what they say before anybody is sent anywhere, and what they refuse."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from emulator.server import EmulatorThread
from shared.model.person import Role
from tests.console.conftest import Visitors
from tests.console.setting_up import ADDRESS, COMPANY, Desk, at_work, text_of
from tests.emulator.visitor import Visitor
from tests.flow.mails import mail
from tests.flow.world import World

FOREIGN = "invoice@fabrikam.example"
IMAP = {"host": "mail.fjord.example", "port": 993}


@pytest.fixture
async def desk(visitor: Visitors, world: World, emulator: EmulatorThread) -> Desk:
    return await at_work(await visitor(Role.OPERATOR, COMPANY, "nordlys"), world, emulator)


# -- adding a mailbox


@pytest.mark.capability("S5.4", "S1.35", "S3.1")
async def test_s5_4_the_empty_list_has_the_button(desk: Desk) -> None:
    page = await desk.browser.get(f"/companies/{COMPANY}/mailboxes")
    assert "No mailbox is set up here yet" in page.text
    assert f'href="/companies/{COMPANY}/add-mailbox">Add mailbox<' in page.text
    health = await desk.browser.get(f"/companies/{COMPANY}")
    assert f'href="/companies/{COMPANY}/mailboxes"' in health.text
    assert "Add mailbox" in health.text


@pytest.mark.capability("S1.32", "S3.13")
async def test_s1_32_the_company_comes_first(desk: Desk, visitor: Visitors) -> None:
    page = (await desk.browser.get("/add-mailbox")).text
    assert f'href="/companies/{COMPANY}/add-mailbox"' in page
    assert 'href="/companies/nordlys/add-mailbox"' in page
    assert "A new company" not in page
    owner = await visitor(Role.OWNER)
    assert "A new company" in (await owner.get("/add-mailbox")).text
    nameless = await owner.post("/add-company", {"name": " "})
    assert (nameless.status_code, "1 to 200 characters" in nameless.text) == (422, True)
    nowhere = await owner.post("/add-company", {"name": "Sundlys", "time_zone": "Mars/Base"})
    assert (nowhere.status_code, "Europe/Copenhagen" in nowhere.text) == (422, True)
    made = await owner.post("/add-company", {"name": "Sundlys", "time_zone": "Europe/Oslo"})
    assert made.headers["location"] == "/companies/sundlys/add-mailbox"


@pytest.mark.capability("S5.5", "S5.17", "S5.9", "S5.10", "S5.11")
@pytest.mark.parametrize(
    ("kind", "fields", "absent"),
    [
        ("graph_app", {"tenant_id"}, {"host", "port", "user_name", "password"}),
        ("graph_delegated", {"tenant_id"}, {"host", "port", "user_name", "password"}),
        ("imap_microsoft", {"tenant_id"}, {"host", "port", "password"}),
        ("google", set(), {"host", "port", "tenant_id", "password"}),
        ("imap_password", {"host", "port", "encryption", "user_name", "certificate_authority"}, {"tenant_id"}),
    ],
)
async def test_s5_5_the_form_switches_with_the_way(desk: Desk, kind: str, fields: set[str], absent: set[str]) -> None:
    chooser = await desk.page("/add-mailbox")
    assert "Exchange Online, the app acts by itself (recommended)" in chooser
    page = (await desk.browser.get(f"/companies/{COMPANY}/add-mailbox", params={"kind": kind})).text
    names = set(re.findall(r'name="([a-z_]+)"', page))
    assert fields <= names
    assert not absent & names
    if kind == "imap_password":
        assert set(re.findall(r'name="encryption" value="(\w+)"', page)) == {"tls", "starttls"}
        assert "The certificate of the server is always checked." in page


@pytest.mark.capability("S1.36", "S5.8")
@pytest.mark.parametrize(("kind", "host"), [("imap_microsoft", "outlook.office365.com"), ("google", "imap.gmail.com")])
async def test_s1_36_servers_that_are_known_are_not_typed(desk: Desk, kind: str, host: str) -> None:
    page = (await desk.browser.get(f"/companies/{COMPANY}/add-mailbox", params={"kind": kind})).text
    assert f'<dd id="preset-host">{host}</dd>' in page
    assert '<dd id="preset-port">993</dd>' in page
    assert 'name="host"' not in page
    typed = {"kind": kind, "address": ADDRESS, "host": "evil.example", "port": "1"}
    made = await desk.post("/add-mailbox", typed)
    assert made.status_code == 303
    [mailbox] = (await desk.call("GET", "/mailboxes")).json()["mailboxes"]
    assert mailbox["imap"] is None


@pytest.mark.capability("S3.16", "S5.18", "S5.12", "S5.13")
async def test_s3_16_hints_of_the_form(desk: Desk) -> None:
    page = await desk.page("/add-mailbox", params={"kind": "graph_app"})
    assert "Best is one for this purpose only, such as invoice@ or collections@" in page
    shared = await desk.page("/add-mailbox", params={"kind": "graph_delegated"})
    assert "It need not be that of the account that signs in" in shared
    typed = {"kind": "graph_app", "address": ADDRESS, "scan": "unread", "mark_read": "yes", "schedule": " 0  6 * * * "}
    assert (await desk.post("/add-mailbox", typed)).status_code == 303
    [mailbox] = (await desk.call("GET", "/mailboxes")).json()["mailboxes"]
    assert (mailbox["scan"], mailbox["mark_read"], mailbox["schedule"]) == ("unread", True, "0 6 * * *")


@pytest.mark.capability("S1.2")
async def test_s1_2_each_mistake_stands_at_its_field(desk: Desk) -> None:
    typed = {
        "kind": "imap_password",
        "address": "invoice",
        "host": "no host!",
        "port": "99999",
        "schedule": "daily",
        "certificate_authority": "none",
        "accepted_types": "pdf",
    }
    answer = await desk.post("/add-mailbox", typed, headers={"accept-language": "da"})
    assert answer.status_code == 422
    marked = set(re.findall(r'<p class="problem" id="([a-z-]+)-problem"', answer.text))
    assert marked == {"address", "host", "port", "schedule", "certificate-authority", "accepted-types"}
    assert "Angiv den fulde adresse" in answer.text
    assert 'value="no host!"' in answer.text, "what was typed stays"
    assert (await desk.call("GET", "/mailboxes")).json()["mailboxes"] == []


async def test_the_way_can_be_changed_while_nothing_is_active(desk: Desk) -> None:
    mailbox = await desk.make()
    base = f"/mailboxes/{mailbox}/setup/connection"
    assert "How is the mailbox reached?" in await desk.page(base, params={"kind": "choose"})
    changed = await desk.post(base, {"kind": "google", "address": ADDRESS})
    assert changed.headers["location"] == f"/companies/{COMPANY}/mailboxes/{mailbox}/setup/access"
    assert (await desk.call("GET", f"/mailboxes/{mailbox}")).json()["connection"] == "google"


async def test_an_active_mailbox_keeps_its_address(desk: Desk) -> None:
    mailbox = await desk.active()
    page = await desk.page(f"/mailboxes/{mailbox}/setup/connection")
    assert "can be changed when it is paused" in page
    base = f"/mailboxes/{mailbox}/setup/connection"
    refused = await desk.post(base, {"kind": "graph_app", "address": "other@fjord.example"})
    assert refused.status_code == 409
    renamed = await desk.post(base, {"kind": "graph_app", "address": ADDRESS, "name": "Books"})
    assert renamed.headers["location"] == f"/companies/{COMPANY}/mailboxes/{mailbox}"


# -- folders, backlog, end


@pytest.mark.capability("S1.30")
async def test_s1_30_folders_wait_for_the_connection(desk: Desk) -> None:
    mailbox = await desk.make()
    page = (await desk.browser.get(f"/companies/{COMPANY}/mailboxes/{mailbox}/setup/folders")).text
    assert re.search(r'<fieldset class="field" id="folders" disabled>', page)
    assert "can be chosen when the mailbox is connected" in page
    refused = await desk.post(f"/mailboxes/{mailbox}/setup/folders", {"imported": "x", "other": "y"})
    assert refused.status_code == 409
    desk.open()
    await desk.post(f"/mailboxes/{mailbox}/setup/access/check")
    page = (await desk.browser.get(f"/companies/{COMPANY}/mailboxes/{mailbox}/setup/folders")).text
    assert "disabled" not in page
    assert "There is no folder below the inbox yet." in page
    assert "data-guard" in page


@pytest.mark.capability("S1.38", "S1.37", "S1.43")
async def test_s1_38_the_form_makes_and_chooses_both_folders(desk: Desk) -> None:
    mailbox = await desk.make(connected=True)
    base = f"/mailboxes/{mailbox}/setup/folders"
    wrong = await desk.post(f"{base}/create", {"new_imported": "A/B", "new_other": "C"})
    assert wrong.status_code == 422
    danish = {"accept-language": "da"}
    page = (await desk.browser.get(f"/companies/{COMPANY}{base}", headers=danish)).text
    names = {
        role: re.findall(rf'name="new_{role}" type="text" value="([^"]+)"', page)[0] for role in ("imported", "other")
    }
    assert names == {"imported": "Importeret", "other": "Til opfølgning"}
    await desk.post(f"{base}/create", {f"new_{role}": name for role, name in names.items()})
    page = (await desk.browser.get(f"/companies/{COMPANY}{base}", headers=danish)).text
    chosen = re.findall(r'<option value="([^"]+)" selected>([^<]+)<', page)
    assert [name for _, name in chosen] == ["Importeret", "Til opfølgning"]

    same = {"imported": chosen[0][0], "other": chosen[0][0]}
    assert (await desk.post(base, same)).status_code == 422
    wish = {"imported": chosen[0][0], "other": chosen[1][0], "direct_to_worklist": "yes"}
    saved = await desk.post(base, wish)
    assert saved.headers["location"].endswith("/setup/backlog")
    mailbox_now = (await desk.call("GET", f"/mailboxes/{mailbox}")).json()
    assert mailbox_now["direct_to_worklist"] is True
    assert mailbox_now["folders"]["imported"] == "Importeret"


@pytest.mark.capability("S1.11", "S5.16", "S1.44")
async def test_s1_11_the_form_counts_and_asks(desk: Desk, emulator: EmulatorThread) -> None:
    mailbox = await desk.make(connected=True)
    await desk.folders(mailbox)
    for number in range(2):
        emulator.control.deliver(ADDRESS, mail("Old", number=number), received="2026-11-20T08:00:00Z")
    base = f"/mailboxes/{mailbox}/setup/backlog"
    page = (await desk.browser.get(f"/companies/{COMPANY}{base}", params={"choice": "import"})).text
    assert "2 mails are in it now." in page
    assert "The source folder is emptied as soon as the mailbox is active" in page
    assert "No rules are defined yet." in page
    fields = dict(re.findall(r'<input type="hidden" name="(choice|since|folder|mails|as_of)" value="([^"]*)"', page))

    unconfirmed = await desk.post(base, fields)
    assert (unconfirmed.status_code, "Confirm that you know" in unconfirmed.text) == (422, True)
    emulator.control.deliver(ADDRESS, mail("Late", number=9), received="2026-11-20T09:00:00Z")
    changed = await desk.post(base, fields | {"confirmed": "yes"})
    assert (changed.status_code, "3 mails are in it now." in changed.text) == (409, True)
    fields = dict(
        re.findall(r'<input type="hidden" name="(choice|since|folder|mails|as_of)" value="([^"]*)"', changed.text)
    )
    active = await desk.post(base, fields | {"confirmed": "yes"})
    assert active.headers["location"].endswith("/setup/proof")
    done = await desk.page(f"/mailboxes/{mailbox}/setup/done")
    assert "The set-up is complete" in done
    assert "private window may be closed" in done


async def test_a_day_and_a_folder_are_asked_for_where_the_choice_needs_them(desk: Desk) -> None:
    mailbox = await desk.make(connected=True)
    await desk.folders(mailbox)
    base = f"/companies/{COMPANY}/mailboxes/{mailbox}/setup/backlog"
    assert (await desk.browser.get(base, params={"choice": "since", "since": "soon"})).status_code == 422
    assert (await desk.browser.get(base, params={"choice": "park"})).status_code == 422
    since = await desk.browser.get(base, params={"choice": "since", "since": "2026-11-01"})
    assert "0 mails are in it now." in since.text
    fields = dict(
        re.findall(r'<input type="hidden" name="(choice|since|folder|mails|as_of)" value="([^"]*)"', since.text)
    )
    await desk.post(f"/mailboxes/{mailbox}/setup/backlog", fields | {"confirmed": "yes"})
    backlog = (await desk.call("GET", f"/mailboxes/{mailbox}")).json()["backlog"]
    # midnight in Copenhagen
    assert datetime.fromisoformat(backlog["before"]) == datetime(2026, 10, 31, 23, 0, tzinfo=UTC)


@pytest.mark.capability("S1.20", "S1.44")
async def test_s1_20_the_set_up_goes_on_where_it_stopped(desk: Desk) -> None:
    mailbox = await desk.make()
    base = f"/companies/{COMPANY}/mailboxes/{mailbox}/setup"

    async def next_step() -> str:
        return str((await desk.browser.get(base)).headers["location"].removeprefix(f"{base}/"))

    assert await next_step() == "access"
    desk.open()
    await desk.call("POST", f"/mailboxes/{mailbox}/check")
    assert await next_step() == "folders"
    await desk.folders(mailbox)
    assert await next_step() == "backlog"
    await desk.activate(mailbox)
    assert await next_step() == "proof"
    token = (await desk.call("POST", f"/mailboxes/{mailbox}/test-mail")).json()["token"]
    await desk.world.settle(ticks=3)
    assert await next_step() == "done"
    page = await desk.page(f"/mailboxes/{mailbox}/setup/proof", params={"token": token})
    assert "Both effects were seen" in page
    removed = await desk.post(f"/mailboxes/{mailbox}/setup/proof/remove", {"token": token})
    assert removed.headers["location"] == f"{base}/done"


@pytest.mark.capability("S5.21")
async def test_s5_21_the_actions_column(desk: Desk) -> None:
    mailbox = await desk.active()
    base = f"/companies/{COMPANY}/mailboxes/{mailbox}"
    page = (await desk.browser.get(f"/companies/{COMPANY}/mailboxes")).text
    for target in (f"{base}/run", f"{base}/pause", f"{base}/setup/connection", f"{base}#rules", f"{base}/delete"):
        assert f'"{target}"' in page
    assert (await desk.post(f"/mailboxes/{mailbox}/run")).status_code == 303
    refused = await desk.post(f"/mailboxes/{mailbox}/delete")
    assert refused.status_code == 409
    assert "Pause it first" in await desk.page(f"/mailboxes/{mailbox}/delete")
    await desk.post(f"/mailboxes/{mailbox}/pause")
    page = (await desk.browser.get(f"/companies/{COMPANY}/mailboxes")).text
    assert f'"{base}/setup">Activate<' in page
    assert "Mail and documents that it brought in stay" in text_of(await desk.browser.get(f"{base}/delete"))
    gone = await desk.post(f"/mailboxes/{mailbox}/delete")
    assert gone.headers["location"] == f"/companies/{COMPANY}/mailboxes"
    assert (await desk.browser.get(base)).status_code == 404


async def test_accounts_of_a_company(desk: Desk, emulator: EmulatorThread) -> None:
    begun = await desk.post("/accounts/sign-in", {"kind": "graph_delegated"})
    with Visitor(emulator) as person:
        page = person.sign_in(begun.headers["location"], "plain@postrum.example")
        page = page if page.location else person.send(page, answer="accept")
        done = await desk.browser.get("/connect/callback", params=page.answer)
    assert "plain@postrum.example is in the list now" in text_of(done)
    listed = await desk.browser.get(f"/companies/{COMPANY}/accounts")
    [path] = re.findall(rf'href="/companies/{COMPANY}(/accounts/[^"]+/disconnect)"', listed.text)
    assert "No mailbox is read with it." in await desk.page(path)
    assert (await desk.post(path)).status_code == 303
    assert "No account has signed in yet" in await desk.page("/accounts")
    assert (await desk.post("/accounts/sign-in", {"kind": "graph_app"})).status_code == 404
    assert (await desk.browser.get(f"/companies/{COMPANY}/accounts/none/disconnect")).status_code == 404
