"""`docs/actions.md` describes every action with its parameters, and its examples are good configuration."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from shared.actions.registry import PARAMETERS
from shared.classify.check import validate
from shared.classify.plan import SKIP_IMPORT
from shared.configuration.yaml_file import companies

PAGE = (Path(__file__).parents[2] / "docs" / "actions.md").read_text("utf-8")
SECTIONS = dict(re.findall(r"^## ([a-z_]+)\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE))
COMPANY = """
companies:
  - id: demo
    name: Demo
    mailboxes: [{id: invoices, address: invoice@demo.example, folders: {imported: Imported, other: Other}}]
    series: [{id: documents, default: true}, {id: credit-notes}]
    rules:
"""
RULE = """
      - name: An example
        when: {field: subject, operator: exists}
        actions:
"""


def examples(text: str) -> list[str]:
    found: list[str] = re.findall(r"^```yaml\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    return found


def indented(text: str, by: int) -> str:
    return "".join(" " * by + line for line in text.splitlines(keepends=True))


def test_every_action_has_a_section_and_no_other() -> None:
    assert set(SECTIONS) == {*PARAMETERS, SKIP_IMPORT}


@pytest.mark.parametrize("name", [*PARAMETERS, SKIP_IMPORT])
def test_every_parameter_has_a_row_and_no_other(name: str) -> None:
    fields = PARAMETERS[name].model_fields if name in PARAMETERS else {}
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \| .* \| (.*?) ?\|$", SECTIONS[name], re.MULTILINE)
    described = {field: without for cell, without in rows for field in re.findall(r"`(\w+)`", cell)}
    assert set(described) == set(fields)
    required = {field for field, without in described.items() if without == "required"}
    assert required == {field for field, info in fields.items() if info.is_required()}
    if not fields:
        assert "No parameters." in SECTIONS[name]


@pytest.mark.parametrize("name", [*PARAMETERS, SKIP_IMPORT])
def test_the_examples_are_good_configuration(name: str) -> None:
    found = examples(SECTIONS[name])
    assert found
    for example in found:
        [company] = companies(COMPANY + RULE + indented(example, 10))
        assert validate(company, PARAMETERS) == []
        assert {step.action for step in company.rules[0].actions} == {name}


def test_the_whole_rule_is_good_configuration() -> None:
    [company] = companies(COMPANY + indented(examples(PAGE.partition("\n## ")[0])[0], 6))
    assert validate(company, PARAMETERS) == []


def test_a_number_without_quotation_marks_is_refused_as_the_page_says() -> None:
    text = examples(SECTIONS["link"])[0].replace('"000123"', "000123")
    [company] = companies(COMPANY + RULE + indented(text.splitlines()[0] + "\n", 10))
    assert validate(company, PARAMETERS)
