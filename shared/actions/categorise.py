"""Action `categorise`: the mail gets a category that people see in their mail program."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from shared.actions.base import MailboxChange
from shared.model.base import Model
from shared.model.config import Mailbox


class Parameters(Model):
    """The category's name."""

    category: Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[^,;\x00-\x1f]+$")]


class Categorise:
    """Adds a category."""

    name = "categorise"
    parameters = Parameters

    def change(self, parameters: Parameters, mailbox: Mailbox) -> MailboxChange:
        """The category."""
        return MailboxChange(categories=(parameters.category,))
