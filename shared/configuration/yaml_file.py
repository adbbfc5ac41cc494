"""Reading configuration from YAML: every problem at once, each with the line it stands in (pure)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import AliasEvent

from shared.errors import ConfigurationError
from shared.model.config import Company

LIMIT = 1024 * 1024
REMEDY = "Nothing was changed. docs/configuration.md describes the file."


def companies(text: str, name: str = "the file") -> list[Company]:
    """The companies that a file describes.

    Args:
        text: YAML: a list under `companies`.
        name: of the file, for the texts of problems.

    Raises:
        ConfigurationError: with one text a problem: file, line, and what is wrong.
    """
    if len(text.encode()) > LIMIT:
        raise ConfigurationError(f"{name} is larger than {LIMIT // 1024} KiB", remedy=REMEDY)
    document = _load(text, name)
    if (
        not isinstance(document, dict)
        or not isinstance(document.get("companies"), list)
        or set(document) != {"companies"}
    ):
        raise ConfigurationError(f"{name} must hold one list named companies, and nothing beside it", remedy=REMEDY)
    problems: list[str] = []
    found: list[Company] = []
    for position, entry in enumerate(document["companies"]):
        try:
            found.append(Company.model_validate(_with_rule_ids(entry)))
        except ValidationError as error:
            for item in error.errors():
                path = ("companies", position, *item["loc"])
                problems.append(f"{name}, line {_line(document, path)}: {_where(path)}: {_say(item)}")
    seen: set[str] = set()
    for company in found:
        if company.id in seen:
            problems.append(f"{name}: two companies have the id {company.id!r}")
        seen.add(company.id)
    if problems:
        raise ConfigurationError(list(dict.fromkeys(problems)), remedy=REMEDY)
    return found


def _load(text: str, name: str) -> Any:
    loader = YAML(typ="rt")
    try:
        # Aliases could make a small file expand without bound, and nothing in the file needs them.
        if any(isinstance(item, AliasEvent) for item in loader.parse(text)):
            raise ConfigurationError(f"{name} uses an alias (*name); write the value out instead", remedy=REMEDY)
        return YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise ConfigurationError(
            f"{name}, line {line}: this is not YAML: {error.problem or error.context}", remedy=REMEDY
        ) from None
    except (YAMLError, RecursionError, ValueError):
        raise ConfigurationError(f"{name} is not YAML", remedy=REMEDY) from None


def _with_rule_ids(entry: Any) -> Any:
    """Rules get an id made of their name where the file gives none."""
    if not isinstance(entry, dict) or not isinstance(entry.get("rules"), list):
        return entry
    rules = [
        {**rule, "id": _slug(rule["name"])}
        if isinstance(rule, dict) and "id" not in rule and isinstance(rule.get("name"), str)
        else rule
        for rule in entry["rules"]
    ]
    return {**entry, "rules": rules}


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40].strip("-") or "rule"


def _line(node: Any, path: Sequence[str | int]) -> int:
    line = 0
    for part in path:
        try:
            positions = node.lc.data or {}
            line = positions[part][0] if part in positions or isinstance(node, list) else line
            node = node[part]
        except (AttributeError, KeyError, IndexError, TypeError):
            break
    return line + 1


def _where(path: Sequence[str | int]) -> str:
    # Names of model classes stand in the path where there are alternatives; a person does not know them.
    shown = [
        str(part + 1) if isinstance(part, int) else part for part in path if isinstance(part, int) or part[:1].islower()
    ]
    return " › ".join(shown)


def _say(item: Any) -> str:
    messages = {
        "extra_forbidden": "is not known here",
        "missing": "is missing",
        "string_pattern_mismatch": "must be lower case letters, digits and dashes, at most 40 characters",
    }
    return messages.get(item["type"], str(item["msg"]).removeprefix("Value error, "))
