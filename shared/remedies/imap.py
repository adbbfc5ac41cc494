"""What refusals of an IMAP server mean. RFC 3501, 9051 and 5530; Microsoft's and Google's own wordings."""

from __future__ import annotations

from shared.language.texts import gettext_noop as _
from shared.remedies import links
from shared.remedies.model import WAIT, Kind, Owner, Reach, Remedy, Severity

_REPORT_SERVER = _("Look at the technical part, and ask whoever runs the mail server.")

REMEDIES: tuple[Remedy, ...] = (
    Remedy(
        "imap_disabled",
        Kind.BLOCKED,
        Reach.MAILBOX,
        Owner.EXCHANGE,
        _("IMAP is switched off or blocked for this mailbox[: {mailbox}]."),
        _(
            "Switch IMAP on for the mailbox: in Exchange Online under Manage email apps settings, in Google Workspace under the "
            "settings of Gmail. It can take an hour to work."
        ),
        links.IMAP_ACCESS,
    ),
    Remedy(
        "imap_login_refused",
        Kind.CREDENTIALS,
        Reach.MAILBOX,
        Owner.PERSON,
        _("The mail server[ {host}] does not accept this user name and password."),
        _(
            "Enter them again. Some servers want the whole mail address as user name, others only the part before the @."
        ),
    ),
    Remedy(
        "imap_password_missing",
        Kind.CREDENTIALS,
        Reach.MAILBOX,
        Owner.PERSON,
        _("No password has been entered for this mailbox yet."),
        _("Enter the password on the page of the mailbox."),
    ),
    Remedy(
        "imap_app_password_needed",
        Kind.CREDENTIALS,
        Reach.MAILBOX,
        Owner.MAILBOX,
        _("The account has a second factor, so its normal password is not accepted here."),
        _(
            "Sign in with Google instead of a password. Where that is not possible, make an app password in the account."
        ),
        links.GOOGLE_APP_PASSWORDS,
    ),
    Remedy(
        "imap_web_login_needed",
        Kind.CREDENTIALS,
        Reach.MAILBOX,
        Owner.MAILBOX,
        _("The provider wants the owner to sign in with a browser once before it lets a program in."),
        _("Sign in to the mailbox with a browser, confirm that it was you, then test the connection again."),
    ),
    Remedy(
        "imap_basic_auth_blocked",
        Kind.BLOCKED,
        Reach.TENANT,
        Owner.PERSON,
        _("Exchange Online does not take passwords for IMAP any more."),
        _("Connect the mailbox through Microsoft Graph, or sign in with Microsoft."),
        links.BASIC_AUTHENTICATION,
    ),
    Remedy(
        "imap_token_refused",
        Kind.CREDENTIALS,
        Reach.MAILBOX,
        Owner.MAILBOX,
        _("The mail server does not let the account that signed in[, {account},] into this mailbox[: {mailbox}]."),
        _("Give the account full access to the mailbox, check that IMAP is switched on for it, or sign in again."),
        links.MAILBOX_PERMISSIONS,
    ),
    Remedy(
        "imap_not_connected",
        Kind.SCOPE,
        Reach.MAILBOX,
        Owner.EXCHANGE,
        _("The sign-in was accepted, but the mailbox does not open[: {mailbox}]."),
        _(
            "Switch IMAP on for the mailbox, and give the account that signed in full access to it. If both hold, wait an hour."
        ),
        links.IMAP_ACCESS,
    ),
    Remedy(
        "imap_no_mechanism",
        Kind.CONFIGURATION,
        Reach.HOST,
        Owner.PERSON,
        _("The mail server[ {host}] offers no way of signing in that fits this connection."),
        _("Choose another kind of connection: a password for a server of your own, a sign-in for Microsoft or Google."),
    ),
    Remedy(
        "imap_certificate_authority",
        Kind.CONFIGURATION,
        Reach.MAILBOX,
        Owner.PERSON,
        _("The certificate authority that was entered with the connection cannot be read."),
        _("Enter its certificate as PEM: text that begins with -----BEGIN CERTIFICATE-----."),
    ),
    Remedy(
        "imap_starttls_missing",
        Kind.CONFIGURATION,
        Reach.HOST,
        Owner.PERSON,
        _("The mail server[ {host}] offers no encryption on this port[ ({port})]; nothing is sent without it."),
        _("Choose TLS on port 993, or let the server offer STARTTLS."),
    ),
    Remedy(
        "imap_starttls_attacked",
        Kind.NETWORK,
        Reach.HOST,
        Owner.NETWORK,
        _("Data was slipped in before encryption began. The connection was ended; no password was sent."),
        _("Use TLS on port 993. Find out what stands between here and the server."),
    ),
    Remedy(
        "imap_too_many_connections",
        Kind.LIMIT,
        Reach.MAILBOX,
        Owner.NOBODY,
        _("The mail server allows no more connections to this account at the moment."),
        _("Nothing to do: Postrum tries again by itself. If it lasts, close other programs that read this mailbox."),
        "",
        Severity.WARNING,
    ),
    Remedy(
        "imap_throttled",
        Kind.LIMIT,
        Reach.MAILBOX,
        Owner.NOBODY,
        _("The mail server[ {host}] asked for patience."),
        WAIT,
        "",
        Severity.WARNING,
    ),
    Remedy(
        "imap_over_quota",
        Kind.LIMIT,
        Reach.MAILBOX,
        Owner.MAILBOX,
        _("The mailbox is full."),
        _("Make room in the mailbox, or have its quota raised."),
    ),
    Remedy(
        "imap_unavailable",
        Kind.SERVICE,
        Reach.HOST,
        Owner.NOBODY,
        _("The mail server[ {host}] has trouble at the moment."),
        WAIT,
    ),
    Remedy(
        "imap_bye",
        Kind.SERVICE,
        Reach.HOST,
        Owner.NOBODY,
        _("The mail server[ {host}] ended the connection by itself."),
        WAIT,
    ),
    Remedy(
        "imap_folder_gone",
        Kind.CONFIGURATION,
        Reach.MAILBOX,
        Owner.MAILBOX,
        _("A folder that was chosen for this mailbox no longer exists."),
        _("Choose the folders of the mailbox again."),
    ),
    Remedy(
        "imap_folder_name",
        Kind.CONFIGURATION,
        Reach.MAILBOX,
        Owner.PERSON,
        _("The name of a folder cannot be used on this mail server."),
        _("Choose a name without special characters; on many servers it may not hold a dot or a slash."),
    ),
    Remedy(
        "imap_no_permission",
        Kind.SCOPE,
        Reach.MAILBOX,
        Owner.MAILBOX,
        _("The account may not do this in the folder: reading, moving or writing is not allowed to it."),
        _("Give the account the right to read, write and delete in the folders of this mailbox."),
    ),
    Remedy(
        "imap_expunge_unsafe",
        Kind.CONFIGURATION,
        Reach.MAILBOX,
        Owner.MAILBOX,
        _(
            "The server cannot move a single mail, and other mails in the folder are marked as deleted: they would be lost."
        ),
        _("Empty the deleted mails out of the folder with a mail program, or use a server with MOVE or UIDPLUS."),
    ),
    Remedy(
        "imap_not_imap",
        Kind.CONFIGURATION,
        Reach.HOST,
        Owner.PERSON,
        _("What answers there[, {host} port {port},] is not an IMAP server."),
        _("Check server and port: IMAP usually is port 993."),
    ),
    Remedy(
        "imap_protocol",
        Kind.SERVICE,
        Reach.HOST,
        Owner.SERVER,
        _("The mail server[ {host}] answered what IMAP does not allow, or more than the limits of Postrum."),
        _REPORT_SERVER,
    ),
    Remedy(
        "imap_refused",
        Kind.SERVICE,
        Reach.MAILBOX,
        Owner.SERVER,
        _("The mail server[ {host}] refused a command."),
        _REPORT_SERVER,
    ),
)

ALIASES: dict[str, str] = {}
