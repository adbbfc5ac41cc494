"""Queue `mailbox`: work on a lane."""

from __future__ import annotations

import azure.functions as func

from functions.runtime import app, work
from shared.model.task import MailboxTask

blueprint = func.Blueprint()


@blueprint.queue_trigger(arg_name="message", queue_name="mailbox", connection="AzureWebJobsStorage")
async def mailbox(message: func.QueueMessage) -> None:
    """See the use case."""
    await work(message, MailboxTask, app().work_mailbox)
