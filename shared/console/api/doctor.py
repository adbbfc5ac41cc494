"""What the app finds about itself."""

from __future__ import annotations

from fastapi import APIRouter

from shared.console.visit import Proven, needs
from shared.doctor.model import Report
from shared.identity.roles import Right

router = APIRouter(tags=["deployment"], dependencies=[needs(Right.GOVERN)])


@router.get("/doctor", summary="Check the deployment from inside")
async def doctor(visit: Proven) -> Report:
    """Every finding of `postrum doctor` that is made inside the app. Takes up to two minutes.

    With a token nothing is read before: it answers while the storage does not.
    """
    return await visit.product.doctor()
