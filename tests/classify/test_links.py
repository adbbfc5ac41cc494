from __future__ import annotations

import email.header
import time
from typing import Any

import pytest

from shared.classify.decide import decide
from shared.classify.links import subject_links
from shared.model.config import EntityKind
from tests.classify.builders import company, evidence, names, traced

RELATION: dict[str, Any] = {"entity": "relation", "words": ["relatienummer", "relnr"]}
PROJECT: dict[str, Any] = {"entity": "project", "words": ["project", "proj."]}


def found(subject: str | None, *keywords: dict[str, Any], mailbox: str = "invoices", **fields: Any) -> list[str]:
    configured = company(keywords=keywords or (RELATION, PROJECT), **fields)
    links = subject_links(subject, configured, mailbox).links
    return [
        f"{link.entity.value} {'|'.join(part for part in (link.number, link.sub_project, link.phase) if part)}"
        for link in links
    ]


@pytest.mark.capability("S2.3")
def test_s2_3_synonyms_link_to_the_same_entity_whatever_their_case() -> None:
    assert found("relatienummer 000123") == found("relnr 000123") == found("RELNR 000123") == ["relation 000123"]
    assert found("kundenr 000123") == []


@pytest.mark.capability("S2.3")
def test_s2_3_keywords_hold_for_their_own_mailboxes() -> None:
    own = {**RELATION, "mailboxes": ["orders"]}
    assert found("relnr 000123", own, mailbox="orders") == ["relation 000123"]
    assert found("relnr 000123", own, mailbox="invoices") == []


@pytest.mark.capability("S2.4")
def test_s2_4_leading_zeros_belong_to_the_number() -> None:
    assert found("relnr 000123") == ["relation 000123"]
    assert found("relnr 123") == ["relation 123"]
    assert found("relnr 0") == ["relation 0"]
    assert found("relnr 00000000000000000000000000000000000123") == ["relation 00000000000000000000000000000000000123"]


@pytest.mark.capability("S2.4")
@pytest.mark.parametrize(
    "subject",
    [
        "relnr 000123-4",
        "relnr 000123/2024",
        "relnr 000123,000124",
        "relnr 12:30",
        "relnr " + "1" * 41,
        "relnr 123é",
        "relnr 12٣",
    ],
)
def test_s2_4_half_a_number_never_links(subject: str) -> None:
    assert found(subject) == []


@pytest.mark.capability("S2.5")
@pytest.mark.parametrize(
    ("separators", "subject", "expected"),
    [
        ("-", "project 100-20-3", ["project 100|20|3"]),
        ("-", "project 100/20/3", []),
        ("-", "project 100,20,3", []),
        ("/", "project 100/20/3", ["project 100|20|3"]),
        ("/", "project 100-20-3", []),
        (",", "project 100,20,3", ["project 100|20|3"]),
        (",", "project 100/20/3", []),
        ("-/,", "project 100-20", ["project 100|20"]),
        ("-/,", "project 100", ["project 100"]),
        ("-/,", "project 100-20-3-4", []),
        ("-/,", "project 007-020-003 final", ["project 007|020|003"]),
        ("-", "project 100–20–3", ["project 100|20|3"]),  # a mail program made dashes of the hyphens
        ("-", "project 100-offer", ["project 100"]),
        ("-", "project 100 - 20 pieces", ["project 100"]),
        (".", "project 100.20.3.", ["project 100|20|3"]),
    ],
)
def test_s2_5_parts_of_a_project(separators: str, subject: str, expected: list[str]) -> None:
    assert found(subject, {**PROJECT, "separators": separators}) == expected


@pytest.mark.capability("S2.6")
@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("relnr:000123", ["relation 000123"]),
        ("relnr: 000123", ["relation 000123"]),
        ("relnr #000123", ["relation 000123"]),
        ("relnr = 000123", ["relation 000123"]),
        ("relnr.: 000123", ["relation 000123"]),
        ("relnr000123", ["relation 000123"]),
        ("relnr   \t 000123", ["relation 000123"]),
        ("relnr\u00a0000123", ["relation 000123"]),
        ("rel\u200bnr 000123", ["relation 000123"]),
        ("RE: relnr 000123", ["relation 000123"]),
        ("Re: FW: AW: SV: relnr 000123", ["relation 000123"]),
        ("RE[2]:relnr 000123", ["relation 000123"]),
        ("offer (relnr 000123) for you", ["relation 000123"]),
        ("relnr PC0042", ["relation PC0042"]),
        ("relnr 000123.", ["relation 000123"]),
        ("relnr 000123, project 100-20", ["relation 000123", "project 100|20"]),
        ("relnr 1 and relnr 2 and relnr 1", ["relation 1", "relation 2"]),
        ("relnr relnr 5", ["relation 5"]),
        ("relnrx 000123", []),
        ("xrelnr 000123", []),
        ("relnr for 2024", []),
        ("relnr", []),
        ("relnr 000123-offer", ["relation 000123"]),
        ("", []),
        (None, []),
    ],
)
def test_s2_6_subjects(subject: str | None, expected: list[str]) -> None:
    assert found(subject) == expected


@pytest.mark.capability("S2.6")
@pytest.mark.parametrize(
    "raw", ["=?utf-8?Q?RE:_Relatienr=3A_000123_=E2=82=AC?=", "=?utf-8?B?UkU6IFJlbGF0aWVucjogMDAwMTIzIOKCrA==?="]
)
def test_s2_6_encoded_subject(raw: str) -> None:
    decoded = str(email.header.make_header(email.header.decode_header(raw)))
    assert found(decoded, {"entity": "relation", "words": ["relatienr"]}) == ["relation 000123"]


def test_prefixes_are_no_keywords_and_the_longest_word_counts() -> None:
    assert found("SV: 100 offers", {"entity": "help_request", "words": ["sv"]}) == []
    assert found("sv 100", {"entity": "help_request", "words": ["sv"]}) == ["help_request 100"]
    both = ({"entity": "relation", "words": ["relatie"]}, {"entity": "contact", "words": ["relatie nr"]})
    assert found("relatie nr123", *both) == ["contact 123"]


@pytest.mark.capability("S2.11")
@pytest.mark.parametrize("entity", list(EntityKind))
def test_s2_11_each_kind_links_and_a_module_not_in_use_is_ignored_and_traced(entity: EntityKind) -> None:
    keyword = {"entity": entity, "words": ["nr"]}
    assert found("nr 0042", keyword) == [f"{entity.value} 0042"]
    others = [kind for kind in EntityKind if kind is not entity]
    decision = decide(evidence(subject="nr 0042"), company(keywords=[keyword], modules=others))
    assert decision.links == ()
    assert "link" not in names(decision)
    assert any(line.startswith("ignored") and "does not use" in line for line in traced(decision, "keyword"))


@pytest.mark.capability("S2.6")
def test_s2_6_links_become_actions() -> None:
    decision = decide(evidence(subject="relnr 000123 project 100-20-3"), company(keywords=[RELATION, PROJECT]))
    assert [action.parameters for action in decision.actions if action.action == "link"] == [
        {"entity": "relation", "number": "000123", "step": "keyword"},
        {"entity": "project", "number": "100", "sub_project": "20", "phase": "3", "step": "keyword"},
    ]
    assert [link.number for link in decision.links] == ["000123", "100"]


@pytest.mark.fault("G05")
@pytest.mark.parametrize(
    "piece", ["relnr ", "relnr: ", "RE: ", "RE[", "0", "a", "relnr 1-", "relnr 1 ", "  ", "\u200b"]
)
def test_no_subject_makes_the_scanner_slow(piece: str) -> None:
    many = [{"entity": "relation", "words": [f"relnr{'r' * n}" for n in range(40)]}, RELATION]
    started = time.perf_counter()
    found(piece * 200_000, *many)
    assert time.perf_counter() - started < 0.5
