"""The common base of the models, and the types of identifiers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$")]
"""Name of something configured: lower case letters, digits and dashes, 1 to 40 characters; safe in keys, paths and URLs."""

MessageId = Annotated[str, StringConstraints(pattern=r"^[a-z2-7]{26}$")]
"""Identity of a message: base32 of a SHA-256 over mailbox, source kind and the provider's id, cut to 26 characters."""


class Model(BaseModel):
    """Base of every model: frozen, and strict about unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=False, defer_build=True)


def stamp(time: datetime) -> str:
    """The time in UTC as text that sorts in the order of time: always with milliseconds, always `+00:00`.

    Args:
        time: with a time zone.
    """
    return time.astimezone(UTC).isoformat(timespec="milliseconds")
