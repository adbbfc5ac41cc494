"""Messages over the pipes between the reader and its child: four bytes of length (big-endian), then so many bytes."""

from __future__ import annotations

from typing import IO

__all__ = ["receive", "send"]


def send(stream: IO[bytes], message: bytes) -> None:
    """Write one message."""
    stream.write(len(message).to_bytes(4) + message)
    stream.flush()


def receive(stream: IO[bytes], most: int) -> bytes | None:
    """Read one message; None at the end of the stream.

    Raises:
        ValueError: a message longer than is accepted.
    """
    head = stream.read(4)
    if len(head) < 4:
        return None
    length = int.from_bytes(head)
    if length > most:
        raise ValueError(f"a message of {length} bytes is not accepted")
    message = stream.read(length)
    return message if len(message) == length else None
