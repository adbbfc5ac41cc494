"""Small consumers of decoded bytes."""

from __future__ import annotations

from collections.abc import Callable

from shared.mail.leaves import Consumer

__all__ = ["Both", "Collect"]


class Collect:
    """Keeps bytes up to a limit."""

    def __init__(self, into: bytearray, limit: int, on_cut: Callable[[], None] | None = None) -> None:
        self._into, self._room, self._on_cut = into, limit, on_cut

    def write(self, data: bytes | memoryview) -> None:
        """Keep what there is room for."""
        if len(data) > self._room:
            data = data[: self._room]
            if self._on_cut:
                self._on_cut()
                self._on_cut = None
        self._into += data
        self._room -= len(data)

    def end(self) -> None:
        """Nothing to be done."""


class Both:
    """Two consumers."""

    def __init__(self, one: Consumer, two: Consumer) -> None:
        self._one, self._two = one, two

    def write(self, data: bytes | memoryview) -> None:
        """To both."""
        self._one.write(data)
        self._two.write(data)

    def end(self) -> None:
        """To both."""
        self._one.end()
        self._two.end()
