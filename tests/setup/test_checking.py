"""Testing a connection: a token, then a call, and nothing believed without it."""

from __future__ import annotations

import pytest

from shared.errors import NotFound
from shared.identity.connection_state import Happened
from shared.model.config import ImapServer
from shared.model.connection import ConnectionState
from shared.remedies import told
from tests.flow.conftest import emulator, running_emulator
from tests.setup.connecting import ADDRESS, COMPANY, FOREIGN, INVOICES, MINE, PLAIN, Desk, desk

__all__ = ["desk", "emulator", "running_emulator"]


async def test_a_mailbox_in_the_scope_is_connected_without_any_consent(desk: Desk) -> None:
    connection = await desk.setup.checking.check(COMPANY, INVOICES)
    assert (connection.state, connection.code) == (ConnectionState.CONNECTED, "")
    assert connection.checked_at == desk.world.clock()


async def test_a_mailbox_outside_the_scope_waits_for_it(desk: Desk) -> None:
    desk.control.remove_scope()
    connection = await desk.setup.checking.check(COMPANY, INVOICES)
    assert (connection.state, connection.code) == (ConnectionState.AWAITING_CONSENT, "scope_pending")
    assert connection.next_check_at is not None
    desk.control.set_scope([ADDRESS])
    assert (await desk.setup.checking.check(COMPANY, INVOICES)).state is ConnectionState.CONNECTED


@pytest.mark.fault("B05")
async def test_a_scope_that_was_taken_away_says_so(desk: Desk) -> None:
    await desk.setup.checking.check(COMPANY, INVOICES)
    desk.control.remove_scope()
    connection = await desk.setup.checking.check(COMPANY, INVOICES)
    assert (connection.state, connection.code) == (ConnectionState.AWAITING_CONSENT, "consent_revoked")


async def test_a_mailbox_of_an_unknown_tenant_waits_for_consent(desk: Desk) -> None:
    connection = await desk.setup.checking.check(COMPANY, FOREIGN)
    assert connection.state is ConnectionState.AWAITING_CONSENT
    assert connection.code in ("entra_700016", "entra_7000229")


async def test_an_address_that_is_no_mailbox_is_an_error(desk: Desk) -> None:
    desk.control.set_consent(["Mail.ReadWrite"])
    await desk.add("typo", "invoicee@nordlys.example")
    connection = await desk.setup.checking.check(COMPANY, "typo")
    assert connection.state is ConnectionState.ERROR
    assert connection.code.startswith("graph_mailbox_not_")


async def test_without_an_account_nothing_is_called(desk: Desk) -> None:
    before = desk.control.counters()["tokens"]["requests"]
    connection = await desk.setup.checking.check(COMPANY, MINE)
    assert (connection.state, connection.code) == (ConnectionState.SIGN_IN_AGAIN, "sign_in_needed")
    assert desk.control.counters()["tokens"]["requests"] == before


@pytest.mark.capability("S1.31")
async def test_it_works_on_when_whoever_consented_has_no_role_any_more(desk: Desk) -> None:
    await desk.sign_in(MINE, PLAIN)
    desk.control.set_user("admin@postrum.example", directory_role="")
    for mailbox in (INVOICES, MINE):
        assert (await desk.setup.checking.check(COMPANY, mailbox)).state is ConnectionState.CONNECTED


@pytest.mark.capability("S1.6")
async def test_a_server_that_does_not_answer_is_the_networks_matter(desk: Desk) -> None:
    server = ImapServer(host="127.0.0.1", port=1)
    await desk.add("imap", "invoice@company.example", connection="imap_password", imap=server.model_dump())
    await desk.world.app.secrets.put(_password_name(), "not told to anybody")
    connection = await desk.setup.checking.check(COMPANY, "imap")
    assert (connection.state, connection.code) == (ConnectionState.ERROR, "network_refused")
    assert connection.next_check_at is not None
    assert "not told" not in connection.model_dump_json()
    assert told(connection.code, "en").next_step


async def test_proving_writes_nothing_down(desk: Desk) -> None:
    company, mailbox = await desk.setup.visits.mailbox(COMPANY, INVOICES)
    assert (await desk.setup.checking.prove(company, mailbox)).happened is Happened.ANSWERED
    assert await desk.world.app.connections.get(COMPANY, INVOICES) is None


async def test_what_is_not_there_cannot_be_tested(desk: Desk) -> None:
    with pytest.raises(NotFound):
        await desk.setup.checking.check(COMPANY, "nothing")


def _password_name() -> str:
    from shared.configuration.passwords import password_name

    return password_name(COMPANY, "imap")
