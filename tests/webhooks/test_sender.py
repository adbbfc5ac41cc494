"""One POST: what goes out, and what becomes of the answer."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme
from aiohttp import web
from cloudevents.core.bindings.http import HTTPMessage, from_http_event
from standardwebhooks.webhooks import Webhook

from shared.effect import Moment, observe
from shared.errors import ConfigurationError
from shared.webhooks.attempt import EXPLANATIONS, Reason
from shared.webhooks.sender import Sender
from tests.net.servers import Recorded, ScriptedNames, hook
from tests.webhooks.helpers import BODY, LOOPBACK, SECRET, local_sender, post


async def test_an_event_arrives_signed_and_as_it_was() -> None:
    async with hook() as receiver, local_sender() as sender:
        attempt = await post(sender, receiver.url("/hook?x=1"))
    assert (attempt.delivered, attempt.status, attempt.excerpt) == (True, 204, "")
    (request,) = receiver.requests
    assert (request.path, request.body) == ("/hook?x=1", BODY)
    assert request.headers["content-type"] == "application/cloudevents+json; charset=utf-8"
    assert request.headers["accept-encoding"] == "identity"
    Webhook(SECRET).verify(request.body, request.headers)


async def test_what_arrives_is_a_cloudevent_for_the_official_library() -> None:
    body = (
        b'{"specversion":"1.0","id":"e-1","source":"/x","type":"postrum.message.filed","datacontenttype":"application/'
        b'json","time":"2026-11-21T10:00:00Z","sequence":"000000000001","company":"acme","data":{"mailbox":"invoices"}}'
    )
    async with hook() as receiver, local_sender() as sender:
        await sender.post(receiver.url(), event_id="e-1", body=body, secrets=[SECRET], now=datetime.now(UTC))
    (request,) = receiver.requests
    event = from_http_event(HTTPMessage(request.headers, request.body))
    assert (event.get_id(), event.get_extension("company")) == ("e-1", "acme")
    assert event.get_data() == {"mailbox": "invoices"}


@pytest.mark.fault("F05")
async def test_a_repeat_has_the_same_id_and_a_new_time() -> None:
    async with hook() as receiver, local_sender() as sender:
        now = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
        for at in (now, now + timedelta(minutes=5)):
            await sender.post(receiver.url(), event_id="e-1", body=BODY, secrets=[SECRET], now=at)
    first, second = (request.headers for request in receiver.requests)
    assert first["webhook-id"] == second["webhook-id"]
    assert int(second["webhook-timestamp"]) - int(first["webhook-timestamp"]) == 300
    assert first["webhook-signature"] != second["webhook-signature"]


@pytest.mark.parametrize(
    ("status", "reason"),
    [(200, Reason.DELIVERED), (202, Reason.DELIVERED), (299, Reason.DELIVERED), (304, Reason.REDIRECT),
     (400, Reason.STATUS), (401, Reason.STATUS), (410, Reason.GONE), (429, Reason.STATUS), (500, Reason.STATUS),
     (599, Reason.STATUS)],
)  # fmt: skip
async def test_each_status_has_its_reason(status: int, reason: Reason) -> None:
    async with hook() as receiver, local_sender() as sender:
        receiver.answer = lambda _: web.Response(status=status)
        attempt = await post(sender, receiver.url())
    assert (attempt.reason, attempt.status) == (reason, status)


@pytest.mark.fault("F05")
async def test_retry_after_is_read() -> None:
    async with hook() as receiver, local_sender() as sender:
        receiver.answer = lambda _: web.Response(status=429, headers={"Retry-After": "120"})
        assert (await post(sender, receiver.url())).retry_after == 120


@pytest.mark.fault("F03")
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("to", ["/internal", "http://127.0.0.1:9/", "//internal/"])
async def test_redirects_are_not_followed(status: int, to: str) -> None:
    async with hook() as receiver, local_sender() as sender:
        receiver.answer = lambda request: web.Response(
            status=status, headers={"Location": to, "Refresh": f"0; url={to}"}
        )
        attempt = await post(sender, receiver.url())
    assert (attempt.reason, attempt.status) == (Reason.REDIRECT, status)
    assert [request.path for request in receiver.requests] == ["/hook"]


async def test_nothing_is_remembered_or_taken_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password hunter2\n")
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
        monkeypatch.setenv(name.upper(), "http://127.0.0.1:9")
    async with hook() as receiver, local_sender() as sender:
        receiver.answer = lambda _: web.Response(headers={"Set-Cookie": "session=1; Path=/"})
        for _ in range(2):
            assert (await post(sender, receiver.url())).delivered
    for request in receiver.requests:
        assert "cookie" not in request.headers
        assert "authorization" not in request.headers


async def test_the_post_is_an_effect_with_a_name() -> None:
    seen: list[tuple[str, Moment]] = []
    stop = observe(lambda name, moment: seen.append((name, moment)))
    try:
        async with hook() as receiver, local_sender() as sender:
            await post(sender, receiver.url())
            await post(sender, f"http://127.0.0.1:{closed_port()}/")
    finally:
        stop()
    assert seen == [("webhook.post", Moment.BEFORE), ("webhook.post", Moment.AFTER), ("webhook.post", Moment.BEFORE)]


def closed_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


async def test_no_connection() -> None:
    async with local_sender() as sender:
        assert (await post(sender, f"http://127.0.0.1:{closed_port()}/")).reason is Reason.NO_CONNECTION


async def test_no_such_name() -> None:
    names = ScriptedNames(socket.gaierror(socket.EAI_NONAME, "no such name"))
    async with Sender(lookup=names) as sender:
        assert (await post(sender, "https://nowhere.example/hook")).reason is Reason.NO_SUCH_NAME


@pytest.mark.fault("F01")
@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "[::ffff:127.0.0.1]",
        "0x7f.1",
        "2130706433",
        "169.254.169.254",
        "168.63.129.16",
        "0.0.0.0",
    ],
)
async def test_addresses_inside_are_refused(host: str) -> None:
    async with hook() as internal, Sender(allow_http=True) as sender:
        attempt = await post(sender, internal.url(host=host))
    assert (attempt.reason, attempt.status, attempt.excerpt) == (Reason.REFUSED, None, "")
    assert internal.requests == []


@pytest.mark.fault("F02")
@pytest.mark.parametrize("answer", [["127.0.0.1"], ["8.8.8.8", "127.0.0.1"], ["::1"], ["::ffff:127.0.0.1"]])
async def test_names_that_lead_inside_are_refused(answer: list[str]) -> None:
    async with hook() as internal, Sender(allow_http=True, lookup=ScriptedNames(answer)) as sender:
        attempt = await post(sender, internal.url(host="public.example"))
    assert attempt.reason is Reason.REFUSED
    assert internal.requests == []


@pytest.mark.parametrize("named", ["other.example", "hook.example"])
async def test_a_certificate_that_does_not_fit_is_a_failure(named: str) -> None:
    authority, unknown = trustme.CA(), trustme.CA()
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    (authority if named == "other.example" else unknown).issue_cert(named).configure_cert(server)
    client = ssl.create_default_context()
    authority.configure_trust(client)
    sender = Sender(allowed=LOOPBACK, lookup=ScriptedNames(["127.0.0.1"]), ssl=client)
    async with hook(tls=server) as receiver, sender:
        attempt = await post(sender, receiver.url(host="hook.example", scheme="https"))
    assert attempt.reason is Reason.TLS
    assert receiver.requests == []


@pytest.mark.fault("F05")
async def test_an_expired_certificate_is_a_failure() -> None:
    authority = trustme.CA()
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    expired = datetime.now(UTC) - timedelta(days=1)
    authority.issue_cert("hook.example", not_after=expired).configure_cert(server)
    client = ssl.create_default_context()
    authority.configure_trust(client)
    sender = Sender(allowed=LOOPBACK, lookup=ScriptedNames(["127.0.0.1"]), ssl=client)
    async with hook(tls=server) as receiver, sender:
        attempt = await post(sender, receiver.url(host="hook.example", scheme="https"))
    assert attempt.reason is Reason.TLS


async def test_a_malformed_secret_sends_nothing_and_is_not_shown() -> None:
    async with hook() as receiver, local_sender() as sender:
        with pytest.raises(ConfigurationError) as refused:
            await post(sender, receiver.url(), secrets=("whsec_not-a-secret-but-looks-like-one",))
    assert "looks-like" not in str(refused.value)
    assert receiver.requests == []


@pytest.mark.fault("F07")
async def test_secrets_never_show_in_the_result_or_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    shown: list[str] = []

    def echo(request: Recorded) -> web.Response:
        headers, path = request.headers, request.path
        text = (
            f"{headers['webhook-signature']} {path} {SECRET} Bearer abc.def \x1b[31m\r\n<b>caf\u00e9</b>\x00"
            + "x" * 5000
        )
        return web.Response(status=500, text=text)

    async with hook() as receiver, local_sender() as sender:
        receiver.answer = echo
        attempt = await post(sender, receiver.url("/hook/a-long-key-in-the-path?code=k3y-in%2Dthe-query"))
        refused = await post(sender, f"http://127.0.0.1:{closed_port()}/?code=k3y-in%2Dthe-query")
    shown += [repr(attempt), repr(refused), caplog.text]
    for text in shown:
        for secret in (
            SECRET,
            SECRET[6:20],
            "a-long-key",
            "k3y-in",
            "abc.def",
            receiver.requests[0].headers["webhook-signature"],
        ):
            assert secret not in text
    assert "<b>café</b>" in attempt.excerpt  # shown as text: whoever shows it escapes it
    assert attempt.excerpt.isprintable()
    assert len(attempt.excerpt) == 300


async def test_every_reason_is_explained() -> None:
    assert set(EXPLANATIONS) == set(Reason)


async def test_a_closed_sender_opens_again() -> None:
    sender = local_sender()
    async with hook() as receiver:
        assert (await post(sender, receiver.url())).delivered
        await sender.close()
        assert (await post(sender, receiver.url())).delivered
        await sender.close()


async def test_many_at_once() -> None:
    async with hook() as receiver, local_sender() as sender:
        attempts = await asyncio.gather(*(post(sender, receiver.url()) for _ in range(50)))
    assert all(attempt.delivered for attempt in attempts)
    assert len(receiver.requests) == 50
