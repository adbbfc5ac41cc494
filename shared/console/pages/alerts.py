"""Alerts: what people have to see to, and what has passed."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from shared.console.seen import alert_texts, alerts_for
from shared.console.visit import CompanyVisitor, Visit, Visitor

router = APIRouter()


@router.get("/alerts")
async def all_alerts(visit: Visitor) -> Response:
    """Of all companies of the visitor."""
    return await _page(visit, None)


@router.get("/companies/{company}/alerts")
async def alerts(visit: CompanyVisitor, company: str) -> Response:
    """Of one company."""
    return await _page(visit, company)


async def _page(visit: Visit, company: str | None) -> Response:
    lists = await alerts_for(visit, company)
    texts = alert_texts(visit, (*lists.open, *lists.past))
    return visit.page("alerts.html", lists=lists, alert_texts=texts)
