"""`docs/reasons.md` and `docs/warnings.md` name every code that people can see, and no other."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared import errors
from shared.classify.guards import BLOCKED
from shared.documents import limits as document_limits
from shared.mail.limits import Limits
from shared.model.run import ENDS

ROOT = Path(__file__).parents[2]
WARNINGS = (ROOT / "docs" / "warnings.md").read_text("utf-8")
REASONS = (ROOT / "docs" / "reasons.md").read_text("utf-8")
NOT_OF_A_MESSAGE = {
    "error",
    "transient",
    "lease_lost",
    "not_propagated",
    "invalid_task",
    "message_gone",
    "delivery_refused",
    "sign_in_needed",
    "cursor_lost",
    "invalid_request",
    "conflict",
}
"""Errors that never are the reason of a message: of tasks, lanes, whole mailboxes, deliveries and what people ask for, and the bases
that nobody raises."""
GONE = {"gone_before_fetch"}
"""Stands with the end `gone`, which has no other reason."""


def section(page: str, heading: str) -> str:
    found = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", page, re.DOTALL | re.MULTILINE)
    assert found, heading
    return found[1]


def codes(text: str) -> list[str]:
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|", text, re.MULTILINE)
    return [code for row in rows for code in re.findall(r"`(\w+)`", row)]


def calls(folder: str) -> Iterator[ast.Call]:
    for file in sorted((ROOT / folder).rglob("*.py")):
        yield from (node for node in ast.walk(ast.parse(file.read_text("utf-8"))) if isinstance(node, ast.Call))


def text_of(node: ast.expr | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def name_of(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def warning_codes(folder: str) -> set[str]:
    found: set[str] = set()
    for call in calls(folder):
        name = name_of(call)
        if name in ("warn", "breach", "XmlRefused") and call.args:
            found.add(text_of(call.args[0]) or "")
        elif name == "MailWarning":
            found |= {text_of(keyword.value) or "" for keyword in call.keywords if keyword.arg == "code"}
    return found - {""}


@pytest.mark.parametrize(("folder", "heading"), [("shared/mail", "Of a mail"), ("shared/documents", "Of a document")])
def test_every_warning_has_a_row_and_no_other(folder: str, heading: str) -> None:
    rows = codes(section(WARNINGS, heading))
    assert rows == sorted(set(rows))
    assert set(rows) == warning_codes(folder)


def test_the_figures_in_the_warnings_are_the_limits() -> None:
    limits = Limits()
    assert f"more than {limits.mails_deep} deep" in WARNINGS
    assert f"more than {limits.nesting} deep" in WARNINGS
    assert f"more than {limits.parts:,} parts" in WARNINGS
    assert f"first {document_limits.PAGES} pages" in WARNINGS
    assert f"first {document_limits.TEXT:,} characters" in WARNINGS
    assert f"larger than {document_limits.XML_BYTES >> 20} MiB" in WARNINGS


def test_every_end_has_a_row() -> None:
    assert set(codes(section(REASONS, "Where a message ends"))) == {stage.value for stage in ENDS}


def test_every_reason_of_a_folder_has_a_row() -> None:
    found = {f"automatic_{kind}" for kind in BLOCKED}
    for call in calls("shared/classify"):
        if name_of(call) == "Blocked" and call.args and (code := text_of(call.args[0])):
            found.add(code)
    decide = ast.parse((ROOT / "shared/classify/decide.py").read_text("utf-8"))
    [reason] = [node for node in ast.walk(decide) if isinstance(node, ast.FunctionDef) and node.name == "_reason"]
    for node in ast.walk(reason):
        if isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple):
            found.add(text_of(node.value.elts[0]) or "")
    assert set(codes(section(REASONS, "Why it went into its folder"))) == found


def test_every_reason_of_parking_has_a_row() -> None:
    found = {error.code for error in _errors(errors.PostrumError)} - NOT_OF_A_MESSAGE
    for file in sorted((ROOT / "shared/pipeline").glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and name_of(node) in ("_end", "_park", "park", "_failed"):
                found |= {text for argument in node.args for text in _words(argument)}
            if isinstance(node, ast.Dict):
                pairs = zip(node.keys, node.values, strict=True)
                found |= {text_of(value) or "" for key, value in pairs if text_of(key) == "reason"}
    assert set(codes(section(REASONS, "Why it is parked"))) == found - GONE - {""}


def _errors(kind: type[errors.PostrumError]) -> Iterator[type[errors.PostrumError]]:
    if kind.__module__ == errors.__name__:
        yield kind
    for below in kind.__subclasses__():
        yield from _errors(below)


def _words(node: ast.expr) -> Iterator[str]:
    """Codes among the arguments of a call; a choice has two."""
    branches = [node.body, node.orelse] if isinstance(node, ast.IfExp) else [node]
    for branch in branches:
        text = text_of(branch)
        if text and re.fullmatch(r"[a-z]+(_[a-z]+)*", text):
            yield text
