"""Queue `classify`: decide about a message, and carry the decision out."""

from __future__ import annotations

import azure.functions as func

from functions.runtime import app, work
from shared.model.task import ClassifyTask

blueprint = func.Blueprint()


@blueprint.queue_trigger(arg_name="message", queue_name="classify", connection="AzureWebJobsStorage")
async def classify(message: func.QueueMessage) -> None:
    """See the use case."""
    await work(message, ClassifyTask, app().advance)
