"""What refusals of an SMTP server mean. RFC 5321, 4954 and 3463; Microsoft's and Google's own codes."""

from __future__ import annotations

from shared.language.texts import gettext_noop as _
from shared.remedies import links
from shared.remedies.model import WAIT, Kind, Owner, Reach, Remedy, Severity

REMEDIES: tuple[Remedy, ...] = (
    Remedy(
        "smtp_login_refused",
        Kind.CREDENTIALS,
        Reach.MAILBOX,
        Owner.PERSON,
        _("The server for sending[ {host}] does not accept this user name and password."),
        _("Enter them again. Usually the user name is the whole mail address."),
    ),
    Remedy(
        "smtp_app_password_needed",
        Kind.CREDENTIALS,
        Reach.MAILBOX,
        Owner.MAILBOX,
        _("The account has a second factor, so its normal password is not accepted for sending."),
        _(
            "Sign in with Google instead of a password. Where that is not possible, make an app password in the account."
        ),
        links.GOOGLE_APP_PASSWORDS,
    ),
    Remedy(
        "smtp_disabled",
        Kind.BLOCKED,
        Reach.MAILBOX,
        Owner.EXCHANGE,
        _("Sending by SMTP is switched off for this mailbox or for the whole tenant."),
        _("Switch on Authenticated SMTP for the mailbox, or connect it through Microsoft Graph."),
        links.SMTP_DISABLED,
    ),
    Remedy(
        "smtp_basic_auth_blocked",
        Kind.BLOCKED,
        Reach.TENANT,
        Owner.PERSON,
        _("Exchange Online does not take passwords for sending by SMTP any more."),
        _("Connect the mailbox through Microsoft Graph, or sign in with Microsoft."),
        links.BASIC_AUTHENTICATION,
    ),
    Remedy(
        "smtp_starttls_missing",
        Kind.CONFIGURATION,
        Reach.HOST,
        Owner.PERSON,
        _("The server for sending[ {host}] wants encryption, or offers none on this port[ ({port})]."),
        _("Choose STARTTLS on port 587 or TLS on port 465."),
    ),
    Remedy(
        "smtp_login_needed",
        Kind.CONFIGURATION,
        Reach.MAILBOX,
        Owner.PERSON,
        _("The server for sending takes mail only from accounts that sign in."),
        _("Enter user name and password, on port 587 or 465."),
    ),
    Remedy(
        "smtp_sender_refused",
        Kind.SCOPE,
        Reach.MAILBOX,
        Owner.EXCHANGE,
        _("The account[ {account}] may not send as this address[: {mailbox}]."),
        _("Give the account the right Send as for the mailbox, or send with its own address."),
        links.MAILBOX_PERMISSIONS,
    ),
    Remedy(
        "smtp_recipient_refused",
        Kind.CONFIGURATION,
        Reach.MAILBOX,
        Owner.PERSON,
        _("The address of the recipient was refused."),
        _("Check the address."),
    ),
    Remedy(
        "smtp_limit",
        Kind.LIMIT,
        Reach.MAILBOX,
        Owner.NOBODY,
        _("The account has sent as much as its provider allows for now."),
        WAIT,
        "",
        Severity.WARNING,
    ),
    Remedy(
        "smtp_too_large",
        Kind.LIMIT,
        Reach.MAILBOX,
        Owner.PERSON,
        _("The mail is larger than the server for sending allows."),
        _("Send it with fewer or smaller attachments."),
    ),
    Remedy(
        "smtp_blocked",
        Kind.BLOCKED,
        Reach.HOST,
        Owner.NETWORK,
        _("The server for sending[ {host}] takes nothing from our addresses."),
        _("Ask whoever runs the server to accept connections from Postrum[; its outbound addresses are {addresses}]."),
    ),
    Remedy(
        "smtp_unavailable",
        Kind.SERVICE,
        Reach.HOST,
        Owner.NOBODY,
        _("The server for sending[ {host}] has trouble at the moment."),
        WAIT,
    ),
    Remedy(
        "smtp_refused",
        Kind.SERVICE,
        Reach.MAILBOX,
        Owner.SERVER,
        _("The server for sending[ {host}] refused the mail."),
        _("Look at the technical part, and ask whoever runs the mail server."),
    ),
)

ALIASES: dict[str, str] = {}
