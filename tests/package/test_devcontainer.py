"""The devcontainer has everything, at the versions that the rest of the project names."""

from __future__ import annotations

import json
from dataclasses import astuple

from local.ports import Ports
from tests.package.conftest import ROOT
from tests.package.test_github import TARGETS

CONTAINER = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text("utf-8"))


def test_python_is_that_of_the_project() -> None:
    assert f"python:1-{(ROOT / '.python-version').read_text().strip()}-" in CONTAINER["image"]


def test_every_tool_is_there() -> None:
    features = {name.rpartition(":")[0].rpartition("/")[2]: options for name, options in CONTAINER["features"].items()}
    assert features.keys() == {"azure-cli", "azd", "node", "powershell"}
    assert features["azure-cli"]["installBicep"] is True
    assert "azure-functions-core-tools@4" in CONTAINER["onCreateCommand"]
    assert not [name for name in CONTAINER["features"] if name.rpartition(":")[2] == "latest"]


def test_what_is_forwarded_is_what_make_run_listens_on() -> None:
    assert sorted(CONTAINER["forwardPorts"]) == sorted(astuple(Ports()))
    assert {int(port) for port in CONTAINER["portsAttributes"]} == set(CONTAINER["forwardPorts"])


def test_the_project_is_set_up_when_it_opens() -> None:
    command, target = CONTAINER["postCreateCommand"].split()
    assert command == "make"
    assert target in TARGETS


def test_the_editor_runs_the_project_s_own_tools() -> None:
    extensions = CONTAINER["customizations"]["vscode"]["extensions"]
    assert extensions == sorted(extensions)
    assert {"ms-azuretools.vscode-bicep", "ms-azuretools.vscode-azurefunctions", "ms-vscode.powershell"} <= set(
        extensions
    )
    assert CONTAINER["customizations"]["vscode"]["settings"]["python.defaultInterpreterPath"].endswith(
        "/.venv/bin/python"
    )
