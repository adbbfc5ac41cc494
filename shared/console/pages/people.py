"""People: who may see which company. For Owners."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from shared.console.visit import Visit, Visitor, needs
from shared.errors import NotFound
from shared.identity.roles import Right
from shared.language.texts import gettext_noop
from shared.model.person import Role
from shared.stores.members import Member

router = APIRouter(dependencies=[needs(Right.GOVERN)])

_MISSING = gettext_noop("There is no such person.")


@router.get("/people")
async def people(visit: Visitor) -> Response:
    """Everybody who was seen at the door or added."""
    return visit.page("people.html", people=await visit.product.members.every(), problems={}, form={})


@router.post("/people")
async def add(visit: Visitor) -> Response:
    """Somebody who has not signed in yet, by their object id."""
    form = await visit.form()
    object_id = _object_id(form.get("object_id", ""))
    if object_id is None:
        problems = {"object_id": visit.say("An object id looks like 11111111-2222-3333-4444-555555555555.")}
        everybody = await visit.product.members.every()
        return visit.page("people.html", 422, people=everybody, problems=problems, form=form)
    return visit.go(f"/people/{object_id}")


@router.get("/people/{person}")
async def person(visit: Visitor, person: str) -> Response:
    """The companies of one person."""
    return visit.page("person.html", person=await _member(visit, person), owner=Role.OWNER)


@router.post("/people/{person}")
async def assign(visit: Visitor, person: str) -> Response:
    """Say which companies the person may see."""
    member = await _member(visit, person)
    known = {company.id for company in visit.companies}
    wanted = [company for company in await visit.values("companies") if company in known]
    await visit.product.members.assign(member.tenant_id, member.object_id, wanted)
    name = member.name or member.object_id
    return visit.go("/people", said=visit.say("The companies of {name} are saved.", name=name))


@router.post("/people/{person}/sign-out")
async def sign_out(visit: Visitor, person: str) -> Response:
    """End all sessions of a person."""
    member = await _member(visit, person)
    ended = await visit.product.sessions.end_all(member.key)
    said = visit.texts.ngettext("{count} session was ended.", "{count} sessions were ended.", ended)
    return visit.go(f"/people/{member.object_id}", said=said.format(count=ended))


async def _member(visit: Visit, person: str) -> Member:
    """The row of a person; an empty one for an object id that is not in the list yet."""
    object_id = _object_id(person)
    if object_id is None:
        raise NotFound(visit.say(_MISSING))
    tenant = visit.product.settings.tenant_id
    return await visit.product.members.get(f"{tenant}|{object_id}") or Member(tenant_id=tenant, object_id=object_id)


def _object_id(text: str) -> str | None:
    """The id as Entra writes it, or None where it is none."""
    try:
        return str(UUID(text.strip())) if len(text.strip()) == 36 else None
    except ValueError:
        return None
