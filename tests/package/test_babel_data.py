"""With the few locales that are packed, every language of the product writes its dates and numbers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from local.package.archive import SITE
from local.package.babel_data import LOCALES, prune
from local.package.errors import PackageError
from shared.language import LANGUAGES
from shared.language.texts import FOLDER
from tests.package.conftest import Unpacked

FORMAT_EVERYTHING = """
import datetime, json, sys, warnings
warnings.simplefilter("error")
from babel import Locale
from babel.dates import format_datetime, format_timedelta
from babel.numbers import format_decimal
from shared.language import LANGUAGES

when = datetime.datetime(2026, 11, 21, 16, 5, tzinfo=datetime.UTC)
print(json.dumps({
    language: [
        format_datetime(when, "full", locale=language),
        format_timedelta(datetime.timedelta(hours=3), locale=language),
        format_decimal(1234567.891, locale=language),
        Locale.parse(language).get_display_name(language),
    ]
    for language in LANGUAGES
}))
"""


def test_every_language_writes_dates_and_numbers(unpacked: Unpacked) -> None:
    written = json.loads(unpacked.run(FORMAT_EVERYTHING))
    assert tuple(written) == LANGUAGES
    assert len({texts[0] for texts in written.values()}) == len(LANGUAGES)
    assert [texts[1:] for texts in (written["en"], written["de"], written["sv"])] == [
        ["3 hours", "1,234,567.891", "English"],
        ["3 Stunden", "1.234.567,891", "Deutsch"],
        ["3 timmar", "1\xa0234\xa0567,891", "svenska"],
    ]


def translated(language: str) -> tuple[str, str]:
    """A text of the first catalogue of a language, and its translation."""
    path = min((FOLDER / language).glob("*.po"))
    with path.open("rb") as file:
        found = next(one for one in read_po(file) if isinstance(one.id, str) and one.id and one.string != one.id)
    return str(found.id), str(found.string)


def test_every_catalogue_is_packed_and_read(unpacked: Unpacked) -> None:
    wanted = {language: translated(language) for language in LANGUAGES[1:]}
    code = """
import json, sys
from shared.language.texts import FOLDER, texts
wanted = json.loads(sys.argv[1])
files = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.po"))
print(json.dumps([files, {language: texts(language).gettext(text) for language, (text, _) in wanted.items()}]))
"""
    files, said = json.loads(unpacked.run(code, json.dumps(wanted)))
    assert files == sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.po"))
    assert said == {language: translation for language, (_, translation) in wanted.items()}


def test_other_locales_are_left_out(unpacked: Unpacked) -> None:
    packed = {path.stem for path in (unpacked.folder / SITE / LOCALES).glob("*.dat")}
    assert {name.partition("_")[0] for name in packed} == {"root", *LANGUAGES}
    assert "en_GB" in packed
    assert len(packed) < 200


def test_a_language_without_data_stops_packaging(tmp_path: Path) -> None:
    (tmp_path / LOCALES).mkdir(parents=True)
    for name in ("root", *LANGUAGES[:-1]):
        (tmp_path / LOCALES / f"{name}.dat").touch()
    with pytest.raises(PackageError, match=f"no data for {LANGUAGES[-1]}"):
        prune(tmp_path)
