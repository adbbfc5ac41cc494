"""What is done once a day: proving for each tenant that mailboxes outside the scope are refused, looking when certificates end, and
forgetting old alerts.

Each tenant has a minute of the day of its own, so that a hundred of them are not probed at once. The row of a tenant says when it is
next looked at and is moved on before the probe: of two ticks one probes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic

from shared.errors import ConcurrentWrite, PostrumError
from shared.model.alert import Alert, AlertKind, Condition
from shared.model.config import Company, ConnectionKind
from shared.model.health import Expiry
from shared.pipeline.alerts import KEPT, Alarm
from shared.pipeline.places import Places
from shared.stores.alerts import Rota
from shared.telemetry import event, problem

WARN_DAYS = (60, 30, 7)
"""Days before the end of a certificate at which people are warned, each time by an alert of its own."""
AGAIN = timedelta(hours=1)
"""After a probe that could not say anything."""
MOST = 5
"""Tenants that are looked after in one tick."""
DEPLOYMENT = "deployment"
"""Stands in the rota for what belongs to no tenant."""
SCOPE = frozenset({AlertKind.SCOPE_OPEN})
CERTIFICATES = frozenset({AlertKind.CERTIFICATE_EXPIRING})


def minute_of_day(name: str) -> int:
    """The minute of the day, in UTC, at which something is looked after."""
    return int.from_bytes(hashlib.blake2s(name.encode(), digest_size=4).digest()) % (24 * 60)


def next_time(name: str, now: datetime) -> datetime:
    """When something is next looked after: at its minute of the day, later than now."""
    minute = minute_of_day(name)
    today = now.replace(hour=minute // 60, minute=minute % 60, second=0, microsecond=0)
    return today if today > now else today + timedelta(days=1)


def expiring(expiries: Sequence[Expiry], now: datetime) -> list[Condition]:
    """A condition for each warning that is due; all of them end when the certificate is a new one."""
    return [
        Condition(
            kind=AlertKind.CERTIFICATE_EXPIRING,
            place=f"{expiry.name}, {days} days",
            cause="certificate_expiring",
            affected=0,
            since=expiry.at - timedelta(days=days),
        )
        for expiry in expiries
        for days in WARN_DAYS
        if expiry.at - now <= timedelta(days=days)
    ]


@dataclass(frozen=True, slots=True)
class Nightly:
    """Done once a day.

    Attributes:
        alarm: raises and clears.
        rota: when each tenant is next looked after.
        places: tenants of mailboxes.
        probe: tries to read a mailbox outside the scope of a tenant. True: it could be read; False: it was refused; None: there is
            nothing to try there, or it cannot be told.
        expiries: what of the deployment ends.
    """

    alarm: Alarm
    rota: Rota
    places: Places
    probe: Callable[[str], Awaitable[bool | None]]
    expiries: Callable[[], Awaitable[Sequence[Expiry]]]

    async def __call__(self, companies: Sequence[Company], now: datetime, *, stop_at: float) -> None:
        """Do what is due now; costs one request where nothing is.

        Args:
            companies: everything that is configured.
            now: the time.
            stop_at: on the monotonic clock: nothing is begun after it.
        """
        tenants: dict[str, set[str]] = {}
        for company in companies:
            for mailbox in company.mailboxes:
                if mailbox.active and mailbox.connection is ConnectionKind.GRAPH_APP:
                    tenants.setdefault(self.places.of(mailbox).tenant, set()).add(company.id)
        planned = await self.rota.read()
        due = [name for name in (DEPLOYMENT, *sorted(tenants)) if name not in planned or planned[name].at <= now]
        for name in due[:MOST]:
            if monotonic() > stop_at:
                return
            try:
                taken = await self.rota.move(name, planned.get(name), next_time(name, now))
            except ConcurrentWrite:
                continue  # another tick does it
            try:
                if name == DEPLOYMENT:
                    await self._deployment(tenants, now)
                else:
                    await self._tenant(name, tenants[name], now)
            except PostrumError as error:
                problem("nightly_failed", None, tenant=name, code=error.code)
                await self.rota.move(name, taken, now + AGAIN)

    async def _deployment(self, tenants: Mapping[str, set[str]], now: datetime) -> None:
        await self.alarm.settle(expiring(await self.expiries(), now), CERTIFICATES, now, calm=timedelta())

        def there(alert: Alert) -> bool:
            return alert.company in tenants.get(alert.place, ())

        # What a tenant was blamed for ends with its last mailbox: nobody probes it again.
        await self.alarm.settle([], SCOPE, now, stays=there, calm=timedelta())
        await self.alarm.alerts.forget(now - KEPT)

    async def _tenant(self, tenant: str, companies: set[str], now: datetime) -> None:
        readable = await self.probe(tenant)
        event("scope_probed", tenant=tenant, readable=str(readable))
        if readable is None:
            return

        def elsewhere(alert: Alert) -> bool:
            return alert.place != tenant

        conditions = [
            Condition(
                kind=AlertKind.SCOPE_OPEN, company=company, place=tenant, cause="scope_open", affected=0, since=now
            )
            for company in sorted(companies)
            if readable
        ]
        await self.alarm.settle(conditions, SCOPE, now, stays=elsewhere, calm=timedelta())
