"""Why the host does not start, as one line and an exit status."""

from __future__ import annotations

CONFIGURATION = 2
PORT_IN_USE = 3
STORAGE_UNREACHABLE = 4
INDEXING_FAILED = 5


class HostError(Exception):
    """The host cannot start. The message is one line for the person at the terminal, with what to do."""

    def __init__(self, message: str, status: int = CONFIGURATION) -> None:
        super().__init__(" ".join(message.split()))
        self.status = status
