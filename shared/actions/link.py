"""Action `link`: the message is linked to an entity of the customer's world, under which it is then found."""

from __future__ import annotations

from typing import Any

from shared.actions.base import ActionContext, LookupKey
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
        result = {"entity": parameters.entity.value, "number": "/".join(parts), "step": parameters.step.value}
        for entry in self.lookup_keys(result):
            await context.lookup.note(context.run.company, entry.kind, entry.key, context.run.message, **entry.values)
        return result

    def lookup_keys(self, result: dict[str, Any]) -> tuple[LookupKey, ...]:
        """The entity."""
        key = f"{result['entity']}/{result['number']}"
        return (LookupKey("entity", key, {"step": str(result["step"]), "entity": key}),)
