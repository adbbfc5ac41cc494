"""Paths of folders, and names with a slash in them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.model.config import Folders
from shared.sources.paths import join, split


@pytest.mark.parametrize(
    ("names", "path"),
    [
        ((), ""),
        (("Company", "Imported"), "Company/Imported"),
        (("A/B",), "A%2FB"),
        (("100% paid", "5%"), "100% paid/5%"),
        (("%2F",), "%252F"),
        (("%25",), "%2525"),
        (("In/Out", "2026/27"), "In%2FOut/2026%2F27"),
    ],
)
def test_a_path_and_its_names(names: tuple[str, ...], path: str) -> None:
    assert join(names) == path
    assert split(path) == names


def test_empty_parts_count_for_nothing() -> None:
    assert split("/Company//Imported/") == ("Company", "Imported")
    assert split("a%2fb") == ("a/b",)


@given(st.lists(st.text(min_size=1), max_size=5).map(tuple))
def test_every_name_comes_back(names: tuple[str, ...]) -> None:
    assert split(join(names)) == names


def test_a_path_outlives_the_configuration() -> None:
    path = join(("In / Out", "100%"))
    assert Folders(imported=path, other="x").imported == path
