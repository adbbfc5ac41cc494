"""Route templates as HTTP triggers use them: `orders/{id:int}/{part?}`, `{*rest}`. No I/O.

The first function whose route and method match gets the request, in the order of the app: register a catch-all last.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote

_PARAMETER = re.compile(r"\{(?P<star>\*{0,2})(?P<name>\w+)(?::(?P<constraint>\w+))?(?P<optional>\?)?\}")
_CONSTRAINTS: dict[str, Callable[[str], bool]] = {
    "int": lambda text: re.fullmatch(r"[+-]?\d{1,10}", text, re.ASCII) is not None and -(2**31) <= int(text) < 2**31,
    "long": lambda text: re.fullmatch(r"[+-]?\d{1,19}", text, re.ASCII) is not None and -(2**63) <= int(text) < 2**63,
    "alpha": lambda text: re.fullmatch(r"[a-zA-Z]+", text) is not None,
    "bool": lambda text: text.lower() in ("true", "false"),
    "guid": lambda text: re.fullmatch(r"\{?[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\}?", text) is not None,
}


@dataclass(frozen=True)
class Route:
    """A compiled template."""

    template: str
    pattern: re.Pattern[str]
    constraints: tuple[tuple[str, str], ...]

    def match(self, raw_path: str) -> dict[str, str] | None:
        """The route's parameters where it takes this path (as it came, still quoted), else None."""
        found = self.pattern.fullmatch(raw_path.strip("/"))
        if found is None:
            return None
        values = {name: unquote(value) for name, value in found.groupdict().items() if value}
        if all(_CONSTRAINTS[kind](values[name]) for name, kind in self.constraints if name in values):
            return values
        return None


def compile_route(prefix: str, template: str) -> Route:
    """Compile a template under the route prefix; ValueError says what is not understood."""
    segments = [segment for segment in (*prefix.split("/"), *template.split("/")) if segment]
    pattern = ""
    constraints: list[tuple[str, str]] = []
    for index, segment in enumerate(segments):
        slash = "/" if index else ""
        whole = _PARAMETER.fullmatch(segment)
        if whole is None:
            pattern += slash + _mixed(segment, template, constraints)
            continue
        _constrain(whole, template, constraints)
        last = index == len(segments) - 1
        if (whole["star"] or whole["optional"]) and not last:
            raise ValueError(f"the route {template!r} goes on after {segment}, which must be its end")
        name = whole["name"]
        if whole["star"]:
            pattern += f"(?:{slash}(?P<{name}>.*))?"
        elif whole["optional"]:
            pattern += f"(?:{slash}(?P<{name}>[^/]+))?"
        else:
            pattern += f"{slash}(?P<{name}>[^/]+)"
    # literals match without regard to case, as in the real host
    return Route("/".join(segments), re.compile(pattern, re.IGNORECASE), tuple(constraints))


def _constrain(found: re.Match[str], template: str, constraints: list[tuple[str, str]]) -> None:
    if kind := found["constraint"]:
        if kind not in _CONSTRAINTS:
            raise ValueError(
                f"the route {template!r} uses the constraint {kind!r}, which the development host does not know"
            )
        constraints.append((found["name"], kind))


def _mixed(segment: str, template: str, constraints: list[tuple[str, str]]) -> str:
    """A segment of text and parameters, such as `file-{id}.pdf`."""
    pattern, position = "", 0
    for found in _PARAMETER.finditer(segment):
        if found["star"] or found["optional"]:
            raise ValueError(f"the route {template!r} mixes {found[0]} with text")
        _constrain(found, template, constraints)
        pattern += re.escape(segment[position : found.start()]) + f"(?P<{found['name']}>[^/]+?)"
        position = found.end()
    pattern += re.escape(segment[position:])
    if "{" in _PARAMETER.sub("", segment) or "}" in _PARAMETER.sub("", segment):
        raise ValueError(f"the route {template!r} holds {segment!r}, which the development host does not understand")
    return pattern
