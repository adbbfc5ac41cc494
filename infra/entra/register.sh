#!/bin/sh
# Does what the Bicep files of this folder do, for a deployment by somebody without rights in Entra. Can be run again:
# it creates what is missing and sets what is there. Needs the Azure CLI, signed in to the tenant of the deployment.
#
#   register.sh --unique-name NAME --url https://HOST --identity OBJECT_ID [--public-url https://HOST] [--name TEXT]
#               [--owner OBJECT_ID] [--tenant-wide] [--send] [--imap] [--no-mailbox-sign-in] [--multi-tenant]
#
# Microsoft Graph: https://learn.microsoft.com/graph/api/application-upsert
#                  https://learn.microsoft.com/graph/api/federatedidentitycredential-upsert
#                  https://learn.microsoft.com/graph/api/serviceprincipal-upsert
#                  https://learn.microsoft.com/graph/api/serviceprincipal-post-approleassignedto
set -eu

graph=https://graph.microsoft.com/v1.0
microsoft_graph=00000003-0000-0000-c000-000000000000
exchange_online=00000002-0000-0ff1-ce00-000000000000
azure_cli=04b07795-8ddb-461a-bbee-02f9e1bf7b46
imap_scope=652390e4-393a-48de-9484-05f9b1212954 # IMAP.AccessAsUser.All
folder=$(cd "$(dirname "$0")" && pwd)
unique_name="" url="" public_url="" identity="" name="Postrum" owner=""
tenant_wide=false send=false imap=false mailbox_sign_in=true audience=AzureADMyOrg

usage() {
    sed -n '5,6s/^# *//p' "$0" >&2
    exit 2
}

while [ $# -gt 0 ]; do
    case "$1" in
    --unique-name | --url | --public-url | --identity | --name | --owner)
        [ $# -ge 2 ] || usage
        case "$1" in
        --unique-name) unique_name=$2 ;;
        --url) url=${2%/} ;;
        --public-url) public_url=${2%/} ;;
        --identity) identity=$2 ;;
        --name) name=$2 ;;
        --owner) owner=$2 ;;
        esac
        shift 2
        ;;
    --tenant-wide) tenant_wide=true && shift ;;
    --send) send=true && shift ;;
    --imap) imap=true && shift ;;
    --no-mailbox-sign-in) mailbox_sign_in=false && shift ;;
    --multi-tenant) audience=AzureADMultipleOrgs && shift ;;
    *) usage ;;
    esac
done
case "$unique_name" in "" | *[!a-zA-Z0-9-]*) usage ;; esac
case "$url" in https://*[!a-zA-Z0-9.:-]*) usage ;; https://?*) ;; *) usage ;; esac
case "$public_url" in "") ;; https://*[!a-zA-Z0-9.:-]*) usage ;; https://?*) ;; *) usage ;; esac
case "$identity" in "" | *[!a-fA-F0-9-]*) usage ;; esac
case "$owner" in *[!a-fA-F0-9-]*) usage ;; esac
case "$name" in "" | *[\"\\]*) usage ;; esac

tenant=$(az account show --query tenantId --output tsv)

# id_of_principal APP: the object id of its service principal in this tenant.
id_of_principal() {
    az rest --method get --url "$graph/servicePrincipals(appId='$1')" --query id --output tsv
}

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

# need VALUE WHAT: stops where nothing was found.
need() {
    if [ -z "$1" ] || [ "$1" = None ]; then
        echo "register.sh: $2 was not found" >&2
        exit 1
    fi
}

# upsert PATH BODY: create it, or set what is there.
upsert() {
    az rest --method patch --url "$graph/$1" --headers Content-Type=application/json Prefer=create-if-missing \
        --body "$2" --output none
}

# assign users|servicePrincipals PRINCIPAL RESOURCE ROLE: unless it is assigned already.
assign() {
    found=$(az rest --method get --url "$graph/$1/$2/appRoleAssignments" \
        --query "value[?resourceId=='$3' && appRoleId=='$4'].id | [0]" --output tsv)
    if [ -z "$found" ] || [ "$found" = None ]; then
        az rest --method post --url "$graph/servicePrincipals/$3/appRoleAssignedTo" \
            --headers Content-Type=application/json \
            --body "{\"principalId\": \"$2\", \"resourceId\": \"$3\", \"appRoleId\": \"$4\"}" --output none
    fi
}

# Permissions in the name of somebody who signs in. Declared: each account, or an administrator for it, still has to agree.
scopes="openid profile" assignment_required=true exchange_access=""
if [ "$mailbox_sign_in" = true ]; then
    scopes="$scopes offline_access Mail.ReadWrite.Shared" assignment_required=false
    exchange_access=", {\"resourceAppId\": \"$exchange_online\", \"resourceAccess\": [{\"id\": \"$imap_scope\", \"type\": \"Scope\"}]}"
fi
access=""
for value in $scopes; do
    scope=$(id_of_scope "$value")
    need "$scope" "the permission $value"
    access="$access${access:+, }{\"id\": \"$scope\", \"type\": \"Scope\"}"
done
mail_roles=""
if [ "$tenant_wide" = true ]; then
    mail_roles=$(id_of_role $microsoft_graph Mail.ReadWrite)
    need "$mail_roles" "the permission Mail.ReadWrite"
    if [ "$send" = true ]; then
        role=$(id_of_role $microsoft_graph Mail.Send)
        need "$role" "the permission Mail.Send"
        mail_roles="$mail_roles $role"
    fi
    for role in $mail_roles; do
        access="$access, {\"id\": \"$role\", \"type\": \"Role\"}"
    done
fi

home=${public_url:-$url} redirects=""
for path in sign-in consent connect; do
    redirects="$redirects${redirects:+, }\"$url/$path/callback\""
done
if [ "$home" != "$url" ]; then
    for path in sign-in consent connect; do
        redirects="$redirects, \"$home/$path/callback\""
    done
fi
api_scopes=$(cat "$folder/api-scopes.json")
api_scope=$(sed -n 's/^ *"id": "\([0-9a-f-]*\)".*/\1/p' "$folder/api-scopes.json")

echo "Application $unique_name"
upsert "applications(uniqueName='$unique_name')" "{
  \"displayName\": \"$name\",
  \"signInAudience\": \"$audience\",
  \"appRoles\": $(cat "$folder/app-roles.json"),
  \"web\": {
    \"homePageUrl\": \"$home/\",
    \"redirectUris\": [$redirects],
    \"implicitGrantSettings\": {\"enableAccessTokenIssuance\": false, \"enableIdTokenIssuance\": false}
  },
  \"api\": {\"requestedAccessTokenVersion\": 2, \"oauth2PermissionScopes\": $api_scopes},
  \"requiredResourceAccess\": [{\"resourceAppId\": \"$microsoft_graph\", \"resourceAccess\": [$access]}$exchange_access]
}"
client_id=$(az rest --method get --url "$graph/applications(uniqueName='$unique_name')" --query appId --output tsv)
need "$client_id" "the application"

echo "Its API, for the command postrum"
upsert "applications(uniqueName='$unique_name')" "{
  \"identifierUris\": [\"api://$client_id\"],
  \"api\": {
    \"requestedAccessTokenVersion\": 2,
    \"oauth2PermissionScopes\": $api_scopes,
    \"preAuthorizedApplications\": [{\"appId\": \"$azure_cli\", \"delegatedPermissionIds\": [\"$api_scope\"]}]
  }
}"

echo "Trust in the managed identity"
upsert "applications(uniqueName='$unique_name')/federatedIdentityCredentials(name='managed-identity')" "{
  \"description\": \"The managed identity of the function app signs for this registration.\",
  \"issuer\": \"https://login.microsoftonline.com/$tenant/v2.0\",
  \"subject\": \"$identity\",
  \"audiences\": [\"api://AzureADTokenExchange\"]
}"

echo "Service principal"
upsert "servicePrincipals(appId='$client_id')" "{\"appRoleAssignmentRequired\": $assignment_required}"
principal=$(id_of_principal "$client_id")

for role in $mail_roles; do
    echo "Permission for every mailbox of the tenant: $role"
    resource=$(id_of_principal $microsoft_graph)
    assign servicePrincipals "$principal" "$resource" "$role"
done
if [ "$imap" = true ]; then
    echo "Permission to sign in to IMAP"
    resource=$(id_of_principal $exchange_online)
    role=$(id_of_role $exchange_online IMAP.AccessAsApp)
    need "$role" "the permission IMAP.AccessAsApp"
    assign servicePrincipals "$principal" "$resource" "$role"
fi
if [ -n "$owner" ]; then
    echo "Owner of the console"
    role=$(id_of_role "$client_id" Owner)
    need "$role" "the app role Owner"
    assign users "$owner" "$principal" "$role"
fi

cat <<TEXT

Done. Who deploys sets these and provisions again:

  azd env set POSTRUM_APP_CLIENT_ID $client_id
  azd env set POSTRUM_SERVICE_PRINCIPAL_ID $principal
  azd provision
TEXT
