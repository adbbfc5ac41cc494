"""Pages that an administrator opens from a link, and those that Entra and Google lead back to. Nobody has to be signed in here."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from shared.console.connecting import Tone, explained, story
from shared.console.downloads import script_file
from shared.console.mailbox_visit import mailbox_path
from shared.console.pages.access import mail_to_administrator
from shared.console.visit import Anybody, Visit
from shared.model.config import Company, ConnectionKind, Mailbox
from shared.model.connection import ConnectionState
from shared.remedies import told
from shared.setup.account_sign_in import CALLBACK as CONNECT_CALLBACK
from shared.setup.consent import CALLBACK as CONSENT_CALLBACK
from shared.setup.consent_texts import failed_text, granted_text

router = APIRouter()


@router.get(CONSENT_CALLBACK)
async def consented(visit: Anybody) -> Response:
    """Back from the directory's page of consent."""
    result = await visit.product.setup.consent.finish(dict(visit.request.query_params), visit.browser)
    company, mailbox = await _mailbox(visit, result.company, result.mailbox)
    settings, now = visit.product.settings, visit.product.services.clock()
    entry = None
    if result.code:
        entry = explained(result.code, mailbox, settings, visit.texts, account=result.connection.account)
    tale = story(result.connection, mailbox, settings, visit.texts, ZoneInfo(company.time_zone), now)
    if result.granted or tale.tone is Tone.BUSY:
        headline, tone = tale.message, tale.tone
        if result.granted and not result.code:
            headline, tone = granted_text(mailbox.address, visit.texts), Tone.GOOD
    else:
        headline, tone = failed_text(mailbox.connection, visit.texts), Tone.BAD
    return visit.page(
        "consent_result.html",
        200 if tone is not Tone.BAD else 409,
        result=result,
        company_name=company.name,
        mailbox=mailbox,
        told=entry,
        headline=headline,
        tone=tone,
        again=f"/consent/{result.token}",
        script=result.granted and mailbox.connection is ConnectionKind.GRAPH_APP and result.code == "scope_pending",
        path=_own_path(visit, company, mailbox),
    )


@router.get("/consent/{token}")
async def offer(visit: Anybody, token: str) -> Response:
    """What is asked for, why, what it opens and who may give it; before anybody is sent to the directory."""
    found = await visit.product.setup.consent.offer(token)
    url = f"{visit.product.settings.public_url}/consent/{token}"
    return visit.page(
        "consent.html", offer=found, token=token, url=url, mail_to=mail_to_administrator(found, url, visit)
    )


@router.post("/consent/{token}")
async def begin(visit: Anybody, token: str) -> Response:
    """To the directory's page."""
    url = await visit.product.setup.consent.begin(token, visit.browser)
    return RedirectResponse(url, status_code=303)


@router.get("/consent/{token}/script")
async def script(visit: Anybody, token: str) -> Response:
    """The script for Exchange, for whoever has the link."""
    found = await visit.product.setup.consent.offer(token)
    return await script_file(visit, found.company, found.mailbox)


@router.get(CONNECT_CALLBACK)
async def connected(visit: Anybody) -> Response:
    """Back from the sign-in page of Microsoft or Google."""
    result = await visit.product.setup.account_sign_in.finish(dict(visit.request.query_params), visit.browser)
    visit.product.services.companies.forget()
    if result.mailbox is None:
        company = await visit.product.services.companies.fresh(result.company)
        client_id = visit.product.settings.app_client_id
        general = told(result.code, visit.texts.language, account=result.account, client_id=client_id)
        return visit.page(
            "connect_result.html",
            200 if result.grant else 409,
            result=result,
            mailbox=None,
            tone=Tone.GOOD if result.grant else Tone.BAD,
            headline=visit.say("{account} is in the list now", account=result.account)
            if result.grant
            else visit.say("The sign-in came to nothing"),
            told=general if result.code else None,
            path=f"/companies/{result.company}/accounts" if company and visit.sees(company.id) else "",
            state=None,
        )
    company, mailbox = await _mailbox(visit, result.company, result.mailbox)
    settings, now = visit.product.settings, visit.product.services.clock()
    done = result.code == "" and result.connection is not None and result.connection.state is ConnectionState.CONNECTED
    if done:
        tone, headline = Tone.GOOD, granted_text(mailbox.address, visit.texts)
    elif result.connection is not None and result.connection.code == result.code:
        tale = story(result.connection, mailbox, settings, visit.texts, ZoneInfo(company.time_zone), now)
        tone, headline = tale.tone, tale.message
    else:
        tone, headline = Tone.BAD, failed_text(mailbox.connection, visit.texts)
    entry = None
    if result.code:
        account = result.account or ", ".join(entry.account for entry in result.connected)
        entry = explained(result.code, mailbox, settings, visit.texts, account=account)
    return visit.page(
        "connect_result.html",
        200 if tone in (Tone.GOOD, Tone.BUSY) else 409,
        result=result,
        mailbox=mailbox,
        tone=tone,
        headline=headline,
        told=entry,
        path=_own_path(visit, company, mailbox),
        state=result.connection.state if result.connection else None,
    )


async def _mailbox(visit: Visit, company: str, mailbox: str) -> tuple[Company, Mailbox]:
    """The mailbox that somebody came back for."""
    return await visit.product.setup.visits.mailbox(company, mailbox)


def _own_path(visit: Visit, company: Company, mailbox: Mailbox) -> str:
    """Where to go on, for somebody who may see the company; empty for an administrator who only had the link."""
    return mailbox_path(company.id, mailbox.id) if visit.sees(company.id) else ""
