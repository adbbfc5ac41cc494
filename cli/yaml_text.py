"""Configuration as YAML that `postrum config apply` reads back without a difference."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from ruamel.yaml import YAML

from shared.model.config import Company


def to_yaml(companies: Sequence[Company]) -> str:
    """The file; what has its default value is left out."""
    writer = YAML()
    writer.indent(mapping=2, sequence=4, offset=2)
    writer.width = 120
    out = io.StringIO()
    writer.dump({"companies": [_company(company) for company in companies]}, out)
    return out.getvalue()


def _company(company: Company) -> dict[str, Any]:
    values: dict[str, Any] = company.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    for rule in values.get("rules", ()):
        rule["actions"] = [_flat(step) for step in rule["actions"]]
    return values


def _flat(step: dict[str, Any]) -> dict[str, Any]:
    """An action with its parameters beside its name, as people write it."""
    parameters = step.get("parameters", {})
    clear = not {"action", "parameters"} & parameters.keys()
    return {"action": step["action"], **parameters} if clear else step
