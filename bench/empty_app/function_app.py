"""An app that does nothing but import the modules of installed packages that the product has loaded when its function has ended."""

import contextlib
import importlib
import json
import os
from pathlib import Path

import azure.functions as func

for _name in json.loads(Path(os.environ["BENCH_MODULES"]).read_text()):
    with contextlib.suppress(ImportError):
        importlib.import_module(_name)

app = func.FunctionApp()


@app.timer_trigger(schedule="%POSTRUM_TICK_SCHEDULE%", arg_name="timer", run_on_startup=False)
async def tick(timer: func.TimerRequest) -> None:
    """Do nothing."""


@app.queue_trigger(arg_name="message", queue_name="mailbox", connection="AzureWebJobsStorage")
async def mailbox(message: func.QueueMessage) -> None:
    """Do nothing."""
