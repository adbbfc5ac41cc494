"""What a condition may look at: one row a field. Whoever reads this table (the console, the docs) needs nothing else.

To add a field, add a row; see docs/extending/condition.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from shared.classify.patterns import Budget
from shared.classify.text import compose, fold
from shared.model.evidence import Evidence
from shared.model.mail import Attachment, Mail, Person

TEXT_LIMIT = 10_000
"""Characters of one value that are looked at; a subject, name or header beyond that is cut, and the trace says so."""
BODY_LIMIT = 100_000
"""Characters of a body that are looked at."""
VALUES_LIMIT = 2_000
"""Values of one field that are looked at, such as recipients."""


class ValueType(StrEnum):
    """What kind of value a field has."""

    TEXT = "text"
    CHOICE = "choice"
    NUMBER = "number"
    FLAG = "flag"


type Raw = str | int | bool


@dataclass(frozen=True, slots=True)
class Field:
    """One row: how the field is called, what it holds, and the function that reads it."""

    key: str
    label: str
    type: ValueType
    read: Callable[[Evidence, str], Iterable[Raw]]
    """Reads the values; the second argument is the header's name, empty for all other fields."""
    many: bool = False
    """Whether a mail can have several values."""
    choices: tuple[str, ...] = ()
    """The values a choice can have."""
    named: bool = False
    """Whether a test must also give a `name`."""
    limit: int = TEXT_LIMIT


class Value:
    """One value, as it is compared."""

    def __init__(self, raw: Raw, limit: int) -> None:
        self.cut = isinstance(raw, str) and len(raw) > limit
        self.raw: Raw = compose(raw[:limit].strip()) if isinstance(raw, str) else raw

    @property
    def text(self) -> str:
        """The value as text, composed."""
        if isinstance(self.raw, bool):
            return "yes" if self.raw else "no"
        return str(self.raw)

    @cached_property
    def folded(self) -> str:
        """The text without differences of case."""
        return fold(self.text)

    @property
    def number(self) -> int:
        """The value of a number field."""
        return self.raw if isinstance(self.raw, int) else 0


class Facts:
    """The evidence as conditions see it: each field is read once for a decision, however many rules ask."""

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence
        self._read: dict[tuple[str, str], tuple[Value, ...]] = {}
        self.budget = Budget()

    def values(self, field: Field, name: str | None = None) -> tuple[Value, ...]:
        """The values of a field; empty texts are no values."""
        key = (field.key, fold(name or "") if field.named else "")
        if key not in self._read:
            found: list[Value] = []
            for raw in field.read(self._evidence, key[1]):
                value = Value(raw, field.limit)
                if value.raw != "":
                    found.append(value)
                if len(found) == VALUES_LIMIT:
                    break
            self._read[key] = tuple(found)
        return self._read[key]


def _people(*groups: Iterable[Person]) -> Iterable[str]:
    """Addresses and names. A name that is written like an address is a disguise, not a name, and is left out."""
    for group in groups:
        for person in group:
            yield person.address
            if "@" not in person.name and "＠" not in person.name:
                yield person.name


def _one(value: str | None) -> Iterable[str]:
    return (value,) if value else ()


def saved_attachments(mail: Mail) -> tuple[Attachment, ...]:
    """The attachments that a person would count: pictures shown in the body (logos, signatures) are not among them."""
    return tuple(
        part for part in mail.attachments if not (part.inline and part.detected_type.lower().startswith(_IMAGE))
    )


def document_kinds(evidence: Evidence) -> tuple[str, ...]:
    """The kinds of the documents found, the mail's own first, each once; `other` stands last."""
    found = sorted(evidence.documents, key=lambda document: document.path != "")
    kinds = dict.fromkeys(document.kind for document in found if document.kind)
    return tuple(sorted(kinds, key=lambda kind: kind == "other"))


_IMAGE = "image/"
_AUTOMATIC = ("auto_reply", "bounce", "complaint", "list", "calendar", "read_receipt")
_KINDS = (
    "invoice",
    "credit_note",
    "reminder",
    "order",
    "order_confirmation",
    "delivery_note",
    "statement",
    "contract",
    "other",
)

_ROWS = (
    Field("from", "Sender", ValueType.TEXT, lambda e, _: _people(e.mail.from_), many=True),
    Field(
        "to",
        "Recipients (To, Cc and Bcc)",
        ValueType.TEXT,
        lambda e, _: _people(e.mail.to, e.mail.cc, e.mail.bcc),
        many=True,
    ),
    Field("cc", "Copy to (Cc)", ValueType.TEXT, lambda e, _: _people(e.mail.cc), many=True),
    Field("reply_to", "Reply address", ValueType.TEXT, lambda e, _: _people(e.mail.reply_to), many=True),
    Field("subject", "Subject", ValueType.TEXT, lambda e, _: _one(e.mail.subject)),
    Field("body", "Text of the mail", ValueType.TEXT, lambda e, _: _one(e.mail.text), limit=BODY_LIMIT),
    Field(
        "reply",
        "Newly written text, without quotation and signature",
        ValueType.TEXT,
        lambda e, _: _one(e.mail.reply.text if e.mail.reply else None),
        limit=BODY_LIMIT,
    ),
    Field(
        "attachment_name",
        "Name of an attachment",
        ValueType.TEXT,
        lambda e, _: (part.name or "" for part in saved_attachments(e.mail)),
        many=True,
    ),
    Field(
        "attachment_type",
        "Type of an attachment, found by its content",
        ValueType.TEXT,
        lambda e, _: (part.detected_type for part in saved_attachments(e.mail)),
        many=True,
    ),
    Field(
        "attachment_count", "Number of attachments", ValueType.NUMBER, lambda e, _: (len(saved_attachments(e.mail)),)
    ),
    Field(
        "header",
        "Header field",
        ValueType.TEXT,
        lambda e, name: (header.value for header in e.mail.headers if fold(header.name) == name),
        many=True,
        named=True,
    ),
    Field(
        "document_kind",
        "Kind of a document",
        ValueType.CHOICE,
        lambda e, _: document_kinds(e),
        many=True,
        choices=_KINDS,
    ),
    Field(
        "automatic",
        "Written by a machine",
        ValueType.CHOICE,
        lambda e, _: _one(e.mail.automatic.kind if e.mail.automatic else None),
        choices=_AUTOMATIC,
    ),
    Field("size", "Size of the mail in bytes", ValueType.NUMBER, lambda e, _: (e.mail.size,)),
    Field("is_duplicate", "The same mail came before", ValueType.FLAG, lambda e, _: (e.duplicate_of is not None,)),
    Field("list_id", "Mailing list", ValueType.TEXT, lambda e, _: _one(e.mail.list_id)),
)

FIELDS: Mapping[str, Field] = {row.key: row for row in _ROWS}
