"""The keys that callers of HTTP functions show: one master key, one function key for all functions.

Kept where the real host keeps them, in the blob `azure-webjobs-secrets/{host id}/host.json`, so that they outlive a
restart; made at the first start.
"""

from __future__ import annotations

import hmac
import json
import secrets
from dataclasses import dataclass

from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.storage.blob.aio import ContainerClient

from local.host.bindings import AuthLevel
from local.host.errors import HostError

CONTAINER = "azure-webjobs-secrets"


@dataclass(frozen=True)
class Keys:
    """The two keys."""

    master: str
    function: str

    def allow(self, level: AuthLevel, shown: str | None) -> bool:
        """Whether a caller who shows this key may call. The comparison takes the same time for every wrong key."""
        if level is AuthLevel.ANONYMOUS:
            return True
        given = (shown or "").encode()
        master = hmac.compare_digest(given, self.master.encode())
        function = hmac.compare_digest(given, self.function.encode())
        return master or (function and level is AuthLevel.FUNCTION)


def make_keys() -> Keys:
    """New random keys."""
    return Keys(secrets.token_urlsafe(32), secrets.token_urlsafe(32))


async def stored_keys(container: ContainerClient, host_id: str) -> Keys:
    """The keys of this storage account, made when there are none."""
    name = f"{host_id}/host.json"
    while True:
        try:
            download = await container.download_blob(name)
            return _read(await download.readall(), f"{CONTAINER}/{name}")
        except ResourceNotFoundError:
            pass
        keys = make_keys()
        document = {
            "masterKey": {"name": "master", "value": keys.master, "encrypted": False},
            "functionKeys": [{"name": "default", "value": keys.function, "encrypted": False}],
        }
        try:
            await container.upload_blob(name, json.dumps(document), overwrite=False)
        except ResourceExistsError:
            continue  # another start was quicker: take its keys
        return keys


def _read(content: bytes, name: str) -> Keys:
    try:
        document = json.loads(content)
        return Keys(document["masterKey"]["value"], document["functionKeys"][0]["value"])
    except (ValueError, KeyError, IndexError, TypeError):
        raise HostError(f"The blob {name} holds no function keys; delete it, and the host makes new ones.") from None
