"""Accounts that sign in: for a mailbox or for the list, chosen again, replaced and taken away."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from shared.errors import ConfigurationError, InvalidRequest, NotFound, PermissionDenied
from shared.identity.refreshed import forget_tokens
from shared.model.config import ConnectionKind
from shared.model.connection import ConnectionState
from shared.setup.account_sign_in import AccountResult
from shared.setup.accounts import ConnectionTaken
from tests.flow.conftest import emulator, running_emulator
from tests.setup.connecting import (
    ADDRESS,
    ADMIN,
    BROWSER,
    COMPANY,
    FOREIGN_PLAIN,
    INVOICES,
    MINE,
    MY_ADDRESS,
    OTHER_BROWSER,
    PLAIN,
    PUBLIC,
    Desk,
    desk,
)

__all__ = ["desk", "emulator", "running_emulator"]

READER = "reader@postrum.example"
SHARED = "shared"


async def grants(desk: Desk) -> list[str]:
    return [entry.grant.account for entry in await desk.setup.accounts.listed(COMPANY)]


async def begun(desk: Desk, mailbox: str | None = MINE) -> str:
    return await desk.setup.account_sign_in.begin(COMPANY, BROWSER, mailbox_id=mailbox, by="owner")


async def came_back(desk: Desk, url: str, **parameters: str) -> AccountResult:
    [state] = parse_qs(urlsplit(url).query)["state"]
    return await desk.setup.account_sign_in.finish({"state": state, **parameters}, BROWSER)


@pytest.mark.capability("S3.2", "S3.6", "S1.18")
async def test_the_mailboxs_own_account_signs_in_and_is_connected(desk: Desk) -> None:
    result = await desk.sign_in(MINE, PLAIN)
    assert (result.code, result.account) == ("", PLAIN)
    connection = await desk.connection(MINE)
    assert (connection.state, connection.account) == (ConnectionState.CONNECTED, PLAIN)
    [entry] = await desk.setup.accounts.listed(COMPANY)
    assert entry.mailboxes == (MINE,)
    assert entry.grant.created_by == "owner"


@pytest.mark.capability("S1.21", "S3.15")
async def test_the_page_is_asked_for_the_mailboxs_account(desk: Desk) -> None:
    query = parse_qs(urlsplit(await begun(desk)).query)
    assert query["prompt"] == ["select_account"]
    assert query["login_hint"] == [MY_ADDRESS]
    assert query["redirect_uri"] == [f"{PUBLIC}/connect/callback"]


@pytest.mark.capability("S1.21")
@pytest.mark.pain("C37")
async def test_another_account_that_may_not_open_the_mailbox_is_refused(desk: Desk) -> None:
    result = await desk.sign_in(MINE, READER)
    assert (result.code, result.account, result.expected) == ("sign_in_other_account", READER, MY_ADDRESS)
    assert (await desk.connection(MINE)).state is ConnectionState.SIGN_IN_AGAIN
    assert result.grant is None
    assert await grants(desk) == []
    names = (desk.world.settings.secrets_file.read_text() if desk.world.settings.secrets_file else "").count("grant-")
    assert names == 0


@pytest.mark.capability("S5.18")
@pytest.mark.pain("C11")
async def test_another_account_that_may_open_it_is_taken(desk: Desk) -> None:
    desk.control.grant_mailbox_access(READER, MY_ADDRESS)
    result = await desk.sign_in(MINE, READER)
    assert (result.code, result.account) == ("", READER)
    assert (await desk.connection(MINE)).account == READER


@pytest.mark.capability("S5.19", "S5.20")
async def test_an_account_of_the_list_serves_a_second_mailbox_without_signing_in(desk: Desk) -> None:
    desk.control.create_mailbox("team@postrum.example")
    desk.control.grant_mailbox_access(PLAIN, "team@postrum.example")
    await desk.add(SHARED, "team@postrum.example", connection="graph_delegated")
    first = await desk.sign_in(MINE, PLAIN)
    assert first.grant is not None
    connection = await desk.setup.accounts.choose(COMPANY, SHARED, first.grant.id, by="owner")
    assert connection.state is ConnectionState.CONNECTED
    [entry] = await desk.setup.accounts.listed(COMPANY)
    assert sorted(entry.mailboxes) == [MINE, SHARED]


@pytest.mark.capability("S5.20")
async def test_an_account_can_be_put_into_the_list_alone(desk: Desk) -> None:
    url = await desk.setup.account_sign_in.begin(COMPANY, BROWSER, kind=ConnectionKind.GRAPH_DELEGATED, by="owner")
    result = await desk.setup.account_sign_in.finish(desk.visitor.accept(url, PLAIN).answer, BROWSER)
    assert (result.code, result.mailbox, result.account) == ("", None, PLAIN)
    assert await grants(desk) == [PLAIN]


@pytest.mark.capability("S5.18")
async def test_an_account_of_the_list_without_access_changes_nothing(desk: Desk) -> None:
    await desk.add(SHARED, "team@postrum.example", connection="graph_delegated")
    desk.control.create_mailbox("team@postrum.example")
    grant = (await desk.sign_in(MINE, PLAIN)).grant
    assert grant is not None
    with pytest.raises(PermissionDenied) as refused:
        await desk.setup.accounts.choose(COMPANY, SHARED, grant.id, by="owner")
    assert refused.value.cause == "account_without_access"
    [entry] = await desk.setup.accounts.listed(COMPANY)
    assert entry.mailboxes == (MINE,)


@pytest.mark.capability("S3.12")
async def test_a_second_account_has_to_replace_the_first_on_purpose(desk: Desk) -> None:
    desk.control.grant_mailbox_access(READER, MY_ADDRESS)
    await desk.sign_in(MINE, PLAIN)
    refused = await desk.sign_in(MINE, READER)
    assert (refused.code, [entry.account for entry in refused.connected]) == ("connection_taken", [PLAIN])
    assert (await desk.connection(MINE)).account == PLAIN
    assert refused.grant is not None
    with pytest.raises(ConnectionTaken) as taken:
        await desk.setup.accounts.choose(COMPANY, MINE, refused.grant.id, by="owner")
    assert [entry.account for entry in taken.value.connected] == [PLAIN]
    replaced = await desk.setup.accounts.choose(COMPANY, MINE, refused.grant.id, replace=True, by="owner")
    assert replaced.account == READER


@pytest.mark.capability("S3.20")
async def test_a_disconnected_account_leaves_the_consent_so_that_another_signs_in_at_once(desk: Desk) -> None:
    desk.control.set_consent_policy("admins")
    await desk.consent(MINE, ADMIN)
    desk.control.grant_mailbox_access(ADMIN, MY_ADDRESS)
    first = await desk.sign_in(MINE, ADMIN)
    assert first.grant is not None
    assert await desk.setup.accounts.disconnect(COMPANY, first.grant.id, by="owner") == (MINE,)
    assert await grants(desk) == []
    assert await desk.world.app.secrets.get(first.grant.secret_name) is None
    assert (await desk.setup.checking.check(COMPANY, MINE)).state is ConnectionState.SIGN_IN_AGAIN
    assert (await desk.sign_in(MINE, PLAIN)).code == ""


@pytest.mark.capability("S3.19")
async def test_one_mailbox_can_be_taken_from_an_account_that_others_use(desk: Desk) -> None:
    grant = (await desk.sign_in(MINE, PLAIN)).grant
    assert grant is not None
    assert (await desk.setup.accounts.detach(COMPANY, MINE, by="owner")).state is ConnectionState.NEW
    assert await grants(desk) == [PLAIN]


@pytest.mark.capability("S1.19", "S3.21")
async def test_where_an_administrator_has_to_approve_going_back_says_so(desk: Desk) -> None:
    desk.control.set_consent_policy("admins")
    page = desk.visitor.sign_in(await begun(desk), PLAIN)
    assert page.title == "Need admin approval"
    back = desk.visitor.send(page, answer="return")
    result = await desk.setup.account_sign_in.finish(back.answer, BROWSER)
    assert result.code == "entra_65004"
    assert (await desk.connection(MINE)).state is ConnectionState.AWAITING_CONSENT


@pytest.mark.capability("S1.19", "S3.3", "S3.4", "S3.5")
async def test_a_request_that_is_approved_lets_the_account_in(desk: Desk) -> None:
    desk.control.set_consent_policy("workflow")
    page = desk.visitor.sign_in(await begun(desk), PLAIN)
    assert page.title == "Approval required"
    assert desk.visitor.send(page, answer="send", justification="We need it").location == ""
    asked = await desk.setup.consent.approval_sent(COMPANY, MINE, by=PLAIN)
    assert asked.state is ConnectionState.CONSENT_REQUESTED
    assert (await desk.setup.checking.check(COMPANY, MINE)).state is ConnectionState.CONSENT_REQUESTED
    desk.control.approve_request()
    result = await desk.sign_in(MINE, PLAIN)
    assert (result.code, (await desk.connection(MINE)).state) == ("", ConnectionState.CONNECTED)


@pytest.mark.capability("S3.5")
async def test_looking_silently_finds_an_approval(desk: Desk) -> None:
    desk.control.set_consent_policy("admins")
    desk.visitor.sign_in(await begun(desk), PLAIN)  # the browser knows the account from now on
    begin = desk.setup.account_sign_in.begin
    silent = await begin(COMPANY, BROWSER, mailbox_id=MINE, by="owner", prompt="none")
    refused = await desk.setup.account_sign_in.finish(desk.visitor.open(silent).answer, BROWSER)
    assert refused.code == "entra_65001"
    assert (await desk.connection(MINE)).state is ConnectionState.CONSENT_REQUESTED
    desk.control.grant_consent(scopes=["https://graph.microsoft.com/Mail.ReadWrite.Shared"])
    silent = await begin(COMPANY, BROWSER, mailbox_id=MINE, by="owner", prompt="none")
    assert (await desk.setup.account_sign_in.finish(desk.visitor.open(silent).answer, BROWSER)).code == ""


@pytest.mark.capability("S1.19")
async def test_who_may_neither_consent_nor_ask_is_told_so(desk: Desk) -> None:
    desk.control.set_behaviour(forbidden_consent="redirect")
    desk.control.set_consent_policy("forbidden")
    page = desk.visitor.sign_in(await begun(desk), PLAIN)
    result = await desk.setup.account_sign_in.finish(page.answer, BROWSER)
    assert result.code == "entra_90093"
    assert (await desk.connection(MINE)).state is ConnectionState.CONSENT_FORBIDDEN


@pytest.mark.capability("S1.5")
@pytest.mark.parametrize("code", [50076, 50079, 53003, 50105])
async def test_a_second_factor_or_a_policy_is_explained(desk: Desk, code: int) -> None:
    desk.control.fail_sign_ins(code, answer="redirect")
    url = await begun(desk)
    result = await desk.setup.account_sign_in.finish(desk.visitor.sign_in(url, PLAIN).answer, BROWSER)
    assert result.code == f"entra_{code}"
    assert (await desk.connection(MINE)).code == f"entra_{code}"


@pytest.mark.fault("B05")
async def test_an_account_whose_grant_ended_signs_in_again(desk: Desk) -> None:
    grant = (await desk.sign_in(MINE, PLAIN)).grant
    assert grant is not None
    desk.control.revoke_sessions(PLAIN)
    forget_tokens(grant.secret_name)
    ended = await desk.setup.checking.check(COMPANY, MINE)
    assert (ended.state, ended.code) == (ConnectionState.SIGN_IN_AGAIN, "entra_50173")
    [entry] = await desk.setup.accounts.listed(COMPANY)
    assert entry.grant.state == "ended"
    again = await desk.sign_in(MINE, PLAIN)
    assert again.grant is not None
    assert (again.grant.id, again.grant.state, again.code) == (grant.id, "active", "")


async def test_a_failed_sign_in_does_not_end_what_works(desk: Desk) -> None:
    await desk.sign_in(MINE, PLAIN)
    result = await came_back(desk, await begun(desk), error="access_denied", error_subcode="cancel")
    assert result.code == "entra_65004"
    assert (await desk.connection(MINE)).state is ConnectionState.CONNECTED


@pytest.mark.fault("G02")
async def test_an_answer_is_taken_once_and_from_the_same_browser(desk: Desk) -> None:
    answer = desk.visitor.accept(await begun(desk), PLAIN).answer
    finish = desk.setup.account_sign_in.finish
    with pytest.raises(PermissionDenied):
        await finish(answer, OTHER_BROWSER)
    with pytest.raises(PermissionDenied):
        await desk.setup.consent.finish(answer, BROWSER)  # of another page of ours
    assert (await finish(answer, BROWSER)).code == ""
    with pytest.raises(PermissionDenied):
        await finish(answer, BROWSER)


@pytest.mark.fault("G06")
async def test_an_account_of_one_company_is_not_there_for_another(desk: Desk) -> None:
    grant = (await desk.sign_in(MINE, PLAIN)).grant
    assert grant is not None
    await desk.setup.mailboxes.create_company("Fjord Handel", time_zone="UTC")
    assert await desk.setup.accounts.listed("fjord-handel") == []
    with pytest.raises(NotFound):
        await desk.setup.accounts.disconnect("fjord-handel", grant.id, by="owner")


@pytest.mark.capability("S3.7", "S3.8")
async def test_a_google_account_comes_into_the_list_and_a_policy_is_told(desk: Desk) -> None:
    begin, finish = desk.setup.account_sign_in.begin, desk.setup.account_sign_in.finish
    url = await begin(COMPANY, BROWSER, kind=ConnectionKind.GOOGLE, by="owner")
    with pytest.raises(PermissionDenied):
        await finish({"state": "x"}, BROWSER)
    without_secret = await finish(desk.visitor.accept(url, "invoice@gmail.example", answer="allow").answer, BROWSER)
    assert without_secret.code == "google_app_not_configured"
    await desk.world.app.secrets.put("google-client-secret", desk.emulator.google_client_secret)
    url = await begin(COMPANY, BROWSER, kind=ConnectionKind.GOOGLE, by="owner")
    page = desk.visitor.sign_in(url, "invoice@gmail.example")
    page = page if page.location else desk.visitor.send(page, answer="allow")
    result = await finish(page.answer, BROWSER)
    assert (result.code, result.account) == ("", "invoice@gmail.example")
    refused = await came_back(
        desk, await begin(COMPANY, BROWSER, kind=ConnectionKind.GOOGLE, by="owner"), error="admin_policy_enforced"
    )
    assert refused.code == "google_admin_policy_enforced"


async def test_what_cannot_be_asked_for(desk: Desk) -> None:
    begin = desk.setup.account_sign_in.begin
    for mailbox in (INVOICES, None):
        with pytest.raises(InvalidRequest):
            await begin(COMPANY, BROWSER, mailbox_id=mailbox, by="owner")
    with pytest.raises(NotFound):
        await begin(COMPANY, BROWSER, mailbox_id="nothing", by="owner")
    with pytest.raises(NotFound):
        await begin("nothing", BROWSER, by="owner")
    await desk.add("anywhere", ADDRESS, tenant_id="organizations", connection="graph_delegated")
    with pytest.raises(InvalidRequest):
        await begin(COMPANY, BROWSER, mailbox_id="anywhere", by="owner")
    await desk.add("unknown", ADDRESS, tenant_id="nobody.example", connection="graph_delegated")
    with pytest.raises(ConfigurationError):
        await begin(COMPANY, BROWSER, mailbox_id="unknown", by="owner")


async def test_an_account_of_another_tenant_is_not_let_in(desk: Desk) -> None:
    page = desk.visitor.sign_in(await begun(desk), FOREIGN_PLAIN)
    assert (page.status, page.location) == (400, "")  # the directory's own page says so; nobody comes back
    assert await grants(desk) == []
