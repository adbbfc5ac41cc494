"""Queue `deliver`: send events to a subscriber."""

from __future__ import annotations

import azure.functions as func

from functions.runtime import app, work
from shared.model.task import DeliverTask

blueprint = func.Blueprint()


@blueprint.queue_trigger(arg_name="message", queue_name="deliver", connection="AzureWebJobsStorage")
async def deliver(message: func.QueueMessage) -> None:
    """See the use case."""
    await work(message, DeliverTask, app().deliver)
