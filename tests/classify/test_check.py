from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter

from shared.classify.check import validate, validate_rule, warnings
from shared.classify.reach import constant
from shared.model import config
from tests.classify.builders import ACTIONS, ALWAYS, NEVER, company, compare, rule

MOVE_BACK = {"action": "move", "folder": "Inn"}
SOURCE_INN = {"folders": {"source": "Inn", "imported": "Archive", "other": "Manual"}}


def problems(*rules: config.Rule, **fields: Any) -> list[str]:
    return validate(company(*rules, **fields), ACTIONS)


def test_a_good_configuration_has_no_problems() -> None:
    good = rule(
        "good",
        {"action": "create_document", "kind": "invoice", "series": "main"},
        {"action": "link", "entity": "relation", "number": "0001"},
        {"action": "webhook", "event": "invoice.seen"},
        {"action": "categorise", "category": "Invoice"},
        "mark_read",
        {"action": "move", "folder": "Suppliers/Big"},
        when={"all": [compare(), {"any": [compare("from", "ends_with", "@x.example"), compare("header", name="X-A")]}]},
    )
    configured = company(good, rule("skip", "skip_import", when=compare("size", "less", 100)))
    assert validate(configured, ACTIONS) == []
    assert warnings(configured) == []


@pytest.mark.parametrize(
    ("when", "problem"),
    [
        (
            compare("subjekt"),
            'condition 1 (subjekt contains "invoice"): there is no field "subjekt"; did you mean subject?',
        ),
        (compare("subject", "equals"), "there is no operator"),
        (compare("size", "ends_with", "x"), "ends_with does not fit size"),
        (compare("is_duplicate", "is", 1), "is_duplicate is compared with true or false"),
        ({"any": [ALWAYS, {"not": compare("subject", "matches", "(a")}]}, "condition 1.2.1"),
        (compare("automatic", "is", "bounce"), "can never be true, so it can never do anything"),
        ({"all": [compare(), {"not": compare()}]}, "can never be true"),
        ({"all": [compare("subject", "is", "a"), compare("subject", "is", "b")]}, "can never be true"),
        ({"all": [compare("size", "greater", 10), compare("size", "less", 11)]}, "can never be true"),
        (compare("attachment_count", "less", 0), "can never be true"),
    ],
)
def test_condition_problems(when: dict[str, Any], problem: str) -> None:
    found = problems(rule("bad", "mark_read", when=when))
    assert len(found) == 1
    assert found[0].startswith("rule 'bad': ")
    assert problem in found[0]


@pytest.mark.parametrize(
    ("action", "problem"),
    [
        ("mvoe", "action 1 (mvoe): there is no such action; did you mean move?"),
        ("move", "action 1 (move): folder is missing"),
        ({"action": "webhook", "event": "Not This"}, "action 1 (webhook): event: "),
        ({"action": "webhook", "event": "a", "evnet": "b"}, 'there is no parameter "evnet"; did you mean event?'),
        ({"action": "mark_read", "really": True}, 'there is no parameter "really"; it takes none'),
        (
            {"action": "create_document", "series": "gone"},
            'there is no number series "gone"; known are credit and main',
        ),
        ({"action": "skip_import", "why": "so"}, "takes no parameters, but has why"),
        ({"action": "link", "entity": "relaton", "number": "1"}, "entity: "),
    ],
)
def test_action_problems(action: Any, problem: str) -> None:
    assert any(problem in found for found in problems(rule("bad", action)))


def test_every_problem_is_told_at_once() -> None:
    bad = rule("bad", "mvoe", MOVE_BACK, when={"all": [compare("a"), compare("subject", "b")]})
    found = problems(bad, rule("worse", "nothing", active=False), mailbox=SOURCE_INN)
    assert len(found) == 5
    assert len([line for line in found if line.startswith("rule 'bad'")]) == 4
    assert len(validate_rule(bad, company(mailbox=SOURCE_INN), ACTIONS)) == 4


@pytest.mark.pain("C34")
@pytest.mark.parametrize("wanted", ["Inn", "inn", "/INN/"])
def test_a_move_back_into_the_source_folder_is_refused(wanted: str) -> None:
    found = problems(rule("back", {"action": "move", "folder": wanted}), mailbox=SOURCE_INN)
    assert len(found) == 1
    assert "mail is read from this folder, so it would come back again and again" in found[0]
    other = rule("back", {"action": "move", "folder": wanted}, mailboxes=["orders"])
    assert problems(other, mailbox=SOURCE_INN) == []


def _chain(**folders: tuple[str, str, str]) -> list[dict[str, Any]]:
    return [
        {
            "id": name,
            "address": "shared@x.example",
            "folders": dict(zip(("source", "imported", "other"), three, strict=True)),
        }
        for name, three in folders.items()
    ]


@pytest.mark.pain("C34")
def test_mailboxes_of_one_address_that_move_mail_to_each_other_are_refused() -> None:
    circle = _chain(a=("A", "B", "Rest"), b=("B", "Done", "A"))
    assert problems(mailboxes=circle) == [
        "mailboxes 'a' and 'b' of shared@x.example move mail to each other in a circle, for ever"
    ]
    long = _chain(a=("A", "B", "Rest"), b=("B", "C", "Rest"), c=("C", "A", "Rest"), d=("D", "A", "Rest"))
    assert problems(mailboxes=long) == [
        "mailboxes 'a', 'b' and 'c' of shared@x.example move mail to each other in a circle, for ever"
    ]
    chain = _chain(a=("", "B", "Rest"), b=("B", "Done", "Rest"))
    assert problems(mailboxes=chain) == []
    by_rule = rule("back", {"action": "move", "folder": "B"}, mailboxes=["c"])
    three = _chain(a=("", "X", "Y"), b=("B", "C", "Rest"), c=("C", "Done", "Rest"))
    assert "'b' and 'c'" in problems(by_rule, mailboxes=three)[0]
    assert (
        problems(rule("back", {"action": "move", "folder": "B"}, mailboxes=["c"], active=False), mailboxes=three) == []
    )


def test_two_mailboxes_that_read_one_folder_are_refused() -> None:
    twice = _chain(a=("", "B", "Rest"), b=("", "Done", "Rest"))
    assert problems(mailboxes=twice) == ["mailboxes 'a' and 'b' both read the inbox of shared@x.example"]


def test_keyword_problems() -> None:
    found = problems(keywords=[{"entity": "project", "words": ["#1"], "separators": "-x"}])
    assert any("needs a letter" in line for line in found)
    assert any("a separator is a sign" in line for line in found)


# ---- warnings


@pytest.mark.pain("C34")
def test_a_rule_behind_one_that_always_stops_is_warned_about() -> None:
    stop = rule("stop", "mark_read", then="stop")
    found = warnings(company(stop, rule("later", "mark_read", when=compare())))
    assert found == ["rule 'later' is never tried: rule 'stop' stops before it for every mail that could match"]


@pytest.mark.parametrize(
    ("first", "second", "warned"),
    [
        ({"when": compare(), "then": "stop"}, {"when": compare()}, True),
        ({"when": compare(), "then": "stop"}, {"when": compare(value="order")}, False),
        ({"when": compare()}, {"when": compare()}, False),
        ({"then": "stop", "active": False}, {}, False),
        ({"then": "stop", "mailboxes": ["orders"]}, {}, False),
        ({"then": "stop", "mailboxes": ["orders"]}, {"mailboxes": ["orders"]}, True),
        ({"then": "stop", "when": {"any": [compare(), compare("subject", "not_contains", "INVOICE")]}}, {}, True),
        ({"then": "stop", "when": {"not": NEVER}}, {}, False),
    ],
)
def test_unreached_rules(first: dict[str, Any], second: dict[str, Any], warned: bool) -> None:
    found = warnings(company(rule("first", "mark_read", **first), rule("second", "mark_read", **second)))
    assert bool(found) is warned


def test_other_warnings() -> None:
    twice = rule("twice", {"action": "move", "folder": "Inbox/A"}, {"action": "move", "folder": "B"})
    words = [{"entity": "relation", "words": ["Nr"]}, {"entity": "dossier", "words": ["nr"]}]
    found = warnings(company(twice, keywords=words, modules=["relation"]))
    assert any('only its first move counts; the one to "B" is ignored' in line for line in found)
    assert any('a folder "Inbox" inside the inbox' in line for line in found)
    assert any("stands for relation and for dossier" in line for line in found)
    assert any("does not use dossier" in line for line in found)
    asleep = company(rule("r", "mark_read", mailboxes=["invoices"]), mailbox={"active": False})
    assert warnings(asleep) == ["rule 'r': none of its mailboxes is active"]


@pytest.mark.parametrize(
    ("tree", "value"),
    [
        (ALWAYS, True),
        (compare(), None),
        ({"not": ALWAYS}, False),
        ({"all": [ALWAYS, compare()]}, None),
        ({"any": [ALWAYS, compare()]}, True),
        ({"any": [{"not": ALWAYS}, {"not": ALWAYS}]}, False),
        ({"all": [compare("to", "is", "a"), compare("to", "is", "b")]}, None),  # a mail has several recipients
        ({"any": [compare("cc", "exists", None), compare("cc", "not_exists", None)]}, True),
        (compare("automatic", "is_not", "bounce"), True),
        (compare("automatic", "in", ["bounce", "list"]), None),
        (compare("automatic", "exists", None), None),
    ],
)
def test_what_can_be_known_without_a_mail(tree: dict[str, Any], value: bool | None) -> None:
    assert constant(TypeAdapter(config.Condition).validate_python(tree)) is value
