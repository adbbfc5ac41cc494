"""The steps of setting a mailbox up, each a page that can be left and opened again: mailbox, folders, mail that is there, test mail."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from shared.console.mailbox_form import dropped, kind_of, shown, typed
from shared.console.mailbox_visit import MailboxVisit, changing, mailbox_visit, problems_of
from shared.console.problems import Invalid
from shared.console.visit import CompanyVisitor, needs
from shared.errors import Conflict, InvalidRequest, PostrumError
from shared.identity.roles import Right
from shared.language.texts import gettext_noop
from shared.model.config import BacklogChoice, ConnectionKind
from shared.setup.checking import usable
from shared.setup.progress import Step
from shared.setup.proof import ProofState
from shared.sources.base import FolderNode

router = APIRouter(dependencies=[needs(Right.CONFIGURE)])

_PATH = "/companies/{company}/mailboxes/{mailbox}/setup"
_NO_DATE = gettext_noop("Say since when mail is taken in.")
Text = Annotated[str, Query(max_length=1000)]


@router.get(_PATH)
async def resume(visit: CompanyVisitor, company: str, mailbox: str) -> Response:
    """To the step that comes next."""
    box = await mailbox_visit(visit, mailbox)
    return visit.go(box.step(box.progress.current))


@router.get(f"{_PATH}/connection")
async def connection(visit: CompanyVisitor, company: str, mailbox: str, kind: Text = "") -> Response:
    """Which mailbox it is, and how it is reached. `kind=choose` asks for another way."""
    box = await mailbox_visit(visit, mailbox)
    if kind == "choose":
        return box.page("setup_kind.html", Step.CONNECTION, chosen=box.mailbox.connection)
    return _connection_page(box, kind_of(kind) or box.mailbox.connection, 200, {}, shown(box.mailbox))


@router.post(f"{_PATH}/connection")
async def save_connection(visit: CompanyVisitor, company: str, mailbox: str) -> Response:
    """Save the form of the mailbox."""
    box = await mailbox_visit(visit, mailbox)
    form = await visit.form()
    kind = kind_of(form.get("kind", "")) or box.mailbox.connection
    read = typed(form, kind, visit.texts)
    if read.problems:
        return _connection_page(box, kind, 422, read.problems, form)
    try:
        with changing():
            changes = read.values | dropped(box.mailbox, kind)
            await visit.product.setup.mailboxes.edit(company, box.mailbox.id, changes)
    except (InvalidRequest, Invalid) as error:
        return _connection_page(box, kind, 422, problems_of(error, visit), form)
    visit.product.services.companies.forget()
    fresh = await mailbox_visit(visit, mailbox)
    # Whoever edits a mailbox that works wants to see it; whoever sets one up goes on.
    where = fresh.path if fresh.mailbox.active else fresh.step(fresh.progress.current)
    return visit.go(where, said=visit.say("Saved."))


def _connection_page(
    box: MailboxVisit, kind: ConnectionKind, status: int, problems: dict[str, str], form: dict[str, str]
) -> Response:
    settings = box.visit.product.settings
    preset = {ConnectionKind.IMAP_MICROSOFT: settings.outlook_imap, ConnectionKind.GOOGLE: settings.gmail_imap}
    return box.page(
        "setup_connection.html",
        Step.CONNECTION,
        status,
        kind=kind,
        preset=preset.get(kind),
        problems=problems,
        form=form,
    )


# -- folders


@router.get(f"{_PATH}/folders")
async def folders(visit: CompanyVisitor, company: str, mailbox: str) -> Response:
    """Which folders: they can be chosen as soon as the mailbox is connected."""
    return await _folders_page(await mailbox_visit(visit, mailbox))


@router.post(f"{_PATH}/folders")
async def save_folders(visit: CompanyVisitor, company: str, mailbox: str) -> Response:
    """Choose the folders."""
    box = await mailbox_visit(visit, mailbox)
    form = await visit.form()
    wanted = {role: form.get(role, "")[:1000] for role in ("source", "imported", "other")}
    try:
        with changing():
            await visit.product.setup.folders.choose(company, box.mailbox.id, **wanted)
            changes = {"direct_to_worklist": form.get("direct_to_worklist") == "yes"}
            await visit.product.setup.mailboxes.edit(company, box.mailbox.id, changes)
    except (InvalidRequest, Invalid) as error:
        return await _folders_page(box, 422, problems_of(error, visit), form)
    visit.product.services.companies.forget()
    return visit.go(box.step(Step.BACKLOG), said=visit.say("The folders are saved."))


@router.post(f"{_PATH}/folders/create")
async def create_folders(visit: CompanyVisitor, company: str, mailbox: str) -> Response:
    """Make the two folders."""
    box = await mailbox_visit(visit, mailbox)
    form = await visit.form()
    names = {role: form.get(f"new_{role}", "") for role in ("imported", "other")}
    try:
        await visit.product.setup.folders.create_two(company, box.mailbox.id, **names)
    except InvalidRequest as error:
        problems = {f"new_{field}": text for field, text in problems_of(error, visit).items()}
        return await _folders_page(box, 422, problems, form)
    return visit.go(box.step(Step.FOLDERS), said=visit.say("The two folders are there. Save the choice below."))


async def _folders_page(
    box: MailboxVisit, status: int = 200, problems: dict[str, str] | None = None, form: dict[str, str] | None = None
) -> Response:
    visit, mailbox = box.visit, box.mailbox
    tree: tuple[FolderNode, ...] = ()
    failed: PostrumError | None = None
    ready = usable(box.connection)
    if ready:
        try:
            tree = await visit.product.setup.folders.tree(box.company.id, mailbox.id)
        except PostrumError as error:  # the mailbox may refuse by now; the page says so, and the check tells why
            failed = error
    new = {"imported": visit.say("Imported"), "other": visit.say("Follow up")}
    return box.page(
        "setup_folders.html",
        Step.FOLDERS,
        status,
        ready=ready,
        failed=failed,
        options=[(node.id, f"{'\u2003' * node.path.count('/')}{node.name}") for node in tree if node.path],
        chosen=form or _chosen(box, tree, new),
        new={role: (form or {}).get(f"new_{role}", name) for role, name in new.items()},
        problems=problems or {},
    )


def _chosen(box: MailboxVisit, tree: tuple[FolderNode, ...], new: dict[str, str]) -> dict[str, str]:
    """The folders of the mailbox, or those that were just made for it."""
    by_path = {node.path: node.id for node in tree if node.path}
    folders = box.mailbox.folders
    known = {
        role: getattr(folders.ids, role) or by_path.get(getattr(folders, role), "")
        for role in ("source", "imported", "other")
    }
    for role, name in new.items():
        known[role] = known[role] or by_path.get(name, "")
    known["direct_to_worklist"] = "yes" if box.mailbox.direct_to_worklist else ""
    return known


# -- mail that is there, and activation


@router.get(f"{_PATH}/backlog")
async def backlog(
    visit: CompanyVisitor, company: str, mailbox: str, choice: Text = "", since: Text = "", folder: Text = ""
) -> Response:
    """The choice, and what it would do, counted."""
    return await _backlog_page(await mailbox_visit(visit, mailbox), choice, since, folder)


@router.post(f"{_PATH}/backlog")
async def activate(visit: CompanyVisitor, company: str, mailbox: str) -> Response:
    """Activate the mailbox with the number that the person confirmed."""
    box = await mailbox_visit(visit, mailbox)
    form = await visit.form()
    choice, since, folder = (form.get(name, "") for name in ("choice", "since", "folder"))
    if form.get("confirmed") != "yes":
        problems = {"confirmed": visit.say("Confirm that you know what happens with this mail.")}
        return await _backlog_page(box, choice, since, folder, 422, problems)
    try:
        wanted, count = BacklogChoice(choice), int(form.get("mails", ""))
        as_of = datetime.fromisoformat(form.get("as_of", ""))
        if as_of.tzinfo is None:
            raise ValueError("a moment without a time zone")
    except ValueError:
        return await _backlog_page(box, choice, since, folder, 422)
    try:
        await visit.product.setup.activation.activate(
            company,
            box.mailbox.id,
            wanted,
            confirmed_mails=count,
            as_of=as_of,
            since=_since(since, box) if wanted is BacklogChoice.SINCE else None,
            folder=folder if wanted is BacklogChoice.PARK else "",
        )
    except InvalidRequest as error:
        return await _backlog_page(box, choice, since, folder, 422, problems_of(error, visit))
    except Conflict:
        # The number is another one by now, or something is missing: the page counts again and says so.
        changed = {"": visit.say("Nothing was activated: what is there has changed since. Look at it again.")}
        return await _backlog_page(box, choice, since, folder, 409, changed)
    visit.product.services.companies.forget()
    said = visit.say("{address} is active, and the first run has begun.", address=box.mailbox.address)
    return visit.go(box.step(Step.PROOF), said=said)


async def _backlog_page(
    box: MailboxVisit, choice: str, since: str, folder: str, status: int = 200, problems: dict[str, str] | None = None
) -> Response:
    visit, wrong, preview = box.visit, dict(problems or {}), None
    wanted = next((one for one in BacklogChoice if one == choice), None)
    if wanted is not None and not box.mailbox.active:
        begin = _since(since, box) if wanted is BacklogChoice.SINCE else None
        if wanted is BacklogChoice.SINCE and begin is None:
            wrong["since"] = visit.texts.gettext(_NO_DATE)
        elif wanted is BacklogChoice.PARK and not folder.strip():
            wrong["folder"] = visit.say("Name the folder that old mail is moved into.")
        else:
            try:
                preview = await visit.product.setup.activation.preview(
                    box.company.id,
                    box.mailbox.id,
                    wanted,
                    since=begin,
                    folder=folder.strip() if wanted is BacklogChoice.PARK else "",
                )
            except InvalidRequest as error:
                wrong |= problems_of(error, visit)
    missing = preview.missing if preview else ()
    return box.page(
        "setup_backlog.html",
        Step.BACKLOG,
        422 if wrong and status == 200 else status,
        choice=choice or "import",
        since=since,
        folder=folder,
        preview=preview,
        missing=[one for one in missing if one in _MISSING_AT],
        others=[one for one in missing if one not in _MISSING_AT],
        missing_at={name: box.step(step) for name, step in _MISSING_AT.items() if step},
        problems=wrong,
    )


_MISSING_AT: dict[str, Step | None] = {
    "connection": Step.ACCESS,
    "folders": Step.FOLDERS,
    "series": None,
    "document_type": None,
}
"""What has to be there before a mailbox is activated, and the step that brings it."""


def _since(text: str, box: MailboxVisit) -> datetime | None:
    """Midnight of a day in the company's time zone; None for what is no day."""
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=box.visit.zone)
    except ValueError:
        return None


# -- test mail, and the end


@router.get(f"{_PATH}/proof")
async def proof(visit: CompanyVisitor, company: str, mailbox: str, token: Text = "") -> Response:
    """Whether mail is taken in and moved: sends a test mail, and shows both effects as they come."""
    box = await mailbox_visit(visit, mailbox)
    found = await visit.product.setup.proof.look(company, box.mailbox.id, token) if token else None
    return box.page("setup_proof.html", Step.PROOF, proof=found, states=ProofState)


@router.post(f"{_PATH}/proof")
async def send_proof(visit: CompanyVisitor, company: str, mailbox: str) -> Response:
    """Put the test mail into the mailbox."""
    box = await mailbox_visit(visit, mailbox)
    sent = await visit.product.setup.proof.send(company, box.mailbox.id)
    return visit.go(box.step(Step.PROOF), token=sent.token)


@router.post(f"{_PATH}/proof/remove")
async def remove_proof(visit: CompanyVisitor, company: str, mailbox: str) -> Response:
    """Take the test mail away again."""
    box = await mailbox_visit(visit, mailbox)
    token = (await visit.form()).get("token", "")
    await visit.product.setup.proof.remove(company, box.mailbox.id, token)
    said = visit.say("The test mail is gone from the mailbox, and its document is marked as a test.")
    return visit.go(box.step(None), said=said)


@router.get(f"{_PATH}/done")
async def done(visit: CompanyVisitor, company: str, mailbox: str) -> Response:
    """The end, with what was set up."""
    box = await mailbox_visit(visit, mailbox)
    if not box.mailbox.active:
        return visit.go(box.step(box.progress.current))
    return box.visit.page("setup_done.html", box=box)
