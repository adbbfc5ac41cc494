"""Every message that was seen comes to an end, and nothing is done in the mailbox before it is durable and recorded."""

from __future__ import annotations

import pytest

from emulator.server import EmulatorThread
from shared.effect import observe
from shared.model.run import ENDS
from shared.model.task import Queue
from tests.flow.mails import PDF, mail
from tests.flow.seeing import early, events, moves, places, runs
from tests.flow.world import CONFIGURATION, MAILBOX, World


@pytest.mark.pain("C2")
async def test_c2_nothing_is_touched_in_the_mailbox_before_it_is_archived_and_recorded(
    world: World, emulator: EmulatorThread
) -> None:
    await world.configure(CONFIGURATION.replace("folders: {", "mark_read: true\n        folders: {"))
    emulator.control.deliver(MAILBOX, mail("Invoice", pdf=PDF))
    names: list[str] = []
    stop = observe(lambda name, moment: names.append(f"{name} {moment}"))
    try:
        await world.until_rest()
    finally:
        stop()
    touching = [at for at, name in enumerate(names) if name in ("graph.change before", "graph.move before")]
    durable = [
        "blob.mail",
        "table.run.archived",
        "blob.attachment",
        "table.run.decided",
        "table.document",
        "table.run.acted",
    ]
    assert len(touching) == 2
    assert max(names.index(f"{name} after") for name in durable) < min(touching)
    # the properties first, the move last, and only then it is told
    assert names.index("graph.change after") < names.index("graph.move before")
    assert names.index("graph.move after") < names.index("table.run.announced before")


@pytest.mark.pain("C2")
async def test_c2_every_message_seen_has_an_end_after_a_day_of_trouble(world: World, emulator: EmulatorThread) -> None:
    for number in range(12):
        emulator.control.deliver(MAILBOX, mail(f"Mail {number}", number=number, pdf=PDF if number % 2 else None))
    ids = {message["subject"]: message["immutable_id"] for message in emulator.control.dump(MAILBOX)["messages"]}
    emulator.control.add_faults(
        [
            {"match": {"kind": "list"}, "nth": 1, "status": 504},
            {"match": {"kind": "value"}, "nth": 2, "mode": "cut_body"},
            {"match": {"kind": "value"}, "nth": 5, "status": 429, "retry_after": 90},
            {"match": {"kind": "value", "message": ids["Mail 7"]}, "times": -1, "status": 500},
            {"match": {"kind": "move"}, "nth": 2, "mode": "after", "status": 504},
            {"match": {"kind": "move"}, "nth": 4, "mode": "drop"},
        ]
    )
    emulator.control.program_sink("ledger", statuses=[500, 429, 503, 200])
    for minute in range(120):
        if minute == 2:
            emulator.control.delete_message(MAILBOX, ids["Mail 8"], permanently=True)
        await world.app.tick()
        await world.drain()
        world.clock.advance(minutes=1)
        emulator.control.advance(60)
        if minute > 20 and await world.at_rest():
            break
    found = await runs(world)
    assert len(found) == 12
    assert {run.stage for run in found.values()} <= ENDS
    assert (found["Mail 7"].stage.value, found["Mail 7"].reason) == ("parked", "not_fetched")
    stuck = {subject for subject, place in places(emulator).items() if place == ""}
    assert stuck == {"Mail 7"}
    assert max(moves(emulator).values()) == 1
    assert early(emulator) == []
    told = [event["data"]["message"] for event in events(emulator) if event["type"].startswith("postrum.message.")]
    assert len(told) == len(set(told)) == len([run for run in found.values() if run.stage.value != "gone"])
    assert world.failed == []


async def test_an_empty_answer_never_becomes_the_archived_mail(world: World, emulator: EmulatorThread) -> None:
    emulator.control.deliver(MAILBOX, mail("Invoice", pdf=PDF))
    emulator.control.add_faults([{"match": {"kind": "value"}, "nth": 1, "status": 200, "body": ""}])
    await world.app.tick()
    await world.drain([Queue.MAILBOX])
    assert [path async for path in world.app.services.archive.paths()] == []
    await world.until_rest()
    assert places(emulator) == {"Invoice": "Imported"}


async def test_a_mail_beyond_the_limit_is_parked_with_its_reason_and_stays(
    world: World, emulator: EmulatorThread
) -> None:
    from dataclasses import replace

    emulator.control.deliver(MAILBOX, mail("Huge", number=1, pdf=PDF + b"x" * 300_000))
    emulator.control.deliver(MAILBOX, mail("Small", number=2, pdf=PDF))
    world.app.__dict__["services"] = replace(world.app.services, mail_limit=200_000)
    await world.until_rest()
    found = await runs(world)
    assert (found["Huge"].stage.value, found["Huge"].reason) == ("parked", "not_archived")
    assert "larger than the limit" in found["Huge"].reason_detail
    assert places(emulator) == {"Huge": "", "Small": "Imported"}


async def test_an_inactive_mailbox_is_never_read(world: World, emulator: EmulatorThread) -> None:
    await world.configure(CONFIGURATION.replace("folders: {", "active: false\n        folders: {"))
    emulator.control.deliver(MAILBOX, mail("Invoice", pdf=PDF))
    await world.settle(ticks=3)
    assert emulator.control.counters()["lanes"] == []
    assert await runs(world) == {}


async def test_a_mailbox_that_is_taken_out_of_the_configuration_leaves_nothing_hanging(
    world: World, emulator: EmulatorThread
) -> None:
    emulator.control.deliver(MAILBOX, mail("Invoice", pdf=PDF))
    await world.app.tick()
    await world.drain([Queue.MAILBOX])
    before, _, after = CONFIGURATION.partition("    mailboxes:")
    await world.configure(f"{before}    series:{after.partition('    series:')[2]}")
    await world.until_rest()
    [run] = (await runs(world)).values()
    assert (run.stage.value, run.reason) == ("parked", "configuration")
    assert places(emulator) == {"Invoice": ""}
