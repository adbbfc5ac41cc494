"""Reads Bicep files with tree-sitter, as far as the checks of this folder need it. It is no compiler: it knows nothing of Azure's types.

`Template` is a set of files that name each other. The `extension` line is blanked before parsing: the grammar does not know it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath

import tree_sitter
import tree_sitter_bicep

_PARSER = tree_sitter.Parser(tree_sitter.Language(tree_sitter_bicep.language()))
Node = tree_sitter.Node


def text(node: Node) -> str:
    """Its source."""
    return (node.text or b"").decode()


def named(node: Node) -> list[Node]:
    """Children without punctuation and comments."""
    return [child for child in node.children if child.is_named and child.type != "comment"]


def walk(node: Node) -> Iterator[Node]:
    """The node and everything below."""
    yield node
    for child in node.children:
        yield from walk(child)


def literal(node: Node) -> str | None:
    """The value of a string without interpolation, else None."""
    if node.type != "string" or any(child.type == "interpolation" for child in node.children):
        return None
    raw = text(node)
    if raw.startswith("'''"):
        return raw[3:-3].removeprefix("\n")
    return re.sub(r"\\(.)", r"\1", raw[1:-1])


def properties(node: Node) -> dict[str, Node]:
    """Key → value of an object; a key with interpolation is its source."""
    found: dict[str, Node] = {}
    for child in named(node):
        if child.type == "object_property":
            key, value = named(child)[0], named(child)[-1]
            name = literal(key) if key.type == "string" else text(key)
            found[name if name is not None else text(key)] = value
    return found


def at(node: Node, *path: str) -> Node | None:
    """The value below an object, by keys."""
    for key in path:
        below = properties(node).get(key) if node.type == "object" else None
        if below is None:
            return None
        node = below
    return node


@dataclass(frozen=True)
class Declared:
    """One declaration: `kind` is parameter, variable, resource, module, output, type, or function.

    Attributes:
        value: the expression; for resources and modules the object, without loop and condition.
        of: the type of a resource with its version, or the path of a module.
    """

    kind: str
    name: str
    node: Node
    decorators: Mapping[str, Node | None]
    value: Node | None = None
    of: str = ""
    type: Node | None = None
    existing: bool = False
    condition: Node | None = None
    loop: Node | None = None

    @property
    def description(self) -> str:
        """What @description says."""
        node = self.decorators.get("description")
        return (literal(node) or "") if node is not None else ""


@dataclass
class File:
    """One Bicep file."""

    path: str
    source: str
    imports: dict[str, str] = field(default_factory=dict)
    """Name → path of the file it comes from, relative to the template."""

    def __post_init__(self) -> None:
        blanked = re.sub(r"(?m)^extension .*$", lambda found: "//" + " " * (len(found[0]) - 2), self.source)
        self.root = _PARSER.parse(blanked.encode()).root_node

    @cached_property
    def declared(self) -> list[Declared]:
        """All declarations in order."""
        found: list[Declared] = []
        decorators: dict[str, Node | None] = {}
        for node in named(self.root):
            if node.type == "decorators":
                decorators = _decorators(node)
                continue
            kind, _, declaration = node.type.partition("_")
            if node.type == "import_functionality":
                *names, path = named(node)
                self.imports |= {text(name): self.beside(literal(path) or "") for name in names}
            elif node.type == "user_defined_function":
                found.append(Declared("function", text(named(node)[0]), node, decorators))
            elif declaration == "declaration" and kind != "metadata":
                found.append(_declared(kind, node, decorators))
            decorators = {}
        return found

    def of(self, kind: str) -> dict[str, Declared]:
        """Declarations of a kind, by name."""
        return {one.name: one for one in self.declared if one.kind == kind}

    def beside(self, path: str) -> str:
        """A path as this file writes it, relative to the template."""
        parts: list[str] = []
        for part in [*PurePosixPath(self.path).parent.parts, *PurePosixPath(path).parts]:
            if part == "..":
                parts.pop()
            elif part != ".":
                parts.append(part)
        return "/".join(parts)


class Template:
    """Bicep files by their path, and the other files that they load.

    Args:
        files: path → source.
    """

    def __init__(self, files: Mapping[str, str]) -> None:
        self.other = {path: source for path, source in files.items() if not path.endswith(".bicep")}
        self.files = {path: File(path, source) for path, source in files.items() if path.endswith(".bicep")}

    @classmethod
    def read(cls, folder: Path) -> Template:
        """All files below a folder."""
        files = sorted(file for file in folder.rglob("*") if file.suffix in (".bicep", ".json", ".kql"))
        return cls({file.relative_to(folder).as_posix(): file.read_text("utf-8") for file in files})

    def resources(self, kind: str) -> list[tuple[File, Declared]]:
        """Resources of a type that the template creates."""
        return [
            (file, one)
            for file in self.files.values()
            for one in file.of("resource").values()
            if one.of.partition("@")[0].lower() == kind.lower() and not one.existing
        ]


def _decorators(node: Node) -> dict[str, Node | None]:
    found: dict[str, Node | None] = {}
    for decorator in named(node):
        call = named(decorator)[-1]
        name, arguments = named(call)[0], named(call)[-1]
        given = named(arguments) if arguments.type == "arguments" else []
        found[text(name)] = given[0] if given else None
    return found


def _declared(kind: str, node: Node, decorators: dict[str, Node | None]) -> Declared:
    name, *rest = named(node)
    if kind in ("resource", "module"):
        of, value = literal(rest[0]) or "", rest[-1]
        loop = condition = None
        if value.type == "for_statement":
            loop, value = value, named(value)[-1]
        if value.type == "if_statement":
            condition, value = named(value)[0], named(value)[-1]
        existing = any(child.type == "existing" for child in node.children)
        return Declared(kind, text(name), node, decorators, value, of, None, existing, condition, loop)
    if kind == "type":
        return Declared(kind, text(name), node, decorators, None, "", rest[0])
    # The type of a parameter or an output is a `type` node, or a bare identifier where it is a type of our own.
    typed: Node | None = None
    if kind in ("parameter", "output") and rest:
        typed, *rest = rest
    return Declared(kind, text(name), node, decorators, rest[0] if rest else None, "", typed)
