"""Mailboxes of a company: the list, one of them, adding and removing, and the buttons of the actions column."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from shared.console.connecting import explained, story
from shared.console.mailbox_form import kind_of, typed
from shared.console.mailbox_visit import changing, mailbox_path, mailbox_visit, problems_of
from shared.console.problems import Invalid
from shared.console.visit import CompanyVisitor, Visit, Visitor, needs
from shared.errors import Conflict, InvalidRequest
from shared.identity.roles import Right
from shared.model.config import ConnectionKind
from shared.setup.mailboxes import MailboxDraft

router = APIRouter()

Kind = Annotated[str, Query(max_length=40)]


@router.get("/add-mailbox", dependencies=[needs(Right.CONFIGURE)])
async def choose_company(visit: Visitor) -> Response:
    """Where the set-up begins: for which company."""
    return visit.page("setup_company.html", problems={}, form={})


@router.post("/add-company", dependencies=[needs(Right.GOVERN)])
async def add_company(visit: Visitor) -> Response:
    """Make a company, and go on with its first mailbox."""
    form = await visit.form()
    name, zone = form.get("name", "").strip(), form.get("time_zone", "").strip() or "UTC"
    if not 1 <= len(name) <= 200:
        problems = {"name": visit.say("Enter a name of 1 to 200 characters.")}
        return visit.page("setup_company.html", 422, problems=problems, form=form)
    try:
        with changing():
            made = await visit.product.setup.mailboxes.create_company(name, time_zone=zone)
    except Invalid:
        problems = {"time_zone": visit.say("Enter a time zone such as Europe/Copenhagen.")}
        return visit.page("setup_company.html", 422, problems=problems, form=form)
    visit.product.services.companies.forget()
    return visit.go(f"/companies/{made.id}/add-mailbox", said=visit.say("The company {name} is there.", name=name))


@router.get("/companies/{company}/mailboxes")
async def mailboxes(visit: CompanyVisitor, company: str) -> Response:
    """All mailboxes of the company, with their states."""
    health = await visit.product.health(company)
    known = {box.id: box for box in visit.company.mailboxes} if visit.company else {}
    now = visit.product.services.clock()
    stories = {
        one.mailbox: story(one.connection, known[one.mailbox], visit.product.settings, visit.texts, visit.zone, now)
        for one in health.mailboxes
        if one.connection is not None and one.mailbox in known
    }
    return visit.page("mailboxes.html", health=health, stories=stories)


@router.get("/companies/{company}/add-mailbox", dependencies=[needs(Right.CONFIGURE)])
async def add_form(visit: CompanyVisitor, company: str, kind: Kind = "") -> Response:
    """First how the mailbox is reached; then the fields that belong to that."""
    return _add_page(visit, kind_of(kind))


@router.post("/companies/{company}/add-mailbox", dependencies=[needs(Right.CONFIGURE)])
async def add(visit: CompanyVisitor, company: str) -> Response:
    """Make the mailbox. It is not active."""
    form = await visit.form()
    kind = kind_of(form.get("kind", ""))
    if kind is None:
        return _add_page(visit, None)
    read = typed(form, kind, visit.texts)
    if read.problems:
        return _add_page(visit, kind, 422, problems=read.problems, form=form)
    try:
        with changing():
            made = await visit.product.setup.mailboxes.create(company, MailboxDraft.model_validate(read.values))
    except (InvalidRequest, Invalid) as error:
        return _add_page(visit, kind, 422, problems=problems_of(error, visit), form=form)
    visit.product.services.companies.forget()
    return visit.go(f"{mailbox_path(company, made.id)}/setup/access", said=visit.say("Saved. It is not active yet."))


def _add_page(visit: Visit, kind: ConnectionKind | None, status: int = 200, **content: object) -> Response:
    if kind is None:
        return visit.page("setup_kind.html", status, box=None, chosen=ConnectionKind.GRAPH_APP, problems={})
    servers = {
        ConnectionKind.IMAP_MICROSOFT: visit.product.settings.outlook_imap,
        ConnectionKind.GOOGLE: visit.product.settings.gmail_imap,
    }
    shown = {"problems": {}, "form": {}, "box": None, "kind": kind, "preset": servers.get(kind), **content}
    return visit.page("setup_connection.html", status, **shown)


@router.get("/companies/{company}/mailboxes/{mailbox}")
async def mailbox_page(visit: CompanyVisitor, company: str, mailbox: str) -> Response:
    """One mailbox: how it is connected and how it works."""
    box = await mailbox_visit(visit, mailbox)
    health = await visit.product.health(company)
    state = next((one for one in health.mailboxes if one.mailbox == box.mailbox.id), None)
    failure = (
        explained(state.failure.cause or state.failure.code, box.mailbox, visit.product.settings, visit.texts)
        if state and state.failure
        else None
    )
    rules = [rule for rule in box.company.rules if not rule.mailboxes or box.mailbox.id in rule.mailboxes]
    groups = [group for group in health.groups if state and group.name in (state.host, state.tenant)]
    return visit.page(
        "mailbox.html",
        box=box,
        state=state,
        failure=failure,
        rules=rules,
        groups=groups,
        outbound=visit.product.settings.outbound_addresses,
    )


@router.post("/companies/{company}/mailboxes/{mailbox}/run", dependencies=[needs(Right.OPERATE)])
async def run_now(visit: CompanyVisitor, company: str, mailbox: str) -> Response:
    """Look into the mailbox now."""
    box = await mailbox_visit(visit, mailbox)
    begun = await visit.product.setup.activation.run_now(company, box.mailbox.id)
    said = visit.say("A run has begun.") if begun else visit.say("A run is under way or waits already.")
    return visit.go(box.path, said=said)


@router.post("/companies/{company}/mailboxes/{mailbox}/pause", dependencies=[needs(Right.OPERATE)])
async def pause(visit: CompanyVisitor, company: str, mailbox: str) -> Response:
    """Stop reading the mailbox."""
    box = await mailbox_visit(visit, mailbox)
    await visit.product.setup.activation.pause(company, box.mailbox.id)
    visit.product.services.companies.forget()
    return visit.go(box.path, said=visit.say("The mailbox is paused. What was taken in goes on to its end."))


@router.get("/companies/{company}/mailboxes/{mailbox}/delete", dependencies=[needs(Right.CONFIGURE)])
async def delete_page(visit: CompanyVisitor, company: str, mailbox: str) -> Response:
    """Asks before anything is deleted."""
    return visit.page("mailbox_delete.html", box=await mailbox_visit(visit, mailbox))


@router.post("/companies/{company}/mailboxes/{mailbox}/delete", dependencies=[needs(Right.CONFIGURE)])
async def delete(visit: CompanyVisitor, company: str, mailbox: str) -> Response:
    """Take the mailbox out of the configuration."""
    box = await mailbox_visit(visit, mailbox)
    if box.mailbox.active:
        raise Conflict(visit.say("An active mailbox cannot be deleted. Pause it first."))
    with changing():
        await visit.product.setup.mailboxes.remove(company, box.mailbox.id)
    visit.product.services.companies.forget()
    said = visit.say("{address} is deleted. What it brought in stays.", address=box.mailbox.address)
    return visit.go(f"/companies/{company}/mailboxes", said=said)
