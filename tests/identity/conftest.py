"""Fixtures of the tests of identity."""

from tests.sources.emulated import credential, emulator, emulator_thread

__all__ = ["credential", "emulator", "emulator_thread"]
