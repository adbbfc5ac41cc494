#!/bin/sh
# After `azd deploy`: where to look. Changes nothing.
set -eu
console=${POSTRUM_PUBLIC_URL:-$POSTRUM_URL}
echo "Postrum: deployed."
if [ "${AZURE_PRINCIPAL_TYPE:-User}" = User ]; then
    echo "  You sign in to the console as its Owner."
else
    echo "  A pipeline cannot be Owner of the console: give a person the role Owner in Entra, or nobody gets in."
fi
cat <<TEXT
  Roles are given in Entra: Enterprise applications, Users and groups.
  Check it from here, after az login --tenant $AZURE_TENANT_ID
    postrum doctor --url $console
TEXT
echo "Console: $console/"
