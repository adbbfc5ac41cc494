"""Who may see which company. For Owners."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body

from shared.console.paging import Cursor, Limit, page_of
from shared.console.problems import Invalid
from shared.console.visit import Visitor, needs
from shared.identity.roles import Right
from shared.model.base import Model
from shared.stores.members import Member

router = APIRouter(tags=["people"], dependencies=[needs(Right.GOVERN)])


class PeopleList(Model):
    """A page of people, by name."""

    people: tuple[Member, ...]
    next: str | None = None
    """Cursor of the next page; null on the last one."""


class Assignment(Model, defer_build=False):  # the framework wants the schema of a body when the route is declared
    """The companies that a person may see: exactly these."""

    companies: tuple[str, ...]


@router.get("/people", summary="List people")
async def people(visit: Visitor, limit: Limit = 100, cursor: Cursor = "") -> PeopleList:
    """Everybody who signed in or was given a company."""
    shown, following = page_of(await visit.product.members.every(), limit, cursor, lambda member: member.key)
    return PeopleList(people=tuple(shown), next=following)


@router.put("/people/{person}/companies", summary="Say which companies a person may see")
async def assign(visit: Visitor, person: UUID, wanted: Annotated[Assignment, Body()]) -> Member:
    """Replaces the list. `person` is the object id of the account in Entra."""
    known = {company.id for company in visit.companies}
    problems = [
        (f"/companies/{position}", f"There is no company {name!r}.")
        for position, name in enumerate(wanted.companies)
        if name not in known
    ]
    if problems:
        raise Invalid(problems)
    return await visit.product.members.assign(visit.product.settings.tenant_id, str(person), wanted.companies)
