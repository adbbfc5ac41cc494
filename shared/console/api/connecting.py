"""How a mailbox is connected, and what can be done about it: consent, sign-in, test, script."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Body
from starlette.responses import Response

from shared.console.connecting import Tone
from shared.console.downloads import script_file
from shared.console.mailbox_visit import MailboxVisit, mailbox_visit
from shared.console.visit import CompanyVisitor, needs
from shared.identity.roles import Right
from shared.model.base import Model
from shared.model.connection import Connection
from shared.model.health import MailboxHealth
from shared.setup.consent import ConsentOffer
from shared.setup.progress import Progress

router = APIRouter(tags=["connecting"])
_ONE = "/companies/{company}/mailboxes/{mailbox}"


class ConsentStatus(Model):
    """A connection as people read it, in the language of `Accept-Language`."""

    tone: Tone
    message: str
    """`Access granted to "invoice@company.com"` where it is connected."""
    code: str = ""
    """Entry of the catalogue of errors; empty where nothing is wrong."""
    cause: str = ""
    owner: str = ""
    """Whose task the next step is."""
    next_step: str = ""
    link: str = ""
    """Where to do it, or to read on."""


class MailboxStatusView(Model):
    """Everything about how a mailbox is."""

    connection: Connection
    consent: ConsentStatus
    progress: Progress
    """Steps of the set-up."""
    health: MailboxHealth | None
    outbound_addresses: tuple[str, ...]
    """Addresses that this deployment calls from, where they are fixed."""


class LinkWish(Model, defer_build=False):
    """What a consent link asks for."""

    tenant_wide: bool = False
    """Ask for the application permission that opens every mailbox of the tenant, in place of a scope in Exchange."""


class ConsentLink(Model):
    """A consent link, good for seven days."""

    url: str
    offer: ConsentOffer


class SignInWish(Model, defer_build=False):
    """How an account signs in."""

    replace: bool = False
    """It takes the place of the account that the mailbox is connected with."""


_LINK, _SIGN_IN = LinkWish(), SignInWish()


class SignInAddress(Model):
    """Where the person goes on."""

    url: str
    """To be opened in a browser. With a session it is the sign-in page of Microsoft or Google, and only this browser can finish what was
    begun; with a bearer token it is the page of the console where the sign-in begins."""


@router.get(f"{_ONE}/status", summary="Say how a mailbox is")
async def status(visit: CompanyVisitor, company: str, mailbox: str) -> MailboxStatusView:
    """Connection, set-up and health."""
    return await _status(await mailbox_visit(visit, mailbox))


@router.post(f"{_ONE}/check", summary="Test the connection", dependencies=[needs(Right.CONFIGURE)])
async def check(visit: CompanyVisitor, company: str, mailbox: str) -> MailboxStatusView:
    """A token, then a call to the mailbox. What the other side says is the answer, and no error of this request."""
    box = await mailbox_visit(visit, mailbox)
    await visit.product.setup.checking.check(company, box.mailbox.id)
    return await _status(await mailbox_visit(visit, mailbox))


@router.post(f"{_ONE}/consent-link", summary="Make a consent link", dependencies=[needs(Right.CONFIGURE)])
async def consent_link(
    visit: CompanyVisitor, company: str, mailbox: str, wanted: Annotated[LinkWish, Body()] = _LINK
) -> ConsentLink:
    """For an administrator of the mailbox's tenant. It opens a page that explains; nothing is granted by opening it."""
    box = await mailbox_visit(visit, mailbox)
    consent = visit.product.setup.consent
    url = await consent.link(company, box.mailbox.id, tenant_wide=wanted.tenant_wide, by=visit.person.user_name)
    return ConsentLink(url=url, offer=await consent.offer(url.rpartition("/")[2]))


@router.post(f"{_ONE}/approval-sent", summary="Say that approval was asked for", dependencies=[needs(Right.CONFIGURE)])
async def approval_sent(visit: CompanyVisitor, company: str, mailbox: str) -> Connection:
    """The directory does not tell us; a person does. From then on Postrum looks for the approval by itself."""
    box = await mailbox_visit(visit, mailbox)
    return await visit.product.setup.consent.approval_sent(company, box.mailbox.id, by=visit.person.user_name)


@router.post(f"{_ONE}/sign-in", summary="Begin a sign-in for a mailbox", dependencies=[needs(Right.CONFIGURE)])
async def sign_in(
    visit: CompanyVisitor, company: str, mailbox: str, wanted: Annotated[SignInWish, Body()] = _SIGN_IN
) -> SignInAddress:
    """Microsoft or Google, as the mailbox needs."""
    box = await mailbox_visit(visit, mailbox)
    if visit.caller.by_token:  # there is no browser that the answer could be bound to
        path = quote(f"{box.path}/setup/access")
        return SignInAddress(url=f"{visit.product.settings.public_url}{path}")
    begin = visit.product.setup.account_sign_in.begin
    url = await begin(
        company, visit.browser, mailbox_id=box.mailbox.id, replace=wanted.replace, by=visit.person.user_name
    )
    return SignInAddress(url=url)


@router.get(
    f"{_ONE}/exchange-script",
    summary="Download the script for Exchange",
    dependencies=[needs(Right.CONFIGURE)],
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def exchange_script(visit: CompanyVisitor, company: str, mailbox: str) -> Response:
    """PowerShell, to be run by an Exchange administrator: it opens the mailboxes of the company to the application, and no other."""
    box = await mailbox_visit(visit, mailbox)
    return await script_file(visit, company, box.mailbox.id)


async def _status(box: MailboxVisit) -> MailboxStatusView:
    visit, told = box.visit, box.story.told
    health = await visit.product.health(box.company.id)
    consent = ConsentStatus(tone=box.story.tone, message=box.story.message)
    if told is not None:
        values = {"code": told.code, "cause": told.cause, "owner": told.owner_name, "next_step": told.next_step}
        consent = consent.model_copy(update={**values, "link": told.link})
    return MailboxStatusView(
        connection=box.connection,
        consent=consent,
        progress=box.progress,
        health=next((one for one in health.mailboxes if one.mailbox == box.mailbox.id), None),
        outbound_addresses=visit.product.settings.outbound_addresses,
    )
