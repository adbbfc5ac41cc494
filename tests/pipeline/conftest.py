"""The fixtures of the flow tests."""

from tests.flow.conftest import emulator, running_emulator, second, world

__all__ = ["emulator", "running_emulator", "second", "world"]
