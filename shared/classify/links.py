"""Links from keywords in the subject: a configured word, and the number that stands behind it.

::

    RE: Relatienr: 000123 and project 100-20-3
        ^ word     ^ number   ^ word  ^ project, sub-project, phase

The scanner looks at each character a bounded number of times; there is no pattern in it that could be made to run away.

- A word counts where it stands free: no letter or digit before it; behind it spaces, `:`, `#`, `=`, `.`, or the
  number itself.
- A number is written in letters A to Z and digits, has a digit, and starts with at most six letters (`000123`,
  `PC0042`). It is a text: leading zeros belong to it.
- A number must be complete. Where a sign that is not a configured separator ties another digit to it (`000123-4`,
  `100/20` where only `-` is configured) nothing is linked: half a number would be another customer's.
- Of two words at one place the longer counts.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from shared.classify.text import compose, fold, quoted
from shared.model.config import Company, EntityKind, Keyword
from shared.model.decision import Link, LinkStep, TraceStep

SUBJECT_LIMIT = 1_000
"""Characters of a subject that are searched for keywords."""
LINKS_LIMIT = 50
"""Links that one subject can make."""
NUMBER_LIMIT = 40
_BETWEEN = frozenset(" :#=.")
_BETWEEN_LIMIT = 6
_LETTERS_BEFORE = 6
_DIGITS = frozenset("0123456789")
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz")
_LOOSE = frozenset(" ()[]{}<>\"'|;")
"""Signs behind a number that end it, whatever follows."""
_DASHES = frozenset("‐‑‒–—−")
_PREFIXES = frozenset(
    {"re", "fw", "fwd", "sv", "vs", "vb", "aw", "wg", "antw", "doorst", "tr", "rv", "ref", "res", "enc"}
)
"""What mail programs put before the subject of an answer or a forwarded mail, in several languages."""


@dataclass(frozen=True, slots=True)
class SubjectLinks:
    """What a subject came to."""

    links: tuple[Link, ...]
    steps: tuple[TraceStep, ...]


@dataclass(frozen=True, slots=True)
class _Word:
    keyword: Keyword
    folded: str
    separators: frozenset[str]


def subject_links(subject: str | None, company: Company, mailbox: str) -> SubjectLinks:
    """The links that the keywords of this company and mailbox find in a subject, in the order of the subject."""
    text, folded = _tidy(subject or "")
    words = _words(company, mailbox)
    links: dict[Link, None] = {}
    steps: list[TraceStep] = []
    ignored: set[EntityKind] = set()
    position = _after_prefixes(folded)
    while position < len(folded):
        word = _word_at(folded, position, words)
        if word is None:
            position += 1
            continue
        end = position + len(word.folded)
        parts, after = _parts_at(folded, end, word, words)
        if word.keyword.entity not in company.modules:
            if word.keyword.entity not in ignored:
                ignored.add(word.keyword.entity)
                unused = f"this company does not use {_name(word.keyword.entity)}"
                steps.append(_step("ignored", f"{quoted(text[position:end])}: {unused}"))
            position = max(end, after)
            continue
        if parts:
            if len(links) == LINKS_LIMIT:
                steps.append(_step("cut", f"a subject makes at most {LINKS_LIMIT} links; the rest is not looked at"))
                break
            numbers = [text[start:stop] for start, stop in parts]
            link = Link(entity=word.keyword.entity, number=numbers[0], step=LinkStep.KEYWORD)
            if len(numbers) > 1:
                link = link.model_copy(update=dict(zip(("sub_project", "phase"), numbers[1:], strict=False)))
            if link not in links:
                links[link] = None
                found = f"{_name(link.entity)} {' / '.join(numbers)}"
                steps.append(_step("linked", f"{quoted(text[position : parts[-1][1]])} → {found}"))
        else:
            steps.append(_step("no number", f"{quoted(text[position : end + 20])}: no complete number behind the word"))
        position = max(end, after)
    return SubjectLinks(tuple(links), tuple(steps))


def _step(result: str, detail: str) -> TraceStep:
    return TraceStep(step="keyword", result=result, detail=detail)


def _name(entity: EntityKind) -> str:
    return entity.value.replace("_", " ")


def _tidy(subject: str) -> tuple[str, str]:
    """The subject with single spaces and plain dashes, and its folded form of exactly the same length."""
    cut = compose(subject[:SUBJECT_LIMIT])
    seen = "".join("-" if char in _DASHES else char for char in cut if unicodedata.category(char) != "Cf")
    text = " ".join(seen.split())
    return text, "".join(_fold_one(char) for char in text)


def _fold_one(char: str) -> str:
    folded = fold(char)
    return folded if len(folded) == 1 else char


def _words(company: Company, mailbox: str) -> list[_Word]:
    """Words that hold for this mailbox, the longest first."""
    found = [
        _Word(keyword, _tidy(word)[1], frozenset(keyword.separators))
        for keyword in company.keywords
        if not keyword.mailboxes or mailbox in keyword.mailboxes
        for word in keyword.words
    ]
    unused = {word.keyword.entity for word in found} - set(company.modules)
    return sorted(
        (word for word in found if word.folded), key=lambda word: (-len(word.folded), word.keyword.entity in unused)
    )


def _after_prefixes(folded: str) -> int:
    """Where the subject itself starts: behind `RE:`, `FW[2]:` and the like."""
    position = 0
    while True:
        end = position
        while end < len(folded) and folded[end] in _LETTERS:
            end += 1
        if folded[position:end] not in _PREFIXES:
            return position
        if folded[end : end + 1] in ("[", "("):
            while end < len(folded) and folded[end] not in ")]":
                end += 1
            end += 1
        while folded[end : end + 1] == " ":
            end += 1
        if folded[end : end + 1] != ":":
            return position
        position = end + 1
        while folded[position : position + 1] == " ":
            position += 1


def _word_at(folded: str, position: int, words: list[_Word]) -> _Word | None:
    """The longest word that stands free here."""
    if position and folded[position - 1].isalnum() and folded[position].isalnum():
        return None
    for word in words:
        if folded.startswith(word.folded, position):
            after = folded[position + len(word.folded) : position + len(word.folded) + 1]
            if not after.isalpha() or not word.folded[-1].isalnum():
                return word
    return None


def _parts_at(folded: str, position: int, word: _Word, words: list[_Word]) -> tuple[list[tuple[int, int]], int]:
    """Where the number and, for a project, its parts stand behind a word; nothing where there is no complete one.

    The second value is where to go on searching.
    """
    start = position
    while start < len(folded) and start - position < _BETWEEN_LIMIT and folded[start] in _BETWEEN:
        start += 1
    if start < len(folded) and _word_at(folded, start, words):
        return [], position
    end = _number(folded, start)
    if end is None:
        return [], position
    parts = [(start, end)]
    most = 3 if word.keyword.entity is EntityKind.PROJECT else 1
    while len(parts) < most and folded[end : end + 1] in word.separators:
        stop = _number(folded, end + 1)
        if stop is None:
            break
        parts.append((end + 1, stop))
        end = stop
    return ([] if _goes_on(folded, end) else parts), end


def _number(folded: str, start: int) -> int | None:
    """Where the number that starts here ends; None where there is none."""
    end = start
    while end < len(folded) and end - start < NUMBER_LIMIT and (folded[end] in _DIGITS or folded[end] in _LETTERS):
        end += 1
    if end < len(folded) and folded[end].isalnum():
        return None  # longer than a number may be, or letters of another script
    first_digit = next((place for place in range(start, end) if folded[place] in _DIGITS), None)
    return end if first_digit is not None and first_digit - start <= _LETTERS_BEFORE else None


def _goes_on(folded: str, end: int) -> bool:
    """Whether a sign ties another digit to the number, so that it is not complete."""
    tie, following = folded[end : end + 1], folded[end + 1 : end + 2]
    return bool(tie) and bool(following) and tie not in _LOOSE and following in _DIGITS
