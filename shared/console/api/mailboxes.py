"""Mailboxes of a company: list, make, read, change, delete, activate, pause, run."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body
from pydantic import AwareDatetime, Field
from starlette.responses import JSONResponse, Response

from shared.console.mailbox_visit import changing, mailbox_visit
from shared.console.paging import Cursor, Limit, page_of
from shared.console.problems import Invalid
from shared.console.repeated import once
from shared.console.visit import CompanyVisitor, Visitor, needs
from shared.errors import PermanentError
from shared.identity.roles import Right
from shared.model.base import Model
from shared.model.config import BacklogChoice, ConnectionKind, ImapServer, Mailbox, Scan
from shared.setup.activation import BacklogPreview
from shared.setup.mailboxes import LONGEST_PASSWORD, MailboxDraft

router = APIRouter(tags=["mailboxes"])
_ONE = "/companies/{company}/mailboxes/{mailbox}"
MOST_RUNS = 100
"""Mailboxes of one request to run."""


class MailboxList(Model):
    """A page of mailboxes, in the order of the configuration."""

    mailboxes: tuple[Mailbox, ...]
    next: str | None = None
    """Cursor of the next page; null on the last one."""


class NewMailbox(MailboxDraft, defer_build=False):
    """A mailbox to be made. Its folders are chosen when it is connected; its password is set by a request of its own."""


class MailboxChanges(Model, defer_build=False):
    """What changes; what is left out stays as it is."""

    name: str | None = None
    address: str | None = None
    connection: ConnectionKind | None = None
    tenant_id: str | None = None
    grant: str | None = None
    imap: ImapServer | None = None
    scan: Scan | None = None
    schedule: str | None = None
    mark_read: bool | None = None
    direct_to_worklist: bool | None = None
    leave_in_place: bool | None = None
    open_archives: bool | None = None
    accepted_types: tuple[str, ...] | None = None


class Password(Model, defer_build=False):
    """A password. Nothing ever gives it back."""

    password: Annotated[str, Field(min_length=1, max_length=LONGEST_PASSWORD)]


class BacklogWish(Model, defer_build=False):
    """What shall happen with the mail that is in the source folder already."""

    choice: BacklogChoice
    since: AwareDatetime | None = None
    """For `since`: mail received before this stays."""
    folder: str = ""
    """For `park`: path of the folder below the inbox."""


class Confirmation(BacklogWish, defer_build=False):
    """The same, with the number that a person saw and confirmed."""

    confirmed_mails: int | None = None
    """`mails` of the preview. Without it, nothing is activated."""
    as_of: AwareDatetime | None = None
    """`as_of` of the preview."""


class RunAnswer(Model):
    """Whether a run was put."""

    begun: bool
    """False where one is under way or waits already."""


class RunWish(Model, defer_build=False):
    """Mailboxes to look into now."""

    mailboxes: Annotated[tuple[str, ...], Field(min_length=1, max_length=MOST_RUNS)]
    """Each as `company/mailbox`."""


class RunLine(Model):
    """What came of one of them."""

    mailbox: str
    begun: bool
    problem: str = ""
    """Why it could not be begun; empty where it could."""


class Runs(Model):
    """What came of all of them."""

    runs: tuple[RunLine, ...]


@router.get("/companies/{company}/mailboxes", summary="List the mailboxes of a company")
async def mailboxes(visit: CompanyVisitor, company: str, limit: Limit = 100, cursor: Cursor = "") -> MailboxList:
    """As they are configured. No password is part of it."""
    known = await visit.product.services.companies.fresh(company)
    boxes = known.mailboxes if known else ()
    shown, following = page_of(boxes, limit, cursor, lambda box: box.id)
    return MailboxList(mailboxes=tuple(shown), next=following)


@router.post(
    "/companies/{company}/mailboxes",
    summary="Make a mailbox",
    status_code=201,
    dependencies=[needs(Right.CONFIGURE)],
    response_model=Mailbox,
)
async def create(visit: CompanyVisitor, company: str, wanted: Annotated[NewMailbox, Body()]) -> Response:
    """It is not active, and nothing is fetched before it is. Takes an `Idempotency-Key`."""

    async def work() -> Response:
        with changing():
            draft = MailboxDraft.model_validate(wanted.model_dump())
            made = await visit.product.setup.mailboxes.create(company, draft)
        visit.product.services.companies.forget()
        return JSONResponse(made.model_dump(mode="json"), 201)

    return await once(visit, work)


@router.get(_ONE, summary="Read a mailbox")
async def read(visit: CompanyVisitor, company: str, mailbox: str) -> Mailbox:
    """As it is configured. No password is part of it."""
    return (await mailbox_visit(visit, mailbox)).mailbox


@router.patch(_ONE, summary="Change a mailbox", dependencies=[needs(Right.CONFIGURE)])
async def change(
    visit: CompanyVisitor, company: str, mailbox: str, wanted: Annotated[MailboxChanges, Body()]
) -> Mailbox:
    """Address, way of connecting and tenant change only while it is paused. A field that is null becomes empty."""
    box = await mailbox_visit(visit, mailbox)
    changes: dict[str, Any] = {name: getattr(wanted, name) for name in wanted.model_fields_set}
    empty = [name for name, value in changes.items() if value is None and name not in ("tenant_id", "grant", "imap")]
    if empty:
        raise Invalid([(f"/{name}", "This field cannot be empty; leave it out to keep it.") for name in empty])
    with changing():
        changed = await visit.product.setup.mailboxes.edit(company, box.mailbox.id, changes)
    visit.product.services.companies.forget()
    return changed


@router.delete(_ONE, summary="Delete a mailbox", status_code=204, dependencies=[needs(Right.CONFIGURE)])
async def delete(visit: CompanyVisitor, company: str, mailbox: str) -> None:
    """An active one is refused: pause it first. What it brought in stays; its password is forgotten."""
    box = await mailbox_visit(visit, mailbox)
    with changing():
        await visit.product.setup.mailboxes.remove(company, box.mailbox.id)
    visit.product.services.companies.forget()


@router.post(f"{_ONE}/password", summary="Set the password", status_code=204, dependencies=[needs(Right.CONFIGURE)])
async def password(visit: CompanyVisitor, company: str, mailbox: str, wanted: Annotated[Password, Body()]) -> None:
    """Only for mailboxes at a mail server of their own. It goes into the secret store, and nothing gives it back."""
    box = await mailbox_visit(visit, mailbox)
    await visit.product.setup.mailboxes.set_password(company, box.mailbox.id, wanted.password)


@router.post(f"{_ONE}/backlog", summary="Count what activating would do", dependencies=[needs(Right.CONFIGURE)])
async def preview(
    visit: CompanyVisitor, company: str, mailbox: str, wanted: Annotated[BacklogWish, Body()]
) -> BacklogPreview:
    """Changes nothing. The source folder is emptied as soon as the mailbox is active, so its number is confirmed first."""
    box = await mailbox_visit(visit, mailbox)
    return await visit.product.setup.activation.preview(
        company, box.mailbox.id, wanted.choice, since=wanted.since, folder=wanted.folder
    )


@router.post(f"{_ONE}/activate", summary="Activate a mailbox", dependencies=[needs(Right.CONFIGURE)])
async def activate(
    visit: CompanyVisitor, company: str, mailbox: str, wanted: Annotated[Confirmation, Body()]
) -> Mailbox:
    """Refused without the number of a preview (422), where the folder holds more by now, or something is missing (409)."""
    box = await mailbox_visit(visit, mailbox)
    active = await visit.product.setup.activation.activate(
        company,
        box.mailbox.id,
        wanted.choice,
        confirmed_mails=wanted.confirmed_mails,
        as_of=wanted.as_of,
        since=wanted.since,
        folder=wanted.folder,
    )
    visit.product.services.companies.forget()
    return active


@router.post(f"{_ONE}/pause", summary="Pause a mailbox", dependencies=[needs(Right.OPERATE)])
async def pause(visit: CompanyVisitor, company: str, mailbox: str) -> Mailbox:
    """What was taken in goes on to its end. Done twice, it changes nothing more."""
    box = await mailbox_visit(visit, mailbox)
    paused = await visit.product.setup.activation.pause(company, box.mailbox.id)
    visit.product.services.companies.forget()
    return paused


@router.post(f"{_ONE}/run", summary="Look into a mailbox now", dependencies=[needs(Right.OPERATE)])
async def run(visit: CompanyVisitor, company: str, mailbox: str) -> RunAnswer:
    """Asked for twice, it is done once."""
    box = await mailbox_visit(visit, mailbox)
    return RunAnswer(begun=await visit.product.setup.activation.run_now(company, box.mailbox.id))


@router.post("/runs", summary="Look into several mailboxes now", dependencies=[needs(Right.OPERATE)])
async def runs(visit: Visitor, wanted: Annotated[RunWish, Body()]) -> Runs:
    """Each as `company/mailbox`. What cannot be begun is said beside it; the others are begun."""
    found: list[RunLine] = []
    for name in dict.fromkeys(wanted.mailboxes):
        company, _, mailbox = name.partition("/")
        if not visit.sees(company):
            found.append(RunLine(mailbox=name, begun=False, problem="not_found"))
            continue
        try:
            begun = await visit.product.setup.activation.run_now(company, mailbox)
        except PermanentError as error:
            found.append(RunLine(mailbox=name, begun=False, problem=error.code))
        else:
            found.append(RunLine(mailbox=name, begun=begun))
    return Runs(runs=tuple(found))
