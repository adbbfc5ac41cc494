"""Workflows and forms of GitHub: what can be known about them without running them."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.package.conftest import ROOT

GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
FORMS = sorted(path for path in (GITHUB / "ISSUE_TEMPLATE").glob("*.yml") if path.name != "config.yml")
WRITES = {
    ("azure-dev.yml", "deploy", "id-token"),
    ("bicep.yml", "publish", "contents"),
    ("bicep.yml", "rules", "security-events"),
    ("codeql.yml", "analyse", "security-events"),
}
"""Every right to write that a job has."""
OWNERS = {"actions", "Azure", "github", "microsoft"}
TARGETS = set(re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))


def load(path: Path) -> Any:
    """As YAML 1.2 says it, where `on` is no boolean; a key that stands twice is an error."""
    return YAML(typ="safe").load(path.read_text("utf-8"))


def named(path: Path) -> str:
    return path.name


def jobs(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = load(path)["jobs"]
    return found


def steps(path: Path) -> list[dict[str, Any]]:
    return [step for job in jobs(path).values() for step in job["steps"]]


def scripts(path: Path) -> list[str]:
    return [step["run"] for step in steps(path) if "run" in step]


def test_the_workflows_are_these() -> None:
    assert [path.name for path in WORKFLOWS] == ["azure-dev.yml", "bicep.yml", "ci.yml", "codeql.yml"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=named)
def test_a_workflow_has_its_parts(path: Path) -> None:
    document = load(path)
    assert document["name"] == path.stem
    assert document["on"]
    assert document["concurrency"]
    for name, job in document["jobs"].items():
        assert job["runs-on"] == "ubuntu-latest", name
        assert 0 < job["timeout-minutes"] <= 60, name
        needs = job.get("needs", [])
        assert set([needs] if isinstance(needs, str) else needs) <= document["jobs"].keys() - {name}
        for step in job["steps"]:
            assert ("uses" in step) != ("run" in step), step


@pytest.mark.parametrize("path", WORKFLOWS, ids=named)
def test_a_workflow_may_read_and_a_job_only_what_it_needs(path: Path) -> None:
    document = load(path)
    assert document["permissions"] == {"contents": "read"}
    writes = {
        (path.name, job_name, right)
        for job_name, job in document["jobs"].items()
        for right, level in job.get("permissions", {}).items()
        if level == "write"
    }
    assert writes == {write for write in WRITES if write[0] == path.name}


@pytest.mark.parametrize("path", WORKFLOWS, ids=named)
def test_actions_are_of_known_owners_and_named_by_a_release(path: Path) -> None:
    for step in steps(path):
        if "uses" in step:
            found = re.fullmatch(r"(\w+)/[\w/-]+@v\d+(\.\d+){0,2}|(\w+)/[\w/-]+@[0-9a-f]{40}", step["uses"])
            assert found, step["uses"]
            assert (found[1] or found[3]) in OWNERS


@pytest.mark.parametrize("path", WORKFLOWS, ids=named)
def test_no_secret_is_asked_for_and_nothing_foreign_gets_into_a_script(path: Path) -> None:
    assert "secrets." not in path.read_text("utf-8")
    assert "pull_request_target" not in path.read_text("utf-8")
    assert [script for script in scripts(path) if "${{" in script] == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=named)
def test_only_a_job_that_pushes_keeps_the_token_of_the_checkout(path: Path) -> None:
    for name, job in jobs(path).items():
        pushes = job.get("permissions", {}).get("contents") == "write"
        for step in job["steps"]:
            if step.get("uses", "").startswith("actions/checkout@"):
                assert (step.get("with", {}).get("persist-credentials") is False) is not pushes, name


@pytest.mark.parametrize("path", WORKFLOWS, ids=named)
def test_scripts_are_good_shell_and_call_targets_that_exist(path: Path) -> None:
    for script in scripts(path):
        subprocess.run(["bash", "-n"], input=script, text=True, check=True, capture_output=True)
        for line in re.findall(r"^\s*make ((?:[a-z]+ ?)+)", script, re.MULTILINE):
            assert set(line.split()) <= TARGETS


@pytest.mark.parametrize("path", WORKFLOWS, ids=named)
def test_files_that_a_workflow_names_exist(path: Path) -> None:
    text = path.read_text("utf-8")
    for name in re.findall(r"(?<![\w/.])(?:infra|\.github|docs)/[\w/.-]+\.\w+|\.python-version", text):
        assert (ROOT / name).is_file(), name


def test_the_required_job_waits_for_all_others() -> None:
    found = jobs(GITHUB / "workflows" / "ci.yml")
    required = found.pop("required")
    assert set(required["needs"]) == found.keys()
    assert required["if"] == "always()"
    assert {"check", "test"} <= found.keys()


@pytest.mark.parametrize(
    ("results", "status"), [("success success", 0), ("success failure", 1), ("skipped", 1), ("cancelled success", 1)]
)
def test_the_required_job_takes_success_only(results: str, status: int) -> None:
    [step] = jobs(GITHUB / "workflows" / "ci.yml")["required"]["steps"]
    done = subprocess.run(["bash", "-e", "-c", step["run"]], env={"RESULTS": results}, check=False, capture_output=True)
    assert done.returncode == status


def test_ci_does_what_a_contributor_is_asked_to_do() -> None:
    called = {name for script in scripts(GITHUB / "workflows" / "ci.yml") for name in script.split() if name in TARGETS}
    assert {"check", "test", "package", "sbom"} <= called


def test_the_deployment_passes_every_parameter_of_the_template() -> None:
    parameters = (ROOT / "infra" / "main.parameters.json").read_text("utf-8")
    wanted = set(re.findall(r"\$\{(\w+)", parameters))
    given = jobs(GITHUB / "workflows" / "azure-dev.yml")["deploy"]["env"]
    assert wanted <= given.keys()
    of_azd = {"AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_SUBSCRIPTION_ID"}
    assert given.keys() - wanted == of_azd
    assert {name: value for name, value in given.items() if value != f"${{{{ vars.{name} }}}}"} == {
        "AZURE_PRINCIPAL_TYPE": "ServicePrincipal"
    }


def test_dependabot_looks_where_there_is_something() -> None:
    found = {update["package-ecosystem"]: update for update in load(GITHUB / "dependabot.yml")["updates"]}
    files = {
        "pip": "requirements.in",
        "npm": "package.json",
        "github-actions": ".github/workflows/ci.yml",
        "devcontainers": ".devcontainer/devcontainer.json",
    }
    assert found.keys() == files.keys()
    for name, update in found.items():
        assert update["directory"] == "/"
        assert (ROOT / files[name]).is_file()


@pytest.mark.parametrize("path", FORMS, ids=named)
def test_a_form_is_one(path: Path) -> None:
    document = load(path)
    assert document["name"]
    assert document["description"]
    ids = [part["id"] for part in document["body"] if part["type"] != "markdown"]
    assert len(ids) == len(set(ids)) > 0
    for part in document["body"]:
        assert part["type"] in {"markdown", "textarea", "input", "dropdown", "checkboxes"}
        assert part["attributes"].get("value" if part["type"] == "markdown" else "label")
        assert part["type"] != "dropdown" or part["attributes"]["options"]


def test_there_are_forms_and_no_empty_issue() -> None:
    assert len(FORMS) >= 2
    assert load(GITHUB / "ISSUE_TEMPLATE" / "config.yml") == {"blank_issues_enabled": False}


def test_pages_for_the_gallery_are_there() -> None:
    for name in ("CODE_OF_CONDUCT.md", "PULL_REQUEST_TEMPLATE.md"):
        assert (GITHUB / name).stat().st_size > 300
    for name in ("LICENSE", "SECURITY.md", "CONTRIBUTING.md"):
        assert (ROOT / name).is_file()
