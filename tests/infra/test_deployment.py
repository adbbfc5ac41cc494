"""What azd reads: azure.yaml, the parameters, and which files they name."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.infra.repository import INFRA, ROOT, TEMPLATE
from tests.infra.tree import literal, text

MAIN = TEMPLATE.files["main.bicep"]
AZURE: dict[str, Any] = YAML(typ="safe").load((ROOT / "azure.yaml").read_text("utf-8"))
PARAMETERS: dict[str, dict[str, str]] = json.loads((INFRA / "main.parameters.json").read_text("utf-8"))["parameters"]
OWN = {"thisMonth"}
"""Parameters that nobody sets."""
BY_AZD = {"AZURE_ENV_NAME", "AZURE_LOCATION", "AZURE_PRINCIPAL_ID"}
README = (INFRA / "README.md").read_text("utf-8")


def variable(parameter: str) -> tuple[str, str | None]:
    found = re.fullmatch(r"\$\{([A-Z_]+)(?:=(.*))?\}", PARAMETERS[parameter]["value"])
    assert found, parameter
    return found[1], found[2]


def test_azure_yaml_has_what_the_gallery_asks_for() -> None:
    first = (ROOT / "azure.yaml").read_text("utf-8").splitlines()[0]
    assert first.startswith("# yaml-language-server: $schema=https://raw.githubusercontent.com/Azure/azure-dev/")
    version = re.search(r'^version = "(.*)"', (ROOT / "pyproject.toml").read_text("utf-8"), re.MULTILINE)
    assert version
    assert AZURE["name"] == "postrum"
    assert AZURE["metadata"]["template"] == f"postrum@{version[1]}"
    assert re.fullmatch(r">= \d+\.\d+\.\d+", AZURE["requiredVersions"]["azd"])
    assert AZURE["services"] == {"app": {"project": ".", "language": "python", "host": "function"}}
    assert (ROOT / AZURE["infra"]["path"] / f"{AZURE['infra']['module']}.bicep").is_file()


@pytest.mark.parametrize("hook", ["preprovision", "postprovision", "postdeploy"])
def test_every_hook_is_there_for_both_systems(hook: str) -> None:
    for system, shell, ending in (("posix", "sh", ".sh"), ("windows", "pwsh", ".ps1")):
        one = AZURE["hooks"][hook][system]
        assert one["shell"] == shell
        assert one["continueOnError"] is False
        assert one["run"] == f"infra/hooks/{hook}{ending}"
        assert (ROOT / one["run"]).is_file()


def test_no_script_is_left_over() -> None:
    named = {AZURE["hooks"][hook][system]["run"] for hook in AZURE["hooks"] for system in AZURE["hooks"][hook]}
    assert {file.relative_to(ROOT).as_posix() for file in (INFRA / "hooks").iterdir()} == named


def test_every_parameter_has_its_variable_and_every_variable_its_parameter() -> None:
    assert set(PARAMETERS) == set(MAIN.of("parameter")) - OWN
    names = [variable(name)[0] for name in PARAMETERS]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("name", [name for name in PARAMETERS if name not in ("environmentName", "location")])
def test_the_default_of_a_variable_is_that_of_its_parameter(name: str) -> None:
    declared = MAIN.of("parameter")[name].value
    assert declared is not None
    plain = literal(declared)
    assert (variable(name)[1] or "") == (plain if plain is not None else text(declared))


def test_only_the_name_and_the_region_are_asked_for() -> None:
    assert {name for name, one in MAIN.of("parameter").items() if one.value is None} == {"environmentName", "location"}


def test_a_pipeline_gets_every_variable() -> None:
    assert sorted(AZURE["pipeline"]["variables"]) == sorted({variable(name)[0] for name in PARAMETERS} - BY_AZD)
    assert "secrets" not in AZURE["pipeline"]


def test_outputs_are_variables_without_secrets() -> None:
    for name in MAIN.of("output"):
        assert re.fullmatch(r"[A-Z][A-Z_]+", name)
    assert {
        "AZURE_LOCATION",
        "AZURE_TENANT_ID",
        "AZURE_RESOURCE_GROUP",
        "SERVICE_APP_NAME",
        "OUTBOUND_ADDRESSES",
    } <= set(MAIN.of("output"))


def test_the_readme_of_the_template_has_every_variable() -> None:
    rows = re.findall(r"^\| `([A-Z_]+)` \| ([^|]*) \|", README, re.MULTILINE)
    assert dict(rows).keys() == {variable(name)[0] for name in PARAMETERS} - BY_AZD
    for name in PARAMETERS:
        if variable(name)[0] not in BY_AZD:
            assert dict(rows)[variable(name)[0]].strip() == (f"`{variable(name)[1]}`" if variable(name)[1] else "empty")


def test_the_readme_says_what_was_not_done() -> None:
    assert "has not been compiled" in README


def test_paths_in_the_readme_exist() -> None:
    paths = set(re.findall(r"`((?:infra|tests|docs|shared)/[\w./-]+)`", README))
    assert paths
    assert [path for path in sorted(paths) if not (ROOT / path).exists()] == []


def test_variables_that_scripts_read_are_outputs_or_parameters() -> None:
    known = {variable(name)[0] for name in PARAMETERS} | set(MAIN.of("output")) | BY_AZD
    for script in sorted((INFRA / "hooks").iterdir()):
        pattern = r"\$\{?([A-Z]+_[A-Z_]+)" if script.suffix == ".sh" else r"\$env:([A-Z_]+)"
        found = set(re.findall(pattern, script.read_text("utf-8")))
        assert found <= known, script.name
