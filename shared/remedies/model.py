"""What an entry of the catalogue of errors is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from shared.language.texts import gettext_noop as _


class Severity(StrEnum):
    """How bad it is."""

    ERROR = "error"
    """It does not work until somebody does something."""
    WARNING = "warning"
    """It works, or will again by itself, and somebody should know."""


class Kind(StrEnum):
    """Family of failure: what people have to be able to tell apart."""

    BLOCKED = "blocked"
    """The way is closed on purpose: a protocol, an account, an application or a network that is switched off."""
    CREDENTIALS = "credentials"
    """Who asks was not recognised: password, sign-in, second factor."""
    NETWORK = "network"
    """No conversation came about."""
    CONSENT = "consent"
    """Nobody who may has agreed yet."""
    CONFIGURATION = "configuration"
    """A setting, a registration or an address is wrong."""
    SERVICE = "service"
    """The other side has trouble; it passes."""
    SCOPE = "scope"
    """The identity is known, and this mailbox or folder is not open to it, or too much is."""
    LIMIT = "limit"
    """Too much, too big or too fast."""


class Reach(StrEnum):
    """How far the fault is likely to reach: where it also is to be expected at other mailboxes, one fault is told instead of many."""

    MAILBOX = "mailbox"
    HOST = "host"
    TENANT = "tenant"
    DEPLOYMENT = "deployment"


class Owner(StrEnum):
    """Whose task the next step is."""

    DIRECTORY = "directory"
    EXCHANGE = "exchange"
    WORKSPACE = "workspace"
    MAILBOX = "mailbox"
    PERSON = "person"
    NETWORK = "network"
    SERVER = "server"
    DEPLOYMENT = "deployment"
    NOBODY = "nobody"


OWNERS: dict[Owner, str] = {
    Owner.DIRECTORY: _("Administrator of the directory (Entra ID)"),
    Owner.EXCHANGE: _("Exchange administrator"),
    Owner.WORKSPACE: _("Google Workspace administrator"),
    Owner.MAILBOX: _("Owner of the mailbox"),
    Owner.PERSON: _("You, on this page"),
    Owner.NETWORK: _("Network administrator"),
    Owner.SERVER: _("Administrator of the mail server"),
    Owner.DEPLOYMENT: _("Whoever deploys Postrum"),
    Owner.NOBODY: _("Nobody: wait"),
}
"""What each owner is called."""

PLACEHOLDERS = frozenset(
    {
        "mailbox",
        "tenant",
        "client_id",
        "host",
        "port",
        "account",
        "expected",
        "addresses",
        "code",
        "days",
        "minutes",
        "next_check",
    }
)
"""The values that texts may name."""

WAIT = _("Nothing to do: Postrum tries again by itself.")
"""The next step where time mends it."""


@dataclass(frozen=True, slots=True)
class Remedy:
    """One entry.

    Attributes:
        code: what programs know it by; never changes its meaning.
        kind: family of failure.
        reach: how far the fault is likely to reach.
        owner: whose task the next step is.
        cause: what happened, in English; the key of its translations. A part in square brackets is left out where one of its
            values is not known.
        next_step: what the owner does, in the same form.
        link: where to do it or to read on; in the same form, values percent-encoded. Empty where there is nothing to open.
        severity: how bad it is.
    """

    code: str
    kind: Kind
    reach: Reach
    owner: Owner
    cause: str
    next_step: str
    link: str = ""
    severity: Severity = Severity.ERROR


@dataclass(frozen=True, slots=True)
class Told:
    """An entry in a language, with its values. `owner_name` is what the owner is called there."""

    code: str
    severity: Severity
    kind: Kind
    reach: Reach
    owner: Owner
    owner_name: str
    cause: str
    next_step: str
    link: str
