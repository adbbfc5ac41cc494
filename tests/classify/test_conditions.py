from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from shared.classify.conditions import DEPTH_LIMIT, NODES_LIMIT, evaluate, flatten
from shared.classify.fields import BODY_LIMIT, FIELDS, Facts
from shared.classify.operators import OPERATORS
from shared.errors import RuleInvalid
from shared.model import config
from shared.model.config import All, Any_, Condition, Not
from tests.classify.builders import DOCX, compare, evidence, finding, part

TREE: TypeAdapter[Condition] = TypeAdapter(Condition)


def holds(tree: dict[str, Any], *attachments: Any, **fields: Any) -> bool:
    return evaluate(TREE.validate_python(tree), Facts(evidence(*attachments, **fields))).result


SEVERAL = [{"address": "a@x.example"}, {"address": "b@y.example"}]
HEADERS = [{"name": "X-Priority", "value": "1"}, {"name": "Received", "value": "from here"}]


@pytest.mark.capability("S5.24")
@pytest.mark.parametrize(
    ("field", "operator", "value", "fields", "expected"),
    [
        # the operators, on one value
        ("subject", "is", "invoice 2026-11", {}, True),
        ("subject", "is", "invoice", {}, False),
        ("subject", "is_not", "invoice", {}, True),
        ("subject", "is_not", "INVOICE 2026-11 ", {}, False),
        ("subject", "contains", "ICE 20", {}, True),
        ("subject", "contains", "order", {}, False),
        ("subject", "not_contains", "order", {}, True),
        ("subject", "not_contains", "Voice", {}, False),
        ("subject", "starts_with", "INV", {}, True),
        ("subject", "starts_with", "nvo", {}, False),
        ("subject", "ends_with", "-11", {}, True),
        ("subject", "ends_with", "-1", {}, False),
        ("subject", "matches", r"invoice \d{4}-\d\d$", {}, True),
        ("subject", "matches", r"^\d", {}, False),
        ("subject", "in", ["order", "Invoice 2026-11"], {}, True),
        ("subject", "in", ["order", "invoice"], {}, False),
        ("subject", "exists", None, {}, True),
        ("subject", "exists", None, {"subject": None}, False),
        ("subject", "exists", None, {"subject": "  "}, False),
        ("subject", "not_exists", None, {"subject": None}, True),
        ("size", "greater", 2047, {}, True),
        ("size", "greater", 2048, {}, False),
        ("size", "less", 2049, {}, True),
        ("size", "less", 2048, {}, False),
        ("size", "is", 2048, {}, True),
        ("size", "is_not", 2048, {}, False),
        # a field without a value satisfies nothing, and so every negative
        ("subject", "contains", "x", {"subject": None}, False),
        ("subject", "not_contains", "x", {"subject": None}, True),
        ("subject", "is_not", "x", {"subject": None}, True),
        # several values: any for a positive operator, none for a negative
        ("to", "is", "b@y.example", {"to": SEVERAL}, True),
        ("to", "is_not", "b@y.example", {"to": SEVERAL}, False),
        ("to", "is_not", "c@z.example", {"to": SEVERAL}, True),
        ("to", "ends_with", "@x.example", {"to": SEVERAL}, True),
        ("to", "not_contains", "y.example", {"to": SEVERAL}, False),
        # the fields
        ("from", "is", "BO@supplier.example", {}, True),
        ("from", "contains", "jensen", {}, True),
        ("to", "is", "c@z.example", {"cc": [{"address": "c@z.example"}]}, True),
        ("to", "is", "c@z.example", {"bcc": [{"address": "c@z.example"}]}, True),
        ("cc", "exists", None, {}, False),
        ("cc", "is", "c@z.example", {"cc": [{"address": "c@z.example"}]}, True),
        ("reply_to", "contains", "z", {"reply_to": [{"address": "c@z.example"}]}, True),
        ("body", "contains", "OUR INVOICE", {}, True),
        ("reply", "contains", "agreed", {"reply": {"text": "Agreed."}, "text": "Agreed.\n> no"}, True),
        ("reply", "contains", "no", {"reply": {"text": "Agreed."}, "text": "Agreed.\n> no"}, False),
        ("is_duplicate", "is", False, {}, True),
        ("is_duplicate", "is", True, {"duplicate_of": "b" * 26}, True),
        ("list_id", "is", "news.example", {"list_id": "news.example"}, True),
        ("list_id", "exists", None, {}, False),
        ("automatic", "is", "list", {"automatic": {"kind": "list"}}, True),
        ("automatic", "not_exists", None, {}, True),
        ("automatic", "in", ["calendar", "list"], {"automatic": {"kind": "list"}}, True),
        ("document_kind", "is", "invoice", {"documents": (finding(kind="invoice"),)}, True),
        ("document_kind", "is", "invoice", {"documents": (finding(kind="order"),)}, False),
    ],
)
def test_operators_and_fields(field: str, operator: str, value: object, fields: dict[str, Any], expected: bool) -> None:
    assert holds(compare(field, operator, value), **fields) is expected


def test_header_is_found_by_name_whatever_its_case() -> None:
    assert holds(compare("header", "is", "1", name="x-priority"), headers=HEADERS)
    assert not holds(compare("header", "is", "2", name="X-Priority"), headers=HEADERS)
    assert not holds(compare("header", "exists", None, name="X-Other"), headers=HEADERS)


@pytest.mark.pain("C36")
def test_attachments_are_seen_by_content_and_decoded_name() -> None:
    dotted = part(name="Faktura 1.2.2026.final.PDF")
    assert holds(compare("attachment_name", "ends_with", ".pdf"), dotted)
    assert holds(compare("attachment_type", "is", "application/pdf"), part(name="invoice.docx"))
    assert not holds(compare("attachment_type", "is", "application/pdf"), part(name="invoice.pdf", detected=DOCX))
    assert holds(compare("attachment_count", "is", 2), part("2"), part("3"))


@pytest.mark.pain("C22")
def test_pictures_shown_in_the_body_are_not_attachments_but_an_inline_pdf_is() -> None:
    logo = part("1.2", "logo.png", "image/png", inline=True)
    assert holds(compare("attachment_count", "is", 0), logo)
    assert not holds(compare("attachment_name", "exists", None), logo)
    assert holds(compare("attachment_count", "is", 1), logo, part("2", inline=True))


def test_a_name_that_looks_like_an_address_does_not_pass_for_one() -> None:
    disguised = [{"name": "boss@company.example", "address": "x@evil.example"}]
    assert not holds(compare("from", "is", "boss@company.example"), from_=disguised)
    assert not holds(compare("from", "contains", "@company.example"), from_=disguised)


@pytest.mark.parametrize(
    ("written", "asked"), [("STRASSE", "straße"), ("Ärger", "ärger"), ("SØREN", "søren"), ("ΣΑΣ", "σας")]
)
def test_case_does_not_count_in_any_script(written: str, asked: str) -> None:
    assert holds(compare("subject", "is", asked), subject=written)
    assert holds(compare("subject", "contains", unicodedata.normalize("NFD", asked)), subject=f"- {written} -")
    assert holds(compare("subject", "contains", asked), subject=unicodedata.normalize("NFD", written))


# ---- trees


def _leaf(value: bool) -> dict[str, Any]:
    return compare("subject", "exists" if value else "not_exists", None)


THREE_LEVELS: list[tuple[Callable[..., dict[str, Any]], Callable[..., bool]]] = [
    # (tree of a, b, c, d; the same in Python)
    (lambda a, b, c, d: {"all": [a, {"any": [b, {"not": c}]}, d]}, lambda a, b, c, d: a and (b or not c) and d),
    (lambda a, b, c, d: {"any": [{"all": [a, {"any": [b, c]}]}, d]}, lambda a, b, c, d: (a and (b or c)) or d),
    (
        lambda a, b, c, d: {"not": {"any": [{"all": [a, b]}, {"all": [c, d]}]}},
        lambda a, b, c, d: not ((a and b) or (c and d)),
    ),
    (
        lambda a, b, c, d: {"all": [{"any": [a, {"all": [b, c]}]}, {"not": d}]},
        lambda a, b, c, d: (a or (b and c)) and not d,
    ),
]


@pytest.mark.capability("S5.25")
@pytest.mark.pain("C34")
@pytest.mark.parametrize("shape", range(len(THREE_LEVELS)))
@pytest.mark.parametrize("values", list(itertools.product([False, True], repeat=4)))
def test_s5_25_truth_tables_of_three_levels(shape: int, values: tuple[bool, ...]) -> None:
    build, expected = THREE_LEVELS[shape]
    tree = TREE.validate_python(build(*map(_leaf, values)))
    assert max(node.depth for node in flatten(tree)) >= 3
    assert evaluate(tree, Facts(evidence())).result is expected(*values)


_TREES = st.recursive(
    st.booleans().map(lambda value: (_leaf(value), value)),
    lambda parts: st.one_of(
        st.lists(parts, min_size=1, max_size=4).map(lambda ps: ({"all": [p[0] for p in ps]}, all(p[1] for p in ps))),
        st.lists(parts, min_size=1, max_size=4).map(lambda ps: ({"any": [p[0] for p in ps]}, any(p[1] for p in ps))),
        parts.map(lambda p: ({"not": p[0]}, not p[1])),
    ),
    max_leaves=30,
)


@settings(max_examples=150, deadline=None)
@given(_TREES)
def test_any_tree_is_what_python_makes_of_it(tree_and_value: tuple[dict[str, Any], bool]) -> None:
    raw, expected = tree_and_value
    tree = TREE.validate_python(raw)
    nodes = flatten(tree)
    if max(node.depth for node in nodes) > DEPTH_LIMIT:
        return
    evaluation = evaluate(tree, Facts(evidence()))
    assert evaluation.result is expected
    assert [step.step for step in evaluation.steps] == [f"condition {node.number}" for node in nodes]


def _nested(depth: int) -> Condition:
    tree: Condition = config.Test(field="subject", operator="exists")
    for _ in range(depth - 1):
        tree = Not.model_construct(not_=tree)
    return tree


def test_depth_and_size_are_limited_without_recursion() -> None:
    facts = Facts(evidence())
    assert evaluate(_nested(DEPTH_LIMIT), facts).result is (DEPTH_LIMIT % 2 == 1)
    leaf = config.Test(field="subject", operator="exists")
    assert evaluate(All(all=(leaf,) * (NODES_LIMIT - 1)), facts).result
    for tree in (_nested(DEPTH_LIMIT + 1), _nested(50_000)):
        with pytest.raises(RuleInvalid, match="at most 20 levels"):
            flatten(tree)
    wide = Any_(any=(leaf,) * 22)
    for tree in (All(all=(leaf,) * NODES_LIMIT), All(all=(wide,) * 22), All(all=(leaf,) * 100_000)):
        with pytest.raises(RuleInvalid, match="at most 500 parts"):
            flatten(tree)


def test_trace_says_for_each_part_what_was_compared() -> None:
    tree = TREE.validate_python(
        {"all": [compare("from", "ends_with", "@other.example"), {"any": [compare(), compare("cc", "exists", None)]}]}
    )
    steps = evaluate(tree, Facts(evidence())).steps
    assert [(step.step, step.result, step.detail) for step in steps] == [
        ("condition 1", "false", "all of"),
        ("condition 1.1", "false", 'from ends with "@other.example": "bo@supplier.example" and "Bo Jensen"'),
        ("condition 1.2", "true", "any of"),
        ("condition 1.2.1", "true", 'subject contains "invoice": "Invoice 2026-11"'),
        ("condition 1.2.2", "false", "cc is there: the mail has none"),
    ]


def test_long_and_hostile_text_is_cut_and_shown_harmlessly() -> None:
    text = "\x1b[2J‮" + "x" * (BODY_LIMIT + 5) + "needle"
    evaluation = evaluate(TREE.validate_python(compare("body", "contains", "needle")), Facts(evidence(text=text)))
    assert not evaluation.result
    detail = evaluation.steps[0].detail
    assert "\x1b" not in detail
    assert "‮" not in detail
    assert f"only the first {BODY_LIMIT} characters" in detail
    assert len(detail) < 250


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (compare("subjcet"), 'there is no field "subjcet"; did you mean subject?'),
        (compare("zzz"), "known are attachment_count"),
        (compare("subject", "contain"), "did you mean contains?"),
        (compare("size", "contains", "x"), "contains does not fit size; use is, is_not, greater or less"),
        (compare("size", "greater", "10"), "size is compared with a whole number"),
        (compare("size", "is", True), "size is compared with a whole number"),
        (compare("subject", "is", 5), "subject is compared with a text"),
        (compare("subject", "contains", ["a"]), "for a list use the operator in"),
        (compare("subject", "in", "a"), "needs a list"),
        (compare("subject", "in", []), "needs a list with at least one entry"),
        (compare("subject", "contains", ""), "the value is empty"),
        (compare("subject", "contains", None), "compared with a text"),
        (compare("subject", "exists", "x"), "exists takes no value"),
        (compare("is_duplicate", "is", "yes"), "compared with true or false"),
        (compare("automatic", "is", "bounces"), "did you mean bounce"),
        (compare("header", "is", "1"), "header needs a name"),
        (compare("subject", "is", "1", name="X"), "takes no name"),
        (compare("subject", "contains", "x" * 1001), "at most 1000 characters"),
    ],
)
def test_a_wrong_test_is_refused_in_plain_words(raw: dict[str, Any], problem: str) -> None:
    with pytest.raises(RuleInvalid) as raised:
        evaluate(TREE.validate_python(raw), Facts(evidence()))
    assert problem in str(raised.value)


def test_tables_are_complete_enough_to_show() -> None:
    assert set(FIELDS) == {
        *("from", "to", "cc", "reply_to", "subject", "body", "reply", "attachment_name", "attachment_type"),
        *("attachment_count", "header", "document_kind", "automatic", "size", "is_duplicate", "list_id"),
    }
    assert all(row.label and row.key == key for key, row in FIELDS.items())
    assert all(row.label and row.types and row.key == key for key, row in OPERATORS.items())
    assert all(row.negates in OPERATORS for row in OPERATORS.values() if row.negates)
    for row in FIELDS.values():
        assert any(row.type in operator.types for operator in OPERATORS.values()), f"no operator fits {row.key}"


@pytest.mark.parametrize(("heading", "table"), [("Fields: ", FIELDS), ("Operators: ", OPERATORS)])
def test_the_page_for_newcomers_lists_what_is_there(heading: str, table: Mapping[str, object]) -> None:
    page = (Path(__file__).parents[2] / "docs/extending/condition.md").read_text(encoding="utf-8")
    paragraph = page[page.index(heading) :].partition("\n\n")[0]
    assert re.findall(r"`(\w+)`", paragraph) == list(table)
