"""A setting of the directory or of Exchange that is in force only some time after it was changed."""

from __future__ import annotations


class Delayed[T]:
    """A value that is seen as it was for a number of looks, or until a moment, after each change.

    The value is replaced as a whole; it is never changed in place.
    """

    def __init__(self, value: T) -> None:
        self.value = value
        self._before = value
        self._looks = 0
        self._until = 0.0

    def set(self, value: T, *, looks: int = 0, until: float = 0.0) -> None:
        """Change it; without ``looks`` and ``until`` at once."""
        self._before, self.value = self.value, value
        self._looks, self._until = looks, until

    def seen(self, now: float) -> T:
        """The value that is in force; each call is one look."""
        if now < self._until:
            return self._before
        if self._looks > 0:
            self._looks -= 1
            return self._before
        return self.value
