from __future__ import annotations

from shared.classify.decide import decide
from shared.classify.explain import explain
from tests.classify.builders import company, compare, evidence, part, rule


def test_a_person_reads_why_each_rule_did_or_did_not_match() -> None:
    rules = (
        rule(
            "orders",
            "mark_read",
            when={"all": [compare(value="order"), compare("from", "ends_with", "@supplier.example")]},
        ),
        rule("invoices", {"action": "categorise", "category": "Invoice"}, when=compare()),
    )
    lines = explain(
        decide(
            evidence(part(), subject="Invoice nr 007"),
            company(*rules, keywords=[{"entity": "dossier", "words": ["nr"]}]),
        )
    )
    assert lines == [
        "Outcome: imported (document_accepted)",
        "  1 document is made from this mail.",
        "Kind: invoice",
        "Links:",
        "  dossier 007, found by keyword",
        "What is done, in this order:",
        '  1. create_document  name: "invoice.pdf", kind: "invoice", media_type: "application/pdf", path: "2"',
        '  2. link  entity: "dossier", number: "007", step: "keyword"',
        '  3. categorise (rule invoices)  category: "Invoice"',
        '  4. move  folder: "imported"',
        "Why:",
        "  automatic: passed — written by a person, as far as can be seen",
        "  sender: passed — no trusted boundary judged the sender: neither proven nor refuted",
        "  duplicate: passed — no other mail is the same",
        '  keyword: linked — "nr 007" → dossier 007',
        '  rule: did not match — orders ("Rule orders")',
        "    no   all of",
        '      no   subject contains "order": "Invoice nr 007"',
        '      yes  from ends with "@supplier.example": "bo@supplier.example"',
        '  rule: matched — invoices ("Rule invoices")',
        '    yes  subject contains "invoice": "Invoice nr 007"',
        "  action: planned — categorise (rule invoices)",
        '  attachment: document — "invoice.pdf": invoice, application/pdf',
        "  placement: imported — 1 document planned",
        "  decision: imported — document_accepted: 1 document is made from this mail.",
    ]


def test_a_duplicate_names_the_other_message() -> None:
    lines = explain(decide(evidence(duplicate_of="b" * 26, duplicate_in_same_mailbox=True), company()))
    assert f"The same mail as: {'b' * 26}" in lines


def test_no_line_acts_on_a_terminal_or_grows_without_end() -> None:
    name = "\ud83d\x1b]0;x\x07\r\n‮" + "n" * 100_000 + ".pdf"
    hostile = evidence(part(name=name), subject=name, from_=[{"name": name, "address": "a@b.example"}])
    lines = explain(decide(hostile, company(rule("r", "mark_read", when=compare("from", "contains", "nnn")))))
    assert all(line.isprintable() for line in lines)
    assert max(map(len, lines)) < 600
    assert len(decide(hostile, company()).model_dump_json()) < 10_000
