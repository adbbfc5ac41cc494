"""`docs/events.md` says what the code does."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from shared.model.event import EVENTS, SEQUENCE_WIDTH, Event
from shared.webhooks.schedule import SCHEDULE
from tests.webhooks.examples import GOLDEN, golden_name

PAGE = (Path(__file__).parents[2] / "docs" / "events.md").read_text()
SECTIONS = dict(re.findall(r"^### (postrum\.\S+)\n(.*?)(?=^### |\Z)", PAGE, re.DOTALL | re.MULTILINE))


def test_every_type_has_a_section_and_no_other() -> None:
    assert set(SECTIONS) == set(EVENTS)


@pytest.mark.parametrize("type_", EVENTS)
def test_the_example_is_the_golden_file(type_: str) -> None:
    examples = re.findall(r"^```json\n(.*?)^```$", SECTIONS[type_], re.DOTALL | re.MULTILINE)
    assert examples == [(GOLDEN / golden_name(type_)).read_text()]


def test_every_attribute_is_described() -> None:
    described = set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE))
    assert described == set(Event.model_fields) - {"specversion", "datacontenttype", "data"}
    assert f"text of {SEQUENCE_WIDTH} digits" in PAGE


def test_the_table_of_retries_is_the_schedule() -> None:
    line = re.search(r"^\| after the one before \|(.*)\|$", PAGE, re.MULTILINE)
    assert line is not None
    cells = [cell.strip() for cell in line.group(1).split("|") if cell.strip()]
    units = {"s": timedelta(seconds=1), "min": timedelta(minutes=1), "h": timedelta(hours=1)}
    assert tuple(int(cell.split()[0]) * units[cell.split()[1]] for cell in cells) == SCHEDULE
