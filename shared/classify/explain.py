"""A decision as lines of plain text: what became of the mail, what is done, and why."""

from __future__ import annotations

from collections.abc import Iterator

from shared.classify.text import quoted, shown
from shared.model.decision import Decision, Link, PlannedAction, TraceStep

_LINE = 300
_FIRST = ("folder", "name", "event", "entity")
"""Parameters that say most about an action."""


def explain(decision: Decision) -> list[str]:
    """The lines, for the command line and the console. What a sender wrote is shown harmlessly, on one line, cut."""
    lines = [f"Outcome: {decision.outcome.value} ({decision.reason})"]
    if decision.reason_detail:
        lines.append(f"  {shown(decision.reason_detail, _LINE)}")
    if decision.kind:
        lines.append(f"Kind: {shown(decision.kind)}")
    if decision.duplicate_of:
        lines.append(f"The same mail as: {decision.duplicate_of}")
    if decision.links:
        lines.append("Links:")
        lines += [f"  {_link(link)}" for link in decision.links]
    lines.append("What is done, in this order:")
    lines += [f"  {action.position}. {_action(action)}" for action in decision.actions] or ["  nothing"]
    lines.append("Why:")
    lines += [f"  {line}" for line in _why(decision.trace)]
    return lines


def _link(link: Link) -> str:
    number = " / ".join(part for part in (link.number, link.sub_project, link.phase) if part)
    return f"{link.entity.value.replace('_', ' ')} {shown(number)}, found by {link.step.value}"


def _action(action: PlannedAction) -> str:
    keys = sorted(action.parameters, key=lambda key: (key not in _FIRST, key))
    parameters = ", ".join(f"{shown(key)}: {quoted(str(action.parameters[key]))}" for key in keys)
    by = f" (rule {action.rule})" if action.rule else ""
    return f"{shown(action.action)}{by}{'  ' + parameters if parameters else ''}"


def _why(trace: tuple[TraceStep, ...]) -> Iterator[str]:
    for step in trace:
        detail = shown(step.detail, _LINE)
        name, _, number = step.step.partition(" ")
        if name == "condition":
            indent = "  " * (number.count(".") + 1)
            mark = "yes" if step.result == "true" else "no "
            yield f"{indent}{mark}  {detail}"
        else:
            yield f"{shown(step.step)}: {shown(step.result)}{' — ' + detail if detail else ''}"
