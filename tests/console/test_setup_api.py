"""The API of connecting mailboxes, against Azurite and the emulator."""

from __future__ import annotations

import json

import pytest

from emulator.server import EmulatorThread
from shared.model.alert import Alert, AlertKind
from shared.model.person import Role
from tests.console.conftest import Visitors
from tests.console.setting_up import ADDRESS, COMPANY, Desk, at_work
from tests.flow.mails import PDF, mail
from tests.flow.world import World

SECRET = "correct horse battery staple"
ONE = "/api/v1/companies/{company}/mailboxes/{mailbox}"
IMAP = {"host": "mail.fjord.example", "port": 993}


@pytest.fixture
async def desk(visitor: Visitors, world: World, emulator: EmulatorThread) -> Desk:
    return await at_work(await visitor(Role.OPERATOR, COMPANY, "nordlys"), world, emulator)


@pytest.mark.capability("S1.2")
@pytest.mark.parametrize("address", ["invoice", "invoice@", "@fjord.example", "invoice@fjord", "a b@fjord.example"])
async def test_s1_2_an_address_is_a_full_one(desk: Desk, address: str) -> None:
    answer = await desk.call("POST", "/mailboxes", {"address": address})

    assert answer.status_code == 422
    [problem] = answer.json()["errors"]
    assert problem["pointer"] == "/address"
    assert "not a full mail address" in problem["detail"]


@pytest.mark.capability("S1.1", "S1.32", "S2.1")
async def test_s1_1_a_mailbox_belongs_to_one_company(desk: Desk, visitor: Visitors) -> None:
    first = await desk.make()
    second = await desk.make("orders@fjord.example")

    listed = (await desk.call("GET", "/mailboxes")).json()["mailboxes"]
    assert [one["id"] for one in listed] == [first, second]
    elsewhere = (await desk.browser.get("/api/v1/companies/nordlys/mailboxes")).json()["mailboxes"]
    assert [one["id"] for one in elsewhere] == ["invoices"]
    assert (await desk.browser.get(f"/api/v1/companies/nordlys/mailboxes/{first}")).status_code == 404
    token = {"x-csrf-token": await desk.browser.token()}
    nowhere = await desk.browser.http.post("/api/v1/companies//mailboxes", json={"address": ADDRESS}, headers=token)
    assert nowhere.status_code in (404, 405)
    stranger = await visitor(Role.OPERATOR, "nordlys", number=2)
    assert (await stranger.get(f"/api/v1/companies/{COMPANY}/mailboxes")).status_code == 404


@pytest.mark.capability("S1.3", "S5.14")
async def test_s1_3_a_password_goes_in_and_never_comes_out(desk: Desk, visitor: Visitors) -> None:
    mailbox = await desk.make(connection="imap_password", imap=IMAP)
    set_ = await desk.call("POST", f"/mailboxes/{mailbox}/password", {"password": SECRET})
    assert (set_.status_code, set_.text) == (204, "")
    assert await desk.world.app.secrets.get(f"imap-{COMPANY}-{mailbox}") == SECRET

    owner = await visitor(Role.OWNER)
    answers = [
        await desk.call("GET", "/mailboxes"),
        await desk.call("GET", f"/mailboxes/{mailbox}"),
        await desk.call("GET", f"/mailboxes/{mailbox}/status"),
        await owner.get("/api/v1/configuration"),
        await desk.browser.get(f"/companies/{COMPANY}/mailboxes/{mailbox}/setup/access"),
        await desk.browser.get(f"/companies/{COMPANY}/mailboxes/{mailbox}/setup/connection"),
    ]
    assert all(answer.status_code == 200 for answer in answers)
    assert all(SECRET not in answer.text for answer in answers)

    by_app = await desk.make("other@fjord.example")
    refused = await desk.call("POST", f"/mailboxes/{by_app}/password", {"password": SECRET})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/password")
    page = (await desk.browser.get(f"/companies/{COMPANY}/mailboxes/{by_app}/setup/access")).text
    assert 'type="password"' not in page


@pytest.mark.capability("S5.7", "S5.15")
async def test_s5_15_nothing_is_fetched_before_activation(desk: Desk, emulator: EmulatorThread) -> None:
    mailbox = await desk.make(connected=True)
    await desk.folders(mailbox)
    emulator.control.deliver(ADDRESS, mail("Invoice", pdf=PDF))

    await desk.world.settle(ticks=2)

    assert (await desk.call("GET", f"/mailboxes/{mailbox}")).json()["active"] is False
    assert [run async for run in desk.world.app.services.messages.every_run() if run.company == COMPANY] == []


@pytest.mark.capability("S5.6")
async def test_s5_6_a_new_name_changes_nothing_else(desk: Desk) -> None:
    mailbox = await desk.make(name="Invoices")
    before = (await desk.call("GET", f"/mailboxes/{mailbox}")).json()

    changed = await desk.call("PATCH", f"/mailboxes/{mailbox}", {"name": "Everything for the books"})

    assert changed.status_code == 200
    assert changed.json() == before | {"name": "Everything for the books"}


async def test_what_would_be_wrong_is_refused_with_its_reason(desk: Desk) -> None:
    mailbox = await desk.make()
    schedule = await desk.call("PATCH", f"/mailboxes/{mailbox}", {"schedule": "every day"})
    assert schedule.status_code == 422
    assert "cron expression" in schedule.json()["errors"][0]["detail"]
    empty = await desk.call("PATCH", f"/mailboxes/{mailbox}", {"address": None})
    assert (empty.status_code, empty.json()["errors"][0]["pointer"]) == (422, "/address")
    unknown = await desk.call("PATCH", f"/mailboxes/{mailbox}", {"active": True})
    assert unknown.status_code == 422
    server = await desk.call("PATCH", f"/mailboxes/{mailbox}", {"imap": IMAP})
    assert server.status_code == 422


@pytest.mark.capability("S1.10")
@pytest.mark.pain("C32")
async def test_s1_10_only_folders_below_the_inbox(desk: Desk, emulator: EmulatorThread) -> None:
    emulator.control.create_mailbox(ADDRESS, language="da")
    emulator.control.set_exchange_scope([ADDRESS])
    mailbox = await desk.make()
    await desk.call("POST", f"/mailboxes/{mailbox}/check")
    ids = await desk.folders(mailbox)
    everything = emulator.control.dump(ADDRESS)["folders"]
    [beside] = [one["id"] for one in everything if one["well_known"] == "archive"]

    refused = await desk.call("PUT", f"/mailboxes/{mailbox}/folders", {"imported": beside, "other": ids["Follow up"]})

    assert refused.status_code == 422
    [problem] = refused.json()["errors"]
    assert problem == {"pointer": "/imported", "detail": "Only folders below the inbox can be used."}
    tree = (await desk.call("GET", f"/mailboxes/{mailbox}/folders")).json()["folders"]
    assert tree[0]["name"] == "Indbakke"
    assert {node["path"] for node in tree} == {"", "Imported", "Follow up"}


@pytest.mark.capability("S1.37", "S1.39")
async def test_s1_37_three_different_folders(desk: Desk) -> None:
    mailbox = await desk.make(connected=True)
    ids = await desk.folders(mailbox)
    path = f"/mailboxes/{mailbox}/folders"
    same = {"imported": ids["Imported"], "other": ids["Imported"]}
    assert (await desk.call("PUT", path, same)).json()["errors"][0]["pointer"] == "/other"
    also = {"source": ids["Imported"], "imported": ids["Imported"], "other": ids["Follow up"]}
    assert (await desk.call("PUT", path, also)).status_code == 422
    one = await desk.call("PUT", path, {"imported": ids["Imported"]})
    assert (one.status_code, one.json()["errors"][0]["pointer"]) == (422, "/other")
    chosen = (await desk.call("GET", f"/mailboxes/{mailbox}")).json()["folders"]
    assert (chosen["source"], chosen["imported"], chosen["other"]) == ("", "Imported", "Follow up")

    bare = await desk.make("bare@fjord.example")
    refused = await desk.call(
        "POST",
        f"/mailboxes/{bare}/activate",
        {"choice": "import", "confirmed_mails": 0, "as_of": "2026-11-21T09:00:00Z"},
    )
    assert refused.status_code == 409
    assert "folders" in refused.json()["detail"]


@pytest.mark.capability("S1.38")
async def test_s1_38_both_folders_are_made_once(desk: Desk) -> None:
    mailbox = await desk.make(connected=True)
    before = (await desk.call("GET", f"/mailboxes/{mailbox}/folders")).json()["folders"]
    names = {"imported": "Importeret", "other": "Til opfølgning"}
    for _ in range(2):
        after = (await desk.call("POST", f"/mailboxes/{mailbox}/folders", names)).json()["folders"]
    assert [node["path"] for node in before] == [""]
    assert {node["path"] for node in after} == {"", "Importeret", "Til opfølgning"}


@pytest.mark.capability("S1.11")
async def test_s1_11_nothing_is_activated_without_the_number(desk: Desk, emulator: EmulatorThread) -> None:
    mailbox = await desk.make(connected=True)
    await desk.folders(mailbox)
    for number in range(3):
        emulator.control.deliver(ADDRESS, mail("Old", number=number), received="2026-11-20T08:00:00Z")
    path = f"/mailboxes/{mailbox}"

    unconfirmed = await desk.call("POST", f"{path}/activate", {"choice": "import"})
    assert unconfirmed.status_code == 422
    assert unconfirmed.json()["errors"][0]["pointer"] == "/confirmed_mails"
    seen = (await desk.call("POST", f"{path}/backlog", {"choice": "import"})).json()
    assert seen["mails"] == 3
    fewer = {"choice": "import", "confirmed_mails": 2, "as_of": seen["as_of"]}
    assert (await desk.call("POST", f"{path}/activate", fewer)).status_code == 409
    assert (await desk.call("GET", path)).json()["active"] is False

    assert (await desk.activate(mailbox)).json()["active"] is True


@pytest.mark.capability("S1.33")
async def test_s1_33_a_missing_default_is_named(desk: Desk) -> None:
    mailbox = await desk.make(connected=True)
    await desk.folders(mailbox)
    await desk.world.app.configure.change(
        COMPANY, lambda known: known.model_copy(update={"series": (), "document_type": ""})
    )

    refused = await desk.activate(mailbox)

    assert refused.status_code == 409
    assert "series, document_type" in refused.json()["detail"]


@pytest.mark.capability("S1.45", "S5.21")
async def test_s1_45_a_test_mail_is_proven_by_both_effects(desk: Desk, emulator: EmulatorThread) -> None:
    mailbox = await desk.active()
    path = f"/mailboxes/{mailbox}/test-mail"
    sent = await desk.call("POST", path)
    assert sent.status_code == 202
    token = sent.json()["token"]
    assert (await desk.call("GET", f"{path}/{token}")).json()["state"] == "on_its_way"

    await desk.world.settle(ticks=3)

    proof = (await desk.call("GET", f"{path}/{token}")).json()
    assert (proof["state"], proof["document"], proof["moved"], proof["folder"]) == (
        "proven",
        "D-000001",
        True,
        "Imported",
    )
    assert (await desk.call("DELETE", f"{path}/{token}")).status_code == 200
    left = emulator.control.dump(ADDRESS)["messages"]
    assert [one for one in left if one["folder"].startswith("inbox")] == []
    assert (await desk.call("GET", f"{path}/{'0' * 16}")).json()["state"] == "on_its_way"
    assert (await desk.call("GET", f"{path}/none")).status_code == 404


@pytest.mark.capability("S2.10", "S5.21")
async def test_s2_10_runs_of_several_mailboxes(desk: Desk) -> None:
    mailbox = await desk.active()
    await desk.world.drain()
    token = {"x-csrf-token": await desk.browser.token()}
    wanted = [f"{COMPANY}/{mailbox}", "nordlys/invoices", "vestlys/invoices", f"{COMPANY}/none", f"{COMPANY}/{mailbox}"]

    answer = await desk.browser.http.post("/api/v1/runs", json={"mailboxes": wanted}, headers=token)

    assert answer.json()["runs"] == [
        {"mailbox": f"{COMPANY}/{mailbox}", "begun": True, "problem": ""},
        {"mailbox": "nordlys/invoices", "begun": True, "problem": ""},
        {"mailbox": "vestlys/invoices", "begun": False, "problem": "not_found"},
        {"mailbox": f"{COMPANY}/none", "begun": False, "problem": "not_found"},
    ]
    again = await desk.call("POST", f"/mailboxes/{mailbox}/run")
    assert again.json() == {"begun": False}


@pytest.mark.capability("S5.21")
async def test_s5_21_pause_and_delete(desk: Desk) -> None:
    mailbox = await desk.active()
    refused = await desk.call("DELETE", f"/mailboxes/{mailbox}")
    assert refused.status_code == 409
    assert (await desk.call("POST", f"/mailboxes/{mailbox}/pause")).json()["active"] is False
    assert (await desk.call("POST", f"/mailboxes/{mailbox}/run")).status_code == 409
    assert (await desk.call("DELETE", f"/mailboxes/{mailbox}")).status_code == 204
    assert (await desk.call("GET", f"/mailboxes/{mailbox}")).status_code == 404
    assert (await desk.call("GET", "/mailboxes")).json()["mailboxes"] == []
    assert await desk.world.app.connections.get(COMPANY, mailbox) is None


@pytest.mark.capability("S1.29")
@pytest.mark.parametrize(
    ("language", "message"),
    [
        ("en", f'Access granted to "{ADDRESS}"'),
        ("da", f'Adgang givet til "{ADDRESS}"'),
        ("nl", f'Toegang verleend tot "{ADDRESS}"'),
        ("de", f'Zugriff auf "{ADDRESS}" erteilt'),
        ("sv", f'Åtkomst beviljad till "{ADDRESS}"'),
    ],
)
async def test_s1_29_the_message_of_a_connection(desk: Desk, language: str, message: str) -> None:
    mailbox = await desk.make(connected=True)

    status = (await desk.call("GET", f"/mailboxes/{mailbox}/status", **{"accept-language": language})).json()

    assert (status["consent"]["tone"], status["consent"]["message"]) == ("good", message)
    assert status["progress"]["current"] == "folders"


@pytest.mark.capability("S1.41")
async def test_s1_41_addresses_that_we_call_from(desk: Desk) -> None:
    assert (await desk.browser.get("/api/v1/egress-addresses")).json() == {"fixed": False, "addresses": []}
    fixed = desk.world.settings.model_copy(update={"outbound_addresses": ("203.0.113.7", "203.0.113.8")})
    desk.world.app.settings = fixed
    answer = (await desk.browser.get("/api/v1/egress-addresses")).json()
    assert answer == {"fixed": True, "addresses": ["203.0.113.7", "203.0.113.8"]}


@pytest.mark.capability("S1.22")
@pytest.mark.parametrize("role", [Role.READER, Role.AUDITOR, Role.RULE_AUTHOR])
async def test_s1_22_only_who_may_configure_sets_up(desk: Desk, visitor: Visitors, role: Role) -> None:
    mailbox = await desk.make()
    someone = await visitor(role, COMPANY, number=3)
    base = f"/companies/{COMPANY}"
    for path in (
        f"{base}/add-mailbox",
        "/add-mailbox",
        f"{base}/mailboxes/{mailbox}/setup",
        f"{base}/mailboxes/{mailbox}/setup/access",
        f"{base}/mailboxes/{mailbox}/setup/folders",
        f"{base}/mailboxes/{mailbox}/delete",
        f"{base}/accounts",
        f"/api/v1{base}/mailboxes/{mailbox}/folders",
        f"/api/v1{base}/mailboxes/{mailbox}/exchange-script",
    ):
        assert (await someone.get(path)).status_code == 403, path
    assert (await someone.get(f"{base}/mailboxes/{mailbox}")).status_code == 200
    token = {"x-csrf-token": await someone.token()}
    for path in (
        "/mailboxes",
        f"/mailboxes/{mailbox}/check",
        f"/mailboxes/{mailbox}/run",
        f"/mailboxes/{mailbox}/pause",
    ):
        answer = await someone.http.post(f"/api/v1{base}{path}", json={"address": ADDRESS}, headers=token)
        assert answer.status_code == 403, path
    stranger = await visitor(Role.OPERATOR, number=4)
    assert (await stranger.get(f"{base}/mailboxes/{mailbox}/setup")).status_code == 404


async def test_the_script_names_the_mailbox_and_is_a_file(desk: Desk) -> None:
    mailbox = await desk.make()

    answer = await desk.call("GET", f"/mailboxes/{mailbox}/exchange-script")

    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.headers["content-disposition"] == f'attachment; filename="Postrum-{COMPANY}.ps1"'
    assert f"'{ADDRESS}'" in answer.text
    signed_in = await desk.make("shared@fjord.example", connection="graph_delegated")
    assert (await desk.call("GET", f"/mailboxes/{signed_in}/exchange-script")).status_code == 422


@pytest.mark.capability("S1.42")
async def test_s1_42_a_fault_of_a_host_is_told_once(desk: Desk, emulator: EmulatorThread) -> None:
    second = "orders@fjord.example"
    emulator.control.create_mailbox(second)
    mailbox = await desk.active()
    emulator.control.set_exchange_scope([ADDRESS, second, "invoice@nordlys.example"])
    await desk.world.settle(ticks=2)
    emulator.control.add_faults([{"match": {}, "status": 503, "times": 1000}])

    await desk.world.settle(ticks=4, minutes=16)

    health = (await desk.browser.get("/api/v1/health")).json()
    [group] = [one for one in health["groups"] if one["by"] == "host"]
    assert (group["affected"], group["total"], group["whole"]) == (2, 2, True)
    assert {box["company"] for box in health["mailboxes"]} == {COMPANY, "nordlys"}
    page = await desk.page("")
    assert "has trouble, and not single mailboxes" in page
    assert "2 of 2 mailboxes affected since" in page
    assert "2 of 2 mailboxes affected since" in await desk.page(f"/mailboxes/{mailbox}")


@pytest.mark.capability("S3.12", "S5.19")
async def test_s3_12_a_second_account_has_to_replace_the_first(desk: Desk, emulator: EmulatorThread) -> None:
    address = "shared@postrum.example"
    emulator.control.create_mailbox(address)
    for user in ("plain@postrum.example", "admin@postrum.example"):
        emulator.control.grant_mailbox_access(user, address)
    mailbox = await desk.make(address, connection="graph_delegated")
    first = await desk.sign_in(mailbox, "plain@postrum.example")
    assert f'Access granted to "{address}"' in first.text.replace("&#34;", '"')

    second = await desk.sign_in(mailbox, "admin@postrum.example")
    assert second.status_code == 409
    assert "plain@postrum.example, since" in second.text

    accounts = (await desk.call("GET", "/accounts")).json()["accounts"]
    by_name = {one["account"]: one for one in accounts}
    assert by_name["plain@postrum.example"]["mailboxes"] == [mailbox]
    other = by_name["admin@postrum.example"]["id"]
    refused = await desk.call("PUT", f"/mailboxes/{mailbox}/account", {"account": other})
    assert refused.status_code == 409
    assert [one["account"] for one in refused.json()["connected"]] == ["plain@postrum.example"]
    replaced = await desk.call("PUT", f"/mailboxes/{mailbox}/account", {"account": other, "replace": True})
    assert (replaced.json()["state"], replaced.json()["account"]) == ("connected", "admin@postrum.example")
    assert "refresh" not in json.dumps(accounts).replace("last_refreshed", "")


@pytest.mark.capability("S3.20", "S5.20")
async def test_s3_20_a_disconnected_account_leaves_the_consent(desk: Desk, emulator: EmulatorThread) -> None:
    mailbox = await desk.make("plain@postrum.example", connection="graph_delegated")
    emulator.control.create_mailbox("plain@postrum.example")
    await desk.sign_in(mailbox, "plain@postrum.example")
    [account] = (await desk.call("GET", "/accounts")).json()["accounts"]
    consents = emulator.control.consents()

    gone = await desk.call("DELETE", f"/accounts/{account['id']}")

    assert gone.json() == {"mailboxes": [mailbox]}
    assert (await desk.call("GET", "/accounts")).json() == {"accounts": []}
    assert emulator.control.consents() == consents
    assert (await desk.call("GET", f"/mailboxes/{mailbox}/status")).json()["connection"]["state"] == "new"


async def test_repeated_requests_make_one_mailbox(desk: Desk) -> None:
    first = await desk.call("POST", "/mailboxes", {"address": ADDRESS}, **{"idempotency-key": "once"})
    second = await desk.call("POST", "/mailboxes", {"address": ADDRESS}, **{"idempotency-key": "once"})
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert len((await desk.call("GET", "/mailboxes")).json()["mailboxes"]) == 1


async def test_companies_are_made_by_owners(desk: Desk, visitor: Visitors) -> None:
    owner = await visitor(Role.OWNER)
    token = {"x-csrf-token": await owner.token()}
    made = await owner.http.post("/api/v1/companies", json={"name": "Sundlys ApS"}, headers=token)
    assert (made.status_code, made.json()["id"]) == (201, "sundlys-aps")
    wrong = await owner.http.post("/api/v1/companies", json={"name": "X", "time_zone": "Mars/Base"}, headers=token)
    assert wrong.status_code == 422
    operator = {"x-csrf-token": await desk.browser.token()}
    refused = await desk.browser.http.post("/api/v1/companies", json={"name": "Mine"}, headers=operator)
    assert refused.status_code == 403


async def test_every_route_is_described(desk: Desk) -> None:
    document = (await desk.browser.get("/api/v1/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    assert f"{ONE}/activate" in document["paths"]
    for path, methods in document["paths"].items():
        for method, route in methods.items():
            assert route.get("summary"), f"{method} {path}"
            assert route.get("description"), f"{method} {path}"


async def test_alerts_of_the_companies_that_one_sees(desk: Desk, visitor: Visitors) -> None:
    mailbox = await desk.make()
    now = desk.world.clock()
    mine = {"company": COMPANY, "mailbox": mailbox, "since": now, "raised_at": now}
    for values in (mine, mine | {"company": "vestlys", "mailbox": "x"}, mine | {"company": "", "mailbox": ""}):
        kind = AlertKind.POISON if not values["company"] else AlertKind.SIGN_IN_NEEDED
        await desk.world.app.alerts.raised(Alert(kind=kind, **values))

    seen = (await desk.browser.get("/api/v1/alerts")).json()["open"]
    everything = (await (await visitor(Role.OWNER)).get("/api/v1/alerts")).json()["open"]

    assert [(one["company"], one["severity"]) for one in seen] == [(COMPANY, "critical")]
    assert seen[0]["title"] == f"The account behind {ADDRESS} has to sign in again."
    assert len(everything) == 2, "of companies that exist, and of the deployment"
    for page in ("/alerts", f"/companies/{COMPANY}/alerts", f"/companies/{COMPANY}"):
        text = (await desk.browser.get(page)).text
        assert seen[0]["title"] in text
        assert seen[0]["advice"] in text
