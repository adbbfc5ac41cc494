"""The product inside the Functions host: the App of this process, and the one place that turns errors into what the host does.

| error | what the host sees |
|---|---|
| none, or the work was done elsewhere | success: the queue message is deleted |
| InvalidTask, other permanent errors | recorded as parked, then success: trying again cannot help |
| transient errors that the use case did not settle | failure: the host tries again, and after the last try parks it in the poison queue |
| anything else | failure, with the traceback in the log: a defect |
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from shared.errors import ConfigurationError, InvalidTask, PermanentError
from shared.model.task import Task
from shared.telemetry import problem

if TYPE_CHECKING:
    import azure.functions as func

    from shared.app import App

_app: App | None = None


def app() -> App:
    """The App, built at the first invocation of this worker process.

    Raises:
        ConfigurationError: the settings are wrong; the text names every problem.
    """
    global _app
    if _app is None:
        from shared.app import App
        from shared.settings import read

        _app = App(read(os.environ))
    return _app


async def work[T: Task](message: func.QueueMessage, kind: type[T], use_case: Callable[[T], Awaitable[None]]) -> None:
    """Run a use case for a queue message.

    Args:
        message: as the host gives it.
        kind: the task that this queue carries.
        use_case: what to do with it.
    """
    body = message.get_body()
    try:
        await use_case(kind.decode(body))
    except ConfigurationError:
        raise  # nothing works until a person mends it: the host keeps the message
    except PermanentError as error:
        reason = error.message if isinstance(error, InvalidTask) else f"{error.code}: {error}"
        problem("task_parked", None, queue=kind.queue.value, reason=reason)
        services = app().services
        await services.parked.park(kind.queue, body.decode(errors="replace"), reason, services.clock())
