"""What must hold for any Bicep template: each check gives a list of problems, empty where all is well.

They look for what the compiler would refuse (a name that nothing declares, a module without its parameters, a loop over values
that are not known at the start) and for rules of this repository (descriptions, no secret in an output, pinned API versions).
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from tests.infra.tree import File, Node, Template, literal, named, properties, text, walk

FUNCTIONS: Mapping[str, tuple[int, int, str]] = {
    "cidrSubnet": (3, 3, "string"),
    "concat": (1, 99, "array"),
    "contains": (2, 2, "bool"),
    "empty": (1, 1, "bool"),
    "environment": (0, 0, "object"),
    "fail": (1, 1, ""),
    "filter": (2, 2, "array"),
    "flatten": (1, 1, "array"),
    "guid": (1, 99, "string"),
    "int": (1, 1, "int"),
    "items": (1, 1, "array"),
    "length": (1, 1, "int"),
    "loadJsonContent": (1, 3, ""),
    "loadTextContent": (1, 2, "string"),
    "map": (2, 2, "array"),
    "resourceId": (2, 99, "string"),
    "split": (2, 2, "array"),
    "string": (1, 1, "string"),
    "subscription": (0, 0, "object"),
    "subscriptionResourceId": (2, 99, "string"),
    "tenant": (0, 0, "object"),
    "toLower": (1, 1, "string"),
    "trim": (1, 1, "string"),
    "union": (2, 99, ""),
    "uniqueString": (1, 99, "string"),
    "utcNow": (0, 1, "string"),
}
"""Functions of the language reference that the template uses: fewest and most arguments, and what they give ("": it depends)."""

DECORATORS = {
    "allowed",
    "description",
    "export",
    "maxLength",
    "maxValue",
    "metadata",
    "minLength",
    "minValue",
    "secure",
}
KNOWN_AT_START = {"id", "name", "type", "apiVersion", "uniqueName"}
"""Properties of a resource that are known before it is deployed."""
_SECRET = re.compile(
    r"list(Account)?(Keys|Sas|Secrets)|\b(connection_?string|instrumentation_?key|password|secret|account_?key)", re.I
)


def syntax(template: Template) -> list[str]:
    """Places that the grammar cannot read."""
    return [
        f"{file.path}:{node.start_point.row + 1}: cannot be read: {text(node)[:40]!r}"
        for file in template.files.values()
        for node in walk(file.root)
        if node.is_error or node.is_missing
    ]


def names(template: Template) -> list[str]:
    """Identifiers, functions and types that nothing declares, and what is declared twice."""
    problems: list[str] = []
    for file in template.files.values():
        known = {one.name for one in file.declared if one.kind != "output"} | set(file.imports)
        twice = Counter([one.name for one in file.declared if one.kind != "output"] + list(file.imports))
        twice_out = Counter(one.name for one in file.declared if one.kind == "output")
        for name, count in [*twice.items(), *twice_out.items()]:
            if count > 1:
                problems.append(f"{file.path}: {name} is declared {count} times")
        for name, source in file.imports.items():
            exported = template.files[source].of("type").get(name) if source in template.files else None
            if exported is None or "export" not in exported.decorators:
                problems.append(f"{file.path}: {source} does not export {name}")
        for one in file.declared:
            problems += [
                f"{file.path}: @{name} is no decorator that is used here"
                for name in one.decorators
                if name not in DECORATORS
            ]
            for node in (one.loop or one.value, one.condition if one.loop is None else None, one.type):
                if node is not None:
                    problems += [f"{file.path}: {one.name}: {problem}" for problem in _names(node, known)]
    return sorted(set(problems))


def _names(node: Node, known: set[str]) -> Iterator[str]:
    if node.type == "decorators":
        return
    if node.type == "identifier":
        if text(node) not in known:
            yield f"{text(node)} is not declared"
        return
    if node.type == "call_expression":
        name, arguments = text(named(node)[0]), named(named(node)[-1])
        fewest, most, _ = FUNCTIONS.get(name, (0, -1, ""))
        if most < 0:
            yield f"{name}() is no function that is used here"
        elif not fewest <= len(arguments) <= most:
            yield f"{name}() takes {fewest} to {most} arguments, not {len(arguments)}"
        for argument in arguments:
            yield from _names(argument, known)
        return
    children = named(node)
    if node.type == "object_property":
        key, value = children[0], children[-1]
        keys = [child for child in named(key) if child.type == "interpolation"] if key.type == "string" else []
        children = [*keys, value]
    elif node.type == "lambda_expression":
        known = known | {
            text(child) for child in walk(node) if child.type == "identifier" and _is_parameter(child, node)
        }
        children = [children[-1]]
    elif node.type == "for_statement":
        local = {
            text(child)
            for child in walk(children[0])
            if child.type in ("identifier", "loop_variable", "loop_enumerator")
        }
        yield from _names(children[1], known)
        known, children = known | local, children[2:]
    elif node.type == "member_expression":
        children = children[:1]
    for child in children:
        yield from _names(child, known)


def _is_parameter(node: Node, function: Node) -> bool:
    return node.end_byte <= named(function)[-1].start_byte


def duplicate_keys(template: Template) -> list[str]:
    """Objects that have a key twice."""
    problems: list[str] = []
    for file in template.files.values():
        for node in walk(file.root):
            if node.type == "object":
                keys = Counter(
                    text(named(child)[0]).strip("'") for child in named(node) if child.type == "object_property"
                )
                problems += [
                    f"{file.path}:{node.start_point.row + 1}: {key} twice" for key, count in keys.items() if count > 1
                ]
    return problems


def described(template: Template) -> list[str]:
    """Parameters that do not say `Required.` or `Optional.` as it is, and outputs that say nothing."""
    problems: list[str] = []
    for file in template.files.values():
        for one in file.of("parameter").values():
            word = "Required. " if one.value is None else "Optional. "
            if not one.description.startswith(word) or len(one.description) < len(word) + 5:
                problems.append(f"{file.path}: {one.name} must be described, beginning with {word!r}")
        problems += [
            f"{file.path}: output {one.name} is not described"
            for one in file.of("output").values()
            if not one.description
        ]
    return problems


def used(template: Template) -> list[str]:
    """Parameters, variables, imports and existing resources that nothing uses."""
    problems: list[str] = []
    for file in template.files.values():
        uses = _uses(file)
        for one in file.declared:
            if (one.kind in ("parameter", "variable") or one.existing) and one.name not in uses:
                problems.append(f"{file.path}: {one.name} is not used")
        problems += [f"{file.path}: {name} is imported and not used" for name in file.imports if name not in uses]
    return problems


def _uses(file: File) -> set[str]:
    found: set[str] = set()
    for one in file.declared:
        for node in (one.value, one.condition, one.loop, one.type):
            if node is not None:
                found |= {text(child) for child in walk(node) if child.type == "identifier" and not _is_key(child)}
    return found


def _is_key(node: Node) -> bool:
    parent = node.parent
    return parent is not None and parent.type == "object_property" and named(parent)[0] == node


def modules(template: Template) -> list[str]:
    """Modules that get other parameters than they take, of another type, or whose outputs are not there."""
    problems: list[str] = []
    for file in template.files.values():
        for one in file.of("module").values():
            target = template.files.get(file.beside(one.of))
            if target is None or one.value is None:
                problems.append(f"{file.path}: module {one.name}: there is no {one.of}")
                continue
            given = properties(properties(one.value)["params"]) if "params" in properties(one.value) else {}
            takes = target.of("parameter")
            problems += [f"{file.path}: module {one.name} takes no {name}" for name in given if name not in takes]
            problems += [
                f"{file.path}: module {one.name} needs {name}"
                for name, it in takes.items()
                if it.value is None and name not in given
            ]
            for name, value in given.items():
                is_, wanted = (
                    _kind(template, file, value),
                    _type_kind(template, target, takes[name].type) if name in takes else "",
                )
                if is_ and wanted and is_ != wanted:
                    problems.append(f"{file.path}: module {one.name}: {name} is {is_}, not {wanted}")
            for key in ("name", "scope"):
                if key not in properties(one.value):
                    problems.append(f"{file.path}: module {one.name} has no {key}")
        for node in walk(file.root):
            problems += _outputs(template, file, node)
    return problems


def _outputs(template: Template, file: File, node: Node) -> Iterator[str]:
    """`module.outputs.name`: it exists, and a module with a condition is asked with `!` or `.?`."""
    if node.type != "member_expression" or named(node)[0].type != "member_expression":
        return
    inner = named(node)[0]
    name, outputs = named(inner)[0], named(inner)[-1]
    one = file.of("module").get(text(name))
    if one is None or text(outputs) != "outputs":
        return
    target = template.files.get(file.beside(one.of))
    wanted = text(named(node)[-1])
    if target is not None and wanted not in target.of("output"):
        yield f"{file.path}: module {one.name} has no output {wanted}"
    safe = re.match(rf"{re.escape(one.name)}\s*(!|\.\?)", text(inner))
    if one.condition is not None and not safe:
        yield f"{file.path}: module {one.name} is not always there: write {one.name}!.outputs.{wanted} below its condition"


def _type_kind(template: Template, file: File, node: Node | None) -> str:
    """string, int, bool, object or array; empty where it is not known."""
    if node is None:
        return ""
    source = text(node).rstrip("?")
    if source.endswith("[]"):
        return "array"
    if source in ("string", "int", "bool", "object", "array"):
        return source
    if source in file.imports:
        other = template.files.get(file.imports[source])
        alias = other.of("type").get(source) if other else None
        return _type_kind(template, other, alias.type) if other and alias else ""
    return "object" if source.startswith("{") else "string" if source.startswith("'") else ""


def _kind(template: Template, file: File, node: Node) -> str:
    """What an expression gives, where that is easily seen."""
    simple = {
        "string": "string",
        "number": "int",
        "boolean": "bool",
        "object": "object",
        "array": "array",
        "for_statement": "array",
    }
    if node.type in simple:
        return simple[node.type]
    if node.type == "identifier":
        one = file.of("parameter").get(text(node))
        if one is not None:
            return _type_kind(template, file, one.type)
        variable = file.of("variable").get(text(node))
        return _kind(template, file, variable.value) if variable is not None and variable.value is not None else ""
    if node.type == "call_expression":
        return FUNCTIONS.get(text(named(node)[0]), (0, 0, ""))[2]
    if node.type == "ternary_expression":
        kinds = {_kind(template, file, child) for child in named(node)[1:]} - {""}
        return kinds.pop() if len(kinds) == 1 else ""
    found = re.fullmatch(r"(\w+)!?\.outputs\.(\w+)", text(node))
    if found and found[1] in file.of("module"):
        target = template.files.get(file.beside(file.of("module")[found[1]].of))
        output = target.of("output").get(found[2]) if target else None
        return _type_kind(template, target, output.type) if target and output else ""
    return ""


def loaded(template: Template) -> list[str]:
    """Files that are loaded and not there, or no JSON, and keys of loaded JSON that are not there."""
    problems: list[str] = []
    for file in template.files.values():
        for node in walk(file.root):
            if node.type != "call_expression" or not text(node).startswith(("loadJsonContent(", "loadTextContent(")):
                continue
            path = file.beside(literal(named(named(node)[-1])[0]) or "")
            if path not in template.other:
                problems.append(f"{file.path}: there is no {path}")
        for one in file.of("variable").values():
            found = re.fullmatch(r"loadJsonContent\('([^']+)'\)", text(one.value) if one.value else "")
            content = template.other.get(file.beside(found[1])) if found else None
            if content is None:
                continue
            keys = json.loads(content)
            for node in walk(file.root):
                inside = named(node)
                if node.type == "member_expression" and text(inside[0]) == one.name and text(inside[-1]) not in keys:
                    problems.append(f"{file.path}: {one.name} has no {text(inside[-1])}")
    return problems


def known_at_start(template: Template) -> list[str]:
    """Names, conditions and loops that need a value which only the deployment brings (BCP120, BCP178, BCP182)."""
    problems: list[str] = []
    for file in template.files.values():
        for one in [*file.of("resource").values(), *file.of("module").values()]:
            looped = named(one.loop)[1] if one.loop is not None else None
            name = properties(one.value).get("name") if one.value is not None else None
            for what, node in (("name", name), ("condition", one.condition), ("loop", looped)):
                if node is not None:
                    late = sorted(set(_late(file, node, set())))
                    problems += [
                        f"{file.path}: {what} of {one.name} needs {it}, which is not known at the start" for it in late
                    ]
    return problems


def _late(file: File, node: Node, seen: set[str]) -> Iterator[str]:
    if node.type == "member_expression":
        source, last = named(node)[0], text(named(node)[-1])
        if source.type in ("identifier", "subscript_expression"):
            name = text(named(source)[0] if source.type == "subscript_expression" else source)
            resource = file.of("resource").get(name)
            if resource is not None:
                if last not in KNOWN_AT_START:
                    yield text(node)
                return
            if name in file.of("module"):
                yield text(node)
                return
        yield from _late(file, source, seen)
        return
    if node.type == "identifier" and not _is_key(node):
        name = text(node)
        variable = file.of("variable").get(name)
        if name in file.of("module") or name in file.of("resource"):
            yield name
        elif variable is not None and variable.value is not None and name not in seen:
            yield from _late(file, variable.value, seen | {name})
        return
    for child in named(node):
        yield from _late(file, child, seen)


def no_secrets(template: Template) -> list[str]:
    """Outputs with a key, a connection string, or a secure parameter in them."""
    problems: list[str] = []
    for file in template.files.values():
        secure = {one.name for one in file.of("parameter").values() if "secure" in one.decorators}
        for one in file.of("output").values():
            source = text(one.value) if one.value is not None else ""
            inside = {text(node) for node in walk(one.node) if node.type == "identifier"}
            if _SECRET.search(source) or _SECRET.search(one.name) or inside & secure:
                problems.append(f"{file.path}: output {one.name} looks like a secret")
    return problems


def api_versions(template: Template, allowed: Mapping[str, str]) -> list[str]:
    """Types and versions that are not in the list; `allowed` is type → version."""
    return [
        f"{file.path}: {one.of} is not in api-versions.json"
        for file in template.files.values()
        for one in file.of("resource").values()
        if allowed.get(one.of.partition("@")[0]) != one.of.partition("@")[2]
    ]


def role_assignments(template: Template) -> list[str]:
    """Role assignments without a principal type, with a made-up name, or whose role is not from roles.json."""
    problems: list[str] = []
    for file, one in template.resources("Microsoft.Authorization/roleAssignments"):
        assert one.value is not None
        keys = properties(one.value)
        inside = properties(keys["properties"]) if "properties" in keys else {}
        if "principalType" not in inside:
            problems.append(f"{file.path}: {one.name} has no principalType")
        if "scope" not in keys:
            problems.append(f"{file.path}: {one.name} has no scope, so it is for the whole resource group")
        if not text(keys["name"]).startswith("guid(") or text(keys["name"]).count(",") != 2:
            problems.append(f"{file.path}: {one.name} must be named guid(scope, principal, role)")
        if re.search(r"'[0-9a-f]{8}-", text(inside.get("roleDefinitionId", one.value))):
            problems.append(f"{file.path}: {one.name} names a role by its id: use roles.json")
    return problems


CHECKS: tuple[Callable[[Template], list[str]], ...] = (
    syntax,
    names,
    duplicate_keys,
    described,
    used,
    modules,
    loaded,
    known_at_start,
    no_secrets,
    role_assignments,
)
