"""How everything is: mailboxes, faults of hosts and tenants, alerts, and the addresses that we call from."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter

from shared.console.seen import address_of, alerts_for, health_for
from shared.console.visit import Visitor
from shared.model.alert import Alert, AlertKind, Severity
from shared.model.base import Model
from shared.model.health import Health
from shared.pipeline.alert_texts import advice, title

router = APIRouter(tags=["health"])


class AlertView(Model):
    """An alert, with its text in the language of `Accept-Language`."""

    id: str
    kind: AlertKind
    severity: Severity
    company: str
    """Empty for the deployment."""
    mailbox: str
    place: str
    cause: str
    affected: int
    since: datetime
    raised_at: datetime
    cleared_at: datetime | None
    title: str
    advice: str


class AlertPage(Model):
    """Alerts of the visitor's companies."""

    open: tuple[AlertView, ...]
    """Critical ones first, then by time."""
    past: tuple[AlertView, ...]
    """Cleared in the last 30 days, the latest first."""


class EgressAddresses(Model):
    """Addresses that this deployment calls mail servers from."""

    fixed: bool
    """Whether the deployment fixes them; otherwise Azure may use any of the region, and may change them."""
    addresses: tuple[str, ...]


@router.get("/health", summary="Say how all mailboxes are")
async def health(visit: Visitor) -> Health:
    """Of the companies that you may see."""
    return await health_for(visit)


@router.get("/alerts", summary="List alerts")
async def alerts(visit: Visitor) -> AlertPage:
    """Open ones, and those of the last 30 days."""
    lists = await alerts_for(visit)

    def shown(alert: Alert) -> AlertView:
        return AlertView(
            **alert.model_dump(exclude={"calm_since"}),
            id=alert.id,
            severity=alert.severity,
            title=title(alert, visit.texts, mailbox=address_of(visit, alert)),
            advice=advice(alert, visit.texts),
        )

    return AlertPage(open=tuple(map(shown, lists.open)), past=tuple(map(shown, lists.past)))


@router.get("/egress-addresses", summary="List the addresses that we call from")
async def egress_addresses(visit: Visitor) -> EgressAddresses:
    """For whoever has to let them into a mail server."""
    addresses = visit.product.settings.outbound_addresses
    return EgressAddresses(fixed=bool(addresses), addresses=addresses)
