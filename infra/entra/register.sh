#!/bin/sh
# Does what the Bicep files of this folder do, for a deployment by somebody without rights in Entra. Can be run again:
# it creates what is missing and sets what is there. Needs the Azure CLI, signed in to the tenant of the deployment.
#
#   register.sh --unique-name NAME --url https://HOST --identity OBJECT_ID [--name TEXT] [--owner OBJECT_ID]
#               [--tenant-wide] [--send] [--imap] [--multi-tenant]
#
# Microsoft Graph: https://learn.microsoft.com/graph/api/application-upsert
#                  https://learn.microsoft.com/graph/api/federatedidentitycredential-upsert
#                  https://learn.microsoft.com/graph/api/serviceprincipal-upsert
#                  https://learn.microsoft.com/graph/api/serviceprincipal-post-approleassignedto
set -eu

graph=https://graph.microsoft.com/v1.0
microsoft_graph=00000003-0000-0000-c000-000000000000
exchange_online=00000002-0000-0ff1-ce00-000000000000
folder=$(cd "$(dirname "$0")" && pwd)
unique_name="" url="" identity="" name="Postrum" owner=""
tenant_wide=false send=false imap=false audience=AzureADMyOrg

usage() {
    sed -n '5,6s/^# *//p' "$0" >&2
    exit 2
}

while [ $# -gt 0 ]; do
    case "$1" in
    --unique-name | --url | --identity | --name | --owner)
        [ $# -ge 2 ] || usage
        case "$1" in
        --unique-name) unique_name=$2 ;;
        --url) url=${2%/} ;;
        --identity) identity=$2 ;;
        --name) name=$2 ;;
        --owner) owner=$2 ;;
        esac
        shift 2
        ;;
    --tenant-wide) tenant_wide=true && shift ;;
    --send) send=true && shift ;;
    --imap) imap=true && shift ;;
    --multi-tenant) audience=AzureADMultipleOrgs && shift ;;
    *) usage ;;
    esac
done
case "$unique_name" in "" | *[!a-zA-Z0-9-]*) usage ;; esac
case "$url" in https://?*) ;; *) usage ;; esac
case "$identity" in "" | *[!a-fA-F0-9-]*) usage ;; esac
case "$owner" in *[!a-fA-F0-9-]*) usage ;; esac
case "$name" in "" | *[\"\\]*) usage ;; esac

tenant=$(az account show --query tenantId --output tsv)

# id_of_role APP VALUE: the id of an application permission.
id_of_role() {
    az rest --method get --url "$graph/servicePrincipals(appId='$1')?\$select=id,appRoles" \
        --query "appRoles[?value=='$2'].id | [0]" --output tsv
}

# id_of_scope VALUE: the id of a delegated permission of Microsoft Graph.
id_of_scope() {
    az rest --method get --url "$graph/servicePrincipals(appId='$microsoft_graph')?\$select=id,oauth2PermissionScopes" \
        --query "oauth2PermissionScopes[?value=='$1'].id | [0]" --output tsv
}

# upsert PATH BODY: create it, or set what is there.
upsert() {
    az rest --method patch --url "$graph/$1" --headers Content-Type=application/json Prefer=create-if-missing \
        --body "$2" --output none
}

# assign PRINCIPAL RESOURCE ROLE: unless it is assigned already.
assign() {
    found=$(az rest --method get --url "$graph/servicePrincipals/$2/appRoleAssignedTo" \
        --query "value[?principalId=='$1' && appRoleId=='$3'].id | [0]" --output tsv)
    if [ -z "$found" ] || [ "$found" = None ]; then
        az rest --method post --url "$graph/servicePrincipals/$2/appRoleAssignedTo" \
            --headers Content-Type=application/json \
            --body "{\"principalId\": \"$1\", \"resourceId\": \"$2\", \"appRoleId\": \"$3\"}" --output none
    fi
}

access="{\"id\": \"$(id_of_scope openid)\", \"type\": \"Scope\"}, {\"id\": \"$(id_of_scope profile)\", \"type\": \"Scope\"}"
mail_roles=""
if [ "$tenant_wide" = true ]; then
    mail_roles=$(id_of_role $microsoft_graph Mail.ReadWrite)
    [ "$send" = true ] && mail_roles="$mail_roles $(id_of_role $microsoft_graph Mail.Send)"
    for role in $mail_roles; do
        access="$access, {\"id\": \"$role\", \"type\": \"Role\"}"
    done
fi

echo "Application $unique_name"
upsert "applications(uniqueName='$unique_name')" "{
  \"displayName\": \"$name\",
  \"signInAudience\": \"$audience\",
  \"appRoles\": $(cat "$folder/app-roles.json"),
  \"web\": {
    \"homePageUrl\": \"$url/\",
    \"redirectUris\": [\"$url/sign-in/callback\", \"$url/consent/callback\"],
    \"implicitGrantSettings\": {\"enableAccessTokenIssuance\": false, \"enableIdTokenIssuance\": false}
  },
  \"requiredResourceAccess\": [{\"resourceAppId\": \"$microsoft_graph\", \"resourceAccess\": [$access]}]
}"
client_id=$(az rest --method get --url "$graph/applications(uniqueName='$unique_name')" --query appId --output tsv)

echo "Trust in the managed identity"
upsert "applications(uniqueName='$unique_name')/federatedIdentityCredentials(name='managed-identity')" "{
  \"description\": \"The managed identity of the function app signs for this registration.\",
  \"issuer\": \"https://login.microsoftonline.com/$tenant/v2.0\",
  \"subject\": \"$identity\",
  \"audiences\": [\"api://AzureADTokenExchange\"]
}"

echo "Service principal"
upsert "servicePrincipals(appId='$client_id')" '{"appRoleAssignmentRequired": true}'
principal=$(az rest --method get --url "$graph/servicePrincipals(appId='$client_id')" --query id --output tsv)

for role in $mail_roles; do
    echo "Permission for every mailbox of the tenant: $role"
    assign "$principal" "$(az rest --method get --url "$graph/servicePrincipals(appId='$microsoft_graph')" --query id --output tsv)" "$role"
done
if [ "$imap" = true ]; then
    echo "Permission to sign in to IMAP"
    assign "$principal" "$(az rest --method get --url "$graph/servicePrincipals(appId='$exchange_online')" --query id --output tsv)" \
        "$(id_of_role $exchange_online IMAP.AccessAsApp)"
fi
if [ -n "$owner" ]; then
    echo "Owner of the console"
    assign "$owner" "$principal" "$(az rest --method get --url "$graph/servicePrincipals(appId='$client_id')" --query "appRoles[?value=='Owner'].id | [0]" --output tsv)"
fi

cat <<TEXT

Done. Who deploys sets these and provisions again:

  azd env set POSTRUM_APP_CLIENT_ID $client_id
  azd env set POSTRUM_SERVICE_PRINCIPAL_ID $principal
  azd provision
TEXT
