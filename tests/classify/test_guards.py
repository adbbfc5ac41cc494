from __future__ import annotations

from typing import Any

import pytest

from shared.classify.decide import decide
from shared.model.decision import Outcome
from tests.classify.builders import company, evidence, folder, names, part, rule, traced

EAGER = rule("eager", "create_document", {"action": "webhook", "event": "x"}, {"action": "move", "folder": "imported"})
KEYWORD = {"entity": "relation", "words": ["invoice"]}


def held_back(*attachments: Any, **fields: Any) -> str:
    """The reason, after checking that nothing but the move to the other folder is planned."""
    decision = decide(evidence(*attachments, **fields), company(EAGER, keywords=[KEYWORD], mailbox={"mark_read": True}))
    assert decision.outcome is Outcome.OTHER
    assert names(decision) == ["move"]
    assert folder(decision) == "other"
    assert decision.links == ()
    assert traced(decision, "rule") == []
    assert decision.reason_detail.endswith(".")
    return decision.reason


@pytest.mark.parametrize("kind", ["auto_reply", "bounce", "complaint", "read_receipt"])
def test_what_a_machine_wrote_is_not_imported(kind: str) -> None:
    assert held_back(part(), automatic={"kind": kind, "reason": "userunknown"}) == f"automatic_{kind}"


@pytest.mark.parametrize("kind", ["list", "calendar"])
def test_lists_and_calendars_pass(kind: str) -> None:
    decision = decide(evidence(part(), automatic={"kind": kind}), company())
    assert decision.outcome is Outcome.IMPORTED
    assert traced(decision, "automatic") == [f"passed: {kind} is imported like any mail"]


@pytest.mark.parametrize(
    "results",
    [
        {"dmarc": "fail"},
        {"compauth": "fail"},
        {"dmarc": "FAIL", "compauth": "pass"},
        {"dmarc": "pass", "compauth": "fail"},
    ],
)
def test_a_sender_that_failed_the_trusted_boundary_is_not_imported(results: dict[str, str]) -> None:
    assert held_back(part(), authentication={"trusted": True, **results}) == "sender_authentication_failed"


@pytest.mark.parametrize(
    "results",
    [
        {"trusted": False, "dmarc": "fail"},  # anybody can write that into a header
        {"trusted": True, "dmarc": "pass", "compauth": "pass"},
        {"trusted": True, "dmarc": "none", "spf": "fail", "dkim": "fail"},
        {"trusted": True, "dmarc": "temperror"},
        {"trusted": True},
    ],
)
def test_only_a_failure_that_the_trusted_boundary_reports_holds_back(results: dict[str, Any]) -> None:
    assert decide(evidence(part(), authentication=results), company()).outcome is Outcome.IMPORTED


def test_a_duplicate_in_the_same_mailbox_is_not_imported_again() -> None:
    first = "b" * 26
    assert held_back(part(), duplicate_of=first, duplicate_in_same_mailbox=True) == "duplicate"
    decision = decide(evidence(part(), duplicate_of=first, duplicate_in_same_mailbox=True), company())
    assert decision.duplicate_of == first
    assert first in decision.reason_detail


def test_the_same_mail_in_another_mailbox_is_imported_there_too() -> None:
    first = "b" * 26
    decision = decide(evidence(part(), duplicate_of=first), company(EAGER))
    assert decision.outcome is Outcome.IMPORTED
    assert decision.duplicate_of is None
    assert names(decision) == ["create_document", "webhook", "move"]
    assert any(first in line for line in traced(decision, "duplicate"))


def test_a_machine_s_mail_is_called_that_even_where_it_is_a_duplicate() -> None:
    found = {"automatic": {"kind": "bounce"}, "duplicate_of": "b" * 26, "duplicate_in_same_mailbox": True}
    assert held_back(part(), **found) == "automatic_bounce"
