"""What an access token says of itself."""

from __future__ import annotations

import base64
import json
from typing import Any


def claims(token: str) -> dict[str, Any] | None:
    """The claims of a token that we were given by the directory itself, read without judging its signature; None where it
    cannot be read. A client must not rely on the form of a token for another service, so nothing is decided by this alone.
    """
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        found = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
