"""Who calls, and the companies that they may see."""

from __future__ import annotations

from fastapi import APIRouter

from shared.console.visit import Visitor
from shared.identity.roles import RIGHTS, Right
from shared.model.base import Model
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
