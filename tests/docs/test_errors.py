"""docs/errors.md is what the catalogue of errors says."""

from __future__ import annotations

import re

from local.errors_page import FAMILIES, PAGE, errors_page
from shared.remedies.catalogue import ALIASES, REMEDIES


def test_the_page_is_what_the_catalogue_says() -> None:
    assert PAGE.read_text("utf-8") == errors_page(), "run: python -m local.docs"


def test_every_code_that_can_be_told_stands_on_the_page_once() -> None:
    rows = re.findall(r"^\| (`[a-z0-9_]+`(?:, `[a-z0-9_]+`)*) \|", errors_page(), re.MULTILINE)
    codes = [code for row in rows for code in re.findall(r"`(\w+)`", row)]
    assert sorted(codes) == sorted({*REMEDIES, *ALIASES} - {"unknown"})


def test_no_family_is_forgotten() -> None:
    assert {entry.code for _, family, _ in FAMILIES for entry in family.REMEDIES} == REMEDIES.keys() - {"unknown"}
