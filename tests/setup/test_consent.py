"""The consent link, from making it to the proof, against the directory's own pages."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from shared.errors import InvalidRequest, NotFound, PermissionDenied
from shared.language.texts import texts
from shared.model.config import ConnectionKind
from shared.model.connection import ConnectionState
from shared.setup.consent_texts import failed_text, granted_text, justification, waiting_text
from tests.flow.conftest import emulator, running_emulator
from tests.setup.connecting import (
    ADDRESS,
    ADMIN,
    BROWSER,
    COMPANY,
    FOREIGN,
    FOREIGN_ADDRESS,
    FOREIGN_ADMIN,
    INVOICES,
    MINE,
    OTHER_BROWSER,
    PLAIN,
    PUBLIC,
    Desk,
    desk,
)

__all__ = ["desk", "emulator", "running_emulator"]


async def token_of(desk: Desk, mailbox: str = FOREIGN, *, tenant_wide: bool = False) -> str:
    return (await desk.setup.consent.link(COMPANY, mailbox, tenant_wide=tenant_wide)).rpartition("/")[2]


@pytest.mark.capability("S1.16", "S1.28")
async def test_from_a_fresh_tenant_to_connected_by_link_and_scope(desk: Desk) -> None:
    desk.control.create_mailbox(FOREIGN_ADDRESS, tenant_id=desk.emulator.foreign_tenant_id)
    result = await desk.consent(FOREIGN, FOREIGN_ADMIN)
    assert (result.granted, result.code) == (True, "scope_pending")
    assert result.connection.state is ConnectionState.AWAITING_CONSENT

    desk.control.set_scope([FOREIGN_ADDRESS], tenant_id=desk.emulator.foreign_tenant_id)
    connection = await desk.setup.checking.check(COMPANY, FOREIGN)
    assert (connection.state, connection.code) == (ConnectionState.CONNECTED, "")


@pytest.mark.capability("S1.16")
async def test_the_tenant_wide_choice_connects_at_once(desk: Desk) -> None:
    desk.control.remove_scope()
    result = await desk.consent(INVOICES, ADMIN, tenant_wide=True)
    assert (result.granted, result.code, result.connection.state) == (True, "", ConnectionState.CONNECTED)


@pytest.mark.capability("S1.4", "S1.25", "S1.26")
async def test_the_page_before_says_who_is_needed_for_what(desk: Desk) -> None:
    offer = await desk.setup.consent.offer(await token_of(desk))
    assert (offer.company_name, offer.address, offer.foreign) == ("Nordlys Handel", FOREIGN_ADDRESS, True)
    assert offer.client_id == desk.emulator.client_id
    assert (offer.roles[0], offer.scope_role) == ("Application Administrator", "Exchange Administrator")
    assert [permission.value for permission in offer.permissions] == ["openid, profile"]
    assert offer.client_id in offer.application_url
    wide = await desk.setup.consent.offer(await token_of(desk, tenant_wide=True))
    assert any(permission.application and permission.value == "Mail.ReadWrite" for permission in wide.permissions)
    assert wide.scope_role == ""


@pytest.mark.capability("S1.26")
async def test_the_directorys_page_is_that_of_the_right_tenant_and_application(desk: Desk) -> None:
    url = urlsplit(await desk.setup.consent.begin(await token_of(desk), BROWSER))
    assert url.path == f"/{desk.emulator.foreign_tenant_id}/v2.0/adminconsent"
    query = parse_qs(url.query)
    assert query["client_id"] == [desk.emulator.client_id]
    assert query["scope"] == ["openid profile"]
    assert query["redirect_uri"] == [f"{PUBLIC}/consent/callback"]


async def test_at_home_with_a_scope_nothing_has_to_be_consented_to(desk: Desk) -> None:
    token = await token_of(desk, INVOICES)
    offer = await desk.setup.consent.offer(token)
    assert (offer.needs_consent, offer.foreign) == (False, False)
    with pytest.raises(InvalidRequest):
        await desk.setup.consent.begin(token, BROWSER)


@pytest.mark.fault("G02")
async def test_a_link_made_for_another_tenant_than_the_mailbox_has_now_is_of_no_use(desk: Desk) -> None:
    token = await token_of(desk)

    def moved(company):  # type: ignore[no-untyped-def]
        boxes = tuple(
            box.model_copy(update={"tenant_id": "elsewhere.example"}) if box.id == FOREIGN else box
            for box in company.mailboxes
        )
        return company.model_copy(update={"mailboxes": boxes})

    await desk.world.app.configure.change(COMPANY, moved)
    with pytest.raises(PermissionDenied) as refused:
        await desk.setup.consent.begin(token, BROWSER)
    assert refused.value.cause == "consent_link_expired"


@pytest.mark.fault("G02")
async def test_a_link_ends(desk: Desk) -> None:
    token = await token_of(desk)
    desk.world.clock.advance(days=7)
    for use in (desk.setup.consent.offer(token), desk.setup.consent.begin(token, BROWSER)):
        with pytest.raises(PermissionDenied) as refused:
            await use
        assert refused.value.cause == "consent_link_expired"


@pytest.mark.fault("G02")
@pytest.mark.capability("S1.23")
async def test_an_answer_is_taken_once_in_time_and_from_the_same_browser(desk: Desk) -> None:
    url = await desk.setup.consent.begin(await token_of(desk), BROWSER)
    answer = desk.visitor.accept(url, FOREIGN_ADMIN).answer
    finish = desk.setup.consent.finish
    hostile = [
        (answer, OTHER_BROWSER),
        ({**answer, "state": "another"}, BROWSER),
        ({name: value for name, value in answer.items() if name != "state"}, BROWSER),
    ]
    for parameters, browser in hostile:
        with pytest.raises(PermissionDenied) as refused:
            await finish(parameters, browser)
        assert refused.value.cause == "sign_in_state"
    assert (await finish(answer, BROWSER)).granted
    with pytest.raises(PermissionDenied):
        await finish(answer, BROWSER)

    late = await desk.setup.consent.begin(await token_of(desk), BROWSER)
    desk.world.clock.advance(minutes=30)
    [state] = parse_qs(urlsplit(late).query)["state"]
    with pytest.raises(PermissionDenied):
        await finish({"state": state, "admin_consent": "True"}, BROWSER)


@pytest.mark.fault("G02")
async def test_what_the_address_says_proves_nothing(desk: Desk) -> None:
    url = await desk.setup.consent.begin(await token_of(desk), BROWSER)
    [state] = parse_qs(urlsplit(url).query)["state"]
    claimed = {"state": state, "admin_consent": "True", "tenant": desk.emulator.foreign_tenant_id, "scope": "openid"}
    result = await desk.setup.consent.finish(claimed, BROWSER)
    assert not result.granted
    assert result.code == "consent_not_propagated"
    assert result.connection.state is ConnectionState.AWAITING_CONSENT


async def test_an_error_counts_although_consent_stands_beside_it(desk: Desk) -> None:
    result = await desk.consent(FOREIGN, FOREIGN_ADMIN, answer="cancel")
    assert not result.granted
    assert result.code == "consent_declined"
    assert (result.connection.state, result.connection.code) == (ConnectionState.AWAITING_CONSENT, "consent_declined")
    assert result.connection.next_check_at is not None


async def test_an_answer_that_says_nothing_is_no_consent(desk: Desk) -> None:
    url = await desk.setup.consent.begin(await token_of(desk), BROWSER)
    [state] = parse_qs(urlsplit(url).query)["state"]
    result = await desk.setup.consent.finish({"state": state}, BROWSER)
    assert (result.granted, result.code) == (False, "consent_incomplete")


@pytest.mark.capability("S1.27")
async def test_consent_that_is_on_its_way_is_looked_for_again(desk: Desk) -> None:
    desk.control.remove_scope()
    desk.control.set_behaviour(consent_propagation_tokens=3)
    result = await desk.consent(INVOICES, ADMIN, tenant_wide=True)
    assert (result.code, result.connection.state) == ("consent_not_propagated", ConnectionState.AWAITING_CONSENT)
    assert result.connection.next_check_at is not None
    for _ in range(5):
        connection = await desk.connection(INVOICES)
        if connection.state is ConnectionState.CONNECTED:
            break
        assert connection.next_check_at is not None
        desk.world.clock.now = connection.next_check_at
        [due] = await desk.world.app.connections.due(desk.world.clock())
        await desk.setup.checking.check(due.company, due.mailbox)
    assert (await desk.connection(INVOICES)).state is ConnectionState.CONNECTED
    assert await desk.world.app.connections.due(desk.world.clock() + timedelta(days=1)) == []


@pytest.mark.capability("S1.20")
async def test_an_administrator_approves_elsewhere_and_the_next_check_finds_it(desk: Desk) -> None:
    desk.control.remove_scope()
    await token_of(desk, INVOICES, tenant_wide=True)
    assert (await desk.setup.checking.check(COMPANY, INVOICES)).state is ConnectionState.AWAITING_CONSENT
    desk.control.grant_consent(roles=["Mail.ReadWrite"])
    assert (await desk.setup.checking.check(COMPANY, INVOICES)).state is ConnectionState.CONNECTED


@pytest.mark.capability("S1.20")
async def test_a_foreign_tenant_that_consented_elsewhere_is_known_by_its_token(desk: Desk) -> None:
    await token_of(desk)
    waiting = await desk.setup.checking.check(COMPANY, FOREIGN)
    assert (waiting.state, waiting.code) == (ConnectionState.AWAITING_CONSENT, "consent_missing")
    desk.control.grant_consent(scopes=["openid", "profile"], tenant_id=desk.emulator.foreign_tenant_id)
    desk.control.create_mailbox(FOREIGN_ADDRESS, tenant_id=desk.emulator.foreign_tenant_id)
    known = await desk.setup.checking.check(COMPANY, FOREIGN)
    assert (known.state, known.code) == (ConnectionState.AWAITING_CONSENT, "scope_pending")


@pytest.mark.capability("S3.5")
async def test_consent_for_an_account_asks_it_to_sign_in(desk: Desk) -> None:
    result = await desk.consent(MINE, ADMIN)
    assert (result.granted, result.code) == (True, "consent_approved")
    assert result.connection.state is ConnectionState.SIGN_IN_AGAIN
    assert (await desk.sign_in(MINE, PLAIN)).code == ""
    assert (await desk.connection(MINE)).state is ConnectionState.CONNECTED


async def test_declining_does_not_end_what_works(desk: Desk) -> None:
    assert (await desk.setup.checking.check(COMPANY, INVOICES)).state is ConnectionState.CONNECTED
    result = await desk.consent(INVOICES, ADMIN, tenant_wide=True, answer="cancel")
    assert (result.granted, result.code) == (False, "consent_declined")
    assert (await desk.connection(INVOICES)).state is ConnectionState.CONNECTED


@pytest.mark.capability("S1.19", "S3.3")
async def test_the_person_says_that_a_request_was_sent(desk: Desk) -> None:
    connection = await desk.setup.consent.approval_sent(COMPANY, MINE, by=PLAIN)
    assert (connection.state, connection.requested_by) == (ConnectionState.CONSENT_REQUESTED, PLAIN)
    assert connection.next_check_at is not None


async def test_what_cannot_be_consented_to_is_refused(desk: Desk) -> None:
    await desk.add("gmail", "invoice@gmail.example", connection="google")
    link = desk.setup.consent.link
    with pytest.raises(InvalidRequest):
        await link(COMPANY, "gmail")
    with pytest.raises(InvalidRequest):
        await link(COMPANY, MINE, tenant_wide=True)
    with pytest.raises(NotFound):
        await link(COMPANY, "nothing")
    await desk.add("anywhere", "a@b.example", tenant_id="common")
    with pytest.raises(InvalidRequest):
        await link(COMPANY, "anywhere")


@pytest.mark.capability("S1.29")
@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", f'Access granted to "{ADDRESS}"'),
        ("da", f'Adgang givet til "{ADDRESS}"'),
        ("nl", f'Toegang verleend tot "{ADDRESS}"'),
        ("de", f'Zugriff auf "{ADDRESS}" erteilt'),
        ("sv", f'Åtkomst beviljad till "{ADDRESS}"'),
    ],
)
def test_the_text_in_green(language: str, text: str) -> None:
    assert granted_text(ADDRESS, texts(language)) == text


@pytest.mark.capability("S1.40")
@pytest.mark.parametrize(
    ("language", "text"),
    [("en", "Could not connect to the IMAP account"), ("da", "Kunne ikke oprette forbindelse til IMAP-konto")],
)
def test_the_text_in_red(language: str, text: str) -> None:
    assert failed_text(ConnectionKind.IMAP_PASSWORD, texts(language)) == text


def test_the_other_texts_name_what_they_are_about() -> None:
    assert "10:05" in waiting_text("10:05", texts("en"))
    reason = justification(ADDRESS, "Nordlys Handel", texts("en"))
    assert ADDRESS in reason
    assert "Nordlys Handel" in reason


@pytest.mark.capability("S1.27")
async def test_s1_27_a_consent_for_what_the_mailbox_was_before_is_none(desk: Desk) -> None:
    link = await desk.setup.consent.link(COMPANY, FOREIGN, tenant_wide=True, by="owner")
    url = await desk.setup.consent.begin(link.rpartition("/")[2], BROWSER)
    page = desk.visitor.accept(url, FOREIGN_ADMIN, "accept")
    await desk.setup.mailboxes.edit(COMPANY, FOREIGN, {"tenant_id": None})
    with pytest.raises(PermissionDenied) as refused:
        await desk.setup.consent.finish(page.answer, BROWSER)
    assert refused.value.cause == "consent_link_expired"
