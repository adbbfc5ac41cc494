"""What a mail source is: the protocol that the pipeline works with, and what it passes.

Every call here is one request to the provider's mailbox, and is made only by the holder of the lane. Implementations retry
nothing by themselves: they raise the errors of `shared.errors`, and the lane decides. A call with an effect runs inside
`effect(...)` in the implementation.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from shared.model.base import Model


class SourceFolder(Model):
    """A folder of the mailbox. `path` is below the inbox, parts separated by `/`; empty for the inbox."""

    id: str
    path: str
    total: int = 0


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


class MailPage(Model):
    """One page of a listing. `next` goes into the next call; None ends the listing."""

    mails: tuple[ListedMail, ...]
    next: str | None = None


class MailSource(Protocol):
    """One provider mailbox. Construction connects to nothing; `aclose` ends what was opened."""

    @property
    def kind(self) -> str:
        """What it is: part of the identity of a message, so it never changes."""

    async def folder(self, path: str) -> SourceFolder | None:
        """The folder at this path below the inbox (`""` is the inbox itself), or None where there is none."""

    async def create_folder(self, path: str) -> SourceFolder:
        """The folder at this path, made with its parents where missing. An effect."""

    async def list(self, folder: SourceFolder, *, page: str | None = None, size: int = 200) -> MailPage:
        """One page of the mails that are in the folder now, oldest first."""

    def fetch(self, provider_id: str) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """The mail as the provider gives it, in chunks of at most 256 KiB.

        Raises:
            MessageGone: it is not in the mailbox any more.
        """

    async def locate(self, provider_id: str) -> str | None:
        """Id of the folder in which the mail is now, or None where it is not in the mailbox any more."""

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

    async def aclose(self) -> None:
        """End connections."""
