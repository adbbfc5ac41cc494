"""Noting what happened to a connection, when others note something too."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from shared.identity.connection_keeper import NOTED_EVERY, ConnectionKeeper
from shared.identity.connection_state import Event, Happened
from shared.model.config import Mailbox
from shared.model.connection import ConnectionState
from shared.stores.connections import Connections
from shared.stores.tables import Table
from tests.stores.conftest import connection, proxy, table
from tests.support.storage_proxy import StorageProxy

__all__ = ["connection", "proxy", "table"]

MAILBOX = Mailbox.model_validate({"id": "invoices", "address": "invoice@company.com", "active": False})
ACCOUNT = MAILBOX.model_copy(update={"connection": "graph_delegated"})


class Clock:
    now = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keeper(table: Table, clock: Clock) -> ConnectionKeeper:
    return ConnectionKeeper(Connections(table), clock)


async def test_of_two_who_note_at_once_both_are_heard(keeper: ConnectionKeeper) -> None:
    link, asked = Event(Happened.LINK_SENT), Event(Happened.APPROVAL_NEEDED, by="plain@company.com")
    await asyncio.gather(keeper.note("nordlys", MAILBOX, link), keeper.note("nordlys", MAILBOX, asked))
    found = await keeper.now("nordlys", MAILBOX)
    assert (found.state, found.requested_by) == (ConnectionState.CONSENT_REQUESTED, "plain@company.com")


async def test_a_connection_that_works_on_is_written_once_an_hour(
    keeper: ConnectionKeeper, clock: Clock, proxy: StorageProxy, table: Table
) -> None:
    answered = Event(Happened.ANSWERED)
    await keeper.note("nordlys", MAILBOX, answered)
    first = await keeper.now("nordlys", MAILBOX)
    clock.now += NOTED_EVERY - timedelta(seconds=1)
    await keeper.note("nordlys", MAILBOX, answered)
    assert await keeper.now("nordlys", MAILBOX) == first
    clock.now += timedelta(seconds=1)
    await keeper.note("nordlys", MAILBOX, answered)
    assert (await keeper.now("nordlys", MAILBOX)).checked_at == clock.now


async def test_a_failure_and_its_recovery_are_written_at_once(keeper: ConnectionKeeper) -> None:
    for event in (
        Event(Happened.ANSWERED),
        Event(Happened.UNREACHABLE, code="network_dns"),
        Event(Happened.ANSWERED),
    ):
        noted = await keeper.note("nordlys", MAILBOX, event)
        assert await keeper.now("nordlys", MAILBOX) == noted
    assert noted.state is ConnectionState.CONNECTED


async def test_another_way_of_connecting_begins_anew(keeper: ConnectionKeeper) -> None:
    await keeper.note("nordlys", MAILBOX, Event(Happened.ANSWERED))
    assert (await keeper.now("nordlys", ACCOUNT)).state is ConnectionState.NEW
    noted = await keeper.note("nordlys", ACCOUNT, Event(Happened.SIGN_IN_NEEDED))
    assert (noted.state, noted.kind) == (ConnectionState.SIGN_IN_AGAIN, ACCOUNT.connection)
    assert (await keeper.now("nordlys", MAILBOX)).state is ConnectionState.NEW


async def test_beginning_again_forgets_who_signed_in(keeper: ConnectionKeeper) -> None:
    await keeper.note("nordlys", ACCOUNT, Event(Happened.ANSWERED, account="plain@company.com"))
    fresh = await keeper.begin_again("nordlys", ACCOUNT, "owner")
    assert (fresh.state, fresh.account) == (ConnectionState.NEW, "")
    assert await keeper.now("nordlys", ACCOUNT) == fresh
