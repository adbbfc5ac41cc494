"""Everything that people read is there in every language, once, and says the same. Covers the areas of all parts of the product."""

from __future__ import annotations

import pytest

from shared.language.texts import LANGUAGES
from tests.language.catalogues import areas, entries, forms, optional_parts, placeholders, said

TRANSLATED = LANGUAGES[1:]


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_text_is_missing(language: str) -> None:
    known = {text for catalog in areas(language).values() for text, _ in entries(catalog)}
    missing = {text: sorted(files) for text, files in said().items() if text not in known}
    assert missing == {}


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_text_is_left_over(language: str) -> None:
    left = {
        area: [text for text, _ in entries(catalog) if text not in said()] for area, catalog in areas(language).items()
    }
    assert {area: texts for area, texts in left.items() if texts} == {}


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_text_stands_in_one_area(language: str) -> None:
    places: dict[object, list[str]] = {}
    for area, catalog in areas(language).items():
        for text, _ in entries(catalog):
            places.setdefault(text, []).append(area)
    assert {text: found for text, found in places.items() if len(found) > 1} == {}


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_translation_is_finished(language: str) -> None:
    open_ones = [
        (area, text)
        for area, catalog in areas(language).items()
        for text, message in entries(catalog)
        if message.fuzzy or not all(translation.strip() for _, translation in forms(message))
    ]
    assert open_ones == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_translations_name_the_same_values(language: str) -> None:
    different = [
        (area, translation)
        for area, catalog in areas(language).items()
        for _, message in entries(catalog)
        for english, translation in forms(message)
        if placeholders(english) != placeholders(translation) or optional_parts(english) != optional_parts(translation)
    ]
    assert different == []


def test_all_languages_have_the_same_areas() -> None:
    assert len({tuple(areas(language)) for language in TRANSLATED}) == 1


def test_texts_are_found_in_code_and_in_templates() -> None:
    # if the extraction broke, the tests above would have nothing to compare
    assert "shared/console/templates/layout.html" in said()["Skip to the content"]
    assert "shared/console/visit.py" in said()["There is no such company."]
    assert ("{count} failed try", "{count} failed tries") in said()
