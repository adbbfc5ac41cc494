"""The beginning of a subscriber's error page, made fit for a log: short, printable, and without anything that is
secret."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import unquote_plus

LENGTH: Final = 300
_MASK: Final = "[hidden]"
_LOOKS_SECRET = re.compile(r"whsec_[A-Za-z0-9+/=]+|\bv1a?,[A-Za-z0-9+/=]{20,}|(?i:\bbearer\s+)[A-Za-z0-9._~+/=-]+")
_SHORTEST: Final = 6
"""A part of the URL that is shorter than this is not taken for a secret; it would mask half of any text."""


def excerpt(raw: bytes, encoding: str, *, url: str, hidden: Iterable[str]) -> str:
    """At most 300 characters of `raw` on one line.

    Args:
        raw: the beginning of the body.
        encoding: the answer's Content-Encoding; what is compressed, although identity was asked for, is not decoded.
        url: of the subscriber; its path and query often hold a key, and an error page often repeats them.
        hidden: what must not show.
    """
    if encoding.strip().lower() not in ("", "identity"):
        return ""
    text = raw[: 16 * LENGTH].decode("utf-8", errors="replace")
    for secret in sorted({*hidden, *_keys_of(url)}, key=len, reverse=True):
        text = text.replace(secret, _MASK)
    text = _LOOKS_SECRET.sub(_MASK, text)
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= LENGTH else line[: LENGTH - 1] + "…"


def _keys_of(url: str) -> set[str]:
    _, _, rest = url.partition("://")
    _, _, path_and_query = rest.partition("/")
    parts = re.split(r"[/?&=;]", path_and_query)
    return {form for part in parts for form in (part, unquote_plus(part)) if len(form) >= _SHORTEST}
