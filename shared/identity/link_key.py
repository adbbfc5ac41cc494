"""The key with which the deployment signs what it gives to others and wants to recognise: made once, kept with the secrets."""

from __future__ import annotations

import base64
import secrets as random
from collections.abc import Callable
from typing import Final

from shared.stores.secret_store import SecretStore

NAME: Final = "state-key"
BYTES: Final = 32


class LinkKey:
    """The key, read or made at its first use and then remembered.

    Two processes that make it in the same moment both read what was stored last; a link that the other one signed in between
    has to be made again, which can happen once in the life of a deployment.

    Args:
        secrets: gives the store; called late, for not everything that is composed needs one.
    """

    def __init__(self, secrets: Callable[[], SecretStore]) -> None:
        self._secrets = secrets
        self._known: bytes | None = None

    async def __call__(self) -> bytes:
        """The key, 32 bytes."""
        if self._known is None:
            store = self._secrets()
            text = await store.get(NAME)
            if text is None:
                await store.put(NAME, base64.b64encode(random.token_bytes(BYTES)).decode())
                text = await store.get(NAME)
            self._known = base64.b64decode(text or "", validate=True)
        return self._known
