"""Timer triggers: when a function fires, what it is told, and where the last and next times are kept.

The status is the blob that the real host keeps, `azure-webjobs-hosts/timers/{host id}/{function}/status`, so a timer
that was missed while the host was down fires at the next start with its past-due flag. Schedules of less than a minute
keep no status.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from azure.core.exceptions import AzureError, ResourceNotFoundError
from azure.storage.blob.aio import ContainerClient

from local.host.bindings import TimerFunction
from local.host.ncrontab import Schedule
from local.host.protos import TypedData
from local.host.worker import Worker, log

CONTAINER = "azure-webjobs-hosts"
NEVER = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Status:
    """When a timer fired last, and when it fires next."""

    last: datetime
    next: datetime
    updated: datetime

    def to_json(self) -> dict[str, str]:
        """As the real host writes it."""
        return {"Last": self.last.isoformat(), "Next": self.next.isoformat(), "LastUpdated": self.updated.isoformat()}


def status_from_json(text: str) -> Status:
    """Read a status; ValueError where it is none."""
    try:
        values = json.loads(text)
        last, following, updated = (datetime.fromisoformat(values[key]) for key in ("Last", "Next", "LastUpdated"))
    except (KeyError, TypeError) as error:
        raise ValueError(str(error)) from None
    return Status(*(time if time.tzinfo else time.replace(tzinfo=UTC) for time in (last, following, updated)))


def at_start(schedule: Schedule, stored: Status | None, now: datetime) -> tuple[Status, bool]:
    """The status to go on with, and whether the timer is past due.

    A changed schedule is counted anew: a time that only the new schedule would have had is not past due.
    """
    if stored is None:
        return Status(NEVER, schedule.after(now), now), False
    base = stored.last if stored.last > NEVER else stored.updated
    expected = schedule.after(base)
    if stored.next == expected:
        return stored, now > stored.next
    if now > expected:
        return Status(NEVER, schedule.after(now), now), False
    return Status(NEVER, expected, base), False


def after_run(schedule: Schedule, status: Status, fired: datetime, *, scheduled: bool) -> Status:
    """The status after a run that began at `fired`. A run that began a moment early counts as its scheduled time."""
    moment = max(fired, status.next) if scheduled else fired
    return Status(moment, schedule.after(moment), moment)


class StatusStore(Protocol):
    """Where timers keep their status."""

    async def load(self, function: str) -> Status | None:
        """The stored status, None when there is none."""

    async def save(self, function: str, status: Status) -> None:
        """Keep the status."""


class BlobStatusStore:
    """The status of timers in blobs, one per function."""

    def __init__(self, container: ContainerClient, host_id: str) -> None:
        self._container = container
        self._host_id = host_id

    def _blob(self, function: str) -> str:
        return f"timers/{self._host_id}/{function}/status"

    async def load(self, function: str) -> Status | None:
        """The stored status, None when there is none or it cannot be read."""
        try:
            download = await self._container.download_blob(self._blob(function))
            return status_from_json((await download.readall()).decode())
        except (ResourceNotFoundError, ValueError):
            return None

    async def save(self, function: str, status: Status) -> None:
        """Keep the status."""
        await self._container.upload_blob(self._blob(function), json.dumps(status.to_json()), overwrite=True)


class Timer:
    """Fires one timer function until it is stopped. Runs never overlap."""

    def __init__(self, function: TimerFunction, worker: Worker, store: StatusStore | None) -> None:
        self._function = function
        self._worker = worker
        every_minute_or_less_often = function.schedule.shortest_interval(datetime.now(UTC)) >= 60
        self._store = store if function.use_monitor and every_minute_or_less_often else None
        self._lock = asyncio.Lock()
        self._stopping = asyncio.Event()
        self._status = Status(NEVER, function.schedule.after(datetime.now(UTC)), NEVER)

    def stop(self) -> None:
        """Fire no more; a run under way ends by itself."""
        self._stopping.set()

    async def run(self) -> None:
        """Fire until stopped."""
        schedule = self._function.schedule
        now = datetime.now(UTC)
        stored = await self._store.load(self._function.name) if self._store else None
        self._status, past_due = at_start(schedule, stored, now)
        if self._store and self._status != stored:
            await self._save()
        if past_due or self._function.run_on_startup:
            await self.fire(past_due=past_due)
        while not self._stopping.is_set():
            wait = (self._status.next - datetime.now(UTC)).total_seconds()
            if wait > 0:
                with contextlib.suppress(TimeoutError):
                    # an hour at most, so that a machine that slept notices
                    await asyncio.wait_for(self._stopping.wait(), min(wait, 3600))
                continue
            await self.fire(scheduled=True)

    async def fire(self, *, past_due: bool = False, scheduled: bool = False) -> None:
        """Run the function now. Its failure does not change the schedule."""
        async with self._lock:
            if self._stopping.is_set():
                return
            fired = datetime.now(UTC)
            value = {
                "Schedule": {"AdjustForDST": True},
                "ScheduleStatus": self._status.to_json() if self._store else None,
                "IsPastDue": past_due,
            }
            function = self._function
            await self._worker.invoke(
                function.name, function.function_id, function.parameter, TypedData(json=json.dumps(value))
            )
            self._status = after_run(function.schedule, self._status, fired, scheduled=scheduled)
            await self._save()

    async def _save(self) -> None:
        if self._store is None:
            return
        try:
            await self._store.save(self._function.name, self._status)
        except AzureError as error:
            log.warning("the status of timer %s was not saved: %s", self._function.name, type(error).__name__)
