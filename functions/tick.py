"""Timer `tick`: the heart beat."""

from __future__ import annotations

import azure.functions as func

from functions.runtime import app

blueprint = func.Blueprint()


@blueprint.timer_trigger(schedule="%POSTRUM_TICK_SCHEDULE%", arg_name="timer", run_on_startup=False)
async def tick(timer: func.TimerRequest) -> None:
    """Look after everything that is due."""
    await app().tick()
