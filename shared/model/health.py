"""How the mailboxes are: what the console, the API and the alerts say about them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Literal

from shared.model.base import Model
from shared.model.config import ConnectionKind
from shared.model.connection import Connection


class MailboxState(StrEnum):
    """How a mailbox is at the moment."""

    PAUSED = "paused"
    """It is configured and not active."""
    NEW = "new"
    """It is active and was not listed yet."""
    WAITING = "waiting"
    """The provider asked for patience."""
    OK = "ok"
    """The last run succeeded, and lately enough."""
    FAILING = "failing"
    """The last run failed."""
    SILENT = "silent"
    """No run succeeded for too long."""


class Failure(Model):
    """Why the last run of a mailbox failed."""

    code: str
    """Of the error (`shared/errors.py`)."""
    cause: str = ""
    """Entry of the catalogue of errors; empty where there is none."""
    text: str = ""
    since: datetime
    """When the first of the failures in a row was."""
    at: datetime
    """When the last one was."""


class Stages(Model):
    """When each stage last succeeded."""

    listed_at: datetime | None = None
    """The source folder was listed: this is what says that a mailbox lives."""
    archived_at: datetime | None = None
    """A mail was archived."""
    filed_at: datetime | None = None
    """A mail was put into its folder."""
    ended_at: datetime | None = None
    """When the newest mail came in that was decided, acted on and announced."""


class SubscriptionHealth(Model):
    """Change notifications of a mailbox. Without them mail comes with the schedule."""

    state: Literal["off", "active", "failing"] = "off"
    expires: datetime | None = None
    cause: str = ""
    failing_since: datetime | None = None


class MailboxHealth(Model):
    """One mailbox."""

    company: str
    mailbox: str
    name: str
    address: str
    connection_kind: ConnectionKind
    host: str
    """Where it is read from."""
    tenant: str
    """Entra tenant of the mailbox; empty where it has none."""
    state: MailboxState
    stages: Stages = Stages()
    backlog: int | None = None
    """Messages that are not at their end; None where they were not counted."""
    junk: int | None = None
    """Mails in the Junk folder; None where nobody looked."""
    question: bool = False
    """It waits for an answer what to do with old mail."""
    failure: Failure | None = None
    blocked_until: datetime | None = None
    subscription: SubscriptionHealth = SubscriptionHealth()
    connection: Connection | None = None


class FaultGroup(Model):
    """Mailboxes of one host or one tenant that fail for a reason of that host or tenant."""

    by: Literal["host", "tenant"]
    name: str
    affected: int
    total: int
    """Active mailboxes there, of all companies."""
    since: datetime
    causes: tuple[str, ...] = ()
    """Codes of the catalogue of errors, or of errors where it has no entry."""
    whole: bool
    """At least two and at least half of them fail: it is not about single mailboxes."""


class Expiry(Model):
    """Something of the deployment that ends: a certificate or a secret."""

    name: str
    at: datetime


class Health(Model):
    """Everything at one moment."""

    at: datetime
    mailboxes: tuple[MailboxHealth, ...]
    groups: tuple[FaultGroup, ...]
    expiries: tuple[Expiry, ...] = ()
