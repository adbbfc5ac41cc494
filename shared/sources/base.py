"""What a mail source is: the protocol that the pipeline works with, and what it passes.

Every call here is one request to the provider's mailbox, and is made only by the holder of the lane. Implementations retry
nothing by themselves: they raise the errors of `shared.errors`, and the lane decides. A call with an effect runs inside
`effect(...)` in the implementation.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from shared.model.base import Model


class SourceFolder(Model):
    """A folder of the mailbox. `path` is below the inbox, as `shared.sources.paths` writes it; empty for the inbox."""

    id: str
    path: str
    total: int = 0


class FolderNode(Model):
    """A folder as a person picks it. `path` is below the inbox; names are as the mailbox shows them, in its own language."""

    id: str
    path: str
    """Empty for the inbox itself."""
    name: str
    parent: str | None = None
    """Id of the folder above; None for the inbox."""
    total: int = 0
    unread: int = 0
    below_inbox: bool = True
    """Only these may be chosen."""


class ListedMail(Model):
    """What the listing says of one mail in the source folder, before it is fetched."""

    provider_id: str
    """Stable id of the provider: Graph's immutable id; IMAP folder, UIDVALIDITY and UID."""
    received_at: datetime
    subject: str = ""
    sender: str = ""
    internet_message_id: str = ""
    is_read: bool = False
    read_receipt_requested: bool = False
    categories: tuple[str, ...] = ()
    size: int | None = None
    """Bytes, where the provider says so before the mail is fetched (IMAP does, Graph does not)."""


class MailChanges(Model):
    """One page of what was added to a folder. `next` goes into the next call; on the last page `cursor` is for the next time."""

    mails: tuple[ListedMail, ...]
    next: str | None = None
    cursor: str | None = None


class Place(Model):
    """Where a mail is now, and the id it has there."""

    folder: str
    provider_id: str


class MailPage(Model):
    """One page of a listing. `next` goes into the next call; None ends the listing."""

    mails: tuple[ListedMail, ...]
    next: str | None = None


class FetchedMail:
    """A mail as it comes: an async iterator of its pieces, each of 1 byte to 256 KiB.

    Args:
        pieces: the mail.
        reconstructed: the provider could not give the mail itself, only its parts, from which the source put it together again. Only
            this says so: a header of the mail proves nothing, for senders write headers.
    """

    def __init__(self, pieces: AsyncIterator[bytes], *, reconstructed: bool = False) -> None:
        self._pieces = pieces
        self.reconstructed = reconstructed

    def __aiter__(self) -> FetchedMail:
        return self

    async def __anext__(self) -> bytes:
        return await anext(self._pieces)


class MailSource(Protocol):
    """One provider mailbox. Construction connects to nothing; `aclose` ends what was opened."""

    @property
    def kind(self) -> str:
        """What it is: part of the identity of a message, so it never changes."""

    async def folder(self, path: str) -> SourceFolder | None:
        """The folder at this path below the inbox (`""` is the inbox itself), or None where there is none."""

    async def create_folder(self, path: str) -> SourceFolder:
        """The folder at this path, made with its parents where missing. An effect."""

    async def tree(self) -> tuple[FolderNode, ...]:
        """The inbox and every folder below it, parents before children, with nothing hidden and no search folders."""

    async def list(
        self,
        folder: SourceFolder,
        *,
        page: str | None = None,
        size: int = 200,
        since: datetime | None = None,
        unread: bool = False,
    ) -> MailPage:
        """One page of the mails that are in the folder now, oldest first.

        Args:
            folder: which.
            page: `next` of the page before; the other arguments must be the same again.
            size: mails on a page, at most.
            since: leave out what was received before.
            unread: leave out what somebody has read.
        """

    async def count(self, folder: SourceFolder, *, before: datetime | None = None) -> int:
        """How many mails are in the folder now; with `before`, how many of them were received before that moment."""

    async def junk_count(self) -> int | None:
        """How many mails lie in the mailbox's folder for junk; None where it has none that is known as such."""

    async def changes(
        self, folder: SourceFolder, *, cursor: str | None, page: str | None = None, size: int = 200
    ) -> MailChanges:
        """One page of what came into the folder since the cursor was given; everything in it where `cursor` is None.

        A mail may be given more than once, and one that is known may be given again: callers compare by provider id.

        Raises:
            CursorLost: the provider does not know the cursor any more; begin again with None.
        """

    def fetch(self, provider_id: str) -> AbstractAsyncContextManager[FetchedMail]:
        """The mail as the provider gives it, in chunks of at most 256 KiB.

        Raises:
            MessageGone: it is not in the mailbox any more.
        """

    async def locate(
        self, provider_id: str, *, internet_message_id: str = "", among: Sequence[SourceFolder] = ()
    ) -> Place | None:
        """Where the mail is now, or None where it is not to be found any more.

        Args:
            provider_id: which mail.
            internet_message_id: its Message-ID, for a provider whose ids end with a move (IMAP). It is a hint: senders choose it.
            among: the folders in which such a provider has to look for it; the first ones first.
        """

    async def categories(self, provider_id: str) -> tuple[str, ...]:
        """The categories that the mail has now.

        Raises:
            MessageGone: it is not in the mailbox any more.
        """

    async def move(self, provider_id: str, folder: SourceFolder) -> str:
        """Move the mail, once; returns its stable id in the new place. An effect.

        Raises:
            MessageGone: it is not in the mailbox any more.
            ServiceUnavailable, NetworkFailure: it may or may not have been moved; `locate` tells.
        """

    async def change(
        self,
        provider_id: str,
        *,
        mark_read: bool | None = None,
        add_categories: tuple[str, ...] = (),
        present: tuple[str, ...] = (),
    ) -> None:
        """Change properties of the mail in one request. An effect that may be repeated.

        Args:
            provider_id: which mail.
            mark_read: the new read flag, or None to leave it.
            add_categories: categories to add.
            present: categories that the mail has already, as the listing said; they are kept.
        """

    async def append(self, folder: SourceFolder, content: bytes) -> str:
        """Put a mail of our own (at most 2 MiB) into the folder, unread, as if it had arrived; returns its stable id. An effect.

        Raises:
            ServiceUnavailable, NetworkFailure: it may or may not be there.
        """

    async def delete(self, provider_id: str) -> None:
        """Move a mail to the deleted items, or remove it where there are none. An effect; a mail that is gone is no error."""

    async def aclose(self) -> None:
        """End connections."""
