"""CPU time, memory and storage requests of one tick over ten thousand mailboxes, of which 670 are due.

The tick runs in a process of its own (`python -m bench.tick CONNECTION_STRING`), so that nothing but the product is measured.
"""

from __future__ import annotations

import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.figures import Results
from local.azurite import Azurite
from local.setup import ROOT
from shared.app import App
from shared.model.base import stamp
from shared.model.config import Company, Folders, Mailbox, Series, Subscriber
from shared.pipeline.schedule import last_time, own
from shared.pipeline.together import each
from shared.settings import Settings, read
from shared.stores.lanes import LaneState, StoredLane
from shared.stores.layout import create_all

KEYS = (
    "tick_cpu_s_10000",
    "tick_cpu_s_10000_first",
    "tick_storage_requests",
    "tick_storage_requests_constant",
    "tick_peak_mib",
)
HOW = """
One hundred companies with one hundred mailboxes and a subscriber each, in Azurite, each mailbox with the default schedule, its cursors
as they look after a listing. A process of its own builds the app and ticks twice: the first tick, with no mailbox due, loads the SDKs and
reads every company; the second, with 670 due, is the one of every minute. CPU is that of the process (user and system), requests are
counted in the transport of the Azure SDKs, the peak is the process's own high-water mark.
"""
COMPANIES = 100
MAILBOXES = 100
DUE = 670
SECOND = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
"""Time of the second tick."""


def run(companies: int = COMPANIES, mailboxes: int = MAILBOXES, due: int = DUE) -> Results:
    """One run."""
    with Azurite(["bench"]) as azurite, tempfile.TemporaryDirectory(prefix="postrum-bench-") as folder:
        text = azurite.accounts[0].connection_string
        asyncio.run(_prepare(_settings(text, Path(folder)), companies, mailboxes, due))
        command = [sys.executable, "-m", "bench.tick", text, folder]
        found = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True, timeout=600)
        first, second = (json.loads(line) for line in found.stdout.splitlines()[-2:])
        asked = asyncio.run(_asked(_settings(text, Path(folder))))
    assert asked == due, f"{asked} mailboxes were asked for, not {due}"
    requests = second["requests"]
    assert requests["table.lane.want"] == requests["queue.mailbox"] == due, requests
    return {
        "tick_cpu_s_10000": second["cpu"],
        "tick_cpu_s_10000_first": first["cpu"],
        "tick_storage_requests": float(sum(requests.values())),
        "tick_storage_requests_constant": float(sum(requests.values()) - 2 * due),
        "tick_peak_mib": second["peak_mib"],
    }


def _settings(connection_string: str, folder: Path) -> Settings:
    return read(
        {
            "AzureWebJobsStorage": connection_string,
            "DATA_STORAGE": connection_string,
            "POSTRUM_TENANT_ID": "a23c26f9-1c07-54e6-b206-19cb48d8be34",
            "POSTRUM_APP_CLIENT_ID": "876b6e15-6d20-5e54-8959-927c82e86431",
            "POSTRUM_SECRETS_FILE": str(folder / "secrets.json"),
            "POSTRUM_TICK_SCHEDULE": "0 * * * * *",
        }
    )


async def _prepare(settings: Settings, companies: int, mailboxes: int, due: int) -> None:
    """Companies, and a lane for each mailbox; so many of them are due at the second tick, and none at the first."""
    await create_all(settings.data_storage, settings.host_storage)
    app = App(settings)
    made = [_company(number, mailboxes) for number in range(companies)]
    named = [(company, mailbox) for company in made for mailbox in company.mailboxes]
    minute = SECOND - timedelta(minutes=15)

    async def write(number: int) -> None:
        company, mailbox = named[number]
        lane = app.services.sources.lane(company, mailbox)
        before = last_time(own(mailbox.schedule, f"{company.id}/{mailbox.id}"), minute)
        # The time of its schedule before the last one was its last run; every other one has just run.
        listed = (
            datetime.fromisoformat(before) if number * due // len(named) != (number + 1) * due // len(named) else SECOND
        )
        state = LaneState(cursors=_cursors(company.id, mailbox.id, stamp(listed + timedelta(seconds=20))))
        await app.services.lanes.write("bench", StoredLane(lane, LaneState(), None), state)

    async def save(company: Company) -> None:
        await app.configuration.save(company, expected=0)

    await each(range(len(named)), write)
    await each(made, save)
    await app.aclose()


def _company(number: int, mailboxes: int) -> Company:
    name = f"company-{number:03d}"
    return Company(
        id=name,
        name=name,
        mailboxes=tuple(
            Mailbox(
                id=f"mailbox-{index:03d}",
                address=f"mailbox-{index:03d}@{name}.example",
                folders=Folders(imported="Imported", other="Follow up"),
            )
            for index in range(mailboxes)
        ),
        series=(Series(id="documents", default=True),),
        subscribers=(Subscriber(id="ledger", url="https://ledger.example/hook"),),
    )


def _cursors(company: str, mailbox: str, listed: str) -> dict[str, Any]:
    """As a lane's row looks after a listing."""
    key = f"{company}/{mailbox}"
    folder = "AAMkAGI2TG93AAA" + "B" * 105
    return {
        "budget": 96.5,
        "budget_at": SECOND.timestamp(),
        "folders": {"": folder, "Imported": folder, "Follow up": folder},
        f"listed/{key}": listed,
        f"archived/{key}": listed,
        f"junk/{key}": {"count": 3, "at": listed, "floor": 3, "floor_at": listed},
        f"subscription/{key}": {
            "id": "7f105c7d-2dc5-4530-97cd-4e7ae6534c07",
            "resource": f"{mailbox}@{company}.example/inbox",
            "url": "https://mailroom.company.example/push/graph",
            "expires": stamp(SECOND + timedelta(days=6)),
            "next": stamp(SECOND + timedelta(days=3)),
            "failing_since": "",
            "failures": 0,
            "cause": "",
        },
    }


async def _asked(settings: Settings) -> int:
    app = App(settings)
    lanes = await app.services.lanes.every()
    await app.aclose()
    return sum(bool(stored.state.wanted) for stored in lanes)


async def _measure(settings: Settings) -> None:
    """Tick twice; a line of JSON for each."""
    counts = _count()
    now = SECOND - timedelta(minutes=15)
    app = App(settings, clock=lambda: now)
    for _ in range(2):
        counts.clear()
        began, wall = time.process_time(), time.monotonic()
        await app.tick()
        cpu, seconds = time.process_time() - began, time.monotonic() - wall
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({"cpu": cpu, "seconds": seconds, "peak_mib": peak, "requests": counts}), flush=True)
        now = SECOND
    await app.aclose()


def _count() -> Counter[str]:
    """Count every request that goes through the transport of the Azure SDKs."""
    from azure.core.pipeline.transport import AioHttpTransport

    from shared.effect import current_effect

    counts: Counter[str] = Counter()
    send = AioHttpTransport.send

    async def counted(self: Any, request: Any, **config: Any) -> Any:
        counts[current_effect() or f"{request.method} {request.url.partition('?')[0].rpartition('/')[2]}"] += 1
        return await send(self, request, **config)

    AioHttpTransport.send = counted
    return counts


if __name__ == "__main__":
    if len(sys.argv) == 3:
        asyncio.run(_measure(_settings(sys.argv[1], Path(sys.argv[2]))))
    else:
        print(run())
