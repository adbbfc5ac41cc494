"""Ids that look like Exchange's and are the same in every run: made from the seed, the mailbox and a number."""

from __future__ import annotations

import base64
import hashlib
import re
import uuid

_NAMESPACE = uuid.UUID("6f0f2b8e-6f55-4b6b-9a55-5d7c3f6b7a10")
_IMMUTABLE = "AAkALgAAAAAAHYQDEapmEc2byACqAC-EWg0A"
_WELL_FORMED = re.compile(r"A(A|Q)[A-Za-z0-9_+/-]{20,400}={0,2}")


def guid(seed: int, *parts: str) -> str:
    """A GUID that is the same for the same seed and parts."""
    return str(uuid.uuid5(_NAMESPACE, "|".join((str(seed), *parts))))


class IdFactory:
    """Makes the ids of one mailbox."""

    def __init__(self, seed: int, address: str, *, slash: bool = False) -> None:
        self._prefix = f"{seed}|{address.lower()}|".encode()
        self._slash = slash

    def _text(self, what: str, size: int) -> str:
        digest = hashlib.shake_256(self._prefix + what.encode()).digest(size)
        return (base64.b64encode if self._slash else base64.urlsafe_b64encode)(digest).decode()

    def immutable(self, key: str) -> str:
        """The id that survives moves (Graph: outlook-immutable-id)."""
        return _IMMUTABLE + self._text(f"immutable|{key}", 30)

    def default(self, key: str, moves: int) -> str:
        """The default id, another one after each move; it ends in ``=``, so that clients must encode it."""
        return "AAMk" + self._text(f"default|{key}|{moves}", 65)

    def folder(self, key: str) -> str:
        """The id of a folder, constant in both formats."""
        return "AQMk" + self._text(f"folder|{key}", 32)

    def attachment(self, key: str, position: int) -> str:
        """The id of an attachment."""
        return "AAMk" + self._text(f"attachment|{key}|{position}", 65)


def is_well_formed(text: str) -> bool:
    """Whether Exchange would decode this id at all."""
    return _WELL_FORMED.fullmatch(text) is not None
