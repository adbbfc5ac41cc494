"""Rules and keywords from end to end: what is configured happens to the mail, in its order, and nothing else does."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from emulator.server import EmulatorThread
from shared.errors import ConfigurationError
from tests.flow.mails import PDF, mail
from tests.flow.seeing import documents, events, mails, moves, places, runs
from tests.flow.world import CONFIGURATION, MAILBOX, World

HEAD, _, REST = CONFIGURATION.partition("    rules:")
SUBSCRIBERS = "    subscribers:" + REST.partition("    subscribers:")[2]


def rules(text: str) -> str:
    """The configuration with other rules."""
    return f"{HEAD}    rules:\n{text}\n{SUBSCRIBERS}"


def keywords(text: str) -> str:
    """The configuration with other keywords."""
    before, _, after = CONFIGURATION.partition("    keywords:")
    return f"{before}    keywords:\n{text}\n    rules:{after.partition('    rules:')[2]}"


async def _linked(world: World, subject: str) -> list[tuple[str, str]]:
    run = (await runs(world))[subject]
    links = [done.result for done in run.results if done.action == "link"]
    for link in links:
        key = f"{link['entity']}/{link['number']}"
        assert run.message in await world.app.services.lookup.find("nordlys", "entity", key)
    return [(link["entity"], link["number"]) for link in links]


@pytest.mark.capability("S2.3", "S2.4", "S2.5", "S2.6", "S2.11")
async def test_s2_3_to_s2_6_keywords_in_the_subject_link_the_mail(world: World, emulator: EmulatorThread) -> None:
    await world.configure(
        keywords(
            "      - {entity: relation, words: [relatienummer, relnr]}\n"
            '      - {entity: project, words: [project], separators: "-"}\n'
            "      - {entity: dossier, words: [dossier], mailboxes: [invoices]}"
        )
    )
    subjects: dict[str, list[tuple[str, str]]] = {
        "Relatienummer 000123": [("relation", "000123")],
        "RE: RELNR: #000123": [("relation", "000123")],
        "relnr 123": [("relation", "123")],
        "project 100-20-3": [("project", "100/20/3")],
        "project 100/20/3": [],
        "FW: dossier 7 en relnr 0042": [("dossier", "7"), ("relation", "0042")],
        "onrelnr 99": [],
        "relnr without a number": [],
    }
    for number, subject in enumerate(subjects, 1):
        emulator.control.deliver(MAILBOX, mail(subject, number=number))
    encoded = mail("=?utf-8?q?Gr=C3=BC=C3=9Fe=2C_relnr_00?= =?utf-8?q?0777?=", number=30)
    emulator.control.deliver(MAILBOX, encoded)
    await world.until_rest()
    assert {subject: sorted(await _linked(world, subject)) for subject in subjects} == subjects
    assert await _linked(world, "Grüße, relnr 000777") == [("relation", "000777")]
    told = [event["data"] for event in events(emulator) if event["type"] == "postrum.message.linked"]
    assert {(data["entity"], data["number"], data["step"]) for data in told} >= {("relation", "000123", "keyword")}
    # 000123 and 123 are two relations
    lookup = world.app.services.lookup
    assert len(await lookup.find("nordlys", "entity", "relation/000123")) == 2
    assert len(await lookup.find("nordlys", "entity", "relation/123")) == 1


@pytest.mark.capability("S5.22")
async def test_s5_22_only_active_rules_with_a_name_are_tried(world: World, emulator: EmulatorThread) -> None:
    condition = "        when: {field: subject, operator: contains, value: order}\n"
    text = (
        f"      - name: First\n        active: false\n{condition}        actions: [{{action: move, folder: Never}}]\n"
    )
    text += f"      - name: Second\n{condition}        actions: [{{action: move, folder: Orders}}]"
    await world.configure(rules(text))
    emulator.control.deliver(MAILBOX, mail("An order"))
    await world.until_rest()
    assert places(emulator) == {"An order": "Orders"}
    [run] = (await runs(world)).values()
    known = await world.app.status.message(run.message)
    assert known is not None
    assert known[1] is not None
    tried = {step.detail.partition(" ")[0]: step.result for step in known[1].trace if step.step == "rule"}
    assert tried == {"first": "not active", "second": "matched"}
    with pytest.raises(ConfigurationError, match="name"):
        await world.configure(rules(text.replace("name: First", 'name: ""')))


@pytest.mark.capability("S5.23")
async def test_s5_23_a_rule_of_one_mailbox_leaves_the_mails_of_another_alone(
    world: World, emulator: EmulatorThread
) -> None:
    # the folders whose mail a rule handles are those of its mailboxes: each reads one folder of an address
    text = rules(
        "      - name: Scans\n        mailboxes: [scans]\n        when: {field: subject, operator: contains, value: order}\n"
        "        actions: [{action: move, folder: Scanned}]"
    ).replace(
        "    series:",
        f"      - id: scans\n        address: {MAILBOX}\n        folders: {{source: In, imported: Imported, other: Follow up}}\n"
        '        schedule: "* * * * *"\n    series:',
        1,
    )
    await world.configure(text)
    emulator.control.deliver(MAILBOX, mail("An order in the inbox", number=1))
    folder = emulator.control.create_folder(MAILBOX, "inbox/In")["id"]
    emulator.control.deliver(MAILBOX, mail("An order in the folder", number=2), folder="inbox/In")
    emulator.control.deliver(MAILBOX, mail("An order elsewhere", number=3), folder="inbox/Private")
    await world.until_rest()
    assert places(emulator) == {
        "An order in the inbox": "Follow up",
        "An order in the folder": "Scanned",
        "An order elsewhere": "Private",
    }
    # the folder is remembered by its id: renamed, it still works
    emulator.control.in_loop(lambda: _rename(emulator, folder, "Eingang"))
    emulator.control.deliver(MAILBOX, mail("A later order", number=4), folder="inbox/Eingang")
    await world.until_rest()
    assert places(emulator)["A later order"] == "Scanned"


def _rename(emulator: EmulatorThread, folder: str, name: str) -> None:
    box = emulator.control._world.mailbox(MAILBOX)
    box.folders[folder].display_name = name


@pytest.mark.capability("S5.24", "S5.25")
@pytest.mark.pain("C34")
async def test_s5_25_groups_of_conditions_three_levels_deep(world: World, emulator: EmulatorThread) -> None:
    await world.configure(
        rules(
            "      - name: Tree\n"
            "        when:\n"
            "          all:\n"
            "            - {field: from, operator: contains, value: fjordkraft}\n"
            "            - any:\n"
            "                - {field: subject, operator: starts_with, value: Order}\n"
            "                - all:\n"
            "                    - {field: attachment_name, operator: contains, value: invoice}\n"
            "                    - not: {field: header, name: X-Kind, operator: is, value: test}\n"
            "        actions: [{action: move, folder: Matched}]"
        )
    )
    cases: dict[str, tuple[dict[str, Any], str]] = {
        "Order 1": ({}, "Matched"),
        "Note 1": ({}, "Follow up"),
        "Bill 1": ({"pdf": PDF + b"%1"}, "Matched"),
        "Bill 2": ({"pdf": PDF + b"%2", "extra": "X-Kind: test\r\n"}, "Imported"),
        "Order 2": ({"sender": "someone@elsewhere.example"}, "Follow up"),
    }
    for number, (subject, (more, _)) in enumerate(cases.items(), 1):
        emulator.control.deliver(MAILBOX, mail(subject, number=number, **more))
    await world.until_rest()
    assert places(emulator) == {subject: place for subject, (_, place) in cases.items()}


@pytest.mark.capability("S5.26")
@pytest.mark.pain("C34")
async def test_s5_26_actions_run_in_their_order_and_the_move_is_last_and_once(
    world: World, emulator: EmulatorThread
) -> None:
    await world.configure(
        rules(
            "      - name: First\n        when: {field: subject, operator: contains, value: order}\n        actions:\n"
            "          - {action: move, folder: One}\n          - {action: webhook, event: order.first}\n"
            "          - {action: categorise, category: Red}\n          - {action: create_document, path: ''}\n"
            "      - name: Second\n        when: {field: subject, operator: contains, value: order}\n        actions:\n"
            "          - {action: move, folder: Two}\n          - {action: webhook, event: order.second}\n"
            "          - {action: mark_read}"
        )
    )
    emulator.control.deliver(MAILBOX, mail("An order"))
    await world.until_rest()
    [run] = (await runs(world)).values()
    known = await world.app.status.message(run.message)
    assert known is not None
    assert known[1] is not None
    assert [(planned.position, planned.action, planned.rule) for planned in known[1].actions] == [
        (1, "webhook", "first"),
        (2, "create_document", "first"),
        (3, "webhook", "second"),
        (4, "categorise", "first"),
        (5, "mark_read", "second"),
        (6, "move", "first"),
    ]
    assert [(done.position, done.action) for done in run.results] == [
        (1, "webhook"),
        (2, "create_document"),
        (3, "webhook"),
    ]
    found = mails(emulator)["An order"]
    assert (found["is_read"], found["categories"], found["patches"]) == (True, ["Red"], 1)
    assert places(emulator) == {"An order": "One"}
    assert moves(emulator) == {"An order": 1}
    assert [(document.media_type, document.path) for document in await documents(world)] == [("message/rfc822", "")]
    told = [(event["type"].removeprefix("postrum."), event["sequence"]) for event in events(emulator)]
    assert [kind for kind, _ in told] == ["rule.matched", "document.created", "rule.matched", "message.filed"]
    assert [sequence for _, sequence in told] == sorted(sequence for _, sequence in told)
    ignored = [step for step in known[1].trace if step.step == "action" and step.result == "ignored"]
    assert len(ignored) == 1  # the second move


@pytest.mark.pain("C34")
async def test_c34_rules_that_would_move_mail_in_a_circle_are_refused(world: World) -> None:
    again = "      - name: Back\n        when: {field: subject, operator: contains, value: x}\n"
    with pytest.raises(ConfigurationError, match="again and again"):
        await world.configure(
            rules(f"{again}        actions: [{{action: move, folder: In}}]").replace(
                "folders: {", "folders: {source: In, "
            )
        )
    other = (
        f"      - id: scans\n        address: {MAILBOX}\n        folders: {{source: Imported, imported: Done, other: Rest}}\n"
        '        schedule: "* * * * *"\n    series:'
    )
    both = rules(f"{again}        mailboxes: [scans]\n        actions: [{{action: move, folder: Loop}}]")
    looped = both.replace("    series:", other, 1).replace("imported: Imported", "source: Loop, imported: Imported", 1)
    with pytest.raises(ConfigurationError, match="circle"):
        await world.configure(looped)


async def test_a_rule_that_stops_ends_the_rules(world: World, emulator: EmulatorThread) -> None:
    condition = "        when: {field: subject, operator: contains, value: order}\n"
    await world.configure(
        rules(
            f"      - name: First\n{condition}        then: stop\n        actions: [{{action: categorise, category: A}}]\n"
            f"      - name: Second\n{condition}        actions: [{{action: categorise, category: B}}]"
        )
    )
    emulator.control.deliver(MAILBOX, mail("An order"))
    await world.until_rest()
    assert mails(emulator)["An order"]["categories"] == ["A"]


async def test_a_rule_of_today_decides_about_a_mail_that_is_run_again(world: World, emulator: EmulatorThread) -> None:
    emulator.control.deliver(MAILBOX, mail("Lunch with an order"))
    await world.until_rest()
    assert places(emulator) == {"Lunch with an order": "Follow up"}
    await world.configure(CONFIGURATION.replace("value: purchase order", "value: order"))
    [run] = (await runs(world)).values()
    await asyncio.gather(world.app.again.message(run.message))
    await world.until_rest()
    assert places(emulator) == {"Lunch with an order": "Orders"}
    # the first decision stays as it was
    first = [event for event in events(emulator) if event["type"] == "postrum.message.filed"]
    assert [event["data"]["folder"] for event in first] == ["Follow up", "Orders"]
    assert len({event["id"] for event in first}) == 2
