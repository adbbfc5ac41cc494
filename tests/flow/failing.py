"""An action that fails on chosen mails."""

from __future__ import annotations

from typing import Any

import pytest

from shared.actions.base import ActionContext
from shared.actions.registry import STORE_ACTIONS


class FailingAction:
    """As the action it stands for, but raises for mails with this subject as long as it is told to."""

    def __init__(self, inner: Any, subject: str, error: Exception) -> None:
        self.tries = 0
        self.broken = True
        self._inner = inner
        self._subject = subject
        self._error = error

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def run(self, context: ActionContext, parameters: Any) -> dict[str, Any]:
        if self.broken and context.evidence.mail.subject == self._subject:
            self.tries += 1
            raise self._error
        result: dict[str, Any] = await self._inner.run(context, parameters)
        return result


def fail(patch: pytest.MonkeyPatch, subject: str, error: Exception, action: str = "create_document") -> FailingAction:
    """Let an action fail; the returned one says how often, and can be mended."""
    failing = FailingAction(STORE_ACTIONS[action], subject, error)
    patch.setitem(STORE_ACTIONS, action, failing)
    return failing
