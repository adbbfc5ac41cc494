"""The consent link, pure: what stands in it, what it asks for and why, and the address of the directory's page behind it.

A link is a statement of ours, signed with a key that only the deployment has: which company, mailbox and tenant it is for, what
it asks, and until when. It opens a page of our own that explains; only the button there leads to the directory.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlencode

from pydantic import ValidationError

from shared.errors import PermissionDenied
from shared.identity.scopes import GRAPH_DEFAULT, GRAPH_MAIL, NO_MAIL, OUTLOOK_IMAP
from shared.language.texts import gettext_noop as _
from shared.model.base import Identifier, Model
from shared.model.config import ConnectionKind

LIFETIME: Final = timedelta(days=7)
LONGEST: Final = 2_000
"""Characters of a link's token."""
_PURPOSE: Final = b"consent-link/1\0"
_DOMAIN = re.compile(r"(?:[0-9a-zA-Z](?:[0-9a-zA-Z-]{0,61}[0-9a-zA-Z])?\.)+[a-zA-Z][0-9a-zA-Z-]{0,61}[0-9a-zA-Z]\Z")
CONSENTED_KINDS: Final = frozenset(
    {ConnectionKind.GRAPH_APP, ConnectionKind.GRAPH_DELEGATED, ConnectionKind.IMAP_MICROSOFT}
)
"""Kinds for which an administrator of Entra ID can consent."""


class Consent(Model):
    """What a link asks for."""

    company: Identifier
    mailbox: Identifier
    tenant: str
    kind: ConnectionKind
    tenant_wide: bool = False
    """Application permission for every mailbox of the tenant, in place of a scope in Exchange."""
    expires_at: datetime
    by: str = ""
    """Who made the link; that person is told."""


class Permission(Model):
    """One permission, as the page before the directory's explains it. Texts are keys of the catalogues."""

    value: str
    resource: str
    application: bool
    """Whether it acts without an account (application permission) or for one (delegated permission)."""
    reason: str
    opens: str


_SIGN_IN = Permission(
    value="openid, profile",
    resource="Microsoft Graph",
    application=False,
    reason=_("Makes the application known in your tenant, so that Exchange can name it."),
    opens=_("No mailbox and no data; only the name of whoever signs in to it."),
)
_STAY = Permission(
    value="offline_access",
    resource="Microsoft Graph",
    application=False,
    reason=_("Mail is read at night too, without the account signing in each time."),
    opens=_("Nothing by itself; it prolongs the permissions beside it until they are withdrawn."),
)
_TENANT_WIDE = Permission(
    value="Mail.ReadWrite",
    resource="Microsoft Graph",
    application=True,
    reason=_("Reads incoming mail, and moves it into the folders that you choose."),
    opens=_(
        "Every mailbox of your tenant. Postrum reads only those that are set up in it, but the permission opens all."
    ),
)
_SHARED = Permission(
    value="Mail.ReadWrite.Shared",
    resource="Microsoft Graph",
    application=False,
    reason=_("Reads incoming mail, and moves it into the folders that you choose."),
    opens=_("The mailboxes that the signed-in account can open itself, and no other."),
)
_IMAP = Permission(
    value="IMAP.AccessAsUser.All",
    resource="Office 365 Exchange Online",
    application=False,
    reason=_("Reads incoming mail by IMAP, and moves it into the folders that you choose."),
    opens=_("The mailboxes that the signed-in account can open itself, and no other."),
)

_APPLICATION_ROLES: Final = ("Privileged Role Administrator", "Global Administrator")
"""Who may consent to application permissions of Microsoft Graph.
https://learn.microsoft.com/entra/identity/enterprise-apps/grant-admin-consent#prerequisites"""
_DELEGATED_ROLES: Final = (
    "Application Administrator",
    "Cloud Application Administrator",
    "Privileged Role Administrator",
    "Global Administrator",
)
"""Who may consent to delegated permissions for everybody; same page."""
SCOPE_ROLE: Final = "Exchange Administrator"
"""Who may run the script that names the mailboxes."""


def permissions(consent: Consent, *, sign_in_declared: bool = True) -> tuple[Permission, ...]:
    """Everything that the directory's page will list, each with its reason.

    Args:
        consent: what is asked for.
        sign_in_declared: the registration declares what accounts that sign in need as well: `.default`, the only way to an
            application permission, asks for all that is declared.
    """
    match consent.kind:
        case ConnectionKind.GRAPH_DELEGATED:
            return (_SHARED, _STAY)
        case ConnectionKind.IMAP_MICROSOFT:
            return (_IMAP, _STAY)
        case _:
            if not consent.tenant_wide:
                return (_SIGN_IN,)
            declared = (_SHARED, _IMAP, _STAY) if sign_in_declared else ()
            return (_TENANT_WIDE, _SIGN_IN, *declared)


def directory_roles(consent: Consent) -> tuple[str, ...]:
    """Directory roles of which one is needed to consent, the least powerful first. Names of Microsoft's, not translated."""
    return _APPLICATION_ROLES if consent.tenant_wide else _DELEGATED_ROLES


def asked_scope(consent: Consent) -> str:
    """The `scope` of the directory's page.

    `.default` asks for everything in the app's manifest and is the only way to application permissions; without the choice
    "tenant-wide", no permission for mail is asked for.
    """
    match consent.kind:
        case ConnectionKind.GRAPH_DELEGATED:
            return f"{GRAPH_MAIL} offline_access {NO_MAIL}"
        case ConnectionKind.IMAP_MICROSOFT:
            return f"{OUTLOOK_IMAP} offline_access {NO_MAIL}"
        case _:
            return GRAPH_DEFAULT if consent.tenant_wide else NO_MAIL


def consent_url(authority: str, consent: Consent, *, client_id: str, redirect_uri: str, state: str) -> str:
    """Address of the directory's consent page.

    https://learn.microsoft.com/entra/identity-platform/v2-admin-consent
    """
    query = {
        "client_id": client_id,
        "scope": asked_scope(consent),
        "redirect_uri": redirect_uri,
        "state": state,
    }
    return f"{authority.rstrip('/')}/{consent.tenant}/v2.0/adminconsent?{urlencode(query)}"


def requests_url() -> str:
    """Where an administrator finds the requests for approval that people sent.

    https://learn.microsoft.com/entra/identity/enterprise-apps/review-admin-consent-requests
    """
    return "https://entra.microsoft.com/#view/Microsoft_AAD_IAM/StartboardApplicationsMenuBlade/~/AccessRequests"


def application_url(client_id: str) -> str:
    """The application as the tenant has it, in the Entra admin center (Enterprise applications)."""
    return f"https://entra.microsoft.com/#view/Microsoft_AAD_IAM/ManagedAppMenuBlade/~/Overview/appId/{client_id}"


def proper_tenant(tenant: str) -> bool:
    """Whether this names one tenant: its id, or one of its domains; never `common`, where whoever signs in chooses."""
    return _is_guid(tenant) or (len(tenant) <= 253 and bool(_DOMAIN.match(tenant)))


def signed(consent: Consent, key: bytes) -> str:
    """The token of a link."""
    content = _encode(consent.model_dump_json(exclude_defaults=True).encode())
    return f"{content}.{_signature(content, key)}"


def opened(token: str, key: bytes, now: datetime) -> Consent:
    """What a link's token asks for.

    Raises:
        PermissionDenied: it is not ours, was changed, or is too old; `cause` is `consent_link_expired`.
    """
    content, dot, signature = token.partition(".")
    good = (
        bool(dot)
        and len(token) <= LONGEST
        and token.isascii()
        and hmac.compare_digest(signature, _signature(content, key))
    )
    try:
        consent = Consent.model_validate_json(_decode(content)) if good else None
    except (ValidationError, ValueError):
        consent = None
    if consent is None or consent.expires_at <= now:
        raise PermissionDenied("This link has expired or was changed.", remedy="Ask for a new one.").because(
            "consent_link_expired"
        )
    return consent


def expiry(now: datetime) -> datetime:
    """When a link that is made now ends."""
    return (now.astimezone(UTC) + LIFETIME).replace(microsecond=0)


def _signature(content: str, key: bytes) -> str:
    return _encode(hmac.new(key, _PURPOSE + content.encode(), hashlib.sha256).digest())


def _encode(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _is_guid(text: str) -> bool:
    return bool(re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", text))
