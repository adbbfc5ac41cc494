"""Logging for people who operate Postrum: a static event name, then ids as fields. Never a subject, an address, a body or a token."""

from __future__ import annotations

import logging

_logger = logging.getLogger("postrum")


def event(name: str, /, **fields: object) -> None:
    """Log that something happened.

    Args:
        name: static, lower case with underscores: `mail_archived`.
        fields: ids and numbers.
    """
    _logger.info("%s", _line(name, fields), extra={"postrum_event": name})


def problem(name: str, error: BaseException | None = None, /, **fields: object) -> None:
    """Log that something went wrong that a person should know of; with the traceback where there is an error."""
    _logger.warning("%s", _line(name, fields), exc_info=error, extra={"postrum_event": name})


def _line(name: str, fields: dict[str, object]) -> str:
    # One line whatever a field holds: a line break in a value must not start a forged line.
    shown = " ".join(
        f"{key}={str(value)[:200]!r}" if isinstance(value, str) else f"{key}={value}" for key, value in fields.items()
    )
    return f"{name} {shown}".rstrip()
