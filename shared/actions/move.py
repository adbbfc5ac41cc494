"""Action `move`: where the mail goes in its mailbox. Always the last thing that happens to a message."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from shared.actions.base import MailboxChange
from shared.model.base import Model
from shared.model.config import Mailbox


class Parameters(Model):
    """`imported` or `other` for the mailbox's own folders, or a path below the inbox."""

    folder: Annotated[str, Field(min_length=1, max_length=500)]


class Move:
    """Moves the mail, once."""

    name = "move"
    parameters = Parameters

    def change(self, parameters: Parameters, mailbox: Mailbox) -> MailboxChange:
        """The folder's path below the inbox."""
        own = {"imported": mailbox.folders.imported, "other": mailbox.folders.other}
        return MailboxChange(folder=own.get(parameters.folder, parameters.folder) or None)
