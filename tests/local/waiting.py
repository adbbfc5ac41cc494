"""Waiting for what another process does. The limit only ends a test that would hang; nothing asserts a time."""

from __future__ import annotations

import time
from collections.abc import Callable

LIMIT_SECONDS = 60


def until[T](ask: Callable[[], T]) -> T:
    """Ask until the answer is true, and return it."""
    end = time.monotonic() + LIMIT_SECONDS
    while True:
        answer = ask()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"nothing after {LIMIT_SECONDS} s: {ask!r}")
        time.sleep(0.05)
