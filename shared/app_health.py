"""Composition of what watches: health, alerts, change notifications, and what is done every night."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from shared.app_console import Console
from shared.stores.layout import TableName

if TYPE_CHECKING:
    from shared.model.connection import Connection
    from shared.model.health import Expiry
    from shared.pipeline.alerts import Alarm, AlertList
    from shared.pipeline.health import HealthReport
    from shared.pipeline.nightly import Nightly
    from shared.pipeline.notifications import TakeNotifications
    from shared.pipeline.places import Places
    from shared.pipeline.subscriptions import KeepSubscription, NotificationKey
    from shared.pipeline.upkeep import Upkeep
    from shared.stores.alerts import Alerts


class Watching(Console):
    """Health, alerts, notifications."""

    @cached_property
    def alerts(self) -> Alerts:
        """Alerts as they are stored."""
        from shared.stores.alerts import Alerts

        return Alerts(self._table(TableName.ALERTS))

    @cached_property
    def alarm(self) -> Alarm:
        """Use case: raise alerts and clear them."""
        from shared.pipeline.alerts import Alarm

        return Alarm(self.services, self.announcer, self.alerts)

    @cached_property
    def alert_list(self) -> AlertList:
        """Alerts, for people."""
        from shared.pipeline.alerts import AlertList

        return AlertList(self.alerts, self._clock)

    @cached_property
    def places(self) -> Places:
        """Where mailboxes are."""
        from shared.pipeline.places import Places

        return Places(
            graph_host=urlsplit(self.settings.graph_url).hostname or "",
            gmail_host=self.settings.gmail_imap[0],
            outlook_host=self.settings.outlook_imap[0],
            tenant_id=self.settings.tenant_id,
        )

    @cached_property
    def health(self) -> HealthReport:
        """How everything is, for people."""
        from shared.pipeline.health import HealthReport

        return HealthReport(
            self.services, self.places, self.settings.silent_minutes, self._connections_of, self.expiries
        )

    @cached_property
    def nightly(self) -> Nightly:
        """Use case: what is done once a day."""
        from shared.pipeline.nightly import Nightly
        from shared.stores.alerts import Rota

        return Nightly(
            self.alarm, Rota(self._table(TableName.ALERTS)), self.places, self._opens_too_much, self.expiries
        )

    async def expiries(self) -> Sequence[Expiry]:
        """What of this deployment ends by itself: the certificate of the application, where it has one."""
        from shared.identity.certificate import CertificateCredential
        from shared.model.health import Expiry

        credential = self.sources.credential(self.settings.tenant_id)
        if not isinstance(credential, CertificateCredential):
            return ()
        at = await credential.not_after()
        return (Expiry(name=self.settings.app_certificate or "", at=at),)

    async def _connections_of(self, company: str) -> Sequence[Connection]:
        return [stored.connection for stored in await self.connections.of(company)]

    async def _opens_too_much(self, tenant: str) -> bool | None:
        """What the nightly probe of a tenant found, as `Nightly` takes it."""
        from shared.setup.scoping import ProbeOutcome

        found = (await self.setup.scope_probe.probe(tenant)).outcome
        return {ProbeOutcome.READABLE: True, ProbeOutcome.REFUSED: False}.get(found)

    @cached_property
    def notification_key(self) -> NotificationKey:
        """What change notifications prove themselves with."""
        from shared.pipeline.subscriptions import NotificationKey

        return NotificationKey(lambda: self.secrets)

    @cached_property
    def notifications(self) -> TakeNotifications:
        """Use case: take change notifications."""
        from shared.pipeline.notifications import TakeNotifications

        return TakeNotifications(self.services, self.notification_key)

    @cached_property
    def keep_subscription(self) -> KeepSubscription:
        """Use case: keep the subscription of a mailbox alive."""
        from shared.pipeline.subscriptions import KeepSubscription, push_url

        url = push_url(self.settings.public_url, allow_http=self.settings.allow_http_webhooks)
        return KeepSubscription(self._clock, self.notification_key, url, self._chance)

    @cached_property
    def upkeep(self) -> Upkeep:
        """What a hold of a lane does beside the mail."""
        from shared.pipeline.upkeep import Upkeep

        return Upkeep(self.connection_keeper, self.keep_subscription, self.sources.subscriptions)
