#!/bin/sh
# After `azd provision`: the next steps, with the real ids. Changes nothing.
set -eu

access=${POSTRUM_MAILBOX_ACCESS:-scoped}
echo "Postrum: provisioned. Its address will be ${POSTRUM_PUBLIC_URL:-$POSTRUM_URL}"

if [ -z "${POSTRUM_APP_CLIENT_ID:-}" ]; then
    options=""
    [ "$access" = tenantWide ] && options="$options --tenant-wide"
    [ "${POSTRUM_SEND_MAIL:-false}" = true ] && options="$options --send"
    [ "${POSTRUM_IMAP_ACCESS:-false}" = true ] && options="$options --imap"
    [ "${POSTRUM_MAILBOX_SIGN_IN:-true}" = false ] && options="$options --no-mailbox-sign-in"
    [ -n "${POSTRUM_PUBLIC_URL:-}" ] && options="$options --public-url $POSTRUM_PUBLIC_URL"
    [ "${POSTRUM_MULTI_TENANT:-false}" = true ] && options="$options --multi-tenant"
    [ -n "${AZURE_PRINCIPAL_ID:-}" ] && [ "${AZURE_PRINCIPAL_TYPE:-User}" = User ] && options="$options --owner $AZURE_PRINCIPAL_ID"
    cat <<TEXT

Next: somebody with rights in Entra runs this in a clone of the repository (needs the Azure CLI, signed in with
az login --tenant $AZURE_TENANT_ID; on Windows the same with register.ps1 and -UniqueName, -Url, -Identity):

  infra/entra/register.sh --unique-name $POSTRUM_UNIQUE_NAME --url $POSTRUM_URL --identity $POSTRUM_IDENTITY_PRINCIPAL_ID --name "Postrum (${AZURE_ENV_NAME:-})"$options

It prints two ids. Set them here as it says, and provision again: azd provision
TEXT
    exit 0
fi

if [ "$access" = scoped ]; then
    imap=""
    [ "${POSTRUM_IMAP_ACCESS:-false}" = true ] && imap=" -ForImap"
    cat <<TEXT

Next: an Exchange administrator says which mailboxes the app may open. Until then it opens none. In PowerShell, after
Connect-ExchangeOnline:

  shared/setup/exchange/Set-PostrumMailboxAccess.ps1 -AppId $POSTRUM_APP_CLIENT_ID -ServicePrincipalObjectId $POSTRUM_SERVICE_PRINCIPAL_ID -Mailboxes invoices@example.com -OutsideMailbox ${POSTRUM_PROBE_MAILBOX:-somebody.else@example.com}$imap
TEXT
else
    cat <<TEXT

The app opens EVERY mailbox of the tenant: POSTRUM_MAILBOX_ACCESS is tenantWide. To check or to take it back: the page
https://entra.microsoft.com/#view/Microsoft_AAD_IAM/ManagedAppMenuBlade/~/Permissions/objectId/$POSTRUM_SERVICE_PRINCIPAL_ID/appId/$POSTRUM_APP_CLIENT_ID
TEXT
fi

if [ -n "${OUTBOUND_ADDRESSES:-}" ]; then
    echo
    echo "Calls to subscribers come from $OUTBOUND_ADDRESSES"
fi
