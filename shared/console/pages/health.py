"""Health: what is going on in the companies of the visitor."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from shared.console.keys import row_key
from shared.console.seen import alert_texts, alerts_for, health_for
from shared.console.visit import CompanyVisitor, Visit, Visitor, needs
from shared.identity.roles import Right

router = APIRouter()


@router.get("/")
async def overview(visit: Visitor) -> Response:
    """All companies of the visitor; with one only, that one."""
    if len(visit.companies) == 1 and not visit.may(Right.GOVERN):
        return visit.go(f"/companies/{visit.companies[0].id}")
    status = await visit.product.status(only=[company.id for company in visit.companies])
    return visit.page("overview.html", status=status, **await _seen(visit, None))


@router.get("/companies/{company}")
async def company_health(visit: CompanyVisitor, company: str) -> Response:
    """One company: its mailboxes, and what is on its way."""
    status = await visit.product.status(only=[company])
    return visit.page("company.html", status=status, **await _seen(visit, company))


@router.post("/tasks/{task}/again", dependencies=[needs(Right.GOVERN)])
async def task_again(visit: Visitor, task: str) -> Response:
    """Put a parked task again."""
    await visit.product.again.parked_task(row_key(task, visit.say("There is no such parked task.")))
    return visit.go("/", said=visit.say("The task is in its queue again."))


async def _seen(visit: Visit, company: str | None) -> dict[str, Any]:
    """How mailboxes are, and what is open."""
    alerts = await alerts_for(visit, company)
    return {
        "health": await health_for(visit, company),
        "alerts": alerts,
        "alert_texts": alert_texts(visit, alerts.open),
        "outbound": visit.product.settings.outbound_addresses,
    }
