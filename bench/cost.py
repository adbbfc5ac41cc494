"""What 1,000 mails cost in GB-seconds on Flex Consumption, from the times of the invocations."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable

from bench.figures import Results
from bench.mailbox_limit import LATENCIES
from bench.stand import Invocation, Stand

KEYS = (
    "gb_seconds_per_1000_mails_lone",
    "gb_seconds_per_1000_mails_flow",
    "executions_per_1000_mails_lone",
    "gb_seconds_per_idle_hour",
)
HOW = """
The host notes when each invocation began and ended; Graph has its usual latencies, storage is Azurite on the same machine. Of these
times the bill is made as Flex Consumption makes it, on demand, with instances of 2,048 MB (the default) and one instance a function:

- Billed is the memory of each instance while it is actively executing functions, so executions of one function that overlap count once
  ("The total amount of memory provisioned while each on demand instance is actively executing functions (in GB-seconds)";
  learn.microsoft.com/azure/azure-functions/flex-consumption-plan, Billing).
- "The minimum billable execution period for both execution modes is 1,000 ms. Past that, the billable activity period is rounded up to
  the nearest 100 ms" (same page). Each period of activity is taken for at least one second, also where the next one follows soon.
- Functions that are not triggered by HTTP, Event Grid blobs or Durable Functions "are scaled individually in their own set of
  instances" (same page, Per-function scaling): executions of different functions never share a period.
- GB-seconds are MB-milliseconds ÷ 1,024,000 (monitor-functions-reference), so one second of an instance is 2 GB-seconds.
- Start-up of an instance is not billed, and the free grant is not taken off.

A lone mail: the tick, the listing that finds it, its classification, and the work in the mailbox, each alone. A flow of one mail a
second: mailboxes are listed every minute, so the app sees 60 mails a minute; one such minute is played. An idle hour: 60 ticks and 60
listings of an empty folder. No subscriber; each delivery of a webhook that comes alone would add one execution.
"""
GB = 2048 / 1024
LONE = 5
FLOW = 60


def billed_seconds(invocations: Iterable[Invocation]) -> float:
    """Seconds that are billed, each function on one instance of its own."""
    functions: dict[str, list[Invocation]] = defaultdict(list)
    for one in invocations:
        functions[one.function].append(one)
    return sum(_billed(sorted(each, key=lambda one: one.started)) for each in functions.values())


def _billed(invocations: list[Invocation]) -> float:
    total, started, ended = 0.0, 0.0, -1.0
    for one in invocations:
        if one.started > ended:
            total += _period(started, ended)
            started = one.started
        ended = max(ended, one.ended)
    return total + _period(started, ended)


def _period(started: float, ended: float) -> float:
    """One period of activity as it is billed."""
    return 0.0 if ended < started else max(1.0, math.ceil((ended - started) * 10) / 10)


def run(lone: int = LONE, flow: int = FLOW) -> Results:
    """Some lone mails, an idle listing, and one minute of a flow."""
    with Stand() as stand:
        stand.control("set_latency", **LATENCIES)
        stand.start_app()
        _play(stand, 1)  # everything is loaded after this
        alone = [_play(stand, 1) for _ in range(lone)]
        idle = _play(stand, 0)
        minute = _play(stand, flow)
    return {
        "gb_seconds_per_1000_mails_lone": sum(map(billed_seconds, alone)) * GB * 1000 / lone,
        "gb_seconds_per_1000_mails_flow": billed_seconds(minute) * GB * 1000 / flow,
        "executions_per_1000_mails_lone": sum(map(len, alone)) * 1000 / lone,
        "gb_seconds_per_idle_hour": billed_seconds(idle) * GB * 60,
    }


def _play(stand: Stand, mails: int) -> list[Invocation]:
    """A tick and a listing with so many new mails, until everything has come to rest."""
    before = len(stand.invocations())
    placed = stand.charged().get("move", 0)
    if mails:
        stand.load(mails)
    stand.tick()
    stand.look()
    stand.until_placed(placed + mails, seconds=120)
    stand.until_quiet()
    return stand.invocations()[before:]
