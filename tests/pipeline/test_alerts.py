"""Raising and clearing: once each, whoever looks, and told to subscribers under ids that stay the same."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest

from shared.errors import NetworkFailure
from shared.model.alert import AlertKind, Condition
from shared.model.health import Expiry
from shared.pipeline.alerts import CALM, KEPT
from shared.pipeline.nightly import Nightly, expiring, next_time
from shared.stores.alerts import Rota
from shared.stores.layout import TableName
from tests.flow.world import CONFIGURATION, World

KINDS = frozenset({AlertKind.CONNECTION_FAILING})
TWO_COMPANIES = (
    CONFIGURATION
    + """
  - id: bravo
    name: Bravo
    mailboxes:
      - {id: letters, address: letters@bravo.example, folders: {imported: Imported, other: Other}}
    series:
      - {id: documents, default: true}
    subscribers:
      - {id: theirs, url: "%SINK%/theirs"}
"""
)


def failing(world: World, company: str = "nordlys", **fields: Any) -> Condition:
    values = {"kind": AlertKind.CONNECTION_FAILING, "company": company, "mailbox": "invoices", "since": world.clock()}
    return Condition.model_validate(values | fields)


async def settle(world: World, *conditions: Condition) -> None:
    await world.app.alarm.settle(conditions, KINDS, world.clock())


async def events(world: World, company: str = "nordlys", subscriber: str = "ledger") -> list[dict[str, Any]]:
    stored = await world.app.services.deliveries.of_subscriber(company, subscriber)
    return [json.loads(one.body) for _, one in stored]


async def test_a_condition_is_one_alert_however_often_it_is_seen(world: World) -> None:
    for _ in range(3):
        await settle(world, failing(world))
        world.clock.advance(minutes=1)

    [alert] = (await world.app.alert_list()).open
    [event] = await events(world)
    assert (event["type"], event["subject"], event["data"]["kind"]) == (
        "postrum.alert.raised",
        alert.id,
        "connection_failing",
    )


async def test_two_ticks_at_once_raise_it_once(world: World, second: World) -> None:
    condition = failing(world)
    await asyncio.gather(settle(world, condition), settle(second, condition))

    assert len((await world.app.alert_list()).open) == 1
    assert len(await events(world)) == 1


async def test_it_is_cleared_once_when_it_stayed_away_and_comes_back_as_another(world: World) -> None:
    await settle(world, failing(world))
    raised_at = world.clock()
    world.clock.advance(minutes=30)
    await settle(world)
    world.clock.advance(minutes=CALM.total_seconds() / 60)
    for _ in range(2):
        await settle(world)

    lists = await world.app.alert_list()
    assert (lists.open, [one.cleared_at for one in lists.past]) == ((), [world.clock()])
    first, cleared = await events(world)
    assert [first["type"], cleared["type"]] == ["postrum.alert.raised", "postrum.alert.cleared"]
    assert first["time"].startswith(raised_at.isoformat()[:19])
    assert first["sequence"] < cleared["sequence"]

    world.clock.advance(minutes=1)
    await settle(world, failing(world))
    again = (await events(world))[-1]
    assert again["subject"] == first["subject"]
    assert again["id"] != first["id"], "another time is another event"
    assert again["sequence"] > cleared["sequence"]


async def test_a_mailbox_that_comes_and_goes_is_one_alert(world: World) -> None:
    for _ in range(8):
        await settle(world, failing(world))
        world.clock.advance(minutes=2)
        await settle(world)
        world.clock.advance(minutes=2)

    assert len((await world.app.alert_list()).open) == 1
    assert len(await events(world)) == 1


async def test_what_a_crash_left_untold_is_told_by_the_next_tick(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object) -> None:
        raise NetworkFailure("the storage does not answer")

    with monkeypatch.context() as patch:
        patch.setattr(world.app.services.deliveries, "add", fail)
        with pytest.raises(NetworkFailure):
            await settle(world, failing(world))
    assert await events(world) == []

    world.clock.advance(minutes=1)
    await settle(world, failing(world))
    assert [event["type"] for event in await events(world)] == ["postrum.alert.raised"]


async def test_no_company_hears_of_another_and_all_hear_of_the_deployment(world: World) -> None:
    await world.configure(TWO_COMPANIES)
    await settle(world, failing(world))
    poison = Condition(kind=AlertKind.POISON, since=world.clock())
    await world.app.alarm.settle([poison], frozenset({AlertKind.POISON}), world.clock())

    assert sorted(e["data"]["kind"] for e in await events(world)) == ["connection_failing", "poison"]
    theirs = await events(world, "bravo", "theirs")
    assert [(event["data"]["kind"], event["source"]) for event in theirs] == [("poison", "/companies/bravo")]
    assert [alert.kind for alert in (await world.app.alert_list("bravo")).open] == [AlertKind.POISON]
    assert len((await world.app.alert_list("nordlys")).open) == 2


async def test_kinds_that_the_caller_does_not_judge_are_left_alone(world: World) -> None:
    await settle(world, failing(world))
    world.clock.advance(hours=1)
    for _ in range(2):
        await world.app.alarm.settle([], frozenset({AlertKind.POISON}), world.clock())
        world.clock.advance(hours=1)

    assert len((await world.app.alert_list()).open) == 1


# -- once a day


def nightly(world: World, answers: dict[str, bool | None], asked: list[str], ends: list[Expiry]) -> Nightly:
    async def probe(tenant: str) -> bool | None:
        asked.append(tenant)
        if tenant not in answers:
            raise NetworkFailure("no answer")
        return answers[tenant]

    async def expiries() -> list[Expiry]:
        return ends

    rota = Rota(world.app._table(TableName.ALERTS))
    return Nightly(world.app.alarm, rota, world.app.places, probe, expiries)


async def once(world: World, use_case: Nightly) -> None:
    await use_case(await world.app.services.companies.every(), world.clock(), stop_at=float("inf"))


async def test_each_tenant_is_probed_once_a_day_and_an_open_scope_is_an_alert_until_it_is_closed(world: World) -> None:
    tenant = world.settings.tenant_id
    asked: list[str] = []
    answers: dict[str, bool | None] = {tenant: True}
    use_case = nightly(world, answers, asked, [])
    for _ in range(3):
        await once(world, use_case)
    assert asked == [tenant]
    [alert] = (await world.app.alert_list("nordlys")).open
    assert (alert.kind, alert.place) == (AlertKind.SCOPE_OPEN, tenant)

    world.clock.now = next_time(tenant, world.clock()) - timedelta(minutes=1)
    await once(world, use_case)
    assert asked == [tenant], "its minute of the day has not come"
    world.clock.advance(minutes=1)
    answers[tenant] = None
    await once(world, use_case)
    assert len(asked) == 2
    assert len((await world.app.alert_list()).open) == 1, "a probe that says nothing clears nothing"

    world.clock.advance(days=1)
    answers[tenant] = False
    await once(world, use_case)
    assert (await world.app.alert_list()).open == ()


async def test_a_probe_without_an_answer_is_tried_again_within_the_hour(world: World) -> None:
    asked: list[str] = []
    use_case = nightly(world, {}, asked, [])
    await once(world, use_case)
    world.clock.advance(minutes=30)
    await once(world, use_case)
    assert len(asked) == 1
    world.clock.advance(minutes=31)
    await once(world, use_case)
    assert len(asked) == 2


async def test_two_ticks_at_once_probe_once(world: World, second: World) -> None:
    asked: list[str] = []
    answers: dict[str, bool | None] = {world.settings.tenant_id: False}
    await asyncio.gather(
        once(world, nightly(world, answers, asked, [])), once(second, nightly(second, answers, asked, []))
    )
    assert asked == [world.settings.tenant_id]


@pytest.mark.pain("C6")
async def test_the_end_of_a_certificate_is_told_60_30_and_7_days_before(world: World) -> None:
    ends = [Expiry(name="app-certificate", at=world.clock() + timedelta(days=61))]
    assert expiring(ends, world.clock()) == []
    told: list[int] = []
    for days in (1, 30, 23, 4):
        world.clock.advance(days=days)
        await once(world, nightly(world, {world.settings.tenant_id: False}, [], ends))
        told.append(len((await world.app.alert_list()).open))
    assert told == [1, 2, 3, 3]
    in_order = sorted(await events(world), key=lambda event: str(event["time"]))
    assert [event["data"]["place"] for event in in_order] == [
        "app-certificate, 60 days",
        "app-certificate, 30 days",
        "app-certificate, 7 days",
    ]

    ends[0] = Expiry(name="app-certificate", at=world.clock() + timedelta(days=365))
    world.clock.advance(days=1)
    await once(world, nightly(world, {world.settings.tenant_id: False}, [], ends))
    assert (await world.app.alert_list()).open == ()


async def test_old_alerts_are_forgotten(world: World) -> None:
    await settle(world, failing(world))
    world.clock.advance(hours=1)
    await settle(world)
    world.clock.advance(hours=1)
    await settle(world)
    assert len(await world.app.alerts.past(world.clock() - KEPT)) == 1

    world.clock.advance(days=31)
    assert (await world.app.alert_list()).past == (), "people see those of the last 30 days"
    assert len(await world.app.alerts.past(world.clock() - KEPT)) == 1
    world.clock.advance(days=60)
    await once(world, nightly(world, {world.settings.tenant_id: False}, [], []))
    assert await world.app.alerts.past(world.clock() - 2 * KEPT) == []
