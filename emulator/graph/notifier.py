"""Sending change notifications (Graph: change-notifications-delivery-webhooks).

The endpoint has 10 seconds. If more than 10 % of its answers in 10 minutes took longer, notifications come 10 seconds
later; if more than 15 % did, they are dropped for up to 10 minutes. What is not answered with 2xx is tried again for
four hours.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout

from emulator.world import World

_WINDOW = 600.0
_SLOW_SECONDS = 10.0
_ENOUGH = 10
_MOST_PER_POST = 100


class Endpoint:
    """One notification URL: what waits for it, and how it answered of late."""

    def __init__(self) -> None:
        self.waiting: list[dict[str, Any]] = []
        self.answers: deque[tuple[float, bool]] = deque()
        self.dropped_until = 0.0
        self.running = False

    def note(self, now: float, *, slow: bool) -> None:
        """Remember one answer, and judge those of the last 10 minutes."""
        self.answers.append((now, slow))
        while self.answers and self.answers[0][0] < now - _WINDOW:
            self.answers.popleft()
        if self.share() > 0.15:
            self.dropped_until = now + _WINDOW

    def share(self) -> float:
        """The share of slow answers; a few answers are no measure."""
        return sum(slow for _, slow in self.answers) / len(self.answers) if len(self.answers) >= _ENOUGH else 0.0


class Notifier:
    """Posts notifications; several for one URL share a POST."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._session: ClientSession | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.endpoints: dict[str, Endpoint] = {}
        self.delivered = 0
        self.failed_attempts = 0
        self.dropped = 0

    async def open(self) -> None:
        """Start."""
        self._session = ClientSession(timeout=ClientTimeout(total=30))

    async def close(self) -> None:
        """Stop what runs."""
        self.clear()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session:
            await self._session.close()

    def clear(self) -> None:
        """Forget what waits."""
        for task in self._tasks:
            task.cancel()
        self.endpoints.clear()
        self.delivered = self.failed_attempts = self.dropped = 0

    @property
    def session(self) -> ClientSession:
        """The open session."""
        if self._session is None:
            raise RuntimeError("the notifier is not open")
        return self._session

    def send(self, url: str, item: dict[str, Any]) -> None:
        """Send soon, together with what else waits for this URL."""
        endpoint = self.endpoints.setdefault(url, Endpoint())
        endpoint.waiting.append(item)
        if not endpoint.running:
            endpoint.running = True
            task = asyncio.get_running_loop().create_task(self._drain(url, endpoint))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _drain(self, url: str, endpoint: Endpoint) -> None:
        try:
            while endpoint.waiting:
                delay = self._world.behaviour.notification_delay_ms / 1000
                await asyncio.sleep(delay + (_SLOW_SECONDS if endpoint.share() > 0.10 else 0.0))
                items, endpoint.waiting = endpoint.waiting[:_MOST_PER_POST], endpoint.waiting[_MOST_PER_POST:]
                if self._world.clock.now() < endpoint.dropped_until:
                    self.dropped += len(items)
                    continue
                await self._deliver(url, endpoint, items)
        finally:
            endpoint.running = False

    async def _deliver(self, url: str, endpoint: Endpoint, items: list[dict[str, Any]]) -> None:
        for pause in [*self._world.behaviour.notification_retry_seconds, None]:
            if await self._post(url, endpoint, items):
                self.delivered += len(items)
                return
            self.failed_attempts += 1
            if pause is not None:
                await asyncio.sleep(pause)
        self.dropped += len(items)

    async def _post(self, url: str, endpoint: Endpoint, items: list[dict[str, Any]]) -> bool:
        began = self._world.clock.now()
        try:
            async with self.session.post(url, json={"value": items}, allow_redirects=False) as answer:
                return answer.status // 100 == 2
        except (ClientError, TimeoutError):
            return False
        finally:
            now = self._world.clock.now()
            endpoint.note(now, slow=now - began > _SLOW_SECONDS)
