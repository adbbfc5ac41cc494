"""The token of somebody at a command line: that of the Azure CLI, where they signed in with `az login`."""

from __future__ import annotations

import re

from shared.errors import SignInNeeded

_SCOPE = re.compile(r"api://[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/\.default")
_TENANT = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


async def command_line_token(scope: str, tenant_id: str) -> str:
    """An access token for a deployment's API.

    Args:
        scope: as the deployment names it. Only one of an application's own API is asked for: whoever answers at an address must
            not be able to have a token for Azure or for mail sent to them.
        tenant_id: of the deployment.

    Raises:
        SignInNeeded: the Azure CLI gives none; the text says what to do.
    """
    from azure.core.exceptions import ClientAuthenticationError
    from azure.identity import CredentialUnavailableError
    from azure.identity.aio import AzureCliCredential

    if not _SCOPE.fullmatch(scope) or not _TENANT.fullmatch(tenant_id):
        raise SignInNeeded("What answers there names no application to sign in to.", remedy="Check the address.")
    async with AzureCliCredential(tenant_id=tenant_id) as credential:
        try:
            token: str = (await credential.get_token(scope)).token
            return token
        except CredentialUnavailableError:
            raise SignInNeeded(
                "Nobody is signed in to the Azure CLI.",
                remedy=f"Run `az login --tenant {tenant_id}`, or put an access token into POSTRUM_TOKEN.",
            ) from None
        except ClientAuthenticationError:
            raise SignInNeeded(
                "The Azure CLI got no token for this deployment.",
                remedy=f"Run `az login --tenant {tenant_id} --scope {scope}`.",
            ) from None
