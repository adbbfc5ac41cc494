"""The lines at the top of every page of a company: what needs a person now."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared.model.alert import Alert, AlertKind
from shared.model.config import ConnectionKind
from shared.model.connection import Connection, ConnectionState
from shared.model.person import Role
from tests.console.conftest import Arrive, Browser, Visitors
from tests.flow.mails import mail
from tests.flow.world import World

MAILBOX = "/companies/nordlys/mailboxes/invoices"


def alert(world: World, kind: AlertKind = AlertKind.SIGN_IN_NEEDED, **more: str) -> Alert:
    wanted = {"company": "nordlys", "mailbox": "invoices", **more}
    return Alert(kind=kind, since=world.clock(), raised_at=world.clock(), **wanted)


def connection(world: World, state: ConnectionState, code: str = "") -> Connection:
    return Connection(
        company="nordlys",
        mailbox="invoices",
        kind=ConnectionKind.GRAPH_APP,
        state=state,
        code=code,
        since=world.clock(),
    )


@pytest.mark.capability("S3.18")
async def test_an_alert_stands_on_every_page_of_its_company_until_it_is_over(
    owner: Browser, visitor: Visitors, world: World, arrive: Arrive
) -> None:
    [message] = await arrive(mail("Hello"))
    pages = ["/companies/nordlys", "/companies/nordlys/messages", f"/companies/nordlys/messages/{message}"]
    said = "The account behind invoice@nordlys.example has to sign in again."
    raised = await world.app.alerts.raised(alert(world))
    assert raised is not None

    reader = await visitor(Role.READER, "nordlys")
    for page in pages:
        for browser in (owner, reader):
            text = (await browser.get(page)).text
            assert said in text
            assert f'href="{MAILBOX}"' in text
    assert said not in (await owner.get("/people")).text
    danish = await owner.get(pages[0], headers={"Accept-Language": "da"})
    assert said not in danish.text

    over = raised.alert.model_copy(update={"cleared_at": world.clock() + timedelta(minutes=1)})
    await world.app.alerts.change(raised, over, told=False)
    assert said not in (await owner.get(pages[0])).text


@pytest.mark.capability("S3.18")
@pytest.mark.parametrize(
    ("state", "code", "shown"),
    [
        (ConnectionState.SIGN_IN_AGAIN, "", True),
        (ConnectionState.ERROR, "consent_revoked", True),
        (ConnectionState.CONSENT_FORBIDDEN, "", True),
        (ConnectionState.CONNECTED, "", False),
        (ConnectionState.NEW, "", False),
    ],
)
async def test_a_connection_that_broke_asks_to_be_made_again(
    state: ConnectionState, code: str, shown: bool, owner: Browser, world: World
) -> None:
    before = await world.app.connections.get("nordlys", "invoices")
    await world.app.connections.save(before, connection(world, state, code))

    page = (await owner.get("/companies/nordlys/messages")).text

    assert ('class="notice bad"' in page) == shown
    assert (f'href="{MAILBOX}"' in page) == shown


async def test_what_an_alert_says_is_not_said_twice(owner: Browser, world: World) -> None:
    await world.app.connections.save(None, connection(world, ConnectionState.SIGN_IN_AGAIN))
    await world.app.alerts.raised(alert(world))
    page = (await owner.get("/companies/nordlys/messages")).text
    assert page.count('class="notice ') == 1


async def test_alerts_of_another_company_are_not_shown_and_those_of_the_deployment_are(
    owner: Browser, world: World
) -> None:
    await world.app.alerts.raised(alert(world, company="vestlys"))
    assert 'class="notice' not in (await owner.get("/companies/nordlys/messages")).text
    await world.app.alerts.raised(alert(world, AlertKind.POISON, company="", mailbox=""))
    assert 'class="notice warning"' in (await owner.get("/companies/nordlys/messages")).text


async def test_many_are_cut(owner: Browser, world: World) -> None:
    for number in range(9):
        await world.app.alerts.raised(
            alert(world, AlertKind.HOST_UNREACHABLE, mailbox="", place=f"<b>{number}.example")
        )
    page = (await owner.get("/companies/nordlys/messages")).text
    assert page.count('class="notice ') == 5
    assert "5 more things need attention." in page
    assert "<b>0.example" not in page
