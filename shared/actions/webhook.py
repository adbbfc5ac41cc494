"""Action `webhook`: subscribers get an event `postrum.rule.matched` with a name that the rule chose.

The event itself is sent with all others of the message once its actions are done; here nothing is left to do.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from shared.actions.base import ActionContext, LookupKey
from shared.model.base import Model


class Parameters(Model):
    """The name that subscribers see."""

    event: Annotated[str, Field(pattern=r"^[a-z0-9_.]{1,60}$")]


class Webhook:
    """Announces a match of a rule."""

    name = "webhook"
    parameters = Parameters

    async def run(self, context: ActionContext, parameters: Parameters) -> dict[str, Any]:
        """The result names the event."""
        return {"event": parameters.event}

    def lookup_keys(self, result: dict[str, Any]) -> tuple[LookupKey, ...]:
        """None."""
        return ()
