#!/bin/sh
# Before `azd provision`: finds what would fail half way, and says what will be asked. Changes nothing in Azure.
set -eu

fail() {
    echo "Postrum: $1" >&2
    echo "  What to do: $2" >&2
    exit 1
}

azd auth login --check-status >/dev/null 2>&1 ||
    fail "azd is not signed in." "azd auth login"

case "${AZURE_ENV_NAME:-}" in
"" | *[!a-zA-Z0-9-]* | -* | *-)
    fail "the environment name '${AZURE_ENV_NAME:-}' has other characters than letters, digits and inner hyphens." \
        "azd env new NAME"
    ;;
esac
[ "${#AZURE_ENV_NAME}" -le 60 ] ||
    fail "the environment name has more than 60 characters." "azd env new NAME"

if [ "${POSTRUM_ARCHIVE_IMMUTABILITY_DAYS:-0}" != 0 ] && [ "${POSTRUM_ALLOW_ERASURE:-true}" != false ]; then
    fail "an archive that nobody can delete from excludes erasure." \
        "azd env set POSTRUM_ALLOW_ERASURE false, or azd env set POSTRUM_ARCHIVE_IMMUTABILITY_DAYS 0"
fi

case "${POSTRUM_PUBLIC_URL:-}" in
"") ;;
https://*[!a-zA-Z0-9.:-]* | https://)
    fail "the address '$POSTRUM_PUBLIC_URL' has more than a host name." "azd env set POSTRUM_PUBLIC_URL https://HOST"
    ;;
https://*) ;;
*) fail "the address '$POSTRUM_PUBLIC_URL' does not begin with https://." "azd env set POSTRUM_PUBLIC_URL https://HOST" ;;
esac

if command -v az >/dev/null 2>&1 && az account show >/dev/null 2>&1; then
    if [ -n "${AZURE_LOCATION:-}" ] &&
        regions=$(az functionapp list-flexconsumption-locations --query "[].name" --output tsv 2>/dev/null) &&
        ! echo "$regions" | tr -d ' ' | tr '[:upper:]' '[:lower:]' | grep -qx "$AZURE_LOCATION"; then
        fail "the region '$AZURE_LOCATION' does not offer Flex Consumption." "azd env set AZURE_LOCATION REGION"
    fi
    if [ "${POSTRUM_VIRTUAL_NETWORK:-false}" = true ]; then
        state=$(az provider show --namespace Microsoft.App --query registrationState --output tsv 2>/dev/null || true)
        [ "$state" = Registered ] ||
            fail "a virtual network needs the resource provider Microsoft.App, which is not registered." \
                "az provider register --namespace Microsoft.App --wait"
    fi
else
    echo "Postrum: the Azure CLI is missing or not signed in, so the region is not checked."
fi

# Azure does not let the start of a budget change, so it is set once.
if [ -z "${POSTRUM_BUDGET_START:-}" ]; then
    azd env set POSTRUM_BUDGET_START "$(date -u +%Y-%m-01)"
fi

cat <<TEXT
Postrum: azd asks for a subscription and a region, nothing else. No secret is created.
  Needed in Azure: Owner of the subscription (or Contributor with Role Based Access Control Administrator).
TEXT
if [ "${POSTRUM_DIRECTORY_ACCESS:-true}" = true ]; then
    cat <<TEXT
  Needed in Entra: Application Administrator and Cloud Application Administrator do for the registration; assigning
  permissions of Microsoft Graph (POSTRUM_MAILBOX_ACCESS tenantWide) takes Privileged Role Administrator.
  You have neither? azd env set POSTRUM_DIRECTORY_ACCESS false, and somebody who has runs a script afterwards.
TEXT
else
    echo "  Entra is left out: a command for somebody with rights there is printed at the end."
fi
