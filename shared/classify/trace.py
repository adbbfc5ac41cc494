"""Collecting the trace of a decision, within limits: 10,000 rules do not make a trace of 10,000 lines."""

from __future__ import annotations

from collections.abc import Sequence

from shared.model.decision import TraceStep

DETAILED_STEPS = 300
"""Above this many steps, the parts of a rule that did not match are no longer listed."""
RULE_STEPS = 500
"""Above this many steps, rules that did not match are counted instead of listed."""


class Trace:
    """Steps in the order in which things were looked at."""

    def __init__(self) -> None:
        self._steps: list[TraceStep] = []
        self._unlisted = 0

    def add(self, step: str, result: str, detail: str = "") -> None:
        """One thing that was looked at."""
        self._steps.append(TraceStep(step=step, result=result, detail=detail))

    def extend(self, steps: Sequence[TraceStep]) -> None:
        """Several things that were looked at."""
        self._steps.extend(steps)

    def rule(self, result: str, detail: str, parts: Sequence[TraceStep] = (), *, always: bool = False) -> None:
        """A rule that was tried, with the parts of its condition; `always` for one that counts for the decision."""
        if not always and len(self._steps) >= RULE_STEPS:
            self._unlisted += 1
            return
        self.add("rule", result, detail)
        if always or len(self._steps) + len(parts) <= DETAILED_STEPS:
            self.extend(parts)

    def rules_done(self) -> None:
        """After the last rule: say how many were not listed."""
        if self._unlisted:
            self.add("rules", "not listed", f"{self._unlisted} more rules had no part in this decision")

    def steps(self) -> tuple[TraceStep, ...]:
        """What was collected."""
        return tuple(self._steps)
