"""Where remedies lead: pages of administration, and pages to read. Square brackets as in the texts (`shared/remedies/model.py`).

A link that needs a value outside brackets is left out where that value is not known.
"""

from __future__ import annotations

_ENTRA = "https://entra.microsoft.com/[{tenant}/]#view/Microsoft_AAD_IAM"
_LEARN = "https://learn.microsoft.com"

ADMIN_CONSENT_REQUESTS = f"{_ENTRA}/StartboardApplicationsMenuBlade/~/AccessRequests"
"""Entra admin center: Enterprise applications, Admin consent requests."""
ENTERPRISE_APPLICATION = f"{_ENTRA}/ManagedAppMenuBlade/~/Overview/appId/{{client_id}}"
"""Entra admin center: the application as this tenant has it."""
EXCHANGE_MAILBOXES = "https://admin.exchange.microsoft.com/#/mailboxes"
"""Exchange admin center: Recipients, Mailboxes."""
GOOGLE_APP_ACCESS = "https://admin.google.com/ac/owl/list?tab=configuredApps"
"""Google Admin console: Security, API controls, Manage third-party app access."""
ENTRA_CODE = "https://login.microsoftonline.com/error[?code={code}]"
"""What Microsoft says of one AADSTS code."""

GRANT_CONSENT = f"{_LEARN}/entra/identity/enterprise-apps/grant-admin-consent"
CONSENT_ERRORS = f"{_LEARN}/entra/identity/enterprise-apps/application-sign-in-unexpected-user-consent-error"
ASSIGN_USERS = f"{_LEARN}/entra/identity/enterprise-apps/assign-user-or-group-access-portal"
WORKLOAD_ACCESS = f"{_LEARN}/entra/identity/conditional-access/workload-identity"
FEDERATION = f"{_LEARN}/entra/workload-id/workload-identity-federation-config-app-trust-managed-identity"
ENTRA_CODES = f"{_LEARN}/entra/identity-platform/reference-error-codes"
APPLICATION_RBAC = f"{_LEARN}/exchange/permissions-exo/application-rbac"
MAILBOX_PERMISSIONS = f"{_LEARN}/microsoft-365/admin/add-users/give-mailbox-permissions-to-another-user"
IMAP_ACCESS = (
    f"{_LEARN}/exchange/clients-and-mobile-in-exchange-online/pop3-and-imap4/enable-or-disable-pop3-or-imap4-access"
)
BASIC_AUTHENTICATION = (
    f"{_LEARN}/exchange/clients-and-mobile-in-exchange-online/deprecation-of-basic-authentication-exchange-online"
)
SMTP_DISABLED = "https://aka.ms/smtp_auth_disabled"
OUTBOUND_SMTP = f"{_LEARN}/azure/virtual-network/troubleshoot-outbound-smtp-connectivity"
GRAPH_THROTTLING = f"{_LEARN}/graph/throttling"
GOOGLE_CONSENT_ERRORS = "https://support.google.com/accounts/answer/16668185"
GOOGLE_APP_PASSWORDS = "https://support.google.com/accounts/answer/185833"
GOOGLE_APP_CONTROL = "https://support.google.com/a/answer/7281227"
