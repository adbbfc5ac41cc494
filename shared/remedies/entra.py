"""What refusals of Entra ID mean, by AADSTS code.

https://learn.microsoft.com/entra/identity-platform/reference-error-codes. Microsoft says that programs must not decide by these
numbers, for they change; nothing but the explanation depends on them here.
"""

from __future__ import annotations

from shared.language.texts import gettext_noop as _
from shared.remedies import links
from shared.remedies.model import WAIT, Kind, Owner, Reach, Remedy

_OPEN_LINK = _("Open the consent link as an administrator of the directory, or send it to one.")
_SIGN_IN = _("Sign in again with this account, in a private window if another account is chosen by itself.")
_USE_FEDERATION = _(
    "Use the federated credential of the managed identity instead of a secret; otherwise make a new secret."
)

REMEDIES: tuple[Remedy, ...] = (
    # Consent
    Remedy(
        "entra_65001",
        Kind.CONSENT,
        Reach.TENANT,
        Owner.DIRECTORY,
        _("Nobody has consented to what Postrum[ (application {client_id})] asks for, or the consent was withdrawn."),
        _OPEN_LINK,
        links.GRANT_CONSENT,
    ),
    Remedy(
        "entra_65004",
        Kind.CONSENT,
        Reach.TENANT,
        Owner.PERSON,
        _("The consent was declined, or its window was closed."),
        _("Try again and choose Accept, or send the consent link to an administrator of the directory."),
    ),
    Remedy(
        "entra_90094",
        Kind.CONSENT,
        Reach.TENANT,
        Owner.DIRECTORY,
        _("In this tenant only an administrator may consent to what Postrum asks for."),
        _OPEN_LINK,
        links.GRANT_CONSENT,
    ),
    Remedy(
        "entra_90095",
        Kind.CONSENT,
        Reach.TENANT,
        Owner.PERSON,
        _("An administrator has to approve Postrum, and the tenant lets you ask for it."),
        _(
            "Send the request with a short reason on Microsoft's page, or send the consent link to an administrator. Once "
            "it is approved, sign in again."
        ),
        links.ADMIN_CONSENT_REQUESTS,
    ),
    Remedy(
        "entra_90093",
        Kind.CONSENT,
        Reach.TENANT,
        Owner.DIRECTORY,
        _("The rules of the tenant do not let this account consent, nor ask for it."),
        _("Send the consent link to an administrator of the directory; the account needs no role of its own."),
        links.CONSENT_ERRORS,
    ),
    Remedy(
        "entra_90097",
        Kind.CONSENT,
        Reach.TENANT,
        Owner.DIRECTORY,
        _("Entra ID could not complete the administrator's consent with this account."),
        _("Open the consent link with an account whose role lets it consent for the whole tenant."),
        links.GRANT_CONSENT,
    ),
    Remedy(
        "entra_900941",
        Kind.CONSENT,
        Reach.TENANT,
        Owner.DIRECTORY,
        _("Microsoft counts the request as risky, so only an administrator may consent."),
        _("Check publisher and permissions on the page of the consent link, then consent there as an administrator."),
        links.CONSENT_ERRORS,
    ),
    # Sign-in of an account
    Remedy(
        "entra_70008",
        Kind.CREDENTIALS,
        Reach.MAILBOX,
        Owner.MAILBOX,
        _("The sign-in of the account[ {account}] has ended or was revoked."),
        _SIGN_IN,
    ),
    Remedy(
        "entra_54005",
        Kind.CREDENTIALS,
        Reach.MAILBOX,
        Owner.PERSON,
        _("The answer of the sign-in was used already, is too old, or belongs to another tenant."),
        _("Start the sign-in again, in one window only."),
    ),
    Remedy(
        "entra_50076",
        Kind.CREDENTIALS,
        Reach.MAILBOX,
        Owner.MAILBOX,
        _("The account[ {account}] has to confirm with a second factor."),
        _(
            "Sign in again and confirm. Where nobody should have to sign in, connect the mailbox with the application's own "
            "access instead; it needs no sign-in."
        ),
    ),
    Remedy(
        "entra_50079",
        Kind.CREDENTIALS,
        Reach.MAILBOX,
        Owner.MAILBOX,
        _("The account[ {account}] has to set up a second factor first."),
        _("Sign in at Microsoft once and set it up, then sign in here again."),
    ),
    Remedy(
        "entra_53003",
        Kind.BLOCKED,
        Reach.TENANT,
        Owner.DIRECTORY,
        _("A Conditional Access policy of the tenant blocks this access."),
        _(
            "Find the policy in the sign-in logs of Entra. An account signs in from a device and a network that the policy allows; "
            "the application itself is excluded from a policy for workload identities."
        ),
        links.WORKLOAD_ACCESS,
    ),
    Remedy(
        "entra_50034",
        Kind.CREDENTIALS,
        Reach.MAILBOX,
        Owner.PERSON,
        _("The account[ {account}] does not belong to this tenant."),
        _("Sign in with an account of the tenant in which the mailbox is, in a private window."),
    ),
    Remedy(
        "entra_50126",
        Kind.CREDENTIALS,
        Reach.MAILBOX,
        Owner.PERSON,
        _("User name or password of the account is wrong."),
        _("Sign in again with the right password."),
    ),
    Remedy(
        "entra_50055",
        Kind.CREDENTIALS,
        Reach.MAILBOX,
        Owner.MAILBOX,
        _("The password of the account[ {account}] has expired or must be changed."),
        _("Change the password at Microsoft, then sign in here again."),
    ),
    Remedy(
        "entra_50053",
        Kind.BLOCKED,
        Reach.MAILBOX,
        Owner.DIRECTORY,
        _("The account[ {account}] is locked: too many failed sign-ins, or one from a suspicious address."),
        _("Look into the sign-in logs of Entra, unlock the account, then sign in again."),
    ),
    Remedy(
        "entra_50057",
        Kind.BLOCKED,
        Reach.MAILBOX,
        Owner.DIRECTORY,
        _("The account[ {account}] is disabled."),
        _("Enable the account, or connect the mailbox with another one that has access to it."),
    ),
    Remedy(
        "entra_500021",
        Kind.BLOCKED,
        Reach.TENANT,
        Owner.DIRECTORY,
        _("A restriction on tenants forbids access from this network or account to the tenant[ {tenant}]."),
        _("Allow the tenant in the tenant restrictions or in the cross-tenant access settings."),
    ),
    Remedy(
        "entra_50105",
        Kind.BLOCKED,
        Reach.TENANT,
        Owner.DIRECTORY,
        _("Only accounts that are assigned to the application may use it, and this one[, {account},] is not."),
        _("Assign it under Users and groups of the enterprise application."),
        links.ASSIGN_USERS,
    ),
    # The application
    Remedy(
        "entra_700016",
        Kind.CONFIGURATION,
        Reach.TENANT,
        Owner.DIRECTORY,
        _("The tenant[ {tenant}] does not know Postrum[ (application {client_id})]."),
        _(
            "An administrator of that tenant opens the consent link first. If that was done, compare the tenant id and the "
            "application id."
        ),
        links.GRANT_CONSENT,
    ),
    Remedy(
        "entra_7000112",
        Kind.BLOCKED,
        Reach.TENANT,
        Owner.DIRECTORY,
        _("The application[ {client_id}] is disabled in the tenant[ {tenant}]."),
        _("Enable it again under Properties of the enterprise application."),
        links.ENTERPRISE_APPLICATION,
    ),
    Remedy(
        "entra_50194",
        Kind.CONFIGURATION,
        Reach.DEPLOYMENT,
        Owner.DEPLOYMENT,
        _("The application is registered for its own tenant only, and another tenant is asked."),
        _("Deploy with POSTRUM_MULTI_TENANT set to true, or connect mailboxes of the own tenant only."),
    ),
    Remedy(
        "entra_650057",
        Kind.CONFIGURATION,
        Reach.DEPLOYMENT,
        Owner.DEPLOYMENT,
        _("The app registration of Postrum does not list the permission that was asked for."),
        _("Deploy again, so that the app registration is renewed, then open the consent link again."),
    ),
    Remedy(
        "entra_650052",
        Kind.CONFIGURATION,
        Reach.TENANT,
        Owner.DIRECTORY,
        _("The tenant[ {tenant}] has no subscription for the service that is asked for, or it is switched off."),
        _("Check that the mailbox is in this tenant and that the tenant has Exchange Online."),
    ),
    Remedy(
        "entra_500011",
        Kind.CONFIGURATION,
        Reach.TENANT,
        Owner.DEPLOYMENT,
        _("The tenant[ {tenant}] does not know the service that is asked for."),
        _("Check the address of Graph (POSTRUM_GRAPH_URL), and that the tenant has Exchange Online."),
    ),
    Remedy(
        "entra_70011",
        Kind.CONFIGURATION,
        Reach.DEPLOYMENT,
        Owner.DEPLOYMENT,
        _("The permission was asked for in a form that Entra ID does not know."),
        _("Check the address of Graph (POSTRUM_GRAPH_URL): the name of the permission is made from it."),
    ),
    Remedy(
        "entra_90002",
        Kind.CONFIGURATION,
        Reach.TENANT,
        Owner.PERSON,
        _("There is no such tenant[: {tenant}]."),
        _("Check the tenant id; it stands on the overview page of Entra."),
    ),
    Remedy(
        "entra_50011",
        Kind.CONFIGURATION,
        Reach.DEPLOYMENT,
        Owner.DEPLOYMENT,
        _("The address of this site is not registered as a redirect URI of the application[ {client_id}]."),
        _("Set POSTRUM_PUBLIC_URL to the address that people use and deploy again; this registers it."),
    ),
    Remedy(
        "entra_70021",
        Kind.CONFIGURATION,
        Reach.DEPLOYMENT,
        Owner.DEPLOYMENT,
        _("No federated credential of the app registration fits the managed identity."),
        _(
            "Compare issuer, subject (the object id of the identity) and audience of the federated credential with those of the "
            "identity, upper and lower case too."
        ),
        links.FEDERATION,
    ),
    Remedy(
        "entra_700027",
        Kind.CONFIGURATION,
        Reach.DEPLOYMENT,
        Owner.DEPLOYMENT,
        _(
            "Entra ID does not accept what Postrum proves itself with: a certificate or an assertion of the managed identity."
        ),
        _(
            "Compare the certificate of the app registration with the deployed one, or check the client id of the identity."
        ),
    ),
    Remedy(
        "entra_700024",
        Kind.SERVICE,
        Reach.DEPLOYMENT,
        Owner.NOBODY,
        _("The assertion of the managed identity was out of its time."),
        WAIT,
    ),
    Remedy(
        "entra_7000218",
        Kind.CONFIGURATION,
        Reach.DEPLOYMENT,
        Owner.DEPLOYMENT,
        _("The request to Entra ID carried no credential."),
        _("Check that the managed identity is assigned to the function app, and POSTRUM_IDENTITY_CLIENT_ID."),
    ),
    Remedy(
        "entra_7000215",
        Kind.CONFIGURATION,
        Reach.DEPLOYMENT,
        Owner.DEPLOYMENT,
        _("The client secret is wrong; often it is the id of the secret instead of its value."),
        _USE_FEDERATION,
        links.FEDERATION,
    ),
    Remedy(
        "entra_7000222",
        Kind.CONFIGURATION,
        Reach.DEPLOYMENT,
        Owner.DEPLOYMENT,
        _("The client secret has expired."),
        _USE_FEDERATION,
        links.FEDERATION,
    ),
    Remedy(
        "entra_900144",
        Kind.CONFIGURATION,
        Reach.DEPLOYMENT,
        Owner.DEPLOYMENT,
        _("Entra ID did not understand the request: a defect of Postrum, or something between changed it."),
        _("Report it with the code and the technical part."),
        links.ENTRA_CODES,
    ),
    # The service
    Remedy(
        "entra_90033",
        Kind.SERVICE,
        Reach.TENANT,
        Owner.NOBODY,
        _("Entra ID is not available at the moment."),
        WAIT,
    ),
    Remedy(
        "entra_90055",
        Kind.LIMIT,
        Reach.TENANT,
        Owner.NOBODY,
        _("Entra ID has too many requests for this tenant or application at the moment."),
        WAIT,
    ),
    Remedy(
        "entra_other",
        Kind.BLOCKED,
        Reach.TENANT,
        Owner.DIRECTORY,
        _("Entra ID refused, with a reason that this catalogue does not have[: {code}]."),
        _("Look the code up at Microsoft; the sign-in logs of Entra have more."),
        links.ENTRA_CODE,
    ),
)

_SHARED: dict[int, tuple[int, ...]] = {
    65001: (650051, 650056, 90008, 9002341),
    90094: (90099,),
    900941: (900981,),
    70008: (70000, 700082, 700084, 70043, 50173, 50089, 50078, 50132, 50133, 50139, 50058, 16001, 16002, 700020),
    54005: (700005, 50147, 501481, 501491),
    50076: (50074, 50088, 50158, 50140),
    50079: (50072, 53004, 53010),
    53003: (53000, 53001, 53002, 53011, 530032, 530034, 530035, 50005, 50097, 50129, 50131, 50155, 50187),
    50034: (16000, 16003, 50014, 50020, 50197, 500208, 51004, 90072, 90084, 90125),
    50126: (50056, 50064),
    50055: (50125, 50135, 50144),
    500021: (50002, 500022, 500212, 500213),
    700016: (700011, 7000229),
    7000112: (70001, 1000031),
    650057: (65005, 650054),
    500011: (50001,),
    70011: (28002, 28003, 700022, 700023, 1002012),
    90002: (900023, 90019, 50059, 50128, 90038),
    50011: (70004, 900971),
    70021: (700211, 700212, 700213, 700229, 7002137, 7002138),
    700027: (50006, 50012, 50013, 50027, 50048, 700030, 900384),
    700024: (500133,),
    7000215: (70002,),
    900144: (70003, 70005, 70007, 90004, 90013, 90014, 90015, 90023, 90100, 901002, 9001023, 9002313),
    90033: (50000, 50033, 50087, 70012, 90006, 90012, 90024, 90036, 90090, 90091),
    90055: (50196,),
}
"""Numbers that mean the same to people."""

ALIASES: dict[str, str] = {
    f"entra_{number}": f"entra_{main}" for main, numbers in _SHARED.items() for number in numbers
} | {"entra_unreadable": "entra_90033"}
