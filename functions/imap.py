"""Queue `imap`: work on the lane of a mailbox that is read by IMAP, the fallback where Microsoft Graph cannot be used."""

from __future__ import annotations

import azure.functions as func

from functions.runtime import app, work
from shared.model.task import ImapTask

blueprint = func.Blueprint()


@blueprint.queue_trigger(arg_name="message", queue_name="imap", connection="AzureWebJobsStorage")
async def imap(message: func.QueueMessage) -> None:
    """See the use case."""
    await work(message, ImapTask, app().work_mailbox)
