"""Action `link`: the message is linked to an entity of the customer's world, under which it is then found."""

from __future__ import annotations

from typing import Any

from shared.actions.base import ActionContext
from shared.model.base import Model
from shared.model.config import EntityKind
from shared.model.decision import LinkStep


class Parameters(Model):
    """The entity. Numbers are text: leading zeros belong to them."""

    entity: EntityKind
    number: str
    sub_project: str | None = None
    phase: str | None = None
    step: LinkStep = LinkStep.KEYWORD


class Link:
    """Notes the message under the entity."""

    name = "link"
    parameters = Parameters

    async def run(self, context: ActionContext, parameters: Parameters) -> dict[str, Any]:
        """Note it; the result names the entity."""
        parts = [parameters.number, *(part for part in (parameters.sub_project, parameters.phase) if part)]
        key = f"{parameters.entity}/" + "/".join(parts)
        await context.lookup.note(
            context.run.company, "entity", key, context.run.message, step=parameters.step.value, entity=key
        )
        return {"entity": parameters.entity.value, "number": "/".join(parts), "step": parameters.step.value}
