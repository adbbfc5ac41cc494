"""The form of a mailbox: what was typed → what a mailbox is made of, or what is wrong with it, by field. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from shared.language.texts import Texts, gettext_noop
from shared.model.config import SIGNED_IN_KINDS, ConnectionKind, ImapEncryption, Mailbox, Scan
from shared.pipeline.schedule import problem as schedule_problem

MICROSOFT: Final = frozenset({ConnectionKind.GRAPH_APP, ConnectionKind.GRAPH_DELEGATED, ConnectionKind.IMAP_MICROSOFT})
"""Kinds whose mailbox is in an Entra tenant."""
_ADDRESS = re.compile(r"[^\s@<>,;\"\\/]{1,64}@[^\s@<>,;\"\\/]+\.[^\s@<>,;\"\\/]+\Z")
_TENANT = re.compile(r"[0-9a-zA-Z.-]{1,253}\Z")
_HOST = re.compile(r"[0-9A-Za-z.:-]{1,253}\Z")
_MEDIA_TYPE = re.compile(r"[0-9a-z.+-]+/[0-9a-z.+*-]+\Z")
NOT_AN_ADDRESS = gettext_noop("Enter the full address, such as invoice@company.com.")


@dataclass(frozen=True, slots=True)
class Typed:
    """A form that was read.

    Attributes:
        values: fields of `MailboxDraft`.
        problems: texts by field of the form; empty where all is well.
    """

    values: dict[str, Any]
    problems: dict[str, str]


def typed(form: Mapping[str, str], kind: ConnectionKind, texts: Texts) -> Typed:
    """What was typed into the form of a mailbox.

    Args:
        form: its fields.
        kind: how the mailbox is reached; it decides which fields there are.
        texts: in the reader's language.
    """
    problems: dict[str, str] = {}
    address = form.get("address", "").strip()
    if not _ADDRESS.match(address) or len(address) > 320:
        problems["address"] = texts.gettext(NOT_AN_ADDRESS)
    name = form.get("name", "").strip()
    if len(name) > 200:
        problems["name"] = texts.gettext("A name has at most 200 characters.")
    schedule = " ".join(form.get("schedule", "").split()) or "*/15 * * * *"
    if schedule_problem(schedule):
        problems["schedule"] = texts.gettext("This is no cron expression with five fields, such as */15 * * * *.")
    media_types = tuple(form.get("accepted_types", "").lower().replace(",", " ").split()) or ("application/pdf",)
    if any(not _MEDIA_TYPE.match(one) for one in media_types):
        problems["accepted_types"] = texts.gettext("A media type looks like application/pdf.")
    values: dict[str, Any] = {
        "name": name,
        "address": address,
        "connection": kind,
        "tenant_id": _tenant(form, kind, texts, problems),
        "imap": _server(form, texts, problems) if kind is ConnectionKind.IMAP_PASSWORD else None,
        "scan": Scan.UNREAD if form.get("scan") == Scan.UNREAD else Scan.ALL,
        "schedule": schedule,
        "accepted_types": media_types,
        **{name: form.get(name) == "yes" for name in ("mark_read", "leave_in_place", "open_archives")},
    }
    return Typed(values, problems)


def shown(mailbox: Mailbox) -> dict[str, str]:
    """The fields of the form as they are for a mailbox that is there."""
    server = mailbox.imap
    return {
        "name": mailbox.name,
        "address": mailbox.address,
        "tenant_id": mailbox.tenant_id or "",
        "schedule": mailbox.schedule,
        "scan": mailbox.scan.value,
        "accepted_types": ", ".join(mailbox.accepted_types),
        "mark_read": "yes" if mailbox.mark_read else "",
        "leave_in_place": "yes" if mailbox.leave_in_place else "",
        "open_archives": "yes" if mailbox.open_archives else "",
        "host": server.host if server else "",
        "port": str(server.port) if server else "",
        "encryption": server.encryption.value if server else "",
        "user_name": (server.user_name or "") if server else "",
        "certificate_authority": (server.certificate_authority or "") if server else "",
    }


def kind_of(text: str) -> ConnectionKind | None:
    """The kind that was chosen; None where none was."""
    try:
        return ConnectionKind(text)
    except ValueError:
        return None


def dropped(old: Mailbox, kind: ConnectionKind) -> dict[str, Any]:
    """What of a mailbox does not hold any more when it is reached in another way."""
    return {"grant": None} if old.connection is not kind or kind not in SIGNED_IN_KINDS else {}


def _tenant(form: Mapping[str, str], kind: ConnectionKind, texts: Texts, problems: dict[str, str]) -> str | None:
    tenant = form.get("tenant_id", "").strip() if kind in MICROSOFT else ""
    if tenant and not _TENANT.match(tenant):
        problems["tenant_id"] = texts.gettext("Enter the id of the tenant, or one of its domains, such as company.com.")
    return tenant or None


def _server(form: Mapping[str, str], texts: Texts, problems: dict[str, str]) -> dict[str, Any]:
    host, port = form.get("host", "").strip(), form.get("port", "").strip()
    if not _HOST.match(host):
        problems["host"] = texts.gettext("Enter the name of the server, such as mail.company.com.")
    starttls = form.get("encryption") == ImapEncryption.STARTTLS
    number = (
        int(port) if port.isascii() and port.isdigit() and len(port) < 6 else 0 if port else 143 if starttls else 993
    )
    if not 1 <= number <= 65535:
        problems["port"] = texts.gettext("A port is a number from 1 to 65535.")
    authority = form.get("certificate_authority", "").strip()
    if authority and ("-----BEGIN CERTIFICATE-----" not in authority or len(authority) > 20_000):
        problems["certificate_authority"] = texts.gettext(
            "A certificate is given as text that begins with -----BEGIN CERTIFICATE-----."
        )
    user = form.get("user_name", "").strip()
    if len(user) > 320 or not user.isprintable():
        problems["user_name"] = texts.gettext(
            "A user name has at most 320 characters, none of them a control character."
        )
    return {
        "host": host,
        "port": number,
        "encryption": ImapEncryption.STARTTLS if starttls else ImapEncryption.TLS,
        "user_name": user or None,
        "certificate_authority": authority or None,
    }
