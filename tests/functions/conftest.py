"""The emulator of the flow tests."""

from tests.flow.conftest import emulator, running_emulator

__all__ = ["emulator", "running_emulator"]
