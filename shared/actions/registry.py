"""All actions, by name. A new action is one file beside this one and one line here."""

from __future__ import annotations

from pydantic import BaseModel

from shared.actions.base import MailboxAction, StoreAction
from shared.actions.categorise import Categorise
from shared.actions.create_document import CreateDocument
from shared.actions.link import Link
from shared.actions.mark_read import MarkRead
from shared.actions.move import Move
from shared.actions.webhook import Webhook

STORE_ACTIONS: dict[str, StoreAction] = {action.name: action for action in (CreateDocument(), Link(), Webhook())}
MAILBOX_ACTIONS: dict[str, MailboxAction] = {action.name: action for action in (Categorise(), MarkRead(), Move())}

PARAMETERS: dict[str, type[BaseModel]] = {
    name: action.parameters for actions in (STORE_ACTIONS, MAILBOX_ACTIONS) for name, action in actions.items()
}
"""Parameter models by action name, for checking rules."""
