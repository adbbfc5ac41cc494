"""Where secrets are kept: signing keys of subscribers, refresh tokens of accounts, passwords of IMAP servers."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Protocol

from shared.effect import effect
from shared.errors import ConfigurationError


class SecretStore(Protocol):
    """Reads and writes secrets by name."""

    async def get(self, name: str) -> str | None:
        """The secret, or None."""

    async def put(self, name: str, value: str) -> None:
        """Store a secret. An effect."""

    async def delete(self, name: str) -> None:
        """Remove a secret; a missing one is as good. An effect.

        A vault keeps what was deleted for a while, and its name with it; to store something under it again takes seconds.
        """


class FileSecretStore:
    """Secrets in one JSON file that only its owner may read: for development."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def get(self, name: str) -> str | None:
        """The secret, or None."""
        return self._read().get(name)

    async def put(self, name: str, value: str) -> None:
        """Store a secret: written beside the file and moved into place, so that a crash leaves the old or the new one."""
        async with effect("secret.put"):
            self._write(self._read() | {name: value})

    async def delete(self, name: str) -> None:
        """Remove a secret; a missing one is as good."""
        async with effect("secret.delete"):
            secrets = self._read()
            if secrets.pop(name, None) is not None:
                self._write(secrets)

    def _write(self, secrets: dict[str, str]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        beside = self._path.with_name(self._path.name + ".new")
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(secrets, file, indent=1, sort_keys=True)
        beside.replace(self._path)

    def _read(self) -> dict[str, str]:
        if not self._path.exists():
            return {}
        if self._path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise ConfigurationError(f"{self._path} can be read by others", remedy="Run: chmod 600 on that file.")
        try:
            content = json.loads(self._path.read_text(encoding="utf-8"))
        except ValueError:
            raise ConfigurationError(
                f"{self._path} is not JSON", remedy="Delete it; secrets are made again by config apply."
            ) from None
        return {str(name): str(value) for name, value in content.items()}
