"""Health and alerts, as far as a visitor may see the companies that they are about."""

from __future__ import annotations

from shared.console.visit import Visit
from shared.identity.roles import Right
from shared.model.health import Health
from shared.pipeline.alerts import AlertLists


async def health_for(visit: Visit, company: str | None = None) -> Health:
    """How the visitor's mailboxes are.

    Faults of a host or tenant are counted over all companies, which shows whose fault they are; they are shown where a mailbox of the
    visitor's is there. What ends in the deployment is for Owners.

    Args:
        visit: of whom.
        company: only its mailboxes; the visitor may see it.
    """
    health = await visit.product.health(company)
    boxes = tuple(box for box in health.mailboxes if visit.sees(box.company))
    places = {("host", box.host) for box in boxes} | {("tenant", box.tenant) for box in boxes}
    return health.model_copy(
        update={
            "mailboxes": boxes,
            "groups": tuple(group for group in health.groups if (group.by, group.name) in places),
            "expiries": health.expiries if visit.may(Right.GOVERN) else (),
        }
    )


async def alerts_for(visit: Visit, company: str | None = None) -> AlertLists:
    """Alerts of the visitor's companies, and for Owners those of the deployment."""
    lists = await visit.product.alert_list(company)

    def seen(of: str) -> bool:
        return visit.sees(of) if of else visit.may(Right.GOVERN)

    return AlertLists(
        open=tuple(alert for alert in lists.open if seen(alert.company)),
        past=tuple(alert for alert in lists.past if seen(alert.company)),
    )
