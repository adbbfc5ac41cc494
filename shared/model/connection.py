"""How a mailbox is connected at the moment: the state that people see, and why."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from shared.model.base import Identifier, Model
from shared.model.config import ConnectionKind


class ConnectionState(StrEnum):
    """Where the connection of a mailbox stands."""

    NEW = "new"
    """Nothing was tried yet."""
    AWAITING_CONSENT = "awaiting_consent"
    """An administrator has to open the consent link, or the mailbox has to be put into the scope in Exchange."""
    CONSENT_REQUESTED = "consent_requested"
    """A request for approval lies with an administrator."""
    CONSENT_FORBIDDEN = "consent_forbidden"
    """The person who tried may not consent, and may not ask for it either."""
    SIGN_IN_AGAIN = "sign_in_again"
    """An account has to sign in: for the first time after the approval, or because its sign-in ended."""
    CONNECTED = "connected"
    """The last call to the mailbox was answered."""
    ERROR = "error"
    """The last call failed; `code` names the entry of the catalogue of errors."""


class Connection(Model):
    """State of the connection of one mailbox."""

    company: Identifier
    mailbox: Identifier
    kind: ConnectionKind
    state: ConnectionState = ConnectionState.NEW
    code: str = ""
    """Entry of the catalogue of errors (`shared/remedies`); empty where nothing is wrong."""
    detail: str = ""
    """What the other side said, freed of secrets; for the expandable technical part."""
    since: datetime
    """When this state began."""
    checked_at: datetime | None = None
    next_check_at: datetime | None = None
    """When the tick looks again by itself: while a grant has not reached the service, or a request waits for approval."""
    checks: int = 0
    """Checks made in this state; the time between two grows with them."""
    account: str = ""
    """Who signed in, for the kinds that act for an account."""
    requested_by: str = ""
    """Who asked for approval: that person is told when it was given."""
