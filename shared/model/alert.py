"""Alerts: what a person has to see to, raised once and cleared once."""

from __future__ import annotations

import base64
import hashlib
from enum import StrEnum
from typing import Annotated

from pydantic import AwareDatetime, Field

from shared.model.base import Model


class AlertKind(StrEnum):
    """What is wrong."""

    MAILBOX_SILENT = "mailbox_silent"
    """No successful run for too long."""
    CONNECTION_FAILING = "connection_failing"
    """The calls to one mailbox fail."""
    CONSENT_REVOKED = "consent_revoked"
    """The provider refuses the application."""
    SIGN_IN_NEEDED = "sign_in_needed"
    """The account behind a mailbox has to sign in again."""
    HOST_UNREACHABLE = "host_unreachable"
    """Most mailboxes of one mail server fail: it is the server's fault, or the way to it."""
    TENANT_REFUSED = "tenant_refused"
    """Most mailboxes of one tenant are refused."""
    JUNK_GROWING = "junk_growing"
    """The provider puts mail into Junk, where nothing is taken in from."""
    SCOPE_OPEN = "scope_open"
    """A mailbox outside the scope can be read."""
    CERTIFICATE_EXPIRING = "certificate_expiring"
    """A certificate or secret of the deployment ends soon."""
    SUBSCRIPTION_FAILING = "subscription_failing"
    """Change notifications cannot be ordered; mail comes with the schedule only."""
    BACKLOG_QUESTION = "backlog_question"
    """There is much old mail in the source folder, and nobody said what to do with it."""
    POISON = "poison"
    """Queue messages that nobody could work on wait for a person."""


class Severity(StrEnum):
    """How much it matters."""

    WARNING = "warning"
    """Nothing is lost or late yet."""
    CRITICAL = "critical"
    """Mail does not come in, or more can be read than should be."""


SEVERITIES: dict[AlertKind, Severity] = dict.fromkeys(AlertKind, Severity.CRITICAL) | dict.fromkeys(
    (
        AlertKind.JUNK_GROWING,
        AlertKind.CERTIFICATE_EXPIRING,
        AlertKind.SUBSCRIPTION_FAILING,
        AlertKind.BACKLOG_QUESTION,
        AlertKind.POISON,
    ),
    Severity.WARNING,
)


class Condition(Model):
    """Something that is wrong now; with `kind`, `company`, `mailbox` and `place` as its natural key."""

    kind: AlertKind
    company: Annotated[str, Field(max_length=40)] = ""
    """Empty for the deployment."""
    mailbox: Annotated[str, Field(max_length=40)] = ""
    place: Annotated[str, Field(max_length=300)] = ""
    """A host, a tenant, or a certificate with the days of the warning."""
    cause: Annotated[str, Field(max_length=100)] = ""
    """Entry of the catalogue of errors; empty where there is none."""
    affected: int = 1
    """Mailboxes of the company."""
    since: AwareDatetime
    """When it began, as far as it is known."""

    @property
    def id(self) -> str:
        """Id of the alert: the same thing has the same id each time it happens."""
        name = f"{self.kind}\0{self.company}\0{self.mailbox}\0{self.place}"
        return base64.b32encode(hashlib.sha256(name.encode()).digest()).decode().lower()[:26]


class Alert(Condition):
    """A condition that people were told of."""

    raised_at: AwareDatetime
    calm_since: AwareDatetime | None = None
    """The condition holds no longer, and has to stay so for some minutes."""
    cleared_at: AwareDatetime | None = None

    @property
    def severity(self) -> Severity:
        """How much it matters."""
        return SEVERITIES[self.kind]

    @property
    def occurrence(self) -> int:
        """Number of this time among all times that it happened: seconds since 1970 of the moment it was raised."""
        return int(self.raised_at.timestamp())
