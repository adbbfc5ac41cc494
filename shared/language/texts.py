"""Texts in the languages of the product, from catalogues in the gettext format (`locales/LANGUAGE/AREA.po`).

The English text in the code is the key. A catalogue is read when its language is first asked for; areas (`console`, `setup`,
`remedies` …) are files of their own, so that each stays small.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

LANGUAGES: tuple[str, ...] = ("en", "da", "nl", "de", "sv")
"""Codes of RFC 5646; the first one is that of the texts in the code."""
FOLDER = Path(__file__).parent / "locales"


def gettext_noop(text: str) -> str:
    """Mark a text that is translated where it is shown, such as one in a table: so the catalogues know of it."""
    return text


class Texts:
    """The texts of one language.

    Args:
        language: one of `LANGUAGES`.
        known: English text → translation; for a text with a count, the translations by plural form.
    """

    def __init__(self, language: str, known: dict[str, str | tuple[str, ...]]) -> None:
        self.language = language
        self._known = known

    def gettext(self, text: str) -> str:
        """The text in this language; the English one where the catalogue has none."""
        found = self._known.get(text)
        return found if isinstance(found, str) and found else text

    def ngettext(self, singular: str, plural: str, count: int) -> str:
        """The text for a count. All five languages have two forms: one, and everything else."""
        found = self._known.get(singular)
        if isinstance(found, tuple) and len(found) == 2 and all(found):
            return found[0 if count == 1 else 1]
        return singular if count == 1 else plural

    def say(self, text: str, /, **values: object) -> str:
        """The text in this language, with `{name}` replaced by the values."""
        return self.gettext(text).format(**values)


@cache
def texts(language: str) -> Texts:
    """The texts of a language; English for one that the product does not speak."""
    if language not in LANGUAGES or language == LANGUAGES[0]:
        return Texts(LANGUAGES[0], {})
    # Late: nothing but people's pages and messages needs it.
    from babel.messages.pofile import read_po

    known: dict[str, str | tuple[str, ...]] = {}
    for path in sorted((FOLDER / language).glob("*.po")):
        with path.open("rb") as file:
            for message in read_po(file, locale=language):
                if not message.id or message.fuzzy:
                    continue
                if isinstance(message.id, str):
                    known[message.id] = str(message.string or "")
                else:
                    known[message.id[0]] = tuple(str(form) for form in message.string or ())
    return Texts(language, known)


def best_language(accepted: str, *preferred: str | None) -> str:
    """The language to talk to a person in.

    Args:
        accepted: the `Accept-Language` header of the request (RFC 9110 section 12.5.4).
        preferred: what the person chose before, the strongest first; None and unknown ones are passed over.
    """
    for choice in preferred:
        if choice in LANGUAGES:
            return str(choice)
    return _asked_for(accepted[:500].split(","))


def _asked_for(parts: Sequence[str]) -> str:
    weighed: list[tuple[float, int, str]] = []
    for position, part in enumerate(parts):
        tag, _, weight = part.strip().partition(";")
        try:
            quality = float(weight.strip().removeprefix("q=")) if weight else 1.0
        except ValueError:
            continue
        language = tag.strip().lower().split("-")[0]
        if language in LANGUAGES and quality > 0:
            weighed.append((-quality, position, language))
    return min(weighed)[2] if weighed else LANGUAGES[0]
