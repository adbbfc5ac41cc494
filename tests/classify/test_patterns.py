from __future__ import annotations

import time

import pytest

from shared.classify.decide import decide
from shared.classify.patterns import PATTERN_LIMIT, Budget, compiled
from shared.errors import RuleInvalid
from tests.classify.builders import company, compare, evidence, names, rule, traced

CATASTROPHIC = [
    r"(a+)+$",
    r"(a|aa)+$",
    r"(a|a?)+$",
    r"(.*a){20}$",
    r"([a-zA-Z]+)*$",
    r"(x+x+)+y",
    r"^(([a-z])+.)+[A-Z]([a-z])+$",
    r"(\w*)*\s\s$",
    r"^((a*)*)*b",
]


@pytest.mark.fault("G05")
@pytest.mark.parametrize("pattern", CATASTROPHIC)
def test_patterns_that_hang_other_engines_are_linear(pattern: str) -> None:
    started = time.perf_counter()
    compiled(pattern).found_in("a" * 100_000 + "!", Budget())
    assert time.perf_counter() - started < 1


@pytest.mark.fault("G05")
@pytest.mark.parametrize(
    ("pattern", "position", "reason"),
    [
        (r"(TT\d+).*\1", "at position 10", "back-references"),
        (r"TT(?=\d)", "at position 3", "looking ahead or behind"),
        (r"(?<!a)b", "at position 1", "looking ahead or behind"),
        (r"(a(b", "at position 3", "opened and never closed"),
        (r"[(]a)b", "at position 5", "closes that was never opened"),
        (r"ab[c", "at position 3", "square bracket"),
        (r"a**", "at position 2", "one repetition follows another"),
        (r"*a", "at position 1", "nothing before the repetition"),
        (r"a{1001}", "at position 2", "more than 1000"),
        (r"x[b-a]", "at position 3", "wrong way round"),
        ("a\\", "at position 2", "backslash"),
        (r"\p{L}{100}", "too large", "smaller repetitions"),
        ("", "empty", ""),
        ("a" * (PATTERN_LIMIT + 1), "at most 500", ""),
        ("a\udcff", "at position 2", ""),
    ],
)
def test_what_cannot_be_evaluated_safely_is_refused_with_its_place(pattern: str, position: str, reason: str) -> None:
    with pytest.raises(RuleInvalid) as raised:
        compiled(pattern)
    assert position in str(raised.value)
    assert reason in str(raised.value)


def test_patterns_ignore_case_and_survive_broken_text() -> None:
    assert compiled("ærø").found_in("ÆRØ", Budget())
    assert compiled(r"tt\d+").found_in("\udcff TT123", Budget())


@pytest.mark.fault("G05")
def test_a_rule_with_a_refused_pattern_is_left_out_and_the_others_run() -> None:
    rules = (
        rule("bad", {"action": "webhook", "event": "bad"}, when={"not": compare("subject", "matches", r"(a)\1")}),
        rule("good", {"action": "webhook", "event": "good"}),
    )
    decision = decide(evidence(subject="a" * 1_000_000), company(*rules))
    assert [action.rule for action in decision.actions if action.action == "webhook"] == ["good"]
    assert any("back-references" in line and "left out" in line for line in traced(decision, "rule"))


@pytest.mark.fault("G05")
def test_many_costly_patterns_run_out_of_budget_and_not_of_time() -> None:
    costly = {"all": [compare("body", "matches", f"a.{{{299 - n % 9}}}c{n}") for n in range(400)]}
    started = time.perf_counter()
    rules = (rule("costly", "mark_read", when=costly), rule("next", "mark_read"))
    decision = decide(evidence(text="ab" * 50_000), company(*rules))
    assert time.perf_counter() - started < 10
    assert any("too much work" in line for line in traced(decision, "rule"))
    assert names(decision) == ["mark_read", "move"]
    assert decision.actions[0].rule == "next"


@pytest.mark.fault("G05")
def test_ten_thousand_rules_are_tried_and_the_trace_stays_small() -> None:
    rules = [rule(f"r{n}", "mark_read", when=compare("subject", "contains", f"number {n}x")) for n in range(10_000)]
    rules.append(rule("last", {"action": "categorise", "category": "seen"}))
    everything = company(*rules)
    started = time.perf_counter()
    decision = decide(evidence(), everything)
    assert time.perf_counter() - started < 5
    assert decision.actions[0].rule == "last"
    assert len(decision.trace) < 600
    assert any("more rules" in line for line in traced(decision, "rules"))
