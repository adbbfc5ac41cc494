"""Babel has data for 1,080 locales, 32 MB: the package has those of the languages that Postrum speaks, in every country, 1.3 MB."""

from __future__ import annotations

from pathlib import Path

from local.package.errors import PackageError
from shared.language import LANGUAGES

LOCALES = Path("babel", "locale-data")
_ROOT = "root"
"""What every language inherits from, as a country does from its language: https://www.unicode.org/reports/tr35/#Locale_Inheritance"""


def prune(site: Path) -> int:
    """Remove the locales that nobody is shown.

    Args:
        site: the installed packages.

    Returns:
        How many locales are left.

    Raises:
        PackageError: a language of the product has no data.
    """
    folder = site / LOCALES
    wanted = {_ROOT, *LANGUAGES}
    missing = sorted(name for name in wanted if not (folder / f"{name}.dat").is_file())
    if missing:
        raise PackageError(f"Babel has no data for {', '.join(missing)}.")
    left = 0
    for path in folder.glob("*.dat"):
        if path.stem.partition("_")[0] in wanted:
            left += 1
        else:
            path.unlink()
    return left
