"""`python -m local.sbom`: the bill of materials of the package, as CycloneDX. `make sbom` calls it.

It is read from what is really packed, not from what was asked for. The same package gives the same file: it carries no time.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import uuid
from collections.abc import Sequence
from email.message import Message
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any, cast

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model.license import LicenseExpression
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from local.package.archive import version
from local.package.dependencies import site_packages
from local.package.errors import PackageError
from local.setup import ROOT

_LONGEST_NAME = 60
"""Some packages put the whole text of their licence where its name should be."""
_MEANT = {
    "Apache 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
"""Other names of one licence."""
_READ = {
    "cronsim": "BSD-3-Clause",
    "google-re2": "BSD-3-Clause",
    "imapclient": "BSD-3-Clause",
    "isodate": "BSD-3-Clause",
    "jinja2": "BSD-3-Clause",
    "olefile": "BSD-2-Clause",
    "pypdfium2": "BSD-3-Clause AND Apache-2.0",
}
"""Read from the licence file, where the metadata say only that it is some BSD licence."""
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://cyclonedx.org")


def bill(site: Path) -> dict[str, Any]:
    """The bill as a document.

    Args:
        site: the packages that are deployed.
    """
    found = {_key(one.metadata["Name"]): one for one in distributions(path=[str(site)])}
    ours = {
        "type": "application",
        "bom-ref": "postrum",
        "name": "postrum",
        "version": version(),
        "licenses": [{"license": {"id": "MIT"}}],
    }
    components = [_component(name, found[name]) for name in sorted(found)]
    needed = {name: _needs(one) & found.keys() for name, one in found.items()}
    needed_by_others = set[str]().union(*(names - {name} for name, names in needed.items()))
    asked = {_key(line) for line in (ROOT / "requirements.in").read_text("utf-8").splitlines() if line[:1].isalpha()}
    roots = (asked | (found.keys() - needed_by_others)) & found.keys()
    dependencies = [{"ref": "postrum", "dependsOn": sorted(map(_reference(found), roots))}]
    dependencies += [
        {"ref": _purl(name, found[name]), "dependsOn": sorted(map(_reference(found), needed[name]))}
        for name in sorted(found)
    ]
    content = {"components": components, "dependencies": dependencies}
    serial = uuid.uuid5(_NAMESPACE, json.dumps([ours, content], sort_keys=True))
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        "metadata": {"lifecycles": [{"phase": "build"}], "component": ours},
        **content,
    }


def problem(text: str) -> str | None:
    """What is wrong with a bill by the schema of CycloneDX, in one line; None where nothing is."""
    error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    return str(error).partition("\n")[0] if error else None


def licences(one: Distribution) -> list[dict[str, Any]]:
    """The licences of an installed package, as CycloneDX writes them."""
    metadata = cast("Message", one.metadata)
    said = [metadata.get("License-Expression", "")]
    said += [text for text in [metadata.get("License", "").strip()] if 0 < len(text) <= _LONGEST_NAME]
    classifiers = [text.split(" :: ")[-1] for text in metadata.get_all("Classifier", []) if text.startswith("License")]
    names = next(([text] for text in said if text), [text for text in classifiers if text != "OSI Approved"])
    names = [_MEANT.get(name, name) for name in names]
    if read := _READ.get(_key(one.metadata["Name"])):
        names = [read]
    made = [LicenseFactory().make_from_string(name) for name in names]
    if len(made) == 1 and isinstance(made[0], LicenseExpression):
        return [{"expression": made[0].value}]
    return [
        {"license": {"id": one.id} if one.id else {"name": one.name}}
        for one in made
        if not isinstance(one, LicenseExpression)
    ]


def _component(name: str, one: Distribution) -> dict[str, Any]:
    found: dict[str, Any] = {
        "type": "library",
        "bom-ref": _purl(name, one),
        "name": one.metadata["Name"],
        "version": one.version,
        "scope": "required",
        "licenses": licences(one),
        "purl": _purl(name, one),
    }
    if summary := one.metadata.get("Summary"):
        found["description"] = " ".join(summary.split())
    return found


def _key(text: str) -> str:
    """https://packaging.python.org/en/latest/specifications/name-normalization/ ."""
    return re.sub(r"[-_.]+", "-", re.split(r"[\s\[<>=!~;(]", text.strip())[0]).lower()


def _purl(name: str, one: Distribution) -> str:
    return f"pkg:pypi/{name}@{one.version}"


def _reference(found: dict[str, Distribution]) -> Any:
    return lambda name: _purl(name, found[name])


def _needs(one: Distribution) -> set[str]:
    return {_key(text) for text in one.requires or [] if "extra ==" not in text}


def main(given: Sequence[str] | None = None) -> int:
    """Write the bill; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m local.sbom", description="Write the bill of materials.")
    parser.add_argument("--folder", type=Path, default=ROOT / "dist", help="where to (default: dist)")
    arguments = parser.parse_args(given)
    try:
        document = bill(site_packages())
    except PackageError as error:
        print(f"sbom: {error}", file=sys.stderr)
        return 1
    text = json.dumps(document, indent=2) + "\n"
    if wrong := problem(text):
        print(f"sbom: not valid: {wrong}", file=sys.stderr)
        return 1
    arguments.folder.mkdir(parents=True, exist_ok=True)
    target = arguments.folder / "sbom.cdx.json"
    target.write_text(text, "utf-8")
    print(f"sbom: {target}, {len(document['components'])} packages")
    return 0


if __name__ == "__main__":
    sys.exit(main())
