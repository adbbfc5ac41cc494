"""Secrets in Azure Key Vault, opened by the managed identity. The SDK is loaded with the first call."""

from __future__ import annotations

import asyncio
import hashlib
import re
from typing import TYPE_CHECKING, Final

from azure.core.exceptions import AzureError, HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.core.rest import HttpRequest

from shared.effect import effect
from shared.errors import NetworkFailure, PermanentError, PermissionDenied, PostrumError, ServiceUnavailable, Throttled
from shared.stores.connection import Credential, StorageConnection, client_options, once_more

if TYPE_CHECKING:
    from azure.keyvault.secrets.aio import SecretClient

MOST_BYTES: Final = 25_000
"""What a vault takes as one value: 25 KB. https://learn.microsoft.com/azure/key-vault/secrets/about-secrets"""
RECOVERING: Final = (0, 1, 2, 4, 8)
"""Seconds to wait, one after the other, for a deleted secret that is given back."""
_PLAIN = re.compile(r"[0-9a-z-]{1,127}\Z")
_MADE = "n-"


def vault_name(name: str) -> str:
    """The name under which the vault keeps a secret.

    A vault allows letters, digits and dashes, and knows no upper case. What fits stays as it is, so that a person finds
    it in the portal; any other name is made of its readable part and a hash, so that two names never meet.
    """
    if _PLAIN.match(name) and not name.startswith(_MADE):
        return name
    readable = re.sub(r"[^0-9a-z]+", "-", name.lower()).strip("-")[:80].strip("-")
    digest = hashlib.sha256(name.encode()).hexdigest()[:32]
    return "-".join(part for part in (_MADE.rstrip("-"), readable, digest) if part)


class KeyVaultSecretStore:
    """One vault. Connects at the first call.

    Args:
        uri: of the vault, as `https://NAME.vault.azure.net`.
        credential: makes the credential when it is first needed.
        ca_file: PEM file with further authorities to trust; for development.
    """

    def __init__(self, uri: str, credential: Credential, *, ca_file: str | None = None) -> None:
        self.uri = uri
        self._credential = credential
        self._connection = StorageConnection(ca_file=ca_file)
        self._client: SecretClient | None = None

    async def get(self, name: str) -> str | None:
        """The secret, or None."""
        try:
            return (await once_more(lambda: self._vault().get_secret(vault_name(name)))).value
        except ResourceNotFoundError:
            return None
        except AzureError as error:
            raise _failure(error, "read a secret") from None

    async def put(self, name: str, value: str) -> None:
        """Store a secret, as a new version of the one that is there, or that was deleted: the vault keeps its name.

        Raises:
            PermanentError: more than a vault takes.
        """
        if len(value.encode()) > MOST_BYTES:
            raise PermanentError(f"a secret may have {MOST_BYTES} bytes")
        try:
            if await self._set(name, value):
                return
            await self._recover(name)
            for pause in RECOVERING:
                await asyncio.sleep(pause)
                if await self._set(name, value):
                    return
        except AzureError as error:
            raise _failure(error, "store a secret") from None
        raise ServiceUnavailable("the key vault is still giving a deleted secret back", retry_after=60)

    async def delete(self, name: str) -> None:
        """Remove a secret; a missing one is as good. The vault keeps it, and its name, as long as it keeps what was deleted."""
        async with effect("secret.delete"):
            try:
                # Not the SDK's `delete_secret`: that one waits, seconds long, until the vault has also filed it away.
                answer = await self._vault().send_request(HttpRequest("DELETE", f"/secrets/{vault_name(name)}"))
                answer.raise_for_status()
            except HttpResponseError as error:
                if error.status_code != 404:
                    raise _failure(error, "delete a secret") from None
            except AzureError as error:
                raise _failure(error, "delete a secret") from None

    async def _set(self, name: str, value: str) -> bool:
        """Store it; False where a deleted secret holds the name."""
        async with effect("secret.put"):
            try:
                await self._vault().set_secret(vault_name(name), value)
            except ResourceExistsError:
                return False
            return True

    async def _recover(self, name: str) -> None:
        """Ask for a deleted secret back; it takes the vault some seconds. One that is on its way back is as good."""
        async with effect("secret.recover"):
            path = f"/deletedsecrets/{vault_name(name)}/recover"
            answer = await self._vault().send_request(HttpRequest("POST", path))
            if answer.status_code not in (404, 409):
                answer.raise_for_status()

    async def aclose(self) -> None:
        """End connections."""
        if self._client is not None:
            await self._client.close()
            self._client = None

    def _vault(self) -> SecretClient:
        if self._client is None:
            from azure.keyvault.secrets.aio import SecretClient

            self._client = SecretClient(self.uri, self._credential(), **client_options(self._connection))
        return self._client


def _failure(error: AzureError, doing: str) -> PostrumError:
    """The product's error; the vault's own text is not taken over, for it may name who asked."""
    if not isinstance(error, HttpResponseError):
        return NetworkFailure(f"no answer from the key vault: could not {doing}")
    status = error.status_code or 0
    if not status:
        return ServiceUnavailable(f"there is no token for the key vault: could not {doing}")
    if status == 429:
        wait = str((getattr(error.response, "headers", None) or {}).get("Retry-After", ""))
        return Throttled(
            f"the key vault is busy: could not {doing}", retry_after=float(wait) if wait.isdigit() else None
        )
    if status in (401, 403):
        return PermissionDenied(
            f"the key vault refused to {doing} (status {status})",
            remedy="Give the managed identity the role Key Vault Secrets Officer on the vault, and let its firewall pass.",
        )
    if status >= 500 or status == 408:
        return ServiceUnavailable(f"the key vault could not {doing} (status {status})")
    return PermanentError(f"the key vault could not {doing} (status {status})")
