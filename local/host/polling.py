"""How long an idle queue is left alone, and how a queue message is decoded. No I/O."""

from __future__ import annotations

import base64
import binascii
import random
from collections.abc import Callable

from local.host.config import MIN_POLLING_SECONDS


class Backoff:
    """Randomised exponential waiting between two bounds, in seconds.

    Args:
        maximum: the longest wait.
        minimum: the shortest, and the unit of growth.
        jitter: gives a factor around one, so that many queues do not ask at the same moment.
    """

    def __init__(
        self,
        maximum: float,
        minimum: float = MIN_POLLING_SECONDS,
        jitter: Callable[[], float] = lambda: random.uniform(0.8, 1.2),
    ) -> None:
        self._minimum = minimum
        self._maximum = max(minimum, maximum)
        self._jitter = jitter
        self._exponent = 0

    def found(self) -> None:
        """The queue had a message: the next wait is the shortest again."""
        self._exponent = 0

    def next(self) -> float:
        """The wait after one more empty answer."""
        if self._exponent == 0:
            self._exponent = 1
            return self._minimum
        wait = self._minimum + self._minimum * self._jitter() * (2.0**self._exponent - 1)
        if wait >= self._maximum:
            return self._maximum
        self._exponent += 1
        return wait


def decode(text: str, encoding: str) -> str:
    """The body of a queue message; ValueError where it is not what `messageEncoding` says.

    Bytes that are not UTF-8 become replacement characters, as in the real host.
    """
    if encoding == "none":
        return text
    try:
        raw = base64.b64decode("".join(text.split()), validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from None
    return raw.decode("utf-8", "replace")


def encode(text: str, encoding: str) -> str:
    """The inverse of `decode`."""
    return text if encoding == "none" else base64.b64encode(text.encode()).decode()
