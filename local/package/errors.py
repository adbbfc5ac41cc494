"""What hinders packaging."""

from __future__ import annotations


class PackageError(Exception):
    """There is no package. The message is one line for the person at the terminal."""

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))
