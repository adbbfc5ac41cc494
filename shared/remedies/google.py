"""What refusals of Google's sign-in mean.

https://developers.google.com/identity/protocols/oauth2/web-server#authorization-errors and
https://support.google.com/accounts/answer/16668185
"""

from __future__ import annotations

from shared.language.texts import gettext_noop as _
from shared.remedies import links
from shared.remedies.model import WAIT, Kind, Owner, Reach, Remedy

REMEDIES: tuple[Remedy, ...] = (
    Remedy(
        "google_admin_policy_enforced",
        Kind.CONSENT,
        Reach.TENANT,
        Owner.WORKSPACE,
        _("Your Google Workspace does not let the application[ {client_id}] read mail."),
        _(
            "Open Security, API controls, Manage third-party app access. Add the application by its client id and trust it, with the "
            "scope https://mail.google.com/."
        ),
        links.GOOGLE_APP_ACCESS,
    ),
    Remedy(
        "google_access_denied",
        Kind.CONSENT,
        Reach.MAILBOX,
        Owner.PERSON,
        _("The access was declined at Google, or the account is not among those that may try the application."),
        _(
            "Try again and choose Allow. While the application is in testing at Google, its owner adds the account as a test user."
        ),
        links.GOOGLE_CONSENT_ERRORS,
    ),
    Remedy(
        "google_org_internal",
        Kind.CONFIGURATION,
        Reach.TENANT,
        Owner.DEPLOYMENT,
        _("The application is registered at Google for its own organisation only."),
        _("Sign in with an account of that organisation, or register the application for external users."),
        links.GOOGLE_CONSENT_ERRORS,
    ),
    Remedy(
        "google_invalid_grant",
        Kind.CREDENTIALS,
        Reach.MAILBOX,
        Owner.MAILBOX,
        _(
            "The access to the Google account[ {account}] has ended: revoked, unused for six months, or after a new password."
        ),
        _(
            "Sign in with Google again. If it ends every seven days, the application is still in testing at Google: its owner "
            "publishes it."
        ),
    ),
    Remedy(
        "google_sign_in_again",
        Kind.CREDENTIALS,
        Reach.TENANT,
        Owner.WORKSPACE,
        _("Your Google Workspace asks people to sign in again after some time, and this ended the access."),
        _("Sign in with Google again. To avoid it, trust the application in the session control of Google Workspace."),
        links.GOOGLE_APP_CONTROL,
    ),
    Remedy(
        "google_scope_missing",
        Kind.CONSENT,
        Reach.MAILBOX,
        Owner.PERSON,
        _("The permission to read mail was not ticked on Google's page."),
        _("Sign in with Google again and tick the permission for mail."),
    ),
    Remedy(
        "sign_in_no_refresh_token",
        Kind.CONSENT,
        Reach.MAILBOX,
        Owner.PERSON,
        _("Google gave access for an hour only, because the application was allowed before."),
        _("Remove Postrum under third-party connections of the Google account, then sign in with Google again."),
    ),
    Remedy(
        "google_invalid_client",
        Kind.CONFIGURATION,
        Reach.DEPLOYMENT,
        Owner.DEPLOYMENT,
        _("Google does not know the application, or its client secret is wrong."),
        _("Compare POSTRUM_GOOGLE_CLIENT_ID and the secret google-client-secret with the Google Cloud console."),
    ),
    Remedy(
        "google_redirect_uri_mismatch",
        Kind.CONFIGURATION,
        Reach.DEPLOYMENT,
        Owner.DEPLOYMENT,
        _("The address of this site is not registered for the application at Google."),
        _("Add it to the authorised redirect URIs in the Google Cloud console."),
    ),
    Remedy(
        "google_app_not_configured",
        Kind.CONFIGURATION,
        Reach.DEPLOYMENT,
        Owner.DEPLOYMENT,
        _("Sign-in with Google is not set up in this deployment."),
        _("Set POSTRUM_GOOGLE_CLIENT_ID, and put the client secret into the secret google-client-secret."),
    ),
    Remedy(
        "google_unavailable",
        Kind.SERVICE,
        Reach.HOST,
        Owner.NOBODY,
        _("Google's sign-in is not available at the moment, or asked for patience."),
        WAIT,
    ),
    Remedy(
        "google_refused",
        Kind.BLOCKED,
        Reach.MAILBOX,
        Owner.PERSON,
        _("Google refused, with a reason that this catalogue does not have."),
        _("Look at the technical part and at Google's explanation of its codes, then try again."),
        links.GOOGLE_CONSENT_ERRORS,
    ),
)

ALIASES: dict[str, str] = {}
