"""Action `mark_read`: the mail is marked read after it was dealt with; never where the sender asked for a read receipt."""

from __future__ import annotations

from shared.actions.base import MailboxChange
from shared.model.base import Model
from shared.model.config import Mailbox


class Parameters(Model):
    """None."""


class MarkRead:
    """Marks the mail read."""

    name = "mark_read"
    parameters = Parameters

    def change(self, parameters: Parameters, mailbox: Mailbox) -> MailboxChange:
        """The read flag."""
        return MailboxChange(mark_read=True)
