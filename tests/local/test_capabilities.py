"""`make capabilities` reads what the tests claim."""

from __future__ import annotations

from tests.capabilities import Coverage, natural, report


def test_numbers_are_counted_once_and_sorted_as_people_do() -> None:
    coverage = Coverage()
    coverage.add("capability", ["S1.10"], "tests/test_a.py::test_one[x]")
    coverage.add("capability", ["S1.10"], "tests/test_a.py::test_one[y]")
    coverage.add("capability", ["S1.10", "S1.9"], "tests/test_a.py::test_two")
    coverage.add("fault", ["A01"], "tests/test_a.py::test_three")
    assert report(coverage) == [
        "capabilities: 2 of 167 have a test",
        "  S1.9     tests/test_a.py::test_two",
        "  S1.10    tests/test_a.py::test_one and 1 more",
        "",
        "pains: 0 of 40 have a test",
        "",
        "faults: 1 of 60 have a test",
        "  A01      tests/test_a.py::test_three",
    ]


def test_a_claim_that_is_no_number_is_shown() -> None:
    coverage = Coverage()
    coverage.add("capability", ["1.10", 3], "tests/test_a.py::test_one")
    assert len(coverage.wrong) == 2
    assert coverage.wrong[0] in report(coverage)


def test_natural_order() -> None:
    assert sorted(["S2.1", "S1.10", "S1.2", "C10", "C9"], key=natural) == ["C9", "C10", "S1.2", "S1.10", "S2.1"]
