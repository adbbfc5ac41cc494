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
from shared.model.task import ActTask, Queue
from tests.console.conftest import Arrive
from tests.flow.mails import PDF, mail
from tests.flow.world import MAILBOX, World

HOSTILE = "<script>alert(1)</script> \"'><img src=x onerror=alert(2)> {{7*7}} \u202efdp.exe"


def links_of(page: str) -> list[str]:
    """Addresses in links and forms, as a browser reads them."""
    return [
        html.unescape(found)
        for found in re.findall(r'(?:href|action)="([^"]*)"', page)
        if not found.startswith("data:")
    ]


async def test_status_page_shows_mailboxes_and_messages(
    browser: httpx.AsyncClient, world: World, arrive: Arrive
) -> None:
    await arrive(mail("Invoice 4711", pdf=PDF), mail("Hello", number=2))

    answer = await browser.get("/")

    assert answer.status_code == 200
    page = html.unescape(answer.text)
    assert MAILBOX in page
    assert "Invoice 4711" in page
    assert "no accepted document" in page
    assert "Messages of November 2026" in page
    assert "Imported" in page


async def test_a_month_without_messages(browser: httpx.AsyncClient) -> None:
    page = (await browser.get("/", params={"month": "2020-01"})).text
    assert "Messages of January 2020" in page
    assert "No message of this month" in page


async def test_message_page_explains(browser: httpx.AsyncClient, world: World, arrive: Arrive) -> None:
    [message] = await arrive(mail("Invoice 4711, relatienr 000123", pdf=PDF))

    page = html.unescape((await browser.get(f"/messages/{message}")).text)

    assert "D-00001" in page
    assert "invoice-1.pdf" in page
    assert "relation 000123, found by keyword" in page
    assert "Why:" in page
    assert f"m/nordlys/{message}/mail.eml" in page


async def test_what_a_sender_wrote_stays_text(browser: httpx.AsyncClient, world: World, arrive: Arrive) -> None:
    content = mail("SUBJECT", pdf=PDF, sender="a@fjordkraft.example")
    content = content.replace(b"SUBJECT", HOSTILE.encode()).replace(b"invoice-1.pdf", b"<svg onload=alert(3)>.pdf")
    [message] = await arrive(content)

    for address in ("/", f"/messages/{message}"):
        page = (await browser.get(address)).text
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
        assert "{{7*7}}" in page
        assert not re.search(r"<(script|img|svg)", page)
        assert not re.search(
            r"\son\w+=[^&]*>", re.sub(r"&[a-z#0-9]+;", "&", page).split("<main>")[1].replace(html.escape(HOSTILE), "")
        )
        assert "\u202e" not in page


@pytest.mark.parametrize("address", ["/", "/healthz", "/nothing", "/messages/aaaaaaaaaaaaaaaaaaaaaaaaaa"])
async def test_browsers_are_told_to_do_nothing_but_show_it(browser: httpx.AsyncClient, address: str) -> None:
    answer = await browser.get(address)

    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "frame-ancestors 'none'" in policy
    assert "form-action 'self'" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"


async def test_each_answer_has_a_nonce_of_its_own(browser: httpx.AsyncClient) -> None:
    pages = [await browser.get("/"), await browser.get("/")]

    nonces = [re.findall(r'<style nonce="([^"]+)"', page.text)[0] for page in pages]

    assert nonces[0] != nonces[1]
    for nonce, page in zip(nonces, pages, strict=True):
        assert f"style-src 'nonce-{nonce}'" in page.headers["content-security-policy"]
        assert "style=" not in page.text


async def test_every_link_keeps_the_function_key(browser: httpx.AsyncClient, world: World, arrive: Arrive) -> None:
    [message] = await arrive(mail("Invoice 4711", pdf=PDF))
    await world.app.services.parked.park(Queue.ACT, "not ours", "not a task", world.clock())

    for address in ("/", f"/messages/{message}", "/nothing"):
        links = links_of((await browser.get(address)).text)
        assert links
        assert all(httpx.URL(link).params["code"] == "k/ey=" for link in links), links
        assert all(link.startswith("/") for link in links)


async def test_without_a_key_in_the_address_there_is_none_in_links(world: World) -> None:
    transport = httpx.ASGITransport(web(world.app))
    async with httpx.AsyncClient(transport=transport, base_url="https://postrum.example") as client:
        page = (await client.get("/")).text
    assert "code=" not in page


async def test_run_again(browser: httpx.AsyncClient, world: World, arrive: Arrive) -> None:
    [message] = await arrive(mail("Invoice 4711", pdf=PDF))
    page = (await browser.get(f"/messages/{message}")).text
    [action] = [link for link in links_of(page) if "/again" in link]

    pressed = await browser.post(action)

    assert pressed.status_code == 303
    assert httpx.URL(pressed.headers["location"]).path == f"/messages/{message}"
    under_way = (await browser.get(f"/messages/{message}")).text
    assert "Run again" not in under_way
    assert under_way.count("archived") >= 1
    status = (await browser.get("/")).text
    assert "On their way" in status
    assert status.count(f"/messages/{message}") == 1, "a message that runs again is listed once"
    twice = await browser.post(action)
    assert twice.status_code == 409
    assert "still on its way" in twice.text

    await world.settle(ticks=2)
    stored = await world.app.services.messages.run(message)
    assert stored is not None
    assert (stored.run.stage.value, stored.run.generation) == ("announced", 2)


async def test_parked_task_shows_its_reason_and_can_be_put_again(
    browser: httpx.AsyncClient, world: World, arrive: Arrive
) -> None:
    services = world.app.services
    [message] = await arrive(mail("Invoice 4711", pdf=PDF))
    task = ActTask(message=message, generation=1)
    known = await services.parked.park(Queue.ACT, task.encode(), "gave up", world.clock())
    foreign = await services.parked.park(Queue.ACT, "<script>not ours</script>", "this is not a task", world.clock())

    page = (await browser.get("/")).text
    assert "this is not a task" in page
    assert "&lt;script&gt;not ours" in page

    refused = await browser.post(f"/tasks/{foreign}/again")
    assert refused.status_code == 409
    again = await browser.post(f"/tasks/{known}/again")
    missing = await browser.post(f"/tasks/{known}/again")
    assert again.status_code == 303
    assert missing.status_code == 404
    assert await services.queues.waiting(Queue.ACT) == 1
    assert [task.id for task in await services.parked.every()] == [foreign]


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/messages/aaaaaaaaaaaaaaaaaaaaaaaaaa", 404),
        ("/messages/a'%20or%201%20eq%201", 404),
        ("/messages/..%2f..%2fetc", 404),
        ("/%3Fmonth=x", 404),
        ("/docs", 404),
        ("/openapi.json", 404),
    ],
)
async def test_what_is_not_there(browser: httpx.AsyncClient, address: str, status: int) -> None:
    answer = await browser.get(address)
    assert answer.status_code == status
    assert "<h1>Not found</h1>" in answer.text


async def test_a_page_that_changes_something_takes_no_get(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/messages/aaaaaaaaaaaaaaaaaaaaaaaaaa/again")
    assert answer.status_code == 405


async def test_unreachable_storage_is_a_clear_page_and_healthz_does_not_mind(world: World) -> None:
    away = world.settings.data_storage.model_copy(
        update={"connection_string": re.sub(r":\d+/", ":9/", world.settings.data_storage.connection_string or "")}
    )
    app = App(world.settings.model_copy(update={"data_storage": away}))
    try:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(web(app)), base_url="https://x.example") as client:
            page, health = await client.get("/"), await client.get("/healthz")
    finally:
        await app.aclose()
    assert page.status_code == 503
    assert "no answer from the storage account" in page.text
    assert page.headers["retry-after"] == "30"
    assert health.status_code == 200


async def test_earlier_months(browser: httpx.AsyncClient, world: World, arrive: Arrive) -> None:
    await arrive(mail("Invoice 4711", pdf=PDF))
    world.clock.now = datetime(2027, 2, 3, tzinfo=UTC)

    latest = (await browser.get("/")).text
    december = (await browser.get("/", params={"month": "2026-12"})).text

    assert "Messages of November 2026" in latest
    assert "Invoice 4711" in latest
    assert "Messages of December 2026" in december
    assert "month=2026-11" in december
    assert "Invoice 4711" not in december


def test_importing_the_console_is_cheap() -> None:
    code = "import sys, shared.console; sys.exit('fastapi' in sys.modules or 'jinja2' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], check=False)
    assert done.returncode == 0


async def test_a_month_that_is_none(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/", params={"month": "yesterday"})
    assert answer.status_code == 404
    assert "2026-11" in answer.text
