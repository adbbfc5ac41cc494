"""How near one mailbox comes to what Graph allows: 10,000 requests in 10 minutes, and four at a time, of which the lane takes three."""

from __future__ import annotations

import time

from bench.figures import Results
from bench.stand import EVERY_MINUTE, MAILBOX, Stand
from shared.app import App
from shared.pipeline.gate import SLOTS
from shared.stores.lanes import LaneState

KEYS = (
    "mailbox_limit_share",
    "mailbox_limit_share_of_four",
    "throttled_share",
    "mailbox_limit_share_fast",
    "throttled_share_fast",
    "app_cpu_ms_per_message",
    "storage_cpu_ms_per_message",
)
HOW = """
1,000 small mails (3 KB, text and HTML, no attachment, no rule) lie in the inbox. The emulator enforces 10,000 requests in 10 minutes and
four at a time, and holds the slot of a request for 300 ms (list), 350 ms (`$value`) and 400 ms (move). The whole flow runs: timer,
intake, classification, lane work, in one development host process; Azurite and the emulator are processes of their own. The share is
the number of charged requests divided by the time from the first to the last, divided by min(16.67, slots ÷ mean latency) a second.
The second run has a tenth of the latencies, so that the rate limit binds; the lane starts without a burst (its budget is written as
used up), or the 400 requests that may be made at once after a rest would flatter the share.
"""
LATENCIES = {"list": 300.0, "value": 350.0, "move": 400.0}
PER_SECOND = 10_000 / 600
MAILS = 1000


def run(mails: int = MAILS) -> Results:
    """Both runs."""
    share, four, throttled, cpu = _run(mails, LATENCIES)
    fast, _, throttled_fast, _ = _run(mails, {kind: value / 10 for kind, value in LATENCIES.items()})
    return {
        "mailbox_limit_share": share,
        "mailbox_limit_share_of_four": four,
        "throttled_share": throttled,
        "mailbox_limit_share_fast": fast,
        "throttled_share_fast": throttled_fast,
        "app_cpu_ms_per_message": cpu["app"] * 1000 / mails,
        "storage_cpu_ms_per_message": cpu["azurite"] * 1000 / mails,
    }


def _run(mails: int, latencies: dict[str, float]) -> tuple[float, float, float, dict[str, float]]:
    with Stand(tick=EVERY_MINUTE) as stand:
        stand.control("set_limits", requests=10_000, window_seconds=600, concurrency=4)
        stand.control("set_latency", **latencies)
        stand.load(mails)
        stand.with_product(_without_burst)
        stand.start_app()
        before = stand.cpu()
        stand.tick()
        while not stand.charged():
            time.sleep(0.02)
        began = time.time()
        seconds = stand.until_placed(mails) - began
        cpu = {name: value - before[name] for name, value in stand.cpu().items()}
        charged = stand.charged()
        throttled = next(lane["throttled"] for lane in stand.control("counters")["lanes"] if lane["mailbox"] == MAILBOX)
    requests = sum(charged.values())
    mean = sum(charged.get(kind, 0) * value for kind, value in latencies.items()) / requests / 1000
    rate = requests / seconds
    return rate / min(PER_SECOND, SLOTS / mean), rate / min(PER_SECOND, 4 / mean), throttled / requests, cpu


async def _without_burst(app: App) -> None:
    """Write the lane's row as if the burst had been used up just now."""
    company = next(iter(await app.services.companies.every()))
    lanes = app.services.lanes
    stored = await lanes.read(app.services.sources.lane(company, company.mailboxes[0]))
    cursors = {"budget": 0.0, "budget_at": app.services.clock().timestamp() + 3}
    await lanes.write("bench", stored, LaneState(cursors=cursors))
