"""The errors that the emulator's state and services raise; the wire turns them into answers."""

from __future__ import annotations


class EmulatorError(Exception):
    """A control-plane call that cannot be done; the text says why."""


class GraphError(Exception):
    """An answer of Graph's that is an error.

    Args:
        status: The HTTP status.
        code: Graph's error code; clients branch on it.
        message: The text for people.
        headers: More headers of the answer.
    """

    def __init__(self, status: int, code: str, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers or {}


def item_not_found() -> GraphError:
    """The mail or folder does not exist, or no longer."""
    return GraphError(404, "ErrorItemNotFound", "The specified object was not found in the store.")


def id_malformed() -> GraphError:
    """The id is none."""
    return GraphError(400, "ErrorInvalidIdMalformed", "Id is malformed.")


def bad_request(message: str, code: str = "BadRequest") -> GraphError:
    """The request makes no sense."""
    return GraphError(400, code, message)
