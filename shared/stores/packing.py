"""JSON in table rows: compressed, and cut into properties of at most 64 KiB, of which a row holds up to 1 MiB."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any

from shared.errors import PermanentError

PROPERTY = 60 * 1024
PROPERTIES = 15
EXPANDED = 16 * 1024 * 1024
"""Bytes that a packed value may have when it is unpacked; our own rows stay far below."""


def pack(text: str) -> dict[str, bytes]:
    """Properties `p0`, `p1`, … that hold the text.

    Raises:
        PermanentError: it does not fit into one row.
    """
    packed = zlib.compress(text.encode(), 6)
    if len(packed) > PROPERTY * PROPERTIES:
        raise PermanentError(f"{len(packed)} bytes do not fit into one row of a table")
    return {
        f"p{number}": packed[start : start + PROPERTY] for number, start in enumerate(range(0, len(packed), PROPERTY))
    }


def unpack(values: Mapping[str, Any]) -> str:
    """The text that `pack` put into these properties."""
    packed = b"".join(bytes(values[f"p{number}"]) for number in range(PROPERTIES) if f"p{number}" in values)
    expander = zlib.decompressobj()
    return expander.decompress(packed, EXPANDED).decode()
