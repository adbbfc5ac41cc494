"""`docs/dependencies.md` has a row for everything that we ask for, and nothing with a licence that we do not take."""

from __future__ import annotations

import json
import re
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "dependencies.md").read_text("utf-8")
FAMILIES = ("MIT", "BSD", "Apache", "MPL", "PSF")
WORDING = {
    "MIT": "Permission is hereby granted, free of charge, to any person obtaining a copy",
    "BSD": "Redistribution and use in source and binary forms, with or without modification, are permitted provided that",
}
"""How a licence begins, for packages whose metadata do not name it."""


def asked_for(name: str) -> list[str]:
    lines = (ROOT / name).read_text("utf-8").splitlines()
    return [re.split(r"[\[<>=!~; ]", line.strip())[0] for line in lines if line.strip() and line.strip()[0] not in "#-"]


def pinned(name: str) -> dict[str, bool]:
    """Package → whether only some systems need it."""
    lines = (ROOT / name).read_text("utf-8").splitlines()
    return {found[1]: ";" in line for line in lines if (found := re.match(r"([a-zA-Z0-9_.-]+)==", line))}


def rows(heading: str) -> dict[str, list[str]]:
    section = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE)
    assert section, heading
    found = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in section[1].splitlines() if line[:1] == "|"
    ]
    return {cells[0]: cells[1:] for cells in found[2:]}


def licence_of(name: str) -> str:
    """All that the metadata of an installed package say about its licence; where they say nothing, what its licence file is."""
    package = distribution(name)
    said = package.metadata
    classifiers = [text.partition("::")[2] for text in said.get_all("Classifier", []) if text.startswith("License")]
    named = [said.get("License-Expression", ""), (said.get("License") or "")[:200], *classifiers]
    if not any(named):
        named = [licence for file in said.get_all("License-File", []) for licence in wordings(package, file)]
    return " / ".join(named)


def wordings(package: Distribution, file: str) -> list[str]:
    text = " ".join((package.read_text(f"licenses/{file}") or "").split())
    return [licence for licence, wording in WORDING.items() if wording in text]


def families(text: str) -> set[str]:
    # "MIT License" and "Apache Software License" are words of classifiers; the Mozilla licence is spelled out there.
    text = text.replace("Mozilla Public License", "MPL").replace("Python Software Foundation", "PSF")
    return {family for family in FAMILIES if re.search(rf"\b{family}\b", text)}


def is_refused(licence: str) -> bool:
    """GPL or AGPL, with nothing else to choose. LGPL is a matter of its own."""
    choices = re.split(r"\bOR\b", licence) if " OR " in licence else [licence]
    return all(
        re.search(r"(?<!L)(?<!Lesser )\bA?GPL|(?<!Lesser )General Public License|Affero", one) for one in choices
    )


@pytest.mark.parametrize(
    ("heading", "file"),
    [("What runs in Azure", "requirements.in"), ("What development needs", "requirements-dev.in")],
)
def test_every_line_has_its_row_and_every_row_its_line(heading: str, file: str) -> None:
    names = asked_for(file)
    assert sorted(names) == sorted(set(names))
    assert set(rows(heading)) == set(names)
    assert set(names) <= {name.lower() for name in pinned(file.replace(".in", ".txt"))}


def test_what_npm_brings_has_its_row() -> None:
    package = json.loads((ROOT / "package.json").read_text("utf-8"))
    assert set(rows("Outside Python")) == set(package["dependencies"])


@pytest.mark.parametrize("heading", ["What runs in Azure", "What development needs", "Outside Python"])
def test_no_cell_is_empty(heading: str) -> None:
    for name, cells in rows(heading).items():
        assert len(cells) == 5, name
        assert all(cells), name


@pytest.mark.parametrize("name", [*asked_for("requirements.in"), *asked_for("requirements-dev.in")])
def test_the_licence_is_the_one_of_the_installed_package(name: str) -> None:
    page = rows("What runs in Azure") | rows("What development needs")
    assert families(page[name][2]) == families(licence_of(name)), licence_of(name)


def test_nothing_that_runs_in_azure_is_under_gpl() -> None:
    refused: list[str] = []
    for name, only_elsewhere in pinned("requirements.txt").items():
        try:
            licence = licence_of(name)
        except PackageNotFoundError:
            assert only_elsewhere, f"{name} is pinned and not installed"
            continue
        assert families(licence), f"{name}: {licence!r} names no licence that we know"
        if is_refused(licence) or "LGPL" in licence:
            refused.append(f"{name}: {licence}")
    assert refused == []


@pytest.mark.parametrize(
    ("licence", "refused"),
    [
        ("GPL-3.0-only", True),
        ("AGPL-3.0-or-later / ", True),
        ("OSI Approved :: GNU General Public License v3 (GPLv3)", True),
        ("GNU Affero General Public License v3", True),
        ("MIT OR GPL-2.0-only", False),
        ("LGPL-3.0-only", False),
        ("GNU Lesser General Public License v3", False),
        ("MIT", False),
    ],
)
def test_refused_licences_are_recognised(licence: str, refused: bool) -> None:
    assert is_refused(licence) is refused
