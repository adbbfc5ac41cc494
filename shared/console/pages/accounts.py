"""Accounts that signed in for a company: the list, signing another one in, and removing one."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from shared.console.mailbox_form import kind_of
from shared.console.visit import CompanyVisitor, Visit, needs
from shared.errors import NotFound
from shared.identity.roles import Right
from shared.model.config import SIGNED_IN_KINDS
from shared.setup.accounts import AccountEntry

router = APIRouter(dependencies=[needs(Right.CONFIGURE)])


@router.get("/companies/{company}/accounts")
async def accounts(visit: CompanyVisitor, company: str) -> Response:
    """All accounts of the company."""
    return visit.page("accounts.html", accounts=await visit.product.setup.accounts.listed(company))


@router.post("/companies/{company}/accounts/sign-in")
async def sign_in(visit: CompanyVisitor, company: str) -> Response:
    """To the sign-in page of Microsoft or Google, for no mailbox yet."""
    kind = kind_of((await visit.form()).get("kind", ""))
    if kind not in SIGNED_IN_KINDS:
        raise NotFound(visit.say("No account signs in for a mailbox of this kind."))
    begin = visit.product.setup.account_sign_in.begin
    return RedirectResponse(await begin(company, visit.browser, kind=kind, by=visit.person.user_name), status_code=303)


@router.get("/companies/{company}/accounts/{grant}/disconnect")
async def ask(visit: CompanyVisitor, company: str, grant: str) -> Response:
    """Asks before an account is removed."""
    return visit.page("account_disconnect.html", entry=await _entry(visit, company, grant))


@router.post("/companies/{company}/accounts/{grant}/disconnect")
async def disconnect(visit: CompanyVisitor, company: str, grant: str) -> Response:
    """Remove an account with its lasting permission."""
    entry = await _entry(visit, company, grant)
    await visit.product.setup.accounts.disconnect(company, entry.grant.id, by=visit.person.user_name)
    visit.product.services.companies.forget()
    said = visit.say("{account} is disconnected. The consent of its tenant stays.", account=entry.grant.account)
    return visit.go(f"/companies/{company}/accounts", said=said)


async def _entry(visit: Visit, company: str, grant: str) -> AccountEntry:
    listed = await visit.product.setup.accounts.listed(company)
    found = next((entry for entry in listed if entry.grant.id == grant), None)
    if found is None:
        raise NotFound(visit.say("There is no such account."))
    return found
