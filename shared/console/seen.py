"""Health and alerts, as far as a visitor may see the companies that they are about."""

from __future__ import annotations

from collections.abc import Sequence

from shared.console.visit import Visit
from shared.identity.roles import Right
from shared.model.alert import Alert
from shared.model.health import Health
from shared.pipeline.alert_texts import advice, title
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


def address_of(visit: Visit, alert: Alert) -> str:
    """Address of the mailbox that an alert is about; empty where it is about none, or one that is gone."""
    company = next((one for one in visit.companies if one.id == alert.company), None)
    mailbox = company.mailbox(alert.mailbox) if company and alert.mailbox else None
    return mailbox.address if mailbox else ""


def alert_texts(visit: Visit, alerts: Sequence[Alert]) -> dict[str, tuple[str, str]]:
    """What each alert says: what is wrong and what to do, in the visitor's language, by its id."""
    return {
        alert.id: (title(alert, visit.texts, mailbox=address_of(visit, alert)), advice(alert, visit.texts))
        for alert in alerts
    }
