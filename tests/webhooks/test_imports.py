"""What is pure stays light: only the sender and the connector load aiohttp."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "module",
    ["shared.webhooks.signing", "shared.webhooks.schedule", "shared.webhooks.deliver", "shared.webhooks.breaker",
     "shared.net.guard", "shared.net.resolve", "shared.net.url", "shared.model.event"],
)  # fmt: skip
def test_it_does_not_import_aiohttp_or_yarl(module: str) -> None:
    program = f"import sys, {module}; print([name for name in ('aiohttp', 'yarl') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
