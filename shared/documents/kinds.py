"""What kind of document some text is, by what it calls itself, with the evidence named. Deterministic.

A document says what it is in a title ("Invoice", "Kreditnota K-12"); other words of the kind stand in fields and
sentences ("Invoice no.", "concerning invoice 12") and in documents of every kind. So a title counts most, a special
kind more than an invoice, which every other paper mentions, and a mention least.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from typing import NamedTuple

from shared.documents.vocabulary import FIELD_WORDS, NOT_MEANT, OWNERS, PHRASES, REPLY_PREFIX
from shared.model.document import DocumentKind, Judgement

__all__ = ["judge", "kind_of_message"]

_CHARACTERS = 20_000  # of each text; a title stands at the beginning
_LINES = 400
_TOP = 15  # lines in which a title is expected
_ENOUGH = 6
_MENTIONS = 2  # more mentions of one kind than this say nothing more

_TITLE, _TOP_BONUS, _SPECIAL_BONUS = 6, 2, 2
_HEADING, _INVOICE_FIELD, _FIELD, _MENTION = 4, 4, 2, 1

#: Which kind a mail with several documents is.
_RANK: tuple[DocumentKind, ...] = (
    "invoice",
    "credit_note",
    "reminder",
    "statement",
    "order_confirmation",
    "order",
    "delivery_note",
    "contract",
)

_EDGE = " \t*_#=-–—|•·>«»\"'“”„()[]"
_AFTER = re.compile(
    rf"[\s:#.–-]*(?P<field>(?:{'|'.join(sorted(map(re.escape, FIELD_WORDS), key=len, reverse=True))})\b\.?)?"
    rf"[\s:#.–-]*(?P<id>[\w./-]*\d[\w./-]*)?[\s.:]*",
)
_FORWARD = re.compile(r"(?:(?:fwd?|vb|wg|vl|tr|i|pd|enc|rv|doorst)\s*:\s*)+", re.IGNORECASE)
_REPLY = re.compile(rf"\s*(?:{REPLY_PREFIX})", re.IGNORECASE)


class _Phrase(NamedTuple):
    kind: DocumentKind
    title_only: bool


class _Found(NamedTuple):
    kind: DocumentKind
    weight: int
    form: str
    words: str


@cache
def _compiled() -> tuple[re.Pattern[str], dict[str, _Phrase], list[tuple[str, _Phrase]]]:
    """One pattern over all phrases, longest first; what each phrase means; and the endings of longer words."""
    exact: dict[str, _Phrase] = {}
    endings: list[tuple[str, _Phrase]] = []
    for kind, languages in PHRASES.items():
        for phrases in languages.values():
            for written in phrases:
                phrase = _Phrase(kind, written.endswith("!"))
                words = written.strip("*!")
                if written.startswith("*"):
                    endings.append((words, phrase))
                exact.setdefault(words, phrase)
    patterns = [re.escape(words).replace(r"\ ", r"[ \t]+") for words in sorted(exact, key=len, reverse=True)]
    tails = "|".join(re.escape(words) for words, _ in endings)
    return re.compile(rf"(?<!\w)(?:{'|'.join(patterns)}|\w{{1,40}}(?:{tails}))(?!\w)"), exact, endings


def judge(*texts: str) -> Judgement:
    """Judge texts that belong together: a subject and a body, or the text of a PDF, or a file's name and its text.

    A text of one line is a heading. Answers no kind where the evidence is too thin.
    """
    found = [(number, match) for number, text in enumerate(texts) for match in _matches(text)]
    scores: dict[DocumentKind, int] = defaultdict(int)
    best: dict[tuple[DocumentKind, str, int], _Found] = {}
    mentions: dict[DocumentKind, int] = defaultdict(int)
    for number, match in found:
        if match.form == "mention":
            mentions[match.kind] += 1
            if mentions[match.kind] <= _MENTIONS:
                scores[match.kind] += match.weight
        key = (match.kind, match.form, number)
        if key not in best or match.weight > best[key].weight:
            best[key] = match
    for match in best.values():
        if match.form != "mention":
            scores[match.kind] += match.weight
    ranked = sorted(scores, key=lambda kind: (-scores[kind], kind == "invoice", _RANK.index(kind)))
    if not ranked or scores[ranked[0]] < _ENOUGH:
        return Judgement()
    winner = ranked[0]
    evidence = sorted((m for m in best.values() if m.kind == winner), key=lambda m: -m.weight)
    return Judgement(kind=winner, evidence=tuple(dict.fromkeys(f"{m.form}: {m.words}" for m in evidence)))


def kind_of_message(documents: Iterable[DocumentKind | None], written: Judgement) -> DocumentKind | None:
    """The kind of a mail: what its documents are, else what its text says, else `other` where it has a document."""
    kinds = [kind for kind in documents if kind]
    known = [kind for kind in _RANK if kind in kinds]
    return known[0] if known else written.kind or ("other" if kinds else None)


def _matches(text: str) -> Iterator[_Found]:
    """Every phrase in a text, and how it stands there."""
    text = unicodedata.normalize("NFC", text[:_CHARACTERS]).lower()
    text = text.replace("’", "'").replace("\u00a0", " ").replace("_", " ")
    lines = [line.strip(_EDGE) for line in text.split("\n")]
    lines = [line for line in lines if line][:_LINES]
    heading = len(lines) == 1 and len(lines[0]) <= 300
    if heading:
        reply = _REPLY.match(lines[0])
        if reply:
            yield from (f._replace(weight=_MENTION, form="mention") for f in _in_line(lines[0], 0, heading=True))
            return
        lines[0] = _FORWARD.sub("", lines[0], count=1).strip(_EDGE)
    for number, line in enumerate(lines):
        yield from _in_line(line, number, heading=heading)


def _in_line(line: str, number: int, *, heading: bool) -> Iterator[_Found]:
    pattern, exact, endings = _compiled()
    for match in pattern.finditer(line):
        words = re.sub(r"\s+", " ", match[0])
        phrase = exact.get(words) or next((p for tail, p in endings if words.endswith(tail)), None)
        if phrase is None or words in NOT_MEANT:
            continue
        before = line[: match.start()].strip(_EDGE + ":.,")
        if phrase.kind == "order" and before.rpartition(" ")[2] in OWNERS:
            continue
        if found := _form(phrase, words, before, line[match.end() :], number, heading=heading):
            yield found


def _form(phrase: _Phrase, words: str, before: str, after: str, number: int, *, heading: bool) -> _Found | None:
    """A title, a field, a heading or a mention."""
    special = 0 if phrase.kind == "invoice" else _SPECIAL_BONUS
    rest = _AFTER.fullmatch(after)
    if not before and rest:
        shown = f"{words}{after}".strip(_EDGE)
        if rest["field"] and not heading:
            return _Found(phrase.kind, _INVOICE_FIELD if phrase.kind == "invoice" else _FIELD, "field", shown)
        return _Found(phrase.kind, _TITLE + special + (_TOP_BONUS if number < _TOP else 0), "title", shown)
    if phrase.title_only:
        return None
    if heading and not before:
        return _Found(phrase.kind, _TITLE + special, "heading", words)
    if heading:
        return _Found(phrase.kind, _HEADING, "heading", words)
    return _Found(phrase.kind, _MENTION, "mention", words)
