"""The fixtures of the flow tests."""

from tests.flow.conftest import emulator, running_emulator, world

__all__ = ["emulator", "running_emulator", "world"]
