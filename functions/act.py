"""Queue `act`: go on with a message that was given back, or run it again."""

from __future__ import annotations

import azure.functions as func

from functions.runtime import app, work
from shared.model.task import ActTask

blueprint = func.Blueprint()


@blueprint.queue_trigger(arg_name="message", queue_name="act", connection="AzureWebJobsStorage")
async def act(message: func.QueueMessage) -> None:
    """See the use case."""
    await work(message, ActTask, app().advance)
