"""The bill of materials says what is packed, under which licences, and is valid CycloneDX."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from local import sbom
from local.package.dependencies import site_packages
from tests.package.conftest import ROOT


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("sbom")
    assert sbom.main(["--folder", str(folder)]) == 0
    return (folder / "sbom.cdx.json").read_text("utf-8")


def test_it_is_valid(written: str) -> None:
    assert sbom.problem(written) is None


def test_the_look_for_problems_finds_them(written: str) -> None:
    document = json.loads(written)
    document["components"][0]["type"] = "sandwich"
    assert "'sandwich' is not one of" in (sbom.problem(json.dumps(document)) or "")


def test_it_lists_every_pinned_package_with_its_version(written: str) -> None:
    document = json.loads(written)
    lines = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    here = [line for line in lines if "sys_platform == 'win32'" not in line]
    pinned = {found[0] for line in here if (found := re.match(r"[a-z0-9][\w.-]*==[\w.]+", line))}
    assert {one["purl"] for one in document["components"]} == {
        f"pkg:pypi/{name.replace('.', '-').replace('_', '-')}@{version}"
        for name, version in (text.split("==") for text in pinned)
    }


def test_every_package_has_a_licence(written: str) -> None:
    for one in json.loads(written)["components"]:
        assert one["licenses"], one["name"]
        for licence in one["licenses"]:
            assert licence.get("expression") or licence["license"].get("id") or licence["license"]["name"]


def test_every_licence_is_one_that_we_take_by_its_identifier(written: str) -> None:
    names = set[str]()
    for one in json.loads(written)["components"]:
        for licence in one["licenses"]:
            text = licence.get("expression") or licence["license"].get("id")
            assert text, f"{one['name']}: {licence} is no identifier; read the licence and add it to local/sbom.py"
            names |= set(re.split(r" (?:AND|OR) ", text))
    assert names <= {"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MIT-0", "MPL-2.0", "PSF-2.0"}


def test_every_package_is_reached_from_postrum(written: str) -> None:
    graph = {one["ref"]: one["dependsOn"] for one in json.loads(written)["dependencies"]}
    reached, waiting = set[str](), ["postrum"]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += graph[name]
    assert reached == graph.keys()
    assert "pkg:pypi/msal@" in " ".join(graph[next(ref for ref in graph if ref.startswith("pkg:pypi/azure-identity@"))])


def test_the_same_package_gives_the_same_bill(written: str) -> None:
    assert json.dumps(sbom.bill(site_packages()), indent=2) + "\n" == written


def test_nothing_is_written_that_is_not_valid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sbom, "bill", lambda site: {"components": []})
    assert sbom.main(["--folder", str(tmp_path)]) == 1
    assert "not valid" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
