"""Containers in memory: what opens them. The readers are imported when the first container comes; most mail has none."""

from __future__ import annotations

from shared.mail.outlook import OutlookMessage

__all__ = ["read_msg", "read_tnef", "unwrap_smime"]


def read_tnef(data: bytes | bytearray, deepest: int) -> OutlookMessage:
    """Open a winmail.dat."""
    from shared.mail import tnef

    return tnef.read(data, deepest)


def read_msg(data: bytes | bytearray, deepest: int) -> OutlookMessage:
    """Open an Outlook .msg."""
    from shared.mail import outlook_msg

    return outlook_msg.read(data, deepest)


def unwrap_smime(data: bytes | bytearray) -> tuple[memoryview | bytes | None, str | None]:
    """The content of an opaque signature; or None and `encrypted`."""
    from shared.mail import smime

    return smime.unwrap(data)
