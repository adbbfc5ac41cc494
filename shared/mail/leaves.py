"""Leaf parts on their way out: decoded bytes become events, and the facts about them are noted.

`LeafStart`, any number of `LeafData`, `LeafEnd`: always in this order, one leaf at a time.
"""

from __future__ import annotations

import hashlib
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from shared.mail.sniff import HEAD, protection, sniff

if TYPE_CHECKING:
    from shared.mail.archives import Lister
    from shared.mail.encoded_words import Warn
    from shared.model.mail import Archive

__all__ = ["Consumer", "Draft", "LeafData", "LeafEnd", "LeafEvent", "LeafStart", "LeafWriter", "Outbox"]

CHUNK = 256 << 10
MOST_MEMBERS = 1000
"""Files in archives that are named, over all archives of a mail."""
_ARCHIVE_MAGIC = (b"PK", b"Rar!", b"7z", b"\x1f\x8b", b"BZh", b"\xfd7z", b"\x28\xb5", b"MSCF")


@dataclass(slots=True)
class LeafStart:
    """A part that a person would save begins."""

    index: int
    path: str
    name: str | None
    content_type: str
    content_id: str | None
    nested: bool


@dataclass(slots=True)
class LeafData:
    """Decoded bytes of the leaf."""

    index: int
    data: bytes


@dataclass(slots=True)
class LeafEnd:
    """The leaf is complete."""

    index: int
    size: int
    sha256: str
    detected_type: str


type LeafEvent = LeafStart | LeafData | LeafEnd


class Consumer(Protocol):
    """Takes decoded bytes."""

    def write(self, data: bytes | memoryview) -> None:
        """The next bytes; a view is valid during the call only."""

    def end(self) -> None:
        """There are no more."""


@dataclass(slots=True)
class Draft:
    """What will be an attachment of the `Mail`."""

    index: int
    path: str
    name: str | None
    content_type: str
    content_id: str | None
    nested: bool
    location: str | None = None
    size: int = 0
    sha256: str = ""
    detected_type: str = ""
    inline: bool = False
    protected: str | None = None
    reference: str | None = None
    archive: Archive | None = None


class Outbox:
    """Events that wait to be fetched, and the list of the leaves."""

    def __init__(self, warn: Warn) -> None:
        self.warn = warn
        self.members_left = MOST_MEMBERS
        self.events: deque[LeafEvent] = deque()
        self.drafts: list[Draft] = []
        self.hashes: list[str] = []

    def begin(
        self,
        path: str,
        name: str | None,
        content_type: str,
        content_id: str | None,
        nested: bool,
        location: str | None = None,
    ) -> LeafWriter:
        """Begin a leaf."""
        draft = Draft(len(self.drafts), path, name, content_type, content_id, nested, location)
        self.drafts.append(draft)
        return LeafWriter(self, draft)


class LeafWriter:
    """Writes one leaf."""

    __slots__ = ("_digest", "_head", "_lister", "_outbox", "draft")

    def __init__(self, outbox: Outbox, draft: Draft) -> None:
        self._outbox = outbox
        self.draft = draft
        self._digest = hashlib.sha256()
        self._head = b""
        self._lister: Lister | None = None
        outbox.events.append(
            LeafStart(draft.index, draft.path, draft.name, draft.content_type, draft.content_id, draft.nested)
        )

    def write(self, data: bytes | memoryview) -> None:
        """The next decoded bytes."""
        if not len(data):
            return
        if len(self._head) < HEAD:
            room = HEAD - len(self._head)
            self._head += data[:room]
            if len(self._head) == HEAD and (lister := self._begin_listing()):
                lister.write(data[room:])
        elif self._lister:
            self._lister.write(data)
        self._digest.update(data)
        self.draft.size += len(data)
        append, index = self._outbox.events.append, self.draft.index
        if isinstance(data, bytes) and len(data) <= CHUNK:
            append(LeafData(index, data))
            return
        for at in range(0, len(data), CHUNK):
            append(LeafData(index, bytes(data[at : at + CHUNK])))

    def _begin_listing(self) -> Lister | None:
        """With the head complete: list the leaf, if it is an archive."""
        if not self._head.startswith(_ARCHIVE_MAGIC) and self._head[257:262] != b"ustar":
            return None
        from shared.mail.archives import lister_for  # the first archive; most mail has none

        self._lister = lister_for(sniff(self._head))
        if self._lister:
            self._lister.write(self._head)
        return self._lister

    def end(self) -> None:
        """The leaf is complete."""
        draft = self.draft
        if len(self._head) < HEAD:
            self._begin_listing()
        if self._lister:
            draft.archive = self._lister.end(self._outbox.warn, draft.path, self._outbox.members_left)
            self._outbox.members_left -= len(draft.archive.entries)
        draft.sha256 = self._digest.hexdigest()
        draft.detected_type = sniff(self._head)
        draft.protected = draft.protected or protection(self._head)
        if draft.archive and draft.archive.encrypted:
            draft.protected = draft.protected or "password"
        self._outbox.hashes.append(draft.sha256)
        self._outbox.events.append(LeafEnd(draft.index, draft.size, draft.sha256, draft.detected_type))
