"""Who calls, and the companies that they may see."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body
from pydantic import Field
from starlette.responses import JSONResponse, Response

from shared.console.mailbox_visit import changing
from shared.console.repeated import once
from shared.console.visit import Visitor, needs
from shared.identity.roles import RIGHTS, Right
from shared.model.base import Model
from shared.model.config import Company
from shared.model.person import Role

router = APIRouter(tags=["companies"])


class CompanyLine(Model):
    """A company in a list."""

    id: str
    name: str
    time_zone: str
    mailboxes: int


class CompanyList(Model):
    """The companies of the caller."""

    companies: tuple[CompanyLine, ...]


class NewCompany(Model, defer_build=False):  # the framework wants the schema of a body when the route is declared
    """A company to be made."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    time_zone: str = "UTC"


class Me(Model):
    """Who calls."""

    tenant_id: str
    object_id: str
    name: str
    user_name: str
    roles: tuple[Role, ...]
    rights: tuple[Right, ...]


@router.get("/companies", summary="List the companies that you may see")
async def companies(visit: Visitor) -> CompanyList:
    """By name. An Owner sees all of them."""
    return CompanyList(
        companies=tuple(
            CompanyLine(id=one.id, name=one.name, time_zone=one.time_zone, mailboxes=len(one.mailboxes))
            for one in visit.companies
        )
    )


@router.post(
    "/companies", summary="Make a company", status_code=201, response_model=Company, dependencies=[needs(Right.GOVERN)]
)
async def create(visit: Visitor, wanted: Annotated[NewCompany, Body()]) -> Response:
    """With a default document type and number series, ready for its first mailbox. Takes an `Idempotency-Key`."""

    async def work() -> Response:
        with changing():
            made = await visit.product.setup.mailboxes.create_company(wanted.name, time_zone=wanted.time_zone)
        visit.product.services.companies.forget()
        return JSONResponse(made.model_dump(mode="json", by_alias=True), 201)

    return await once(visit, work)


@router.get("/me", summary="Say who you are")
async def me(visit: Visitor) -> Me:
    """Account, roles, and what they allow."""
    person = visit.person
    rights = frozenset().union(*(RIGHTS[role] for role in person.roles))
    return Me(
        tenant_id=person.tenant_id,
        object_id=person.object_id,
        name=person.name,
        user_name=person.user_name,
        roles=person.roles,
        rights=tuple(right for right in Right if right in rights),
    )
