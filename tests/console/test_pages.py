"""The pages: what they show, what they never let through, and the buttons."""

from __future__ import annotations

import html
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from shared.app import App
from shared.console.web import web
from shared.model.person import Role
from shared.model.task import ActTask, Queue
from tests.console.conftest import URL, Arrive, Browser, Visitors, app_with
from tests.flow.mails import PDF, mail
from tests.flow.world import MAILBOX, World

HOSTILE = "<script>alert(1)</script> \"'><img src=x onerror=alert(2)> {{7*7}} \u202efdp.exe"
COMPANY = "/companies/nordlys"
MESSAGES = f"{COMPANY}/messages"


async def test_health_shows_mailboxes_and_figures(owner: Browser, arrive: Arrive) -> None:
    await arrive(mail("Invoice 4711", pdf=PDF), mail("Hello", number=2))

    for address in ("/", COMPANY):
        answer = await owner.get(address)
        assert answer.status_code == 200
        page = html.unescape(answer.text)
        assert MAILBOX in page
        assert "reading" in page
        assert "<b>2</b> done" in page


async def test_messages_of_a_month(owner: Browser, arrive: Arrive) -> None:
    await arrive(mail("Invoice 4711", pdf=PDF), mail("Hello", number=2))

    page = html.unescape((await owner.get(MESSAGES)).text)
    assert "Invoice 4711" in page
    assert "no accepted document" in page
    assert "<h2>November 2026</h2>" in page
    assert "20 Nov 2026, 09:00" in page, "in the company's time zone"
    empty = (await owner.get(MESSAGES, params={"month": "2020-01"})).text
    assert "<h2>January 2020</h2>" in empty
    assert "No message of this month" in empty


async def test_message_page_explains(owner: Browser, arrive: Arrive) -> None:
    [message] = await arrive(mail("Invoice 4711, relatienr 000123", pdf=PDF))

    page = html.unescape((await owner.get(f"{MESSAGES}/{message}")).text)

    assert "D-00001" in page
    assert "invoice-1.pdf" in page
    assert "relation 000123, found by keyword" in page
    assert "Why:" in page
    assert f"m/nordlys/{message}/mail.eml" in page


@pytest.mark.fault("G03")
async def test_what_a_sender_wrote_stays_text(owner: Browser, arrive: Arrive) -> None:
    content = mail("SUBJECT", pdf=PDF, sender="a@fjordkraft.example")
    content = content.replace(b"SUBJECT", HOSTILE.encode()).replace(b"invoice-1.pdf", b"<svg onload=alert(3)>.pdf")
    [message] = await arrive(content)

    for address in (MESSAGES, f"{MESSAGES}/{message}"):
        page = (await owner.get(address)).text
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
        assert "{{7*7}}" in page
        content = page.split("<main")[1]
        assert not re.search(r"<(script|img|svg)", content)
        assert not re.search(r"<[^>]*\son\w+=", content)
        assert "\u202e" not in page


@pytest.mark.parametrize(
    "address", ["/", "/sign-in", "/healthz", "/nothing", f"{MESSAGES}/aaaaaaaaaaaaaaaaaaaaaaaaaa", "/api/v1/me"]
)
async def test_browsers_are_told_to_do_nothing_but_show_it(owner: Browser, visitor: Visitors, address: str) -> None:
    for browser in (owner, await visitor(None)):
        answer = await browser.get(address)

        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; ")
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert "nonce" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["cache-control"] == "no-store"
        assert "max-age" in answer.headers["strict-transport-security"]
        assert len(answer.headers.get_list("set-cookie")) <= 1


async def test_pages_hold_no_script_and_no_style_of_their_own(owner: Browser, arrive: Arrive) -> None:
    [message] = await arrive(mail("Invoice 4711", pdf=PDF))
    for address in ("/", COMPANY, MESSAGES, f"{MESSAGES}/{message}", "/people", "/nothing"):
        page = (await owner.get(address)).text
        assert not re.search(r"<style|\sstyle=|<[^>]*\son\w+=|javascript:", page)
        assert not re.search(r"<script(?! src=)", page)
        assert '<html lang="en">' in page


async def test_files_of_pages_are_kept_for_a_year(owner: Browser, visitor: Visitors) -> None:
    page = (await owner.get("/")).text
    names = set(re.findall(r'(?:href|src)="(/static/[^"]+)"', page))
    assert {re.sub(r"\.[0-9a-f]{12}\.", ".", name) for name in names} == {
        "/static/console.css",
        "/static/console.js",
        "/static/htmx.min.js",
        "/static/icon.svg",
    }
    stranger = await visitor(None)
    for name in names:
        answer = await stranger.get(name)
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["x-content-type-options"] == "nosniff"
    for other in ("console.css", "console.000000000000.css", "..%2fconsole.css", "NOTICE"):
        assert (await stranger.get(f"/static/{other}")).status_code == 404


async def test_run_again(owner: Browser, world: World, arrive: Arrive) -> None:
    [message] = await arrive(mail("Invoice 4711", pdf=PDF))
    path = f"{MESSAGES}/{message}"
    assert f'action="{path}/again"' in (await owner.get(path)).text

    pressed = await owner.post(f"{path}/again")

    assert (pressed.status_code, pressed.headers["location"]) == (303, path)
    under_way = (await owner.get(path)).text
    assert "The message runs again." in under_way
    assert "The message runs again." not in (await owner.get(path)).text, "said once"
    assert "Run again" not in under_way
    listed = (await owner.get(MESSAGES)).text
    assert "On their way" in listed
    assert listed.count(path) == 1, "a message that runs again is listed once"
    twice = await owner.post(f"{path}/again")
    assert twice.status_code == 409
    assert "still on its way" in twice.text

    await world.settle(ticks=2)
    stored = await world.app.services.messages.run(message)
    assert stored is not None
    assert (stored.run.stage.value, stored.run.generation) == ("announced", 2)


async def test_parked_task_shows_its_reason_and_can_be_put_again(
    owner: Browser, visitor: Visitors, world: World, arrive: Arrive
) -> None:
    services = world.app.services
    [message] = await arrive(mail("Invoice 4711", pdf=PDF))
    task = ActTask(message=message, generation=1)
    known = await services.parked.park(Queue.ACT, task.encode(), "gave up", world.clock())
    foreign = await services.parked.park(Queue.ACT, "<script>not ours</script>", "this is not a task", world.clock())

    page = (await owner.get("/")).text
    assert "this is not a task" in page
    assert "&lt;script&gt;not ours" in page
    assert "this is not a task" not in (await (await visitor(Role.OPERATOR, "nordlys")).get(COMPANY)).text

    refused = await owner.post(f"/tasks/{foreign}/again")
    assert refused.status_code == 409
    again = await owner.post(f"/tasks/{known}/again")
    missing = await owner.post(f"/tasks/{known}/again")
    assert again.status_code == 303
    assert missing.status_code == 404
    assert await services.queues.waiting(Queue.ACT) == 1
    assert [task.id for task in await services.parked.every()] == [foreign]


@pytest.mark.parametrize(
    "address",
    [
        f"{MESSAGES}/aaaaaaaaaaaaaaaaaaaaaaaaaa",
        f"{MESSAGES}/a'%20or%201%20eq%201",
        f"{MESSAGES}/..%2f..%2fetc",
        "/companies/nothere",
        "/companies/a'%20or%201%20eq%201",
        "/%3Fmonth=x",
        f"{MESSAGES}?month=yesterday",
        "/people/x",
        "/docs",
        "/openapi.json",
        "/messages/aaaaaaaaaaaaaaaaaaaaaaaaaa",
    ],
)
async def test_what_is_not_there(owner: Browser, address: str) -> None:
    answer = await owner.get(address)
    assert answer.status_code == 404
    assert "<h1>Not found</h1>" in answer.text


async def test_a_page_that_changes_something_takes_no_get(owner: Browser) -> None:
    answer = await owner.get(f"{MESSAGES}/aaaaaaaaaaaaaaaaaaaaaaaaaa/again")
    assert answer.status_code == 405


async def test_unreachable_storage_is_a_clear_page_and_healthz_does_not_mind(world: World) -> None:
    away = world.settings.data_storage.model_copy(
        update={"connection_string": re.sub(r":\d+/", ":9/", world.settings.data_storage.connection_string or "")}
    )
    app = App(world.settings.model_copy(update={"data_storage": away}))
    try:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(web(app)), base_url=URL) as client:
            client.cookies.set("__Host-postrum", "a" * 43)
            page, health = await client.get("/"), await client.get("/healthz")
    finally:
        await app.aclose()
    assert page.status_code == 503
    assert "The storage account of this deployment did not answer, or refused." in page.text
    assert page.headers["retry-after"] == "30"
    assert health.status_code == 200


async def test_a_defect_is_a_page_and_its_reason_stays_in_the_log(
    world: World, owner: Browser, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise KeyError("the secret of the company")

    monkeypatch.setattr(type(world.app.status), "__call__", broken)

    page = await owner.get("/")

    assert page.status_code == 500
    assert "the secret" not in page.text
    assert "<h1>An error</h1>" in page.text
    assert page.headers["content-security-policy"]
    assert "the secret of the company" in caplog.text


async def test_earlier_months(owner: Browser, world: World, arrive: Arrive) -> None:
    await arrive(mail("Invoice 4711", pdf=PDF))
    world.clock.now = datetime(2027, 2, 3, tzinfo=UTC)
    owner.http.cookies.set("__Host-postrum", await world.app.sessions.begin(owner.person, world.clock()))  # type: ignore[arg-type]

    latest = (await owner.get(MESSAGES)).text
    december = (await owner.get(MESSAGES, params={"month": "2026-12"})).text

    assert "<h2>November 2026</h2>" in latest
    assert "Invoice 4711" in latest
    assert "<h2>December 2026</h2>" in december
    assert "month=2026-11" in december
    assert "Invoice 4711" not in december


@pytest.mark.parametrize(
    ("language", "word"),
    [("da", "Meddelelser"), ("nl", "Berichten"), ("de", "Nachrichten"), ("sv", "Meddelanden"), ("fr", "Messages")],
)
async def test_in_the_language_of_the_browser(owner: Browser, language: str, word: str) -> None:
    page = (await owner.get(MESSAGES, headers={"Accept-Language": f"{language}-XX,en;q=0.5"})).text
    assert f"<h1>{word}</h1>" in page
    assert f'<html lang="{language if language != "fr" else "en"}">' in page


async def test_the_chosen_language_counts_more_than_that_of_the_browser(owner: Browser) -> None:
    chosen = await owner.post("/language", {"language": "de", "path": MESSAGES})
    assert chosen.headers["location"] == MESSAGES

    page = (await owner.get(MESSAGES, headers={"Accept-Language": "da"})).text
    assert "<h1>Nachrichten</h1>" in page
    elsewhere = await owner.post("/language", {"language": "xx", "path": "//evil.example"})
    assert elsewhere.headers["location"] == "/"
    assert "set-cookie" not in elsewhere.headers


async def test_nobody_sees_anything_before_signing_in(visitor: Visitors, arrive: Arrive) -> None:
    [message] = await arrive(mail("Invoice 4711"))
    stranger = await visitor(None)
    for address in ("/", COMPANY, MESSAGES, f"{MESSAGES}/{message}", "/people", "/companies/nothere"):
        answer = await stranger.get(address)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/sign-in")
        assert answer.content == b""
    assert (await stranger.get("/", headers={"HX-Request": "true"})).headers["hx-redirect"] == "/sign-in"
    assert (await stranger.get("/api/v1/openapi.json")).status_code == 401


async def test_somebody_without_a_company_is_told_what_to_do(visitor: Visitors) -> None:
    page = (await (await visitor(Role.OPERATOR)).get("/")).text
    assert "An Owner of Postrum can add you" in page


def test_importing_the_console_is_cheap() -> None:
    code = (
        "import sys, function_app; sys.exit(any(name in sys.modules for name in ('fastapi', 'jinja2', 'jwt', 'msal')))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], check=False)
    assert done.returncode == 0


async def test_cookies_on_this_machine(world: World) -> None:
    app = app_with(world, public_url="http://127.0.0.1:7071")
    try:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(web(app)), base_url="http://127.0.0.1") as client:
            page = await client.get("/sign-in")
    finally:
        await app.aclose()
    # on http, which only this machine may be reached by, a browser keeps no cookie that asks for https
    assert page.headers["set-cookie"].startswith("postrum-browser=")
    assert "secure" not in page.headers["set-cookie"].lower()
    assert "strict-transport-security" not in page.headers
