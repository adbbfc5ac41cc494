"""Use case: raise alerts and clear them, each once, and tell people.

A condition that holds opens an alert; one that holds no longer clears it when it stayed away for some minutes, so that a mailbox that
comes and goes is one alert and not fifty. Subscribers are told after the row is written, and the row says so afterwards: what a crash
left untold is told in the next minute, with the same ids.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.errors import ConcurrentWrite
from shared.model.alert import Alert, AlertKind, Condition
from shared.model.base import Model
from shared.pipeline.announce import Announcer
from shared.pipeline.services import Clock, Services
from shared.stores.alerts import Alerts, StoredAlert
from shared.telemetry import event, problem

CALM = timedelta(minutes=5)
"""So long a condition has to stay away before the alert is cleared."""
SHOWN = timedelta(days=30)
KEPT = timedelta(days=90)
"""After so long, cleared alerts are deleted."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """Raises and clears alerts."""

    services: Services
    announcer: Announcer
    alerts: Alerts

    async def settle(
        self,
        conditions: Sequence[Condition],
        kinds: frozenset[AlertKind],
        now: datetime,
        *,
        stays: Callable[[Alert], bool] = lambda alert: False,
        calm: timedelta = CALM,
    ) -> None:
        """Make the open alerts of some kinds agree with what is wrong now.

        Args:
            conditions: everything of these kinds that is wrong.
            kinds: those that the caller knows about; others are left alone.
            now: the time.
            stays: alerts that cannot be judged at the moment, and so are neither raised nor cleared.
            calm: so long a condition has to stay away; nothing where it is looked at once a day only.
        """
        open_ = {stored.alert.id: stored for stored in await self.alerts.open()}
        wrong = {condition.id: condition for condition in conditions}
        for condition in [condition for id_, condition in wrong.items() if id_ not in open_]:
            with suppress(ConcurrentWrite):  # another tick is at it
                await self._raise(condition, now)
        for stored in open_.values():
            if stored.alert.kind not in kinds:
                continue
            with suppress(ConcurrentWrite):
                if not stored.told:
                    await self._tell(stored)
                elif stored.alert.cleared_at is None and not stays(stored.alert):
                    await self._follow(stored, wrong.get(stored.alert.id), now, calm)

    async def _raise(self, condition: Condition, now: datetime) -> None:
        alert = Alert(**condition.model_dump(), raised_at=now)
        stored = await self.alerts.raised(alert)
        if stored is not None:
            await self._tell(stored)

    async def _follow(self, stored: StoredAlert, condition: Condition | None, now: datetime, calm: timedelta) -> None:
        alert = stored.alert
        if condition is not None:
            changed = {"calm_since": None, "affected": condition.affected, "cause": condition.cause}
            if alert.model_copy(update=changed) != alert:
                await self.alerts.change(stored, alert.model_copy(update=changed), told=True)
        elif calm and alert.calm_since is None:
            await self.alerts.change(stored, alert.model_copy(update={"calm_since": now}), told=True)
        elif alert.calm_since is None or alert.calm_since <= now - calm:
            cleared = alert.model_copy(update={"cleared_at": now})
            await self._tell(await self.alerts.change(stored, cleared, told=False))

    async def _tell(self, stored: StoredAlert) -> None:
        """Tell of the present state. Said again after a crash, it says the same."""
        alert = stored.alert
        fields = {
            "alert": alert.id,
            "kind": alert.kind.value,
            "severity": alert.severity.value,
            "company": alert.company,
            "mailbox": alert.mailbox,
            "affected": alert.affected,
        }
        if alert.cleared_at is None:
            problem("alert_raised", None, **fields)
        else:
            event("alert_cleared", **fields)
        for company in await self.services.companies.every():
            if alert.company in ("", company.id):
                await self.announcer.alert(alert, company)
        if alert.cleared_at is None:
            await self.alerts.change(stored, alert, told=True)
        else:
            await self.alerts.close(stored)


class AlertLists(Model):
    """Alerts for people."""

    open: tuple[Alert, ...]
    """Critical ones first, then by time."""
    past: tuple[Alert, ...]
    """Cleared in the last 30 days, the latest first."""


@dataclass(frozen=True, slots=True)
class AlertList:
    """Reads alerts for the console and the API."""

    alerts: Alerts
    clock: Clock

    async def __call__(self, company: str | None = None) -> AlertLists:
        """Alerts that are open, and those of the last 30 days.

        Args:
            company: its alerts and those of the deployment; None for all.
        """

        def shown(alert: Alert) -> bool:
            return company is None or alert.company in ("", company)

        open_ = [stored.alert for stored in await self.alerts.open()]
        past = await self.alerts.past(self.clock() - SHOWN)
        waiting = [alert for alert in open_ if alert.cleared_at is None and shown(alert)]
        told_soon = [alert for alert in open_ if alert.cleared_at is not None]
        return AlertLists(
            open=tuple(sorted(waiting, key=lambda alert: (alert.severity.value, alert.raised_at))),
            past=tuple(alert for alert in (*told_soon, *past) if shown(alert)),
        )
