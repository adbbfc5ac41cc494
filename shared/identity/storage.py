"""The managed identity that opens the storage accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential


def managed_identity(client_id: str | None) -> AsyncTokenCredential:
    """Credential of the function app's managed identity.

    Args:
        client_id: of a user-assigned identity; None for the system-assigned one.
    """
    from azure.identity.aio import ManagedIdentityCredential

    return ManagedIdentityCredential(client_id=client_id) if client_id else ManagedIdentityCredential()
