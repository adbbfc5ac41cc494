"""What the sample mailbox is made of: parties, papers, mails, and the manifest that says what each mail is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict

Language = Literal["en", "da", "nl", "de", "sv"]

CENT = Decimal("0.01")


@dataclass(frozen=True)
class Party:
    """A seller or buyer; always invented, always under an .example domain."""

    name: str
    street: str
    postcode: str
    city: str
    country: str  # ISO 3166-1 alpha-2
    tax_id: str
    endpoint: str
    endpoint_scheme: str  # the code of the Electronic Address Scheme list
    person: str
    email: str
    account: str


@dataclass(frozen=True)
class Line:
    """One line of an invoice."""

    text: str
    quantity: int
    price: str
    unit: str = "C62"  # UN/ECE recommendation 20: one piece

    @property
    def amount(self) -> Decimal:
        """Quantity times price."""
        return (self.quantity * Decimal(self.price)).quantize(CENT)


@dataclass(frozen=True)
class Paper:
    """A business document before it becomes a PDF or XML. All totals are computed, so they always agree."""

    kind: str  # a document kind of the product
    language: Language
    number: str
    issued: date
    due: date | None
    seller: Party
    buyer: Party
    currency: str
    rate: int
    lines: tuple[Line, ...]
    order: str = ""
    refers_to: str = ""  # the invoice that a credit note or a reminder is about

    @property
    def net(self) -> Decimal:
        """Sum of the lines."""
        return sum((line.amount for line in self.lines), Decimal("0.00"))

    @property
    def vat(self) -> Decimal:
        """Value added tax on the net."""
        return (self.net * self.rate / 100).quantize(CENT, ROUND_HALF_UP)

    @property
    def total(self) -> Decimal:
        """What is to be paid."""
        return self.net + self.vat


class Automatic(BaseModel):
    """What wrote a mail that no person wrote."""

    model_config = ConfigDict(frozen=True)

    kind: str
    reason: str | None = None


class Expected(BaseModel):
    """What the product should make of a mail."""

    model_config = ConfigDict(frozen=True)

    folder: Literal["imported", "other"]
    kind: str | None = None
    automatic: Automatic | None = None


class Entry(BaseModel):
    """One line of the manifest."""

    model_config = ConfigDict(frozen=True)

    file: str
    folder: Literal["inbox"] = "inbox"
    received: datetime
    is_read: bool = False
    language: Language
    what: str
    duplicate_of: str | None = None
    expected: Expected


class Manifest(BaseModel):
    """The sample mailbox as `manifest.json` describes it."""

    model_config = ConfigDict(frozen=True)

    mailbox: str
    mails: tuple[Entry, ...]


@dataclass(frozen=True)
class SampleMail:
    """A mail to be written: its entry, and its bytes in chunks so that the big one never stands in memory."""

    name: str
    language: Language
    received: datetime
    what: str
    expected: Expected
    content: Iterable[bytes]
    duplicate_of: str | None = None
