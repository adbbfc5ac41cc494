"""What the tests of this folder read: the template as it stands in the repository."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.infra.tree import Declared, File, Node, Template, literal, named, properties, text

ROOT = Path(__file__).parents[2]
INFRA = ROOT / "infra"
TEMPLATE = Template.read(INFRA)


def load(path: str) -> Any:
    """A JSON file of `infra/`."""
    return json.loads((INFRA / path).read_text("utf-8"))


def strings(file: File, name: str) -> list[str]:
    """The strings of an array that a variable holds."""
    node = file.of("variable")[name].value
    assert node is not None
    return [literal(child) or "" for child in named(node)]


def evaluate(file: File, node: Node, known: dict[str, str]) -> str:
    """A string with its interpolations filled in; names are looked up in `known`, then among variables."""
    whole = literal(node)
    if whole is not None:
        return whole
    if node.type == "identifier" and text(node) in known:
        return known[text(node)]
    if node.type == "identifier":
        variable = file.of("variable")[text(node)].value
        assert variable is not None
        return evaluate(file, variable, known)
    if node.type == "member_expression":
        return known[text(node)]
    assert node.type == "string", text(node)
    return "".join(
        evaluate(file, named(child)[0], known) if child.type == "interpolation" else text(child)
        for child in named(node)
    )


def produced(file: File, one: Declared) -> list[str]:
    """Names of the resources that a declaration makes: several where it is a loop over a variable with strings."""
    assert one.value is not None
    name = properties(one.value)["name"]
    if one.loop is None:
        return [evaluate(file, name, {})]
    inside = named(one.loop)
    return [evaluate(file, name, {text(inside[0]): item}) for item in strings(file, text(inside[1]))]
