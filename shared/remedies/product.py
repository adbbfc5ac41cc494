"""What Postrum itself finds: states of consent and sign-in, checks of its own, and the errors of `shared/errors.py`."""

from __future__ import annotations

from shared.language.texts import gettext_noop as _
from shared.remedies import links
from shared.remedies.model import WAIT, Kind, Owner, Reach, Remedy, Severity

_OPEN_LINK = _("Open the consent link as an administrator of the directory, or send it to one.")
_SCRIPT = _(
    "Run the script of Postrum as an Exchange administrator, with this mailbox among those to open. If it was run, wait: it takes "
    "30 minutes to two hours."
)

REMEDIES: tuple[Remedy, ...] = (
    Remedy(
        "storage",
        Kind.SERVICE,
        Reach.DEPLOYMENT,
        Owner.DEPLOYMENT,
        _("The storage account of this deployment did not answer, or refused."),
        _(
            "Nothing is lost: the work goes on by itself. Where it lasts, look at the storage account and its role assignments."
        ),
        "",
    ),
    Remedy(
        "consent_missing",
        Kind.CONSENT,
        Reach.TENANT,
        Owner.DIRECTORY,
        _("Nobody has consented to the application[ {client_id}] in the tenant[ {tenant}] yet."),
        _OPEN_LINK,
        links.GRANT_CONSENT,
    ),
    Remedy(
        "consent_requested",
        Kind.CONSENT,
        Reach.TENANT,
        Owner.DIRECTORY,
        _("A request for approval waits for an administrator."),
        _(
            "Approve it in Entra under Admin consent requests. Then the account signs in once more[; Postrum looks again at {next_check}]."
        ),
        links.ADMIN_CONSENT_REQUESTS,
        Severity.WARNING,
    ),
    Remedy(
        "consent_forbidden",
        Kind.CONSENT,
        Reach.TENANT,
        Owner.DIRECTORY,
        _("The tenant lets this account neither consent nor ask an administrator for it."),
        _("Send the consent link to an administrator of the directory; the account needs no role of its own."),
        links.CONSENT_ERRORS,
    ),
    Remedy(
        "consent_approved",
        Kind.CONSENT,
        Reach.MAILBOX,
        Owner.PERSON,
        _("An administrator has approved Postrum."),
        _("Sign in once more to finish."),
        "",
        Severity.WARNING,
    ),
    Remedy(
        "consent_declined",
        Kind.CONSENT,
        Reach.TENANT,
        Owner.PERSON,
        _("Consent was not given: Cancel was chosen, or the request was denied."),
        _("Open the consent link again and choose Accept, or ask the administrator for the reason."),
    ),
    Remedy(
        "consent_incomplete",
        Kind.CONSENT,
        Reach.MAILBOX,
        Owner.PERSON,
        _("The page of consent came back without saying that consent was given."),
        _("Open the consent link again and choose Accept, or ask the administrator for the reason."),
    ),
    Remedy(
        "consent_not_propagated",
        Kind.CONSENT,
        Reach.TENANT,
        Owner.NOBODY,
        _("Access was given, but not all of Microsoft's servers know it yet."),
        _("Nothing to do: Postrum checks again by itself[, next at {next_check}]. It can take up to two hours."),
        "",
        Severity.WARNING,
    ),
    Remedy(
        "consent_revoked",
        Kind.CONSENT,
        Reach.TENANT,
        Owner.DIRECTORY,
        _(
            "Access that was there has been taken away: consent was withdrawn, or the mailbox is no longer in the scope."
        ),
        _("If it was not meant, open the consent link again, or put the mailbox back into the scope in Exchange."),
        links.ENTERPRISE_APPLICATION,
    ),
    Remedy(
        "consent_other_tenant",
        Kind.CONSENT,
        Reach.MAILBOX,
        Owner.PERSON,
        _("Consent was given in another tenant than the one of this mailbox[, {tenant}]."),
        _("Open the consent link in a private window and sign in with an account of the right tenant."),
    ),
    Remedy(
        "consent_link_expired",
        Kind.CONSENT,
        Reach.MAILBOX,
        Owner.PERSON,
        _("The consent link is older than seven days, was used, or is not complete."),
        _("Make a new link on the page of the mailbox, and send the whole of it."),
    ),
    Remedy(
        "sign_in_needed",
        Kind.CREDENTIALS,
        Reach.MAILBOX,
        Owner.MAILBOX,
        _("No account is signed in for this mailbox[: {mailbox}]."),
        _("Sign in on the page of the mailbox."),
    ),
    Remedy(
        "sign_in_state",
        Kind.CREDENTIALS,
        Reach.MAILBOX,
        Owner.PERSON,
        _("This answer does not belong to a sign-in that was begun in this browser, or came too late."),
        _("Begin again from the page of the mailbox, in one window only."),
    ),
    Remedy(
        "sign_in_foreign",
        Kind.CREDENTIALS,
        Reach.MAILBOX,
        Owner.PERSON,
        _("The account that signed in belongs to another tenant or was signed in for another application."),
        _("Sign in with an account of the tenant in which the mailbox is, in a private window."),
    ),
    Remedy(
        "sign_in_other_account",
        Kind.SCOPE,
        Reach.MAILBOX,
        Owner.PERSON,
        _("Another account signed in[: {account}, expected was {expected}], and it has no access to the mailbox."),
        _("Sign in with the right account in a private window, or give this account full access to the mailbox."),
        links.MAILBOX_PERMISSIONS,
    ),
    Remedy(
        "account_without_access",
        Kind.SCOPE,
        Reach.MAILBOX,
        Owner.EXCHANGE,
        _("The account that signed in[, {account},] has no access to this mailbox[: {mailbox}]."),
        _("Give the account full access to the mailbox; it can take an hour until it works."),
        links.MAILBOX_PERMISSIONS,
    ),
    Remedy(
        "sign_in_no_role",
        Kind.SCOPE,
        Reach.MAILBOX,
        Owner.DIRECTORY,
        _("The account[ {account}] is signed in, but has no role in Postrum."),
        _("Give it a role under Users and groups of the enterprise application; then sign out and in again."),
        links.ENTERPRISE_APPLICATION,
    ),
    Remedy(
        "grant_missing",
        Kind.CREDENTIALS,
        Reach.MAILBOX,
        Owner.PERSON,
        _("The signed-in account that this mailbox used was removed."),
        _("Choose another account, or sign in again."),
    ),
    Remedy(
        "connection_taken",
        Kind.CONFIGURATION,
        Reach.MAILBOX,
        Owner.PERSON,
        _("Another address is connected here already[: {account}]."),
        _("Disconnect it first, then connect the new one."),
    ),
    Remedy(
        "scope_pending",
        Kind.SCOPE,
        Reach.MAILBOX,
        Owner.EXCHANGE,
        _("The tenant knows Postrum, but this mailbox is not open to it yet[: {mailbox}]."),
        _SCRIPT,
        links.APPLICATION_RBAC,
    ),
    Remedy(
        "scope_open",
        Kind.SCOPE,
        Reach.TENANT,
        Owner.DIRECTORY,
        _("Postrum can read a mailbox that must stay closed[: {mailbox}]."),
        _(
            "Withdraw mail permissions of the application in Entra, and look in Exchange for a role assignment without a scope. The "
            "check runs again every night."
        ),
        links.ENTERPRISE_APPLICATION,
    ),
    Remedy(
        "identity_no_assertion",
        Kind.CONFIGURATION,
        Reach.DEPLOYMENT,
        Owner.DEPLOYMENT,
        _(
            "Postrum cannot prove who it is: the managed identity gives no assertion, or the certificate cannot be read."
        ),
        _(
            "Assign the identity to the function app and check POSTRUM_IDENTITY_CLIENT_ID, or check POSTRUM_APP_CERTIFICATE."
        ),
        links.FEDERATION,
    ),
    Remedy(
        "certificate_missing",
        Kind.CONFIGURATION,
        Reach.DEPLOYMENT,
        Owner.DEPLOYMENT,
        _("The secret that POSTRUM_APP_CERTIFICATE names does not exist, or holds no certificate with its key."),
        _("Put certificate and private key into the secret, as PEM."),
    ),
    Remedy(
        "certificate_expired",
        Kind.CONFIGURATION,
        Reach.DEPLOYMENT,
        Owner.DEPLOYMENT,
        _("The certificate of the app registration has expired."),
        _(
            "Make a new certificate, add it to the app registration and put it into the secret, or use the federated credential."
        ),
    ),
    Remedy(
        "certificate_expiring",
        Kind.CONFIGURATION,
        Reach.DEPLOYMENT,
        Owner.DEPLOYMENT,
        _("The certificate of the app registration expires soon[: in {days} days]."),
        _(
            "Make a new certificate, add it to the app registration and put it into the secret, or use the federated credential."
        ),
        "",
        Severity.WARNING,
    ),
    Remedy(
        "mailbox_silent",
        Kind.SERVICE,
        Reach.MAILBOX,
        Owner.DEPLOYMENT,
        _("This mailbox has not been read successfully for some time[: {minutes} minutes]."),
        _("Look at the state of its connection, and at the parked tasks."),
    ),
    # Errors of the product that nobody recognised more closely
    Remedy(
        "configuration",
        Kind.CONFIGURATION,
        Reach.DEPLOYMENT,
        Owner.DEPLOYMENT,
        _("A setting of this deployment or of this mailbox is wrong."),
        _("The technical part names the setting."),
    ),
    Remedy(
        "permission_denied",
        Kind.SCOPE,
        Reach.MAILBOX,
        Owner.DIRECTORY,
        _("The other side refuses Postrum."),
        _("Check that consent is given, and that the mailbox is in the scope."),
    ),
    Remedy(
        "not_found",
        Kind.CONFIGURATION,
        Reach.MAILBOX,
        Owner.PERSON,
        _("What was asked for does not exist any more."),
        _("Go back and choose again."),
    ),
    Remedy(
        "throttled",
        Kind.LIMIT,
        Reach.MAILBOX,
        Owner.NOBODY,
        _("The other side asked for patience."),
        WAIT,
        "",
        Severity.WARNING,
    ),
    Remedy(
        "service_unavailable",
        Kind.SERVICE,
        Reach.HOST,
        Owner.NOBODY,
        _("The other side has trouble at the moment."),
        WAIT,
    ),
)

ALIASES: dict[str, str] = {"not_propagated": "consent_not_propagated", "transient": "service_unavailable"}
