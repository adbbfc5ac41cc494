"""How a mailbox is connected, as a person reads it: one sentence, its kind, what to do about it, and whose task that is. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import StrEnum

from babel.dates import format_date, format_time

from shared.identity.connection_state import WAITING
from shared.language.texts import Texts, gettext_noop
from shared.model.config import ConnectionKind, ImapServer, Mailbox
from shared.model.connection import Connection, ConnectionState
from shared.remedies import Kind, Told, told
from shared.settings import Settings
from shared.setup.checking import BY_ITSELF
from shared.setup.consent_texts import failed_text, granted_text, waiting_text
from shared.sources.imap.servers import server_of

_AWAITING = gettext_noop("Waiting for the consent of an administrator")
_REQUESTED = gettext_noop("Approval was requested, and an administrator has not answered yet")
_FORBIDDEN = gettext_noop("This account may neither give consent nor ask for it")
_SIGN_IN = gettext_noop("An account has to sign in")
_APPROVED = gettext_noop("An administrator has approved: sign in once more to finish")
_OTHER_ACCOUNT = gettext_noop("Signed in as {account}, expected {expected}")
_NEW = gettext_noop("Not connected yet")


class Tone(StrEnum):
    """How a sentence is meant; colour and sign of its panel."""

    GOOD = "good"
    BAD = "bad"
    WARNING = "warning"
    BUSY = "busy"
    NEUTRAL = "neutral"


@dataclass(frozen=True, slots=True)
class Story:
    """What is to be said about a connection.

    Attributes:
        tone: how it is meant.
        message: one sentence, with the address where access was granted.
        told: what happened, whose task it is and what they do; None where nothing is wrong.
        detail: what the other side said, for the technical part.
        changes: it may change without anything being done on the page.
    """

    tone: Tone
    message: str
    told: Told | None
    detail: str
    changes: bool

    @property
    def network(self) -> bool:
        """Whether the other side may have to let our addresses in."""
        return self.told is not None and self.told.kind in (Kind.NETWORK, Kind.BLOCKED)


def story(
    connection: Connection, mailbox: Mailbox, settings: Settings, texts: Texts, zone: tzinfo, now: datetime
) -> Story:
    """What a connection is, in words.

    Args:
        connection: as it is kept.
        mailbox: whose it is.
        settings: of the deployment; texts name its application and its addresses.
        texts: in the reader's language.
        zone: time zone of the times in it.
        now: the time.
    """
    next_check = short_time(connection.next_check_at, texts.language, zone, now)
    entry = None
    if connection.code:
        entry = explained(
            connection.code, mailbox, settings, texts, account=connection.account, next_check=next_check or None
        )
    tone, message = _sentence(connection, mailbox, texts, next_check)
    return Story(
        tone=tone,
        message=message,
        told=entry,
        detail=connection.detail,
        changes=connection.state in WAITING,
    )


def explained(code: str, mailbox: Mailbox, settings: Settings, texts: Texts, **values: object) -> Told:
    """An entry of the catalogue of errors, with what is known about the mailbox filled in."""
    server = server_for(mailbox, settings)
    return told(
        code,
        texts.language,
        **{
            "mailbox": mailbox.address,
            "expected": mailbox.address,
            "tenant": mailbox.tenant_id or settings.tenant_id,
            "client_id": settings.google_client_id
            if mailbox.connection is ConnectionKind.GOOGLE
            else settings.app_client_id,
            "host": server.host if server else None,
            "port": server.port if server else None,
            "addresses": settings.outbound_addresses,
            **values,
        },
    )


def server_for(mailbox: Mailbox, settings: Settings) -> ImapServer | None:
    """The mail server of a mailbox; None for one that is read through Graph."""
    if mailbox.connection in (ConnectionKind.GRAPH_APP, ConnectionKind.GRAPH_DELEGATED):
        return None
    return server_of(mailbox, gmail=settings.gmail_imap, outlook=settings.outlook_imap)


def short_time(moment: datetime | None, language: str, zone: tzinfo, now: datetime) -> str:
    """Hour and minute, with the day where it is not today; empty for None."""
    if moment is None:
        return ""
    locale = "en_GB" if language == "en" else language
    local = moment.astimezone(zone)
    time = format_time(local, "short", locale=locale)
    if local.date() == now.astimezone(zone).date():
        return time
    return f"{format_date(local, 'medium', locale=locale)}, {time}"


def _sentence(connection: Connection, mailbox: Mailbox, texts: Texts, next_check: str) -> tuple[Tone, str]:
    failed = failed_text(mailbox.connection, texts)
    match connection.state:
        case ConnectionState.CONNECTED:
            return Tone.GOOD, granted_text(mailbox.address, texts)
        case ConnectionState.ERROR:
            return Tone.BAD, failed
        case ConnectionState.CONSENT_REQUESTED:
            return Tone.BUSY, texts.gettext(_REQUESTED)
        case ConnectionState.CONSENT_FORBIDDEN:
            return Tone.BAD, texts.gettext(_FORBIDDEN)
        case ConnectionState.SIGN_IN_AGAIN if connection.code == "consent_approved":
            return Tone.WARNING, texts.gettext(_APPROVED)
        case ConnectionState.SIGN_IN_AGAIN if connection.code == "sign_in_other_account":
            return Tone.BAD, texts.say(_OTHER_ACCOUNT, account=connection.account, expected=mailbox.address)
        case ConnectionState.SIGN_IN_AGAIN:
            return Tone.WARNING, texts.gettext(_SIGN_IN)
        case ConnectionState.AWAITING_CONSENT if connection.code in BY_ITSELF and next_check:
            return Tone.BUSY, waiting_text(next_check, texts)
        case ConnectionState.AWAITING_CONSENT if connection.code in ("consent_revoked", "consent_declined"):
            return Tone.BAD, failed
        case ConnectionState.AWAITING_CONSENT:
            return Tone.WARNING, texts.gettext(_AWAITING)
        case ConnectionState.NEW:
            return Tone.NEUTRAL, texts.gettext(_NEW)
