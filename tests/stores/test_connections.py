"""Connections, grants and people who are away, over a real Azurite."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shared.errors import ConcurrentWrite, NetworkFailure, PermissionDenied
from shared.model.config import ConnectionKind
from shared.model.connection import Connection, ConnectionState
from shared.stores.connections import STEPS, Connections
from shared.stores.grants import Grant, Grants, GrantState, Provider, grant_id, new_secret_name
from shared.stores.secret_store import FileSecretStore
from shared.stores.sign_in_states import LIFETIME, Away, SignInStates
from shared.stores.tables import Table

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
BROWSER, OTHER = "b" * 43, "o" * 43


def connection(mailbox: str = "invoices", company: str = "nordlys", **values: object) -> Connection:
    return Connection.model_validate(
        {"company": company, "mailbox": mailbox, "kind": ConnectionKind.GRAPH_APP, "since": NOW, **values}
    )


class TestConnections:
    async def test_what_was_saved_is_found(self, table: Table) -> None:
        store = Connections(table)
        assert await store.get("nordlys", "invoices") is None
        first = await store.save(None, connection())
        changed = connection(state=ConnectionState.CONNECTED, account="a@b.example")
        await store.save(first, changed, by="owner")
        found = await store.get("nordlys", "invoices")
        assert found is not None
        assert found.connection == changed
        assert [(step.state.value, step.by) for step in found.history] == [("new", ""), ("connected", "owner")]

    async def test_of_two_who_read_the_same_one_writes(self, table: Table) -> None:
        store = Connections(table)
        await store.save(None, connection())
        read = [await store.get("nordlys", "invoices") for _ in range(2)]
        await store.save(read[0], connection(state=ConnectionState.ERROR, code="network_dns"))
        with pytest.raises(ConcurrentWrite):
            await store.save(read[1], connection(state=ConnectionState.CONNECTED))
        with pytest.raises(ConcurrentWrite):
            await store.save(None, connection())

    async def test_the_steps_are_bounded(self, table: Table) -> None:
        store = Connections(table)
        stored = await store.save(None, connection())
        for number in range(STEPS + 5):
            stored = await store.save(stored, connection(state=ConnectionState.ERROR, code=f"code_{number}"))
        assert len(stored.history) == STEPS
        assert stored.history[-1].code == f"code_{STEPS + 4}"

    async def test_a_company_sees_its_own_only(self, table: Table) -> None:
        store = Connections(table)
        for company in ("nordlys", "nordlys-2", "due", "sign-in"):
            await store.save(None, connection("a", company))
        assert [found.connection.company for found in await store.of("nordlys")] == ["nordlys"]
        assert sorted(found.company for found in await store.every()) == ["due", "nordlys", "nordlys-2", "sign-in"]

    @pytest.mark.capability("S1.27")
    async def test_those_that_are_due_are_found_the_longest_waiting_first(self, table: Table) -> None:
        store = Connections(table)
        for minutes in (30, 10, 20):
            await store.save(None, connection(f"m{minutes}", next_check_at=NOW + timedelta(minutes=minutes)))
        await store.save(None, connection("never"))
        assert await store.due(NOW) == []
        found = await store.due(NOW + timedelta(minutes=20))
        assert [entry.mailbox for entry in found] == ["m10", "m20"]
        assert [entry.mailbox for entry in await store.due(NOW + timedelta(hours=1), limit=2)] == ["m10", "m20"]

    async def test_what_is_planned_anew_is_due_once(self, table: Table) -> None:
        store = Connections(table)
        stored = await store.save(None, connection(next_check_at=NOW))
        stored = await store.save(stored, connection(next_check_at=NOW + timedelta(minutes=5)))
        assert await store.due(NOW + timedelta(minutes=1)) == []
        assert len(await store.due(NOW + timedelta(minutes=5))) == 1
        await store.save(stored, connection(state=ConnectionState.CONNECTED))
        assert await store.due(NOW + timedelta(hours=1)) == []

    async def test_a_plan_whose_row_never_came_is_dropped(self, table: Table) -> None:
        store = Connections(table)
        planned = connection(next_check_at=NOW)
        stored = await store.save(None, planned)
        await table.delete("test", stored.row.partition, stored.row.key)
        assert await store.due(NOW) == []
        assert await table.query("PartitionKey eq 'due'") == []

    async def test_what_is_removed_is_neither_found_nor_due(self, table: Table) -> None:
        store = Connections(table)
        await store.save(None, connection(next_check_at=NOW))
        await store.remove("nordlys", "invoices")
        await store.remove("nordlys", "invoices")
        assert await store.get("nordlys", "invoices") is None
        assert await table.query("PartitionKey eq 'due'") == []


def grant(company: str = "nordlys", oid: str = "oid-1", **values: object) -> Grant:
    identity = grant_id(company, Provider.MICROSOFT, "tenant", oid)
    return Grant.model_validate(
        {
            "id": identity,
            "company": company,
            "provider": Provider.MICROSOFT,
            "account": "invoice@company.com",
            "tenant": "tenant",
            "oid": oid,
            "secret_name": new_secret_name(identity),
            "created_at": NOW,
            "created_by": "owner",
            **values,
        }
    )


@pytest.fixture
def vault(tmp_path: Path) -> FileSecretStore:
    return FileSecretStore(tmp_path / "secrets.json")


class TestGrants:
    async def test_a_grant_and_its_secret_are_kept_apart(self, table: Table, vault: FileSecretStore) -> None:
        store = Grants(table, vault)
        kept = await store.keep(grant(), "refresh-1", NOW)
        assert kept.state is GrantState.ACTIVE
        assert await vault.get(kept.secret_name) == "refresh-1"
        rows = [row async for row in table.stream("PartitionKey eq 'company|nordlys'")]
        assert "refresh-1" not in str(rows)
        assert await store.of("nordlys") == [kept]

    @pytest.mark.parametrize("wanted", ["", "a/b", "../grant", "a?b#c", "nul\0", "x" * 2000, "grant|g-1"])
    async def test_what_can_be_no_id_is_not_asked_for(self, table: Table, vault: FileSecretStore, wanted: str) -> None:
        assert await Grants(table, vault).get("nordlys", wanted) is None

    @pytest.mark.capability("S5.19")
    async def test_the_same_account_again_renews_its_grant(self, table: Table, vault: FileSecretStore) -> None:
        store = Grants(table, vault)
        first = await store.keep(grant(), "refresh-1", NOW)
        await store.ended("nordlys", first.id)
        later = NOW + timedelta(days=1)
        again = await store.keep(grant(account="new.name@company.com", created_by="operator"), "refresh-2", later)
        assert (again.id, again.secret_name, again.created_by) == (first.id, first.secret_name, "owner")
        assert (again.account, again.state, again.last_refreshed) == ("new.name@company.com", GrantState.ACTIVE, later)
        assert await vault.get(first.secret_name) == "refresh-2"
        assert len(await store.of("nordlys")) == 1

    @pytest.mark.capability("S3.13", "S3.19")
    async def test_each_company_has_its_own_and_removing_one_leaves_the_other(
        self, table: Table, vault: FileSecretStore
    ) -> None:
        store = Grants(table, vault)
        ours, theirs = [await store.keep(grant(company), f"refresh-{company}", NOW) for company in ("nordlys", "fjord")]
        assert ours.id != theirs.id
        await store.remove("nordlys", ours.id)
        await store.remove("nordlys", ours.id)
        assert await store.of("nordlys") == []
        assert await vault.get(ours.secret_name) is None
        assert await store.get("nordlys", theirs.id) is None
        assert await store.of("fjord") == [theirs]
        assert await vault.get(theirs.secret_name) == "refresh-fjord"

    async def test_a_name_of_a_deleted_secret_is_not_used_again(self, table: Table, vault: FileSecretStore) -> None:
        store = Grants(table, vault)
        first = await store.keep(grant(), "refresh-1", NOW)
        await store.remove("nordlys", first.id)
        second = await store.keep(grant(), "refresh-2", NOW)
        assert second.id == first.id
        assert second.secret_name != first.secret_name

    async def test_a_grant_without_a_secret_is_not_offered(
        self, table: Table, vault: FileSecretStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        store = Grants(table, vault)

        async def broken(name: str, value: str) -> None:
            raise NetworkFailure("no answer from the key vault")

        with monkeypatch.context() as patch:
            patch.setattr(vault, "put", broken)
            with pytest.raises(NetworkFailure):
                await store.keep(grant(), "refresh-1", NOW)
        assert await store.of("nordlys") == []
        assert (await store.keep(grant(), "refresh-1", NOW)).state is GrantState.ACTIVE


class TestPeopleWhoAreAway:
    async def test_whoever_comes_back_gets_what_was_kept_once(self, table: Table) -> None:
        store = SignInStates(table)
        await store.keep("state", BROWSER, Away("connect", {"flow": {"a": 1}}), NOW)
        away = await store.take("state", BROWSER, "connect", NOW + timedelta(minutes=29))
        assert away.values == {"flow": {"a": 1}}
        assert "flow" not in repr(away)
        with pytest.raises(PermissionDenied):
            await store.take("state", BROWSER, "connect", NOW)

    @pytest.mark.fault("G02")
    @pytest.mark.parametrize(
        ("state", "browser", "purpose", "later"),
        [
            ("another", BROWSER, "connect", timedelta()),
            ("", BROWSER, "connect", timedelta()),
            ("state", OTHER, "connect", timedelta()),
            ("state", "", "connect", timedelta()),
            ("state", BROWSER, "consent", timedelta()),
            ("state", BROWSER, "connect", LIFETIME),
        ],
    )
    async def test_nobody_else_does(
        self, table: Table, state: str, browser: str, purpose: str, later: timedelta
    ) -> None:
        store = SignInStates(table)
        await store.keep("state", BROWSER, Away("connect", {}), NOW)
        with pytest.raises(PermissionDenied) as refused:
            await store.take(state, browser, purpose, NOW + later)
        assert refused.value.cause == "sign_in_state"

    @pytest.mark.fault("G02")
    async def test_of_many_who_come_back_at_once_one_is_let_in(self, table: Table) -> None:
        store = SignInStates(table)
        await store.keep("state", BROWSER, Away("connect", {}), NOW)
        came = await asyncio.gather(
            *(store.take("state", BROWSER, "connect", NOW) for _ in range(6)), return_exceptions=True
        )
        assert sum(isinstance(one, Away) for one in came) == 1

    async def test_neither_state_nor_cookie_can_be_read_from_the_table(self, table: Table) -> None:
        await SignInStates(table).keep("the-state-itself", BROWSER, Away("connect", {}), NOW)
        rows = str([row async for row in table.stream("PartitionKey eq 'sign-in'")])
        assert "the-state-itself" not in rows
        assert BROWSER not in rows

    async def test_those_who_never_come_back_are_forgotten(self, table: Table) -> None:
        store = SignInStates(table)
        for number in range(3):
            await store.keep(f"old-{number}", BROWSER, Away("connect", {}), NOW)
        await store.keep("new", BROWSER, Away("connect", {}), NOW + timedelta(hours=1))
        assert len(await table.query("PartitionKey eq 'sign-in'")) == 1

    async def test_a_guessable_cookie_is_not_taken(self, table: Table) -> None:
        with pytest.raises(ValueError, match="too short"):
            await SignInStates(table).keep("state", "short", Away("connect", {}), NOW)
