"""The step "Access" of setting a mailbox up: consent, an account that signs in, or a password; and what came of it."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query
from starlette.responses import RedirectResponse, Response

from shared.console.connecting import explained
from shared.console.downloads import script_file
from shared.console.mailbox_visit import NO_MAILBOX, MailboxVisit, mailbox_visit, problems_of
from shared.console.visit import CompanyVisitor, Visit, needs
from shared.errors import InvalidRequest, NotFound, PermissionDenied
from shared.identity.consent import CONSENTED_KINDS, application_url, requests_url
from shared.identity.roles import Right
from shared.language.texts import gettext_noop
from shared.model.config import SIGNED_IN_KINDS, ConnectionKind
from shared.setup.accounts import AccountEntry, ConnectionTaken, provider_of
from shared.setup.consent import ConsentOffer
from shared.setup.consent_texts import justification
from shared.setup.progress import Step

router = APIRouter(dependencies=[needs(Right.CONFIGURE)])

# What `Mailboxes.set_password` says, for the catalogues: there the number comes from its constant.
gettext_noop("A password has 1 to 1000 characters, none of them a control character.")
_PATH = "/companies/{company}/mailboxes/{mailbox}/setup/access"


@router.get(_PATH)
async def access(
    visit: CompanyVisitor, company: str, mailbox: str, link: Annotated[str, Query(max_length=2000)] = ""
) -> Response:
    """How the mailbox is connected, and everything that can be done about it."""
    return await _page(await mailbox_visit(visit, mailbox), link=link)


@router.post(f"{_PATH}/check")
async def check(visit: CompanyVisitor, company: str, mailbox: str) -> Response:
    """Test the connection. What the other side says is no error of this page."""
    box = await mailbox_visit(visit, mailbox)
    await visit.product.setup.checking.check(company, box.mailbox.id)
    return visit.go(box.step(Step.ACCESS))


@router.post(f"{_PATH}/password")
async def password(visit: CompanyVisitor, company: str, mailbox: str) -> Response:
    """Keep the password, and test the connection with it."""
    box = await mailbox_visit(visit, mailbox)
    try:
        given = (await visit.form()).get("password", "")
        await visit.product.setup.mailboxes.set_password(company, box.mailbox.id, given)
    except InvalidRequest as error:
        return await _page(box, status=422, problems=problems_of(error, visit))
    await visit.product.setup.checking.check(company, box.mailbox.id)
    return visit.go(box.step(Step.ACCESS), said=visit.say("The password is kept."))


@router.post(f"{_PATH}/consent-link")
async def consent_link(visit: CompanyVisitor, company: str, mailbox: str) -> Response:
    """Make a link for an administrator, and show it."""
    box = await mailbox_visit(visit, mailbox)
    wide = (await visit.form()).get("reach") == "tenant"
    try:
        made = await visit.product.setup.consent.link(company, box.mailbox.id, tenant_wide=wide, by=_by(visit))
    except InvalidRequest as error:
        return await _page(box, status=422, problems=problems_of(error, visit))
    return visit.go(box.step(Step.ACCESS), link=made.rpartition("/")[2])


@router.post(f"{_PATH}/approval-sent")
async def approval_sent(visit: CompanyVisitor, company: str, mailbox: str) -> Response:
    """A request for approval lies with an administrator."""
    box = await mailbox_visit(visit, mailbox)
    await visit.product.setup.consent.approval_sent(company, box.mailbox.id, by=_by(visit))
    return visit.go(box.step(Step.ACCESS))


@router.post(f"{_PATH}/sign-in")
async def sign_in(visit: CompanyVisitor, company: str, mailbox: str) -> Response:
    """To the sign-in page of Microsoft or Google."""
    box = await mailbox_visit(visit, mailbox)
    form = await visit.form()
    url = await visit.product.setup.account_sign_in.begin(
        company, visit.browser, mailbox_id=box.mailbox.id, replace=form.get("replace") == "yes", by=_by(visit)
    )
    return RedirectResponse(url, status_code=303)


@router.post(f"{_PATH}/account")
async def choose_account(visit: CompanyVisitor, company: str, mailbox: str) -> Response:
    """Read the mailbox with an account that signed in before."""
    box = await mailbox_visit(visit, mailbox)
    form = await visit.form()
    if not form.get("grant"):
        return await _page(
            box, status=422, problems={"grant": visit.say("Choose an account, or sign in with another.")}
        )
    try:
        await visit.product.setup.accounts.choose(
            company, box.mailbox.id, form["grant"], replace=form.get("replace") == "yes", by=_by(visit)
        )
    except ConnectionTaken as taken:
        return await _page(box, status=409, taken=taken.connected, wanted=form["grant"])
    except PermissionDenied as error:
        told = explained(error.cause, box.mailbox, visit.product.settings, visit.texts)
        return await _page(box, status=409, problems={"grant": f"{told.cause} {told.next_step}"})
    visit.product.services.companies.forget()
    return visit.go(box.step(Step.ACCESS))


@router.post(f"{_PATH}/detach")
async def detach(visit: CompanyVisitor, company: str, mailbox: str) -> Response:
    """Read the mailbox with no account any more. The account and the consent of its tenant stay."""
    box = await mailbox_visit(visit, mailbox)
    await visit.product.setup.accounts.detach(company, box.mailbox.id, by=_by(visit))
    visit.product.services.companies.forget()
    return visit.go(box.step(Step.ACCESS), said=visit.say("The mailbox is disconnected from the account."))


@router.get(f"{_PATH}/script")
async def script(visit: CompanyVisitor, company: str, mailbox: str) -> Response:
    """The script for Exchange, as a file."""
    box = await mailbox_visit(visit, mailbox)
    return await script_file(visit, company, box.mailbox.id)


def mail_to_administrator(offer: ConsentOffer, url: str, visit: Visit) -> str:
    """Address of a mail that somebody may send to their administrator: with the link, what it asks for, and where requests are.

    https://www.rfc-editor.org/rfc/rfc6068
    """
    subject = visit.say("Access to {address} for Postrum", address=offer.address)
    body = visit.say(
        "Please open this link as an administrator, read what is asked for, and accept:\n\n{link}\n\nPermissions: {permissions}\n"
        "Requests for approval are here: {requests}",
        link=url,
        permissions=", ".join(one.value for one in offer.permissions) or visit.say("none in the directory"),
        requests=offer.requests_url,
    )
    return f"mailto:?subject={quote(subject)}&body={quote(body.replace('\n', '\r\n'))}"


async def _page(
    box: MailboxVisit,
    *,
    status: int = 200,
    link: str = "",
    problems: dict[str, str] | None = None,
    taken: Any = (),
    wanted: str = "",
) -> Response:
    visit, mailbox, kind = box.visit, box.mailbox, box.mailbox.connection
    settings, setup = visit.product.settings, visit.product.setup
    offer, url = None, ""
    if link:
        offer = await setup.consent.offer(link)
        if (offer.company, offer.mailbox) != (box.company.id, mailbox.id):
            raise NotFound(visit.say(NO_MAILBOX))
        url = f"{settings.public_url}/consent/{link}"
    accounts: list[AccountEntry] = []
    if kind in SIGNED_IN_KINDS:
        listed = await setup.accounts.listed(box.company.id)
        accounts = [entry for entry in listed if entry.grant.provider is provider_of(kind)]
    tenant = mailbox.tenant_id or settings.tenant_id
    return box.page(
        "setup_access.html",
        Step.ACCESS,
        status,
        problems=problems or {},
        kind=kind,
        by_app=kind is ConnectionKind.GRAPH_APP,
        foreign=tenant.casefold() != settings.tenant_id.casefold(),
        consented=kind in CONSENTED_KINDS,
        signs_in=kind in SIGNED_IN_KINDS,
        google=kind is ConnectionKind.GOOGLE,
        accounts=accounts,
        offer=offer,
        url=url,
        mail_to=mail_to_administrator(offer, url, visit) if offer else "",
        justification=justification(mailbox.address, box.company.name, visit.texts),
        client_id=settings.google_client_id if kind is ConnectionKind.GOOGLE else settings.app_client_id,
        tenant=tenant,
        requests_url=requests_url(),
        application_url=application_url(settings.app_client_id),
        outbound=settings.outbound_addresses,
        tenant_wide=settings.tenant_wide,
        taken=taken,
        wanted=wanted,
    )


def _by(visit: Visit) -> str:
    return visit.person.user_name or visit.person.object_id
