"""`make capabilities`: which numbered promises, pains and faults have a test, by the tests' markers, without running.

A number counts as covered when at least one collected test carries it: `@pytest.mark.capability("S1.10")`.
"""

from __future__ import annotations

import contextlib
import io
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field

import pytest

# marker -> what it numbers, how many there are, and how a number looks
KINDS: dict[str, tuple[str, int, re.Pattern[str]]] = {
    "capability": ("capabilities", 167, re.compile(r"S\d+\.\d+[a-z]?")),
    "pain": ("pains", 40, re.compile(r"[A-Z]\d+[a-z]?")),
    "fault": ("faults", 60, re.compile(r"[A-Z]\d+[a-z]?")),
}


@dataclass
class Coverage:
    """What the collected tests claim: marker -> number -> tests; and claims that cannot be numbers."""

    tests: dict[str, dict[str, list[str]]] = field(default_factory=lambda: {kind: {} for kind in KINDS})
    wrong: list[str] = field(default_factory=list)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Read the markers (a hook of pytest: this object is the plugin)."""
        for item in session.items:
            for kind in KINDS:
                for mark in item.iter_markers(kind):
                    self.add(kind, mark.args, item.nodeid)

    def add(self, kind: str, numbers: Iterable[object], test: str) -> None:
        """Note that a test covers numbers."""
        # the parameters of a test are not tests of their own here
        name = test.partition("[")[0]
        for number in numbers:
            if not isinstance(number, str) or not KINDS[kind][2].fullmatch(number):
                self.wrong.append(f"{name}: {kind}({number!r}) is not a number of this kind")
                continue
            tests = self.tests[kind].setdefault(number, [])
            if name not in tests:
                tests.append(name)


def natural(number: str) -> list[tuple[str, int]]:
    """Sort key: S1.9 comes before S1.10."""
    return [(word, int(digits or 0)) for word, digits in re.findall(r"(\D*)(\d*)", number)]


def report(coverage: Coverage) -> list[str]:
    """The lines to print."""
    lines: list[str] = []
    for kind, (title, total, _) in KINDS.items():
        found = coverage.tests[kind]
        if lines:
            lines.append("")
        lines.append(f"{title}: {len(found)} of {total} have a test")
        for number in sorted(found, key=natural):
            first, *more = found[number]
            lines.append(f"  {number:<8} {first}{f' and {len(more)} more' if more else ''}")
    return lines + coverage.wrong


def main() -> int:
    """Collect and print; the status is not 0 where collecting failed or a claim is wrong."""
    coverage = Coverage()
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        status = pytest.main(["--collect-only", "-q", "--no-header", "-p", "no:cacheprovider"], plugins=[coverage])
    if status not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        print(said.getvalue(), file=sys.stderr)
        return int(status)
    print("\n".join(report(coverage)))
    return 1 if coverage.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
