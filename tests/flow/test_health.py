"""Health and alerts over the whole product: a mailbox that fails, one that is silent, and what people and subscribers see of it."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.server import EmulatorThread
from shared.model.alert import AlertKind
from shared.model.health import MailboxHealth, MailboxState
from shared.model.task import Queue
from tests.flow.mails import PDF, mail
from tests.flow.seeing import events
from tests.flow.world import CONFIGURATION, MAILBOX, World

SECOND = "orders@nordlys.example"
TWO = CONFIGURATION.replace(
    "    series:",
    f"""
      - id: orders
        address: {SECOND}
        folders: {{imported: Imported, other: Follow up}}
        schedule: "* * * * *"
    series:""",
    1,
)


async def health(world: World, mailbox: str = "invoices") -> MailboxHealth:
    found = await world.app.health("nordlys")
    return next(one for one in found.mailboxes if one.mailbox == mailbox)


async def open_alerts(world: World) -> list[tuple[str, str]]:
    return sorted((alert.kind.value, alert.mailbox) for alert in (await world.app.alert_list("nordlys")).open)


def told(emulator: EmulatorThread) -> list[tuple[str, str]]:
    """Alerts that the subscriber heard of, in the order of their time."""
    found: list[dict[str, Any]] = [event for event in events(emulator) if event["type"].startswith("postrum.alert.")]
    found.sort(key=lambda event: str(event["time"]))
    return [(event["type"].removeprefix("postrum.alert."), event["data"]["kind"]) for event in found]


async def test_the_health_of_a_mailbox_says_when_each_stage_last_succeeded(
    world: World, emulator: EmulatorThread
) -> None:
    emulator.control.deliver(MAILBOX, mail("Invoice", pdf=PDF))
    await world.until_rest()

    found = await health(world)
    assert found.state is MailboxState.OK
    assert found.stages.listed_at is not None
    assert found.stages.archived_at is not None
    assert found.stages.filed_at is not None
    assert found.stages.ended_at is not None
    assert (found.backlog, found.junk, found.question, found.failure) == (0, 0, False, None)
    assert (found.host, found.tenant) == ("127.0.0.1", world.settings.tenant_id)


@pytest.mark.pain("C5")
@pytest.mark.fault("B05")
async def test_a_refusal_is_one_alert_and_one_recovery_notice(world: World, emulator: EmulatorThread) -> None:
    await world.settle()
    emulator.control.set_exchange_scope([])
    emulator.control.deliver(MAILBOX, mail("Waits"))
    await world.settle(ticks=30)
    assert await open_alerts(world) == [("consent_revoked", "invoices")]
    assert told(emulator) == [("raised", "consent_revoked")]
    assert (await health(world)).state is MailboxState.FAILING

    emulator.control.set_exchange_scope([MAILBOX])
    await world.settle(ticks=20)
    assert await open_alerts(world) == []
    assert told(emulator) == [("raised", "consent_revoked"), ("cleared", "consent_revoked")]
    assert (await health(world)).state is MailboxState.OK
    assert len((await world.app.alert_list("nordlys")).past) == 1


@pytest.mark.capability("S1.42")
async def test_when_all_mailboxes_of_a_host_fail_one_banner_and_one_alert_say_so(
    world: World, emulator: EmulatorThread
) -> None:
    emulator.control.create_mailbox(SECOND)
    emulator.control.set_exchange_scope([MAILBOX, SECOND])
    await world.configure(TWO)
    await world.settle()
    began = world.clock()
    emulator.control.add_faults([{"match": {"path": "/users/"}, "times": 10_000, "status": 500}])
    await world.settle(ticks=25)

    [group] = (await world.app.health("nordlys")).groups
    assert (group.by, group.name, group.affected, group.total, group.whole) == ("host", "127.0.0.1", 2, 2, True)
    assert group.since >= began
    assert await open_alerts(world) == [("host_unreachable", "")]
    assert told(emulator) == [("raised", "host_unreachable")]

    emulator.control.clear_faults()
    await world.settle(ticks=20)
    assert (await world.app.health("nordlys")).groups == ()
    assert told(emulator) == [("raised", "host_unreachable"), ("cleared", "host_unreachable")]


@pytest.mark.pain("C7")
async def test_a_mailbox_whose_work_is_never_done_is_silent_however_well_it_is_connected(
    world: World, emulator: EmulatorThread
) -> None:
    await world.settle()
    for _ in range(70):
        # The function for mailboxes does not run: its tasks are taken and nothing comes of them.
        await world.app.tick()
        await world.take(Queue.MAILBOX)
        await world.drain([Queue.DELIVER])
        world.clock.advance(minutes=1)
    assert await open_alerts(world) == [("mailbox_silent", "invoices")]
    assert (await health(world)).state is MailboxState.SILENT

    await world.settle(ticks=10)
    assert told(emulator) == [("raised", "mailbox_silent"), ("cleared", "mailbox_silent")]


async def test_parked_tasks_are_an_alert_of_the_deployment_until_a_person_dealt_with_them(
    world: World, emulator: EmulatorThread
) -> None:
    key = await world.app.services.parked.park(Queue.ACT, "not a task", "nobody understands it", world.clock())
    await world.settle(ticks=2)
    [alert] = (await world.app.alert_list("nordlys")).open
    assert (alert.kind, alert.company) == (AlertKind.POISON, "")

    await world.app.services.parked.remove(key)
    await world.settle(ticks=8)
    assert told(emulator) == [("raised", "poison"), ("cleared", "poison")]


@pytest.mark.capability("S1.1")
async def test_a_company_sees_only_its_own_mailboxes(world: World) -> None:
    await world.settle()

    assert [one.mailbox for one in (await world.app.health("nordlys")).mailboxes] == ["invoices"]
    assert (await world.app.health("bravo")).mailboxes == ()
    assert len((await world.app.health(details=False)).mailboxes) == 1
