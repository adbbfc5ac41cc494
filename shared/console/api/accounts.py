"""Accounts that signed in for a company, and which mailbox is read with which."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Body
from starlette.responses import JSONResponse, Response

from shared.console.mailbox_visit import mailbox_visit
from shared.console.problems import MEDIA_TYPE
from shared.console.visit import CompanyVisitor, needs
from shared.identity.roles import Right
from shared.model.base import Model
from shared.model.connection import Connection
from shared.setup.accounts import AccountEntry, ConnectionTaken
from shared.stores.grants import GrantState, Provider

router = APIRouter(tags=["accounts"], dependencies=[needs(Right.CONFIGURE)])


class Account(Model):
    """An account that signed in. Its lasting permission is in the secret store, and nothing gives it back."""

    id: str
    provider: Provider
    account: str
    name: str
    tenant: str
    state: GrantState
    created_at: datetime
    created_by: str
    last_refreshed: datetime | None
    mailboxes: tuple[str, ...]
    """Ids of the mailboxes that are read with it."""


class AccountList(Model):
    """The accounts of a company."""

    accounts: tuple[Account, ...]


class Choice(Model, defer_build=False):
    """Which account a mailbox is read with."""

    account: str
    """Its id; empty for none."""
    replace: bool = False
    """It takes the place of the one that the mailbox is connected with."""


class Disconnected(Model):
    """Mailboxes that were read with the account, and wait for another."""

    mailboxes: tuple[str, ...]


@router.get("/companies/{company}/accounts", summary="List the accounts that signed in")
async def accounts(visit: CompanyVisitor, company: str) -> AccountList:
    """By name, each with the mailboxes that are read with it."""
    return AccountList(accounts=tuple(_shown(entry) for entry in await visit.product.setup.accounts.listed(company)))


@router.put(
    "/companies/{company}/mailboxes/{mailbox}/account",
    summary="Choose the account that a mailbox is read with",
    response_model=Connection,
    responses={
        409: {"description": "Another account is connected: `connected` says who. Or it may not open the mailbox."}
    },
)
async def choose(
    visit: CompanyVisitor, company: str, mailbox: str, wanted: Annotated[Choice, Body()]
) -> Connection | Response:
    """One that signed in before; it is tried first. An empty id disconnects the mailbox, and the account stays."""
    box = await mailbox_visit(visit, mailbox)
    accounts, by = visit.product.setup.accounts, visit.person.user_name
    try:
        if wanted.account:
            connection = await accounts.choose(company, box.mailbox.id, wanted.account, replace=wanted.replace, by=by)
        else:
            connection = await accounts.detach(company, box.mailbox.id, by=by)
    except ConnectionTaken as taken:
        content = {
            "type": f"urn:postrum:problem:{taken.cause}",
            "title": "Not possible",
            "status": 409,
            "detail": taken.message,
            "remedy": taken.remedy,
            "instance": visit.request.url.path,
            "code": taken.cause,
            "connected": [entry.model_dump(mode="json") for entry in taken.connected],
        }
        return JSONResponse(content, 409, media_type=MEDIA_TYPE)
    visit.product.services.companies.forget()
    return connection


@router.delete("/companies/{company}/accounts/{account}", summary="Disconnect an account")
async def disconnect(visit: CompanyVisitor, company: str, account: str) -> Disconnected:
    """Removes it with its lasting permission. The consent of its tenant stays, so another account can sign in at once."""
    found = await visit.product.setup.accounts.disconnect(company, account, by=visit.person.user_name)
    visit.product.services.companies.forget()
    return Disconnected(mailboxes=found)


def _shown(entry: AccountEntry) -> Account:
    grant = entry.grant
    return Account(
        id=grant.id,
        provider=grant.provider,
        account=grant.account,
        name=grant.name,
        tenant=grant.tenant,
        state=grant.state,
        created_at=grant.created_at,
        created_by=grant.created_by,
        last_refreshed=grant.last_refreshed,
        mailboxes=entry.mailboxes,
    )
