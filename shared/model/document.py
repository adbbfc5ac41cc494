"""What was read from one document: an attachment, or a file of its own, that may be a business document.

The keys are those of `postrum inspect`. A sender wrote everything in here: it is data, never an instruction.
"""

from __future__ import annotations

from typing import Literal

from shared.model.base import Model
from shared.model.mail import MailWarning

__all__ = [
    "Comparison",
    "Container",
    "DocumentKind",
    "EInvoice",
    "EmbeddedFile",
    "Judgement",
    "Profile",
    "Reading",
    "Syntax",
    "TradeParty",
    "Unread",
]

type DocumentKind = Literal[
    "invoice",
    "credit_note",
    "reminder",
    "order",
    "order_confirmation",
    "delivery_note",
    "statement",
    "contract",
    "other",
]
type Syntax = Literal[
    "UBL Invoice", "UBL CreditNote", "CII CrossIndustryInvoice", "CII CrossIndustryDocument", "FatturaPA"
]
type Profile = Literal[
    "EN16931",
    "EN16931-CIUS",
    "PEPPOL-BIS-3",
    "XRECHNUNG",
    "FACTUR-X-MINIMUM",
    "FACTUR-X-BASICWL",
    "FACTUR-X-BASIC",
    "FACTUR-X-EN16931",
    "FACTUR-X-EXTENDED",
    "ZUGFERD-1-BASIC",
    "ZUGFERD-1-COMFORT",
    "ZUGFERD-1-EXTENDED",
    "FATTURAPA",
    "OTHER",
]
type Container = Literal["xml", "pdf"]
type Unread = Literal["time", "memory", "crash", "too_large", "closed", "unavailable"]
"""Why a document was not read: it took too long, too much memory, ended the child, is larger than is looked at, the
reader was closed meanwhile, or the child could not be started."""


class TradeParty(Model):
    """Seller or buyer as the invoice states them."""

    name: str | None = None
    tax_id: str | None = None
    endpoint: str | None = None
    """Electronic address, with its scheme in front where one is stated: `0184:12345674`."""


class EInvoice(Model):
    """The key facts of a structured invoice. Amounts are decimal strings as in the document, dates ISO."""

    syntax: Syntax
    profile: Profile = "OTHER"
    guideline: str | None = None
    process: str | None = None
    type_code: str | None = None
    number: str | None = None
    issue_date: str | None = None
    due_date: str | None = None
    currency: str | None = None
    seller: TradeParty = TradeParty()
    buyer: TradeParty = TradeParty()
    tax_exclusive: str | None = None
    tax_inclusive: str | None = None
    payable: str | None = None
    lines: int = 0
    order_reference: str | None = None
    container: Container = "xml"


class Judgement(Model):
    """What kind of document some text is, and on what evidence. No kind where there is not enough evidence."""

    kind: DocumentKind | None = None
    evidence: tuple[str, ...] = ()


class EmbeddedFile(Model):
    """A file inside a PDF."""

    name: str
    size: int
    relationship: str | None = None


class Comparison(Model):
    """Whether what the XML states stands on the page too. None where the XML does not state it."""

    number: bool | None = None
    total: bool | None = None
    issue_date: bool | None = None

    @property
    def agrees(self) -> bool:
        """Whether nothing contradicts."""
        return False not in (self.number, self.total, self.issue_date)


class Reading(Model):
    """What a document is. Where it was not read, `unread` says why, and the file itself is kept all the same."""

    content_type: str = "application/octet-stream"
    """By content, never by name."""
    unread: Unread | None = None
    kind: DocumentKind | None = None
    """None: no business document (a picture, a text file, an XML of no known kind)."""
    evidence: tuple[str, ...] = ()
    einvoice: EInvoice | None = None
    text: str | None = None
    """What stands on the pages; None where it is no PDF or holds no text (a scan)."""
    pages: int | None = None
    encrypted: bool = False
    embedded: tuple[EmbeddedFile, ...] = ()
    comparison: Comparison | None = None
    warnings: tuple[MailWarning, ...] = ()
