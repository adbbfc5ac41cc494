"""The pages for people who run a deployment say what is so: tests that exist, lines and alerts that there are, roles as assigned."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from shared.settings import SETTINGS

ROOT = Path(__file__).parents[2]
SECURITY = (ROOT / "docs" / "security.md").read_text("utf-8")
OPERATIONS = (ROOT / "docs" / "operations.md").read_text("utf-8")
DEPLOY = (ROOT / "docs" / "deploy.md").read_text("utf-8")
MAIN = (ROOT / "infra" / "main.bicep").read_text("utf-8")
PARAMETERS = (ROOT / "infra" / "main.parameters.json").read_text("utf-8")


def named_tests() -> list[tuple[str, str]]:
    """File and test, as the last column of the table of threats names them."""
    found: list[tuple[str, str]] = []
    for file, names in re.findall(r"`(tests/[\w/]+\.py)`: ((?:`test_\w+`(?:, )?)+)", SECURITY):
        found += [(file, name) for name in re.findall(r"`(test_\w+)`", names)]
    return found


def test_every_boundary_names_tests() -> None:
    rows = [line for line in SECURITY.splitlines() if line.startswith("| **")]
    assert len(rows) == 6
    assert all("`test_" in row for row in rows)
    assert set(re.findall(r"`(test_\w+)`", SECURITY)) == {name for _, name in named_tests()}


@pytest.mark.parametrize(("file", "name"), named_tests())
def test_a_test_that_is_named_exists(file: str, name: str) -> None:
    assert re.search(rf"def {name}\(", (ROOT / file).read_text("utf-8"))


def test_the_roles_are_those_that_the_template_assigns() -> None:
    roles = json.loads((ROOT / "infra" / "roles.json").read_text("utf-8"))
    places = {"host": "host account", "data": "data account", "vault": "vault", "insights": "Application Insights"}
    wanted = {(role["name"], places[role["scope"]]) for role in roles.values() if isinstance(role, dict)}
    section = SECURITY.partition("### To the app, in Azure")[2].partition("\n### ")[0]
    assert set(re.findall(r"^\| ([A-Z][\w ]+) \| ([\w ]+) \|", section, re.MULTILINE)) == wanted


@pytest.mark.parametrize("text", [SECURITY, OPERATIONS, DEPLOY], ids=["security", "operations", "deploy"])
def test_every_setting_exists(text: str) -> None:
    known = (
        {setting.name for setting in SETTINGS} | set(re.findall(r"\$\{(\w+)", PARAMETERS)) | {"POSTRUM_TOKEN"}
    )  # of the command
    assert set(re.findall(r"`?(POSTRUM_[A-Z_]+)", text)) <= known


def test_defaults_of_choices_are_those_of_the_template() -> None:
    rows = re.findall(r"^\| `(POSTRUM_\w+)` \| (.*?) \|", DEPLOY, re.MULTILINE)
    assert rows
    for name, shown in rows:
        default = re.findall(rf"\$\{{{name}(?:=([^}}]*))?\}}", PARAMETERS)
        assert default == [shown.strip("`").replace("empty", "")], name


def test_the_alerts_are_those_of_the_template() -> None:
    template = (ROOT / "infra" / "app" / "alerts.bicep").read_text("utf-8")
    section = OPERATIONS.partition("## Alerts")[2].partition("\n## ")[0]
    shown = re.findall(r"^\| ([A-Z][^|]+?) \|", section, re.MULTILINE)
    assert [name for name in shown if name != "The budget"] == re.findall(r"title: '(.*)'", template)


def test_paths_of_the_template_exist() -> None:
    for text in (SECURITY, OPERATIONS, DEPLOY):
        for path in re.findall(r"`?(infra/[\w./-]+\.\w+)", text):
            assert (ROOT / path).exists(), path


def test_every_parameter_of_the_script_is_one_of_it() -> None:
    script = (ROOT / "shared" / "setup" / "exchange" / "Set-PostrumMailboxAccess.ps1").read_text("utf-8")
    block = DEPLOY.partition("```powershell")[2].partition("```")[0]
    for name in set(re.findall(r"\s-(\w+)", block)) - {"WhatIf"}:
        assert re.search(rf"\${name}\b", script), name
