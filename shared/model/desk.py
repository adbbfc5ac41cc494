"""Things of the desk: documents, and later contacts, tickets and comments."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from shared.model.base import Model


class Place(StrEnum):
    """Where a document waits for a person."""

    DOCUMENT_IMPORT = "document_import"
    WORKLIST = "worklist"


class Document(Model):
    """An attachment (or a whole mail) that became a business document."""

    id: str
    company: str
    message: str
    path: str
    """Place in the mail, `""` for the whole mail."""
    kind: str
    series: str
    number: str
    place: Place
    name: str
    """As the sender wrote it: data, never part of a path."""
    media_type: str
    blob: str
    size: int
    sha256: str
    created_at: datetime
    stated_number: str | None = None
    """Invoice or document number as the document itself states it, where it is structured."""
    seller: str | None = None
    total: str | None = None
    currency: str | None = None
    void: str = ""
    """Why the document does not count any more, such as `test`; its number stays taken. Empty for one that counts."""
