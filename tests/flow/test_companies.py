"""Two companies in one deployment never mix, and the same mail in two mailboxes is imported once in each."""

from __future__ import annotations

import asyncio

import pytest

from emulator.server import EmulatorThread
from shared.model.config import Series
from tests.flow.mails import PDF, mail
from tests.flow.seeing import documents, events, places, runs
from tests.flow.world import CONFIGURATION, MAILBOX, World

OTHER = "rechnung@suedwind.example"
SECOND = "ap@nordlys.example"
TWO_COMPANIES = (
    CONFIGURATION
    + f"""
  - id: suedwind
    name: Südwind GmbH
    mailboxes:
      - id: invoices
        address: {OTHER}
        folders: {{imported: Importiert, other: Offen}}
        schedule: "* * * * *"
    series:
      - {{id: documents, prefix: "S-", width: 3, default: true}}
    subscribers:
      - {{id: ledger, url: "%SINK%/suedwind"}}
"""
)
TWO_MAILBOXES = CONFIGURATION.replace(
    "    series:",
    f"      - id: payable\n        address: {SECOND}\n        folders: {{imported: Done, other: Rest}}\n"
    '        schedule: "* * * * *"\n    series:',
    1,
)


@pytest.mark.capability("S1.1")
async def test_s1_1_mail_to_one_company_never_appears_in_another(world: World, emulator: EmulatorThread) -> None:
    await world.configure(TWO_COMPANIES)
    emulator.control.create_mailbox(OTHER)
    emulator.control.set_exchange_scope([MAILBOX, OTHER])
    emulator.control.deliver(MAILBOX, mail("To Nordlys relatienr 12", number=1, pdf=PDF))
    # the same bytes to both: the same mail, two companies
    for address in (MAILBOX, OTHER):
        emulator.control.deliver(address, mail("To both relatienr 12", number=2, pdf=PDF + b"%both"))
    emulator.control.deliver(OTHER, mail("To Südwind", number=3, pdf=PDF + b"%3"))
    await world.until_rest()

    assert places(emulator) == {"To Nordlys relatienr 12": "Imported", "To both relatienr 12": "Imported"}
    assert set(places(emulator, OTHER).values()) == {"Importiert"}
    by_company: dict[str, set[str]] = {"nordlys": set(), "suedwind": set()}
    async for run in world.app.services.messages.every_run():
        by_company[run.company].add(run.message)
        assert run.duplicate_of is None
    assert [len(messages) for messages in by_company.values()] == [2, 2]
    assert not by_company["nordlys"] & by_company["suedwind"]

    assert [document.number for document in await documents(world)] == ["D-00001", "D-00002"]
    assert [document.number for document in await documents(world, "suedwind")] == ["S-001", "S-002"]
    for subscriber, company in (("ledger", "nordlys"), ("suedwind", "suedwind")):
        told = events(emulator, subscriber)
        assert {event["company"] for event in told} == {company}
        assert {event["data"]["message"] for event in told} == by_company[company]
        assert {event["source"] for event in told} == {f"/companies/{company}/mailboxes/invoices"}
    lookup = world.app.services.lookup
    assert set(await lookup.find("nordlys", "entity", "relation/12")) == by_company["nordlys"]
    assert await lookup.find("suedwind", "entity", "relation/12") == []
    async for path in world.app.services.archive.paths():
        _, company, message, *_rest = path.split("/")
        assert message in by_company[company]
    for company, messages in by_company.items():
        lines = await world.app.services.timeline.newest(company, world.clock())
        assert {message for message, _ in lines} == messages


@pytest.mark.capability("S1.1")
async def test_s1_1_a_company_whose_mailbox_is_refused_does_not_stop_the_other(
    world: World, emulator: EmulatorThread
) -> None:
    await world.configure(TWO_COMPANIES)
    emulator.control.create_mailbox(OTHER)
    emulator.control.set_exchange_scope([OTHER])
    emulator.control.deliver(MAILBOX, mail("Invoice", number=1, pdf=PDF))
    emulator.control.deliver(OTHER, mail("Rechnung", number=2, pdf=PDF))
    await world.settle(ticks=2)
    assert places(emulator) == {"Invoice": ""}
    assert places(emulator, OTHER) == {"Rechnung": "Importiert"}


@pytest.mark.pain("C18")
async def test_c18_one_mail_to_two_own_mailboxes_is_imported_in_each_and_known_as_one(
    world: World, emulator: EmulatorThread
) -> None:
    await world.configure(TWO_MAILBOXES)
    emulator.control.create_mailbox(SECOND)
    emulator.control.set_exchange_scope([MAILBOX, SECOND])
    content = mail("Invoice", pdf=PDF, extra=f"Cc: {SECOND}\r\n")
    for address in (MAILBOX, SECOND):
        emulator.control.deliver(address, content)
    await world.until_rest()
    assert places(emulator) == {"Invoice": "Imported"}
    assert places(emulator, SECOND) == {"Invoice": "Done"}
    found = [run async for run in world.app.services.messages.every_run()]
    assert sorted(run.mailbox for run in found) == ["invoices", "payable"]
    evidence = [await world.app.services.messages.evidence(run.message, 1) for run in found]
    [follower] = [one for one in evidence if one.duplicate_of is not None]
    [leader] = [one for one in evidence if one.duplicate_of is None]
    assert follower.duplicate_of == leader.message_id
    assert not follower.duplicate_in_same_mailbox


@pytest.mark.capability("S1.34")
async def test_s1_34_fifty_imports_at_once_get_fifty_consecutive_numbers(world: World, second: World) -> None:
    series = Series(id="documents", prefix="D-", width=5, default=True)
    keys = [f"key{number:02d}" for number in range(50)]
    takers = [world.app.services.documents, second.app.services.documents]
    numbers = await asyncio.gather(
        *(takers[at % 2]._series.take("nordlys", series, key) for at, key in enumerate(keys))
    )
    assert sorted(numbers) == [f"D-{number:05d}" for number in range(1, 51)]
    again = await asyncio.gather(*(takers[0]._series.take("nordlys", series, key) for key in keys))
    assert list(again) == list(numbers)


@pytest.mark.capability("S1.34")
async def test_s1_34_mails_that_arrive_together_are_numbered_without_gaps(
    world: World, second: World, emulator: EmulatorThread
) -> None:
    for number in range(12):
        emulator.control.deliver(MAILBOX, mail(f"Invoice {number}", number=number, pdf=PDF))
    await world.app.tick()
    await world.drain()
    await asyncio.gather(world.until_rest(), second.until_rest())
    found = await documents(world)
    assert [document.number for document in found] == [f"D-{number:05d}" for number in range(1, 13)]
    assert {document.series for document in found} == {"documents"}
    assert len({document.message for document in found}) == 12
    assert len(await runs(world)) == 12


@pytest.mark.capability("S1.43")
@pytest.mark.parametrize(("flag", "place"), [("false", "document_import"), ("true", "worklist")])
async def test_s1_43_direct_to_worklist_decides_where_the_document_waits(
    flag: str, place: str, world: World, emulator: EmulatorThread
) -> None:
    await world.configure(CONFIGURATION.replace("folders: {", f"direct_to_worklist: {flag}\n        folders: {{"))
    emulator.control.deliver(MAILBOX, mail("Invoice", pdf=PDF))
    await world.until_rest()
    assert [document.place for document in await documents(world)] == [place]
    created = [event["data"] for event in events(emulator) if event["type"] == "postrum.document.created"]
    assert [data["place"] for data in created] == [place]


@pytest.mark.capability("S1.1")
async def test_s1_1_what_fails_for_one_company_is_no_failure_of_another_that_reads_the_same_mailbox(
    world: World, emulator: EmulatorThread
) -> None:
    """They share a lane. The second company's way to the mailbox lacks an account; the first one's works."""
    second = TWO_COMPANIES.replace(
        f"address: {OTHER}\n",
        f"address: {MAILBOX}\n        connection: graph_delegated\n        leave_in_place: true\n",
    )
    await world.configure(second)
    for number in range(3):
        emulator.control.deliver(MAILBOX, mail(f"Invoice {number}", number=number, pdf=PDF + b"%%%d" % number))
        await world.settle(ticks=4)
    health = {one.company: one for one in (await world.app.health()).mailboxes}
    assert health["nordlys"].failure is None
    failure = health["suedwind"].failure
    assert failure is not None
    assert failure.since < failure.at, "a success of the other company does not make it a new failure"
    assert set(places(emulator).values()) == {"Imported"}
