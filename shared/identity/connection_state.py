"""From one state of a connection to the next: pure, so that every way through it can be tested.

What happens comes from people (a link was sent, a request was made), from the pages of Entra and Google (consented, declined,
forbidden, another account), and from the calls that prove a connection (answered, refused, not reached). A connection that
waits is checked again by itself, with growing distances: soon where a service has to learn of a grant, seldom where a person
has to act.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from shared.errors import (
    MessageGone,
    NotPropagated,
    PermissionDenied,
    PostrumError,
    SignInNeeded,
    Throttled,
    TransientError,
)
from shared.model.config import SIGNED_IN_KINDS, ConnectionKind
from shared.model.connection import Connection, ConnectionState

AWAITING, REQUESTED, FORBIDDEN = (
    ConnectionState.AWAITING_CONSENT,
    ConnectionState.CONSENT_REQUESTED,
    ConnectionState.CONSENT_FORBIDDEN,
)
WAITING: Final = frozenset({AWAITING, REQUESTED, FORBIDDEN})
"""States in which somebody or something else has to act first."""

SERVICE_WAITS: Final = (1, 2, 5, 10, *(15,) * 12)
"""Minutes between two checks while a service has to learn of a grant, which takes up to two hours; 60 after that."""
PEOPLE_WAITS: Final = (5, 15, 30)
"""Minutes between two checks while a person has to act; 60 after that."""
LATER: Final = timedelta(hours=1)
PATIENCE: Final = timedelta(days=30)
"""After this a connection that waits for a person is not checked by itself any more."""

NO_CONSENT: Final = frozenset({65001, 650056, 90008, 700016, 7000229, 650051})
"""Codes of Entra's: nobody consented, or the application is not known in the tenant."""
APPROVAL_NEEDED: Final = frozenset({90094, 90095, 900981})
"""An administrator has to approve; the last two where people may ask for it on the page itself."""
MAY_NOT: Final = frozenset({90093, 90097, 900941})
"""The person may neither consent nor ask."""
DECLINED: Final = frozenset({65004})
_NO_ACCESS: Final = frozenset({"graph_access_denied", "graph_mailbox_not_shared"})
"""What Graph says of a mailbox that is closed to whoever asks."""


class Happened(StrEnum):
    """What happened to a connection."""

    LINK_SENT = "link_sent"
    """A consent link was made for an administrator."""
    APPROVAL_NEEDED = "approval_needed"
    """An administrator has to approve: the directory said so, or the person who asked for it."""
    MAY_NOT = "may_not"
    """The directory lets the person neither consent nor ask."""
    DECLINED = "declined"
    """Somebody pressed Cancel on the page of consent."""
    CONSENTED = "consented"
    """An administrator consented or approved; what it opens is not proven yet."""
    OTHER_ACCOUNT = "other_account"
    """An account signed in that has no access to the mailbox."""
    SIGN_IN_NEEDED = "sign_in_needed"
    """The account has to sign in: it never did, or its grant ended."""
    NOT_YET = "not_yet"
    """A grant was given, and the service does not know it yet."""
    REFUSED = "refused"
    """The service refuses, because consent or the mailbox in its scope is missing."""
    BROKEN = "broken"
    """Something that a person has to mend."""
    UNREACHABLE = "unreachable"
    """No answer, or not now; may pass by itself."""
    BUSY = "busy"
    """The other side asked for patience, which says nothing of the connection."""
    ANSWERED = "answered"
    """A call to the mailbox was answered."""


CHECKS: Final = frozenset(
    {
        Happened.SIGN_IN_NEEDED,
        Happened.NOT_YET,
        Happened.REFUSED,
        Happened.BROKEN,
        Happened.UNREACHABLE,
        Happened.BUSY,
        Happened.ANSWERED,
    }
)
"""What only a call to the other side can tell."""


@dataclass(frozen=True, slots=True)
class Event:
    """What happened.

    Attributes:
        happened: of which kind.
        code: entry of the catalogue of errors; empty for the usual one of that kind.
        detail: what the other side said, freed of secrets.
        account: who signed in.
        by: the person who did it.
    """

    happened: Happened
    code: str = ""
    detail: str = ""
    account: str = ""
    by: str = ""


def after(connection: Connection, event: Event, now: datetime) -> Connection:
    """The connection as it is after the event; the very same object where nothing changes.

    Args:
        connection: as it was.
        event: what happened.
        now: the time.
    """
    state, code = _next(connection, event)
    same = state is connection.state and code == connection.code
    tells_nothing = event.happened not in CHECKS and event.happened is not Happened.APPROVAL_NEEDED
    if same and tells_nothing and (state is ConnectionState.CONNECTED or event.account in ("", connection.account)):
        return connection
    checked = event.happened in CHECKS
    checks = (connection.checks if same else 0) + (1 if checked else 0)
    since = connection.since if state is connection.state else now
    changed = connection.model_copy(
        update={
            "state": state,
            "code": code,
            "detail": _detail(connection, event) if code else "",
            "since": since,
            "checked_at": now if checked else connection.checked_at,
            "checks": checks,
            "account": event.account or connection.account,
            "requested_by": event.by if event.happened is Happened.APPROVAL_NEEDED else connection.requested_by,
        }
    )
    return changed.model_copy(update={"next_check_at": _next_check(changed, event, now)})


def judged(error: PostrumError, kind: ConnectionKind) -> Event:
    """What an error of a token or a call means for the connection.

    Args:
        error: what was raised; its `cause` tells the most.
        kind: how the mailbox is connected.
    """
    code = error.cause or error.code
    number = _number(code)
    signed_in = kind in SIGNED_IN_KINDS
    happened = Happened.BROKEN
    if number in NO_CONSENT:
        happened = Happened.REFUSED
    elif number in APPROVAL_NEEDED:
        happened = Happened.APPROVAL_NEEDED
    elif number in MAY_NOT:
        happened = Happened.MAY_NOT
    elif number in DECLINED:
        happened, code = Happened.DECLINED, "entra_65004"
    elif isinstance(error, NotPropagated):
        happened = Happened.NOT_YET
    elif isinstance(error, Throttled):
        happened = Happened.BUSY
    elif isinstance(error, TransientError):
        happened = Happened.UNREACHABLE
    elif isinstance(error, SignInNeeded):
        happened = Happened.SIGN_IN_NEEDED
    elif isinstance(error, MessageGone) or code in _NO_ACCESS:
        # Graph says of a mailbox that an account may not open that it does not find the folder, or that access is denied.
        code = "account_without_access" if signed_in else "scope_pending"
        happened = Happened.BROKEN if signed_in else Happened.REFUSED
    elif isinstance(error, PermissionDenied) and code == "google_access_denied":
        happened = Happened.DECLINED
    return Event(happened, code=code, detail=error.message)


def _detail(connection: Connection, event: Event) -> str:
    return connection.detail if event.happened is Happened.BUSY else event.detail[:1_000]


def _next(connection: Connection, event: Event) -> tuple[ConnectionState, str]:
    state, code = connection.state, connection.code
    given = event.code
    connected = state is ConnectionState.CONNECTED
    match event.happened:
        case Happened.ANSWERED:
            return ConnectionState.CONNECTED, ""
        case Happened.BUSY:
            return state, code
        case Happened.UNREACHABLE:
            if state in WAITING or state is ConnectionState.SIGN_IN_AGAIN:
                return state, code
            return ConnectionState.ERROR, given or "service_unavailable"
        case Happened.BROKEN:
            return ConnectionState.ERROR, given or "permission_denied"
        case Happened.REFUSED:
            if connected:
                return AWAITING, "consent_revoked"
            return (state, code) if state in WAITING else (AWAITING, given or "consent_missing")
        case Happened.NOT_YET:
            return AWAITING, given or "consent_not_propagated"
        case Happened.SIGN_IN_NEEDED:
            return (state, code) if state in WAITING else (ConnectionState.SIGN_IN_AGAIN, given or "sign_in_needed")
        case Happened.CONSENTED:
            if connected:
                return state, code
            if connection.kind in SIGNED_IN_KINDS:
                return ConnectionState.SIGN_IN_AGAIN, "consent_approved"
            return AWAITING, given or "consent_not_propagated"
        case Happened.MAY_NOT:
            return FORBIDDEN, given or "consent_forbidden"
        case Happened.APPROVAL_NEEDED:
            return REQUESTED, given or "consent_requested"
        case _ if connected:  # what people do beside a connection that works does not end it
            return state, code
        case Happened.OTHER_ACCOUNT:
            return ConnectionState.SIGN_IN_AGAIN, given or "sign_in_other_account"
        case Happened.DECLINED:
            return AWAITING, given or "consent_declined"
        case Happened.LINK_SENT:
            return (state, code) if state in WAITING else (AWAITING, given or "consent_missing")


def _next_check(connection: Connection, event: Event, now: datetime) -> datetime | None:
    """When to look again; None where looking cannot help."""
    if connection.state in (ConnectionState.NEW, ConnectionState.CONNECTED, ConnectionState.SIGN_IN_AGAIN):
        return None
    by_itself = connection.code in ("consent_not_propagated", "scope_pending") or event.happened is Happened.UNREACHABLE
    if not by_itself and now - connection.since > PATIENCE:
        return None
    waits = SERVICE_WAITS if by_itself else PEOPLE_WAITS
    done = max(connection.checks - (1 if event.happened in CHECKS else 0), 0)
    return now + (timedelta(minutes=waits[done]) if done < len(waits) else LATER)


def _number(code: str) -> int | None:
    digits = code.removeprefix("entra_")
    return int(digits) if digits != code and digits.isdigit() else None
