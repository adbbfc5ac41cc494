"""Folders of a mailbox, and the test mail that proves the whole way."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body

from shared.console.mailbox_visit import changing, mailbox_visit
from shared.console.visit import CompanyVisitor, needs
from shared.identity.roles import Right
from shared.model.base import Model
from shared.model.config import Mailbox
from shared.setup.proof import Proof
from shared.sources.base import FolderNode

router = APIRouter(tags=["set-up"], dependencies=[needs(Right.CONFIGURE)])
_ONE = "/companies/{company}/mailboxes/{mailbox}"


class FolderTree(Model):
    """The inbox and everything below it, parents first. Names are in the mailbox's own language."""

    folders: tuple[FolderNode, ...]


class FolderNames(Model, defer_build=False):
    """Names of the two folders that Postrum needs."""

    imported: str = "Imported"
    other: str = "Follow up"


_NAMES = FolderNames()


class FolderChoice(Model, defer_build=False):
    """Folders by their ids."""

    source: str = ""
    """Empty for the inbox itself."""
    imported: str = ""
    other: str = ""


@router.get(f"{_ONE}/folders", summary="List the folders of a mailbox")
async def folders(visit: CompanyVisitor, company: str, mailbox: str) -> FolderTree:
    """Only when it is connected (409 before)."""
    box = await mailbox_visit(visit, mailbox)
    return FolderTree(folders=await visit.product.setup.folders.tree(company, box.mailbox.id))


@router.post(f"{_ONE}/folders", summary="Make the two folders")
async def create(
    visit: CompanyVisitor, company: str, mailbox: str, wanted: Annotated[FolderNames, Body()] = _NAMES
) -> FolderTree:
    """Below the inbox, where they are missing. Done twice, nothing more is made."""
    box = await mailbox_visit(visit, mailbox)
    names = {"imported": wanted.imported, "other": wanted.other}
    return FolderTree(folders=await visit.product.setup.folders.create_two(company, box.mailbox.id, **names))


@router.put(f"{_ONE}/folders", summary="Choose the folders")
async def choose(visit: CompanyVisitor, company: str, mailbox: str, wanted: Annotated[FolderChoice, Body()]) -> Mailbox:
    """A folder that is not below the inbox, or that is chosen twice, is refused (422, with the field)."""
    box = await mailbox_visit(visit, mailbox)
    with changing():
        chosen = await visit.product.setup.folders.choose(company, box.mailbox.id, **wanted.model_dump())
    visit.product.services.companies.forget()
    return chosen


@router.post(f"{_ONE}/test-mail", summary="Send a test mail", status_code=202)
async def send(visit: CompanyVisitor, company: str, mailbox: str) -> Proof:
    """A marked PDF is put into the source folder, and goes the way of every mail."""
    box = await mailbox_visit(visit, mailbox)
    return await visit.product.setup.proof.send(company, box.mailbox.id)


@router.get(f"{_ONE}/test-mail/{{token}}", summary="See what became of a test mail")
async def look(visit: CompanyVisitor, company: str, mailbox: str, token: str) -> Proof:
    """Proven only when both effects were seen: the document, and the mail in the folder for imported mail."""
    box = await mailbox_visit(visit, mailbox)
    return await visit.product.setup.proof.look(company, box.mailbox.id, token)


@router.delete(f"{_ONE}/test-mail/{{token}}", summary="Remove a test mail")
async def remove(visit: CompanyVisitor, company: str, mailbox: str, token: str) -> Proof:
    """Out of the mailbox; its document keeps its number and is marked as a test."""
    box = await mailbox_visit(visit, mailbox)
    return await visit.product.setup.proof.remove(company, box.mailbox.id, token)
